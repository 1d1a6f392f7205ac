// What packaging refuses: the functions' environment, the choice of parts, the stack's times. Every wrong value with its message.
import { deploymentProblems, resources } from "../../cluster/configuration.ts";
import type { Parts } from "../../cluster/parts.ts";
import { environment } from "../environment.ts";

const parts: Parts = {
  network: "existing",
  balancer: "existing",
  groups: "existing",
  hooks: "existing",
  vpcId: "",
  vpcCidr: "10.20.0.0/16",
  natPerZone: "no",
  instanceSubnets: "",
  balancerSubnets: "",
  balancerSecurityGroup: "",
  healthInterval: "5",
  healthyThreshold: "2",
  webSources: "world",
  visualizerSources: "",
  operatingSystem: "amazon-linux-2023",
  diskGigabytes: "50",
  managers: "3",
  workersMin: "2",
  workersMax: "20",
  scaleOn: "cpu",
  cpuTarget: "50",
  requestsTarget: "1000",
  shipperParameter: "",
  alarmsKey: "none",
};
const all = {
  network: "create",
  balancer: "create",
  groups: "create",
  shipperParameter: "/hive-swarm/hive/filebeat",
};
const ours = {
  ...environment,
  REGISTRY: "210987654321.dkr.ecr.us-east-1.amazonaws.com",
  ROLL_DELAY_SECONDS: "15",
};
const stack = "services: { web: { stop_grace_period: 60s }, viz: {} }";
const problemsOf = (changes: Partial<Parts>, more: Record<string, string> = {}, text = stack): string[] =>
  deploymentProblems({ ...ours, ...more }, { ...parts, ...changes }, text);

const VPC = "vpc-0123456789abcdef0";
const SUBNETS = "subnet-0123456789abcdef0,subnet-0123456789abcdef1";

describe("a deployment that is refused nothing", () => {
  it.each<[string, Partial<Parts>, Record<string, string>?]>([
    ["of the operator alone", {}],
    ["of the operator alone, as the example has it", {}, { REGISTRY: environment.REGISTRY }],
    ["of everything", all],
    ["of hooks on groups that are there", { hooks: "create" }],
    [
      "of groups into a network and behind a load balancer that are there",
      {
        groups: "create",
        vpcId: VPC,
        instanceSubnets: SUBNETS,
        balancerSecurityGroup: "sg-0123456789abcdef0",
        shipperParameter: "/x",
      },
    ],
    [
      "of groups without a load balancer",
      { groups: "create", vpcId: VPC, instanceSubnets: SUBNETS, shipperParameter: "/x" },
      { LOAD_BALANCER: "" },
    ],
    ["of a load balancer alone", { balancer: "create", vpcId: VPC, balancerSubnets: SUBNETS }],
    ["whose rolls pause just long enough for its load balancer", all, { ROLL_DELAY_SECONDS: "10" }],
    ["whose load balancer is there, and known to nobody here", {}, { ROLL_DELAY_SECONDS: "0" }],
    [
      "for those on two lists",
      { ...all, webSources: "pl-0123456789abcdef0", visualizerSources: "pl-01234567" },
    ],
  ])("%s", (_what, changes, more = {}) => {
    expect(problemsOf(changes, more)).toEqual([]);
  });
});

describe("a deployment that is refused", () => {
  it.each<[Partial<Parts>, string, Record<string, string>?]>([
    [{ network: "new" }, 'network is "new"; choose existing or create'],
    [
      { operatingSystem: "debian-12" },
      'operatingSystem is "debian-12"; choose amazon-linux-2023 or ubuntu-24.04',
    ],
    [{ scaleOn: "memory" }, 'scaleOn is "memory"; choose cpu or requests or none'],
    [{ natPerZone: "true" }, 'natPerZone is "true"; choose no or yes'],
    [{ cpuTarget: "100" }, 'cpuTarget is "100"; give it a whole number from 10 to 90'],
    [{ diskGigabytes: "8" }, 'diskGigabytes is "8"; give it a whole number from 20 to 16384'],
    [{ workersMax: "many" }, 'workersMax is "many"; give it a whole number from 1 to 1000'],
    [{ ...all, workersMin: "21" }, "workersMin is 21, and workersMax 20: raise the one or lower the other"],
    [
      { ...all, managers: "4" },
      'managers is "4"; choose 1, 3 or 5: an even number survives no more failures than one less',
    ],
    [{ ...all, vpcId: VPC }, `vpcId is "${VPC}", and network is "create": leave one of the two away`],
    [
      { ...all, network: "existing", instanceSubnets: SUBNETS, balancerSubnets: SUBNETS },
      'vpcId is "", and groups and the load balancer are to be made in an existing network: name what is there, such as vpc-0123456789abcdef0',
    ],
    [
      { ...all, network: "existing", vpcId: VPC, instanceSubnets: "a,b", balancerSubnets: SUBNETS },
      'instanceSubnets is "a,b", and machines need subnets: name what is there, such as subnet-0123456789abcdef0',
    ],
    [
      { ...all, network: "existing", vpcId: VPC, instanceSubnets: SUBNETS },
      'balancerSubnets is "", and the load balancer needs subnets: name what is there, such as subnet-0123456789abcdef0',
    ],
    [
      { ...all, vpcCidr: "10.20.0.0/24" },
      'vpcCidr is "10.20.0.0/24"; give it a range with room for six subnets of 4,096 addresses, such as 10.20.0.0/16',
    ],
    [
      { ...all, vpcCidr: "172.30.128.0/17" },
      "vpcCidr 172.30.128.0/17 and ADDRESS_POOL 172.30.0.0/16 overlap, and machines would look for each other in overlay networks: move one of them",
    ],
    [
      { ...all, balancer: "existing" },
      'balancerSecurityGroup is "", and the load balancer hive could reach no worker that is made here: name what is there, such as sg-0123456789abcdef0',
    ],
    [
      all,
      "balancer is create, and LOAD_BALANCER is empty: name it (--param=loadBalancer=hive)",
      { LOAD_BALANCER: "" },
    ],
    [
      { ...all, balancer: "existing", scaleOn: "requests" },
      "scaleOn is requests, and there is no load balancer that counts them: choose cpu, or name one (--param=loadBalancer=hive)",
      { LOAD_BALANCER: "" },
    ],
    [
      { ...all, webSources: "0.0.0.0/0" },
      'webSources is "0.0.0.0/0", and it is not "world" either: name what is there, such as pl-0123456789abcdef0',
    ],
    [
      { ...all, visualizerSources: "world" },
      'visualizerSources is "world", and whoever reaches the visualizer can do everything with the swarm: name what is there, such as pl-0123456789abcdef0',
    ],
    [
      { ...all, shipperParameter: "" },
      "groups is create, and shipperParameter is empty: filebeat would ship nothing, and no machine could ever go; name a SecureString with ELASTICSEARCH_HOSTS=… (docs/deploy.md)",
    ],
    [
      { ...all, shipperParameter: "password" },
      'shipperParameter is "password"; give it a value such as /hive-swarm/hive/filebeat',
    ],
    [
      { shipperParameter: environment.MANAGER_TOKEN_PARAMETER },
      "shipperParameter is /hive-swarm/hive/join-token/manager, a join token, and every machine may read what it names: name a parameter of its own",
    ],
    [
      { ...all, hooks: "create" },
      "hooks is create, and so is groups: groups that are made here have their hooks in them; leave hooks away",
    ],
    [
      all,
      `REGISTRY is the example ${environment.REGISTRY}, and machines would pull from there: name yours (--param=registry=…)`,
      { REGISTRY: environment.REGISTRY },
    ],
    [
      {},
      "DRAINING_SECONDS is 1500, and a retirement has 1500 s for everything: lower the load balancer's draining, or raise RETIRE_DEADLINE_SECONDS",
      { DRAINING_SECONDS: "1500" },
    ],
    [
      all,
      "ROLL_DELAY_SECONDS is 9, and the load balancer that is made here sends a new task nothing before 2 good checks, 5 s apart: a roll would take the next worker too early, and with few workers nobody would answer; give it 15 or more (--param=rollDelaySeconds=15)",
      { ROLL_DELAY_SECONDS: "9" },
    ],
    [
      { ...all, healthInterval: "6", healthyThreshold: "3" },
      "ROLL_DELAY_SECONDS is 15, and the load balancer that is made here sends a new task nothing before 3 good checks, 6 s apart: a roll would take the next worker too early, and with few workers nobody would answer; give it 24 or more (--param=rollDelaySeconds=24)",
    ],
    [
      all,
      'ROLL_DELAY_SECONDS is "soon"; give it a whole number from 0 to 3600',
      { ROLL_DELAY_SECONDS: "soon" },
    ],
    [
      {},
      "web of the stack may take 60 s to stop, and STOP_GRACE_SECONDS is 30: raise it (--param=stopGraceSeconds=60), or lower its stop_grace_period",
      { STOP_GRACE_SECONDS: "30" },
    ],
  ])("with %j: %s", (changes, problem, more = {}) => {
    expect(problemsOf(changes, more)).toEqual([problem]);
  });

  it("for a service whose grace is written in minutes, or left to docker", () => {
    const text = "services: { a: { stop_grace_period: 1m30s }, b: {}, c: { stop_grace_period: 500ms } }";
    const told = (STOP_GRACE_SECONDS: string) =>
      problemsOf({}, { STOP_GRACE_SECONDS }, text).map((problem) => problem.slice(0, 35));
    expect(told("89")).toEqual(["a of the stack may take 90 s to sto"]);
    expect(told("5")).toEqual(["a of the stack may take 90 s to sto", "b of the stack may take 10 s to sto"]);
    expect(told("90")).toEqual([]);
    expect(problemsOf({}, {}, "")).toEqual([]);
  });

  it("for all of it at once", async () => {
    const packager = {
      resolveConfigurationProperty: async (path: readonly string[]) =>
        ({
          "provider.environment": { ...ours, CLUSTER: "", RETAIN_CAP: "-1", JOIN_HEARTBEAT_SECONDS: "30" },
          "custom.parts": { ...parts, ...all, managers: 2 },
          "custom.stack.file": "cluster/stack.yml",
          "provider.stage": "my-stage",
        })[path.join(".")],
    };
    await expect(resources(packager)).rejects.toThrow(
      /^This cannot be deployed:\n- the stage is "my-stage"; .*\n- CLUSTER .*\n- RETAIN_CAP .*\n- JOIN_HEARTBEAT_SECONDS .*\n- managers is "2"; .*\n\(What/,
    );
  });

  it("by nothing that serverless.yml has by itself", async () => {
    const packager = {
      resolveConfigurationProperty: async (path: readonly string[]) =>
        ({
          "provider.environment": environment,
          "custom.parts": parts,
          "custom.stack.file": "cluster/stack.yml",
          "provider.stage": "dev",
        })[path.join(".")],
    };
    expect(await resources(packager)).toEqual({ Resources: {} });
  });
});
