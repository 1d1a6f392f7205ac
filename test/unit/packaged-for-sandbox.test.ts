// What the sandbox reads of the very template that it is packaged with; and that everything in it is accounted for.
import { readFileSync } from "node:fs";
import { defaultConfiguration, names } from "../../sandbox/cloud/configuration.ts";
import { readDeployment } from "../../sandbox/cloud/deployment.ts";
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
