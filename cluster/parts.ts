// What is wrong with a choice of parts (cluster/parts.yml, serverless.yml custom.parts): what CloudFormation would tell only after some
// minutes, one by one, or not at all.
import { overlap } from "./cidr.ts";

const CHOICES = {
  network: ["existing", "create"],
  balancer: ["existing", "create"],
  groups: ["existing", "create"],
  hooks: ["existing", "create"],
  natPerZone: ["no", "yes"],
  operatingSystem: ["amazon-linux-2023", "ubuntu-24.04"],
  scaleOn: ["cpu", "requests", "none"],
  alarmsKey: ["none", "create"],
} as const;
const NUMBERS = {
  workersMin: [0, 1000],
  workersMax: [1, 1000],
  cpuTarget: [10, 90],
  requestsTarget: [1, 1_000_000],
  diskGigabytes: [20, 16_384],
} as const;

type Names = "vpcId" | "instanceSubnets" | "balancerSubnets" | "balancerSecurityGroup";
type Others =
  | "vpcCidr"
  | "webSources"
  | "visualizerSources"
  | "healthInterval"
  | "healthyThreshold"
  | "shipperParameter"
  | "managers";
export type Parts = Record<keyof typeof CHOICES | keyof typeof NUMBERS | Names | Others, string>;

/** @param environment of the functions. @returns each problem with the way to mend it */
export const partsProblems = (parts: Parts, environment: Readonly<Record<string, string>>): string[] => [
  ...choiceProblems(parts),
  ...networkProblems(parts, environment),
  ...balancerProblems(parts, environment),
  ...pauseProblems(parts, environment),
  ...groupProblems(parts, environment),
];

const given = (parts: Parts, name: keyof Parts): string => `${name} is ${JSON.stringify(parts[name])}`;

const choiceProblems = (parts: Parts): string[] => [
  ...Object.entries(CHOICES).flatMap(([name, choices]) =>
    (choices as readonly string[]).includes(parts[name as keyof Parts])
      ? []
      : [`${given(parts, name as keyof Parts)}; choose ${choices.join(" or ")}`],
  ),
  ...Object.entries(NUMBERS).flatMap(([name, [low, high]]) => {
    const text = String(parts[name as keyof Parts]);
    return /^\d+$/.test(text) && Number(text) >= low && Number(text) <= high
      ? []
      : [`${name} is ${JSON.stringify(text)}; give it a whole number from ${low} to ${high}`];
  }),
];

/** A name, or several with commas, of resources that exist. */
const named = (parts: Parts, name: keyof Parts, prefix: string, why: string): string[] => {
  const names = parts[name].split(",");
  return names.every((each) => new RegExp(`^${prefix}-[0-9a-f]{8,17}$`).test(each))
    ? []
    : [`${given(parts, name)}, and ${why}: name what is there, such as ${prefix}-0123456789abcdef0`];
};

const networkProblems = (parts: Parts, environment: Readonly<Record<string, string>>): string[] => {
  const { network, groups, balancer, vpcCidr } = parts;
  const pool = environment.ADDRESS_POOL ?? "";
  if (network === "create") {
    const problems = (["vpcId", "instanceSubnets", "balancerSubnets"] as const)
      .filter((name) => parts[name] !== "")
      .map((name) => `${given(parts, name)}, and network is "create": leave one of the two away`);
    if (!/^\d{1,3}(\.\d{1,3}){3}\/1[67]$/.test(vpcCidr))
      problems.push(
        `${given(parts, "vpcCidr")}; give it a range with room for six subnets of 4,096 addresses, such as 10.20.0.0/16`,
      );
    else if (overlap(vpcCidr, pool))
      problems.push(
        `vpcCidr ${vpcCidr} and ADDRESS_POOL ${pool} overlap, and machines would look for each other in overlay networks: move one of them`,
      );
    return problems;
  }
  const made = [groups === "create" ? "groups" : "", balancer === "create" ? "the load balancer" : ""];
  const what = made.filter(Boolean).join(" and ");
  return [
    ...(what === "" ? [] : named(parts, "vpcId", "vpc", `${what} are to be made in an existing network`)),
    ...(groups === "create" ? named(parts, "instanceSubnets", "subnet", "machines need subnets") : []),
    ...(balancer === "create"
      ? named(parts, "balancerSubnets", "subnet", "the load balancer needs subnets")
      : []),
  ];
};

const balancerProblems = (parts: Parts, environment: Readonly<Record<string, string>>): string[] => {
  const { balancer, groups, scaleOn, webSources, visualizerSources } = parts;
  const name = environment.LOAD_BALANCER ?? "";
  const problems: string[] = [];
  if (balancer === "create" && name === "")
    problems.push("balancer is create, and LOAD_BALANCER is empty: name it (--param=loadBalancer=hive)");
  if (groups === "create" && balancer === "existing" && name !== "")
    problems.push(
      ...named(
        parts,
        "balancerSecurityGroup",
        "sg",
        `the load balancer ${name} could reach no worker that is made here`,
      ),
    );
  if (groups === "create" && scaleOn === "requests" && name === "")
    problems.push(
      "scaleOn is requests, and there is no load balancer that counts them: choose cpu, or name one (--param=loadBalancer=hive)",
    );
  if (webSources !== "world") problems.push(...named(parts, "webSources", "pl", 'it is not "world" either'));
  if (visualizerSources !== "")
    problems.push(
      ...named(
        parts,
        "visualizerSources",
        "pl",
        "whoever reaches the visualizer can do everything with the swarm",
      ),
    );
  return problems;
};

/** Of a load balancer that is there nobody here knows how often it asks. What is no number of seconds was told already. */
const pauseProblems = (parts: Parts, environment: Readonly<Record<string, string>>): string[] => {
  const { balancer, healthInterval, healthyThreshold } = parts;
  const [interval, threshold, pause] = [healthInterval, healthyThreshold, environment.ROLL_DELAY_SECONDS].map(
    Number,
  ) as [number, number, number];
  if (balancer !== "create" || !(pause < interval * threshold)) return [];
  // A new task can just have missed a check.
  const enough = interval * (threshold + 1);
  return [
    `ROLL_DELAY_SECONDS is ${pause}, and the load balancer that is made here sends a new task nothing before ${threshold} good checks, ${interval} s apart: a roll would take the next worker too early, and with few workers nobody would answer; give it ${enough} or more (--param=rollDelaySeconds=${enough})`,
  ];
};

const groupProblems = (parts: Parts, environment: Readonly<Record<string, string>>): string[] => {
  const { groups, hooks, managers, shipperParameter, workersMin, workersMax } = parts;
  const problems: string[] = [];
  const tokens = [environment.WORKER_TOKEN_PARAMETER, environment.MANAGER_TOKEN_PARAMETER];
  if (tokens.includes(shipperParameter))
    problems.push(
      `shipperParameter is ${shipperParameter}, a join token, and every machine may read what it names: name a parameter of its own`,
    );
  else if (shipperParameter !== "" && !/^\/[\w/.-]{1,200}$/.test(shipperParameter))
    problems.push(`${given(parts, "shipperParameter")}; give it a value such as /hive-swarm/hive/filebeat`);
  if (groups !== "create") return problems;
  if (hooks === "create")
    problems.push(
      "hooks is create, and so is groups: groups that are made here have their hooks in them; leave hooks away",
    );
  if (shipperParameter === "")
    problems.push(
      "groups is create, and shipperParameter is empty: filebeat would ship nothing, and no machine could ever go; name a SecureString with ELASTICSEARCH_HOSTS=… (docs/deploy.md)",
    );
  if (environment.REGISTRY?.startsWith("123456789012."))
    problems.push(
      `REGISTRY is the example ${environment.REGISTRY}, and machines would pull from there: name yours (--param=registry=…)`,
    );
  if (!["1", "3", "5"].includes(String(managers)))
    problems.push(
      `managers is ${JSON.stringify(String(managers))}; choose 1, 3 or 5: an even number survives no more failures than one less`,
    );
  if (Number(workersMin) > Number(workersMax))
    problems.push(
      `workersMin is ${workersMin}, and workersMax ${workersMax}: raise the one or lower the other`,
    );
  return problems;
};
