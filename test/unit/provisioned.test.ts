// What the sandbox provisions: read from the very template that it is packaged with, everything in it accounted for, and its own
// differences laid over it, each of them listed.
import { readFileSync } from "node:fs";
import { defaultConfiguration, names } from "../../sandbox/cloud/configuration.ts";
import { readDeployment } from "../../sandbox/cloud/deployment.ts";
import {
  groupConfigs,
  loadBalancerConfig,
  onlyLoadBalancer,
  roleNameOf,
} from "../../sandbox/cloud/groups.ts";
import { OVERRIDES, overridden } from "../../sandbox/cloud/overrides.ts";
import { expectAccounted, expectInvocable } from "../../sandbox/template/accounted.ts";
import { NOT_EMULATED } from "../../sandbox/template/not-emulated.ts";
import { PACKAGE_DIRECTORY, PACKAGE_PARAMETERS, packageCommand } from "../../sandbox/template/packaging.ts";
import { PROVISIONED } from "../../sandbox/template/provisioned.ts";
import { parseTemplate, readTemplate, TEMPLATE_FILE } from "../../sandbox/template/template.ts";
import type { Template } from "../../sandbox/template/types.ts";

const environment = { account: names.account, region: names.region, stackName: "hive-swarm-dev" };
const configuration = { ...defaultConfiguration, stateDirectory: "unused", projectDirectory: "." };
const packaged = readTemplate(PACKAGE_DIRECTORY, environment);
/** To be changed by a test. */
const written = () => JSON.parse(readFileSync(`${PACKAGE_DIRECTORY}/${TEMPLATE_FILE}`, "utf8"));
const withProperty = (logicalId: string, property: string, value: unknown): Template => {
  const template = written();
  template.Resources[logicalId].Properties[property] = value;
  return parseTemplate(template, environment);
};

describe("the template of the sandbox", () => {
  it("has both groups, with hooks, tags, policy, load balancer and the role of their machines", () => {
    const hook = { defaultResult: "ABANDON" };
    const both = {
      hooks: [
        {
          ...hook,
          name: "join",
          transition: "autoscaling:EC2_INSTANCE_LAUNCHING",
          heartbeatTimeoutSeconds: 900,
        },
        {
          ...hook,
          name: "retire",
          transition: "autoscaling:EC2_INSTANCE_TERMINATING",
          heartbeatTimeoutSeconds: 1800,
        },
      ],
      terminateHookAbandon: "retain",
      tags: { [names.clusterTag]: names.cluster },
    };
    const role = (name: string) => `arn:aws:iam::${names.account}:role/hive-swarm-dev-${name}InstanceRole`;
    expect(packaged.groups).toEqual([
      {
        ...both,
        logicalId: "ManagerGroup",
        name: names.managerGroup,
        min: 3,
        max: 7,
        desired: 3,
        loadBalancerNames: [],
        roleArn: role("Manager"),
      },
      {
        ...both,
        logicalId: "WorkerGroup",
        name: names.workerGroup,
        min: 2,
        max: 40,
        desired: 2,
        loadBalancerNames: [names.loadBalancer],
        roleArn: role("Worker"),
      },
    ]);
  });

  it("has the load balancer with listener, health check and draining", () => {
    expect(packaged.loadBalancers).toEqual([
      {
        logicalId: "LoadBalancer",
        name: names.loadBalancer,
        scheme: "internet-facing",
        crossZone: true,
        port: 80,
        instancePort: 8080,
        health: {
          path: "/health",
          intervalSeconds: 5,
          timeoutSeconds: 4,
          healthyThreshold: 2,
          unhealthyThreshold: 2,
          everyMilliseconds: 5_000,
        },
        drainingTimeoutSeconds: 30,
        idleTimeoutSeconds: 60,
      },
    ]);
  });

  it("has the stack as a parameter, and the documents, rules and functions that a deployment has", () => {
    expect(packaged.parameters).toMatchObject([
      { name: names.stack, type: "String", tier: "Intelligent-Tiering" },
    ]);
    expect(packaged.parameters[0]?.value).toContain(`${names.account}.dkr.ecr.us-east-1.amazonaws.com/hive`);
    const operators = readTemplate(".serverless", environment);
    expect(operators.groups).toEqual([]);
    for (const part of ["documents", "rules", "queues", "permissions"] as const)
      expect(packaged[part]).toEqual(operators[part]);
    expect(packaged.functions.map(({ name }) => name)).toEqual(operators.functions.map(({ name }) => name));
  });

  it("is packaged by the command of docs/deploy.md", () => {
    expect(packageCommand()).toEqual(expect.arrayContaining(["--package", PACKAGE_DIRECTORY]));
    const documented = readFileSync("docs/deploy.md", "utf8");
    for (const { name } of PACKAGE_PARAMETERS.filter(({ name }) => name !== "workersMax"))
      expect(documented).toContain(`--param=${name}=`);
  });
});

describe("what is said of a template", () => {
  it("is complete: what the sandbox makes of it, and what not, because …", () => {
    expect(() => expectAccounted(packaged)).not.toThrow();
    expect(() => readDeployment(configuration)).not.toThrow();
  });

  it("is not said of what is not there", () => {
    const types = new Set(packaged.resources.map(({ type }) => type));
    const known = [...Object.keys(NOT_EMULATED), ...Object.keys(PROVISIONED)];
    expect(known.filter((type) => !types.has(type))).toEqual([]);
    expect(Object.keys(NOT_EMULATED).filter((type) => type in PROVISIONED)).toEqual([]);
  });

  it("does not cover what nobody has thought of, and `up` fails", () => {
    const changed = { ...configuration, parameters: { AlarmsKey: "create" } };
    expect(() => readDeployment(changed)).toThrow(
      "The sandbox does not know what to make of this in the stack hive-swarm-dev:\n- AlarmsEncryptionKey, an AWS::KMS::Key\nProvision it, or say why not: ",
    );
    const template = withProperty("WorkerGroup", "Cooldown", "60");
    expect(() => expectAccounted(template)).toThrow(
      "- Cooldown of WorkerGroup, an AWS::AutoScaling::AutoScalingGroup\n",
    );
    const machines = written();
    machines.Resources.WorkerTemplate.Properties.LaunchTemplateData.KeyName = "a-person";
    expect(() => expectAccounted(parseTemplate(machines, environment))).toThrow(
      "- KeyName of WorkerTemplate, an AWS::EC2::LaunchTemplate\n",
    );
  });

  it("is that the sandbox can be it, or the template is refused", () => {
    expect(() => withProperty("WorkerGroup", "HealthCheckType", "ELB")).toThrow(
      'HealthCheckType of WorkerGroup is "ELB"; the sandbox knows "EC2".',
    );
    const listeners =
      packaged.loadBalancers.length > 0 && written().Resources.LoadBalancer.Properties.Listeners;
    const second = { ...listeners[0], LoadBalancerPort: "81" };
    expect(() => withProperty("LoadBalancer", "Listeners", [listeners[0], second])).toThrow(
      "LoadBalancer is a load balancer that the sandbox's cannot be",
    );
    expect(() => parseTemplate(withoutProfile(), environment)).toThrow(
      "The machines of WorkerGroup have no role",
    );
  });

  it("is that a rule may invoke its function", () => {
    expect(() => expectInvocable({ ...packaged, permissions: packaged.permissions.slice(1) })).toThrow(
      /^No AWS::Lambda::Permission lets the rule hive-swarm-dev-dispatch-rule-1 invoke .*-dispatch\.$/,
    );
  });
});

const withoutProfile = () => {
  const template = written();
  delete template.Resources.WorkerTemplate.Properties.LaunchTemplateData.IamInstanceProfile;
  return template;
};

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
        environment: { ...settings, REGISTRY: "", SCAN_INTERVAL_SECONDS: "" },
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
