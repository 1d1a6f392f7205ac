// What the sandbox provisions: its template with its own differences laid over it, each of them listed.
import { readFileSync } from "node:fs";
import { defaultConfiguration, names } from "../../sandbox/cloud/configuration.ts";
import {
  groupConfigs,
  loadBalancerConfig,
  onlyLoadBalancer,
  roleNameOf,
} from "../../sandbox/cloud/groups.ts";
import { OVERRIDES, overridden } from "../../sandbox/cloud/overrides.ts";
import { PACKAGE_DIRECTORY, PACKAGE_PARAMETERS } from "../../sandbox/template/packaging.ts";
import { readTemplate } from "../../sandbox/template/template.ts";
import type { Template } from "../../sandbox/template/types.ts";

const configuration = { ...defaultConfiguration, stateDirectory: "unused", projectDirectory: "." };
const packaged = readTemplate(PACKAGE_DIRECTORY, { account: names.account, region: names.region });

describe("what is provisioned", () => {
  const provisioned = overridden(packaged, configuration);

  it("differs from the template in nothing but the overrides", () => {
    const same = (template: Template) => ({
      ...template,
      groups: template.groups.map(({ min: _, desired: __, hooks, ...rest }) => ({
        ...rest,
        hooks: hooks.map(({ heartbeatTimeoutSeconds: ___, ...hook }) => hook),
      })),
      loadBalancers: template.loadBalancers.map(({ health, ...rest }) => ({
        ...rest,
        health: { ...health, everyMilliseconds: 0 },
      })),
      functions: template.functions.map(({ environment: settings, ...rest }) => ({
        ...rest,
        environment: { ...settings, REGISTRY: "", SCAN_INTERVAL_SECONDS: "", ROLL_DELAY_SECONDS: "" },
      })),
      parameters: template.parameters.map((parameter) => ({ ...parameter, value: "" })),
    });
    expect(same(provisioned)).toEqual(same(packaged));
    expect(provisioned.groups).toMatchObject([
      { min: 0, desired: 0, hooks: [{ heartbeatTimeoutSeconds: 60 }, { heartbeatTimeoutSeconds: 60 }] },
      { min: 0, desired: 0, loadBalancerNames: ["hive"], terminateHookAbandon: "retain" },
    ]);
  });

  it("is what was asked for: settings, rate, load balancer, policy, no stack", () => {
    const asked = overridden(packaged, {
      ...configuration,
      attached: false,
      terminateHookAbandon: "terminate",
      settings: { UNSHIPPED: "rescue" },
      replicas: 0,
      repairEverySeconds: 7,
    });
    expect(asked.groups).toMatchObject([
      { terminateHookAbandon: "terminate" },
      { terminateHookAbandon: "terminate", loadBalancerNames: [] },
    ]);
    expect(asked.functions.map(({ environment }) => environment.UNSHIPPED)).toEqual(
      asked.functions.map(() => "rescue"),
    );
    expect(asked.parameters).toEqual([]);
    expect(asked.rules.flatMap(({ schedule = [] }) => schedule)).toEqual(["rate(7 seconds)", "rate(1 day)"]);
    expect(() => overridden(packaged, { ...configuration, settings: { UNSHIPED: "x" } })).toThrow(
      "No function has a setting UNSHIPED; there are ADDRESS_POOL, ",
    );
  });

  it("has sizes and heartbeats of the template where it is to come up as deployed", () => {
    const asDeployed = overridden(packaged, { ...configuration, asDeployed: true });
    expect(asDeployed.groups).toEqual(packaged.groups);
  });

  it("has each difference with its reason in docs/sandbox.md, and no other", () => {
    const page = readFileSync("docs/sandbox.md", "utf8");
    const [, table = ""] = /## What differs from the template\n([\s\S]*?)\n## /.exec(page) ?? [];
    const rows = table
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .slice(2);
    const cells = rows.map((row) =>
      row
        .split("|")
        .slice(1, 3)
        .map((cell) => cell.trim()),
    );
    expect(cells).toEqual([
      ...PACKAGE_PARAMETERS.map(({ name, value, why }) => [
        `packaged with \`--param=${name}=${value}\``,
        why,
      ]),
      ...OVERRIDES.map(({ what, why }) => [what, why]),
    ]);
  });

  it("goes into the models, managers told from workers by the functions' own settings", () => {
    expect(groupConfigs(provisioned)).toMatchObject([
      { name: names.managerGroup, role: "manager", min: 0, max: 7, desired: 0 },
      { name: names.workerGroup, role: "worker", min: 0, max: 40, desired: 0 },
    ]);
    expect(() => groupConfigs({ ...provisioned, functions: [] })).toThrow(
      "hive-managers is a group of the template, and of neither MANAGER_GROUPS nor WORKER_GROUPS.",
    );
    expect(loadBalancerConfig(onlyLoadBalancer(provisioned))).toMatchObject({
      listeners: [{ LoadBalancerPort: 80, InstancePort: 8080 }],
      healthCheck: { Target: "HTTP:8080/health", Interval: 5, Timeout: 4 },
      drainingTimeoutSeconds: 30,
    });
    expect(() => onlyLoadBalancer({ ...provisioned, loadBalancers: [] })).toThrow("has 0 load balancers");
    expect(roleNameOf(provisioned, names.workerGroup)).toBe("hive-swarm-dev-WorkerInstanceRole");
    expect(() => roleNameOf(provisioned, "another")).toThrow("no role for machines of another");
  });
});
