// The configuration of the functions: read once from the environment, every error reported at the same time.

/** What becomes of an instance whose logs could not be shipped before the deadline. */
const UNSHIPPED_POLICIES = ["retain", "rescue", "continue"] as const;
export type UnshippedPolicy = (typeof UNSHIPPED_POLICIES)[number];

export interface Config {
  cluster: string;
  workerGroups: readonly string[];
  managerGroups: readonly string[];
  /** Our own hooks; others of the group are never completed by us. */
  launchHook: string;
  terminateHook: string;
  /** Name of the Classic ELB; undefined: none. */
  loadBalancer: string | undefined;
  /** Host of the ECR registry, and its region, which need not be the swarm's. */
  registry: string;
  registryRegion: string;
  workerTokenParameter: string;
  /** Where the last seen list of the services' images is kept, as a hint to the next join. */
  servicesParameter: string;
  documentPrefix: string;
  logGlobs: string;
  /** filebeat's data path on the hosts, and its HTTP endpoint; undefined: HTTP is off. */
  filebeatData: string;
  filebeatHttp: string | undefined;
  /** filebeat's `prospector.scanner.check_interval`: two samples nearer to each other prove nothing. */
  scanIntervalSeconds: number;
  unshipped: UnshippedPolicy;
  /** At most so many machines of a group are kept for their logs at the same time. */
  retainCap: number;
  rescueBucket: string | undefined;
  joinDeadlineSeconds: number;
  retireDeadlineSeconds: number;
}

/** All that is wrong with the configuration, each with the way to mend it. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `The configuration (environment of the function) is wrong:\n${problems.map((p) => `- ${p}`).join("\n")}`,
    );
    this.name = "ConfigError";
    this.problems = problems;
  }
}

const GROUP_NAME = /^[\w.:/@ -]{1,255}$/;
const GLOBS = /^\/[\w./*?-]+( \/[\w./*?-]+)*$/;

/** @throws ConfigError naming every problem found. */
export const readConfig = (environment: Readonly<Record<string, string | undefined>>): Config => {
  const problems: string[] = [];

  const text = (name: string, pattern: RegExp, example: string): string => {
    const value = environment[name] ?? "";
    if (!pattern.test(value))
      problems.push(`${name} is ${JSON.stringify(value)}; give it a value such as ${example}`);
    return value;
  };
  const optional = (name: string, pattern: RegExp, example: string): string | undefined =>
    environment[name] ? text(name, pattern, example) : undefined;
  const whole = (name: string, low: number, high: number): number => {
    const value = Number(environment[name] || Number.NaN);
    if (!Number.isInteger(value) || value < low || value > high) {
      problems.push(
        `${name} is ${JSON.stringify(environment[name] ?? "")}; give it a whole number from ${low} to ${high}`,
      );
    }
    return value;
  };
  const names = (name: string, example: string): string[] => {
    const list = (environment[name] ?? "")
      .split(",")
      .map((part) => part.trim())
      .filter(Boolean);
    if (list.length === 0) problems.push(`${name} is empty; name at least one group, such as ${example}`);
    for (const part of list)
      if (!GROUP_NAME.test(part)) problems.push(`${name} holds no group name: ${JSON.stringify(part)}`);
    return list;
  };
  const policy = (): UnshippedPolicy => {
    const found = UNSHIPPED_POLICIES.find((known) => known === environment.UNSHIPPED);
    if (!found)
      problems.push(
        `UNSHIPPED is ${JSON.stringify(environment.UNSHIPPED ?? "")}; choose retain, rescue or continue`,
      );
    return found ?? "retain";
  };

  const config: Config = {
    cluster: text("CLUSTER", /^[a-z][a-z0-9-]{0,30}$/, "hive"),
    workerGroups: names("WORKER_GROUPS", "hive-workers"),
    managerGroups: names("MANAGER_GROUPS", "hive-managers"),
    launchHook: text("LAUNCH_HOOK", /^[\w/.-]{1,255}$/, "join"),
    terminateHook: text("TERMINATE_HOOK", /^[\w/.-]{1,255}$/, "retire"),
    loadBalancer: optional("LOAD_BALANCER", /^[A-Za-z0-9-]{1,32}$/, "hive"),
    registry: text(
      "REGISTRY",
      /^[a-z0-9.-]{1,200}(:\d{1,5})?$/,
      "123456789012.dkr.ecr.us-east-1.amazonaws.com",
    ),
    registryRegion: text("REGISTRY_REGION", /^[a-z]{2}(-[a-z]+)+-\d$/, "us-east-1"),
    workerTokenParameter: text(
      "WORKER_TOKEN_PARAMETER",
      /^\/[\w/.-]{1,200}$/,
      "/hive-swarm/hive/join-token/worker",
    ),
    servicesParameter: text("SERVICES_PARAMETER", /^\/[\w/.-]{1,200}$/, "/hive-swarm/hive/services"),
    documentPrefix: text("DOCUMENT_PREFIX", /^[\w.-]{1,100}$/, "hive-swarm-dev-"),
    logGlobs: text("LOG_GLOBS", GLOBS, "/var/log/hive/*/*.log"),
    filebeatData: text("FILEBEAT_DATA", /^\/[\w/.-]{1,200}$/, "/var/lib/filebeat"),
    filebeatHttp: optional("FILEBEAT_HTTP", /^[\w.-]+:\d{1,5}$/, "127.0.0.1:5066"),
    scanIntervalSeconds: whole("SCAN_INTERVAL_SECONDS", 1, 300),
    unshipped: policy(),
    retainCap: whole("RETAIN_CAP", 0, 100),
    rescueBucket: optional("RESCUE_BUCKET", /^[a-z0-9][a-z0-9.-]{2,62}$/, "my-rescued-logs"),
    joinDeadlineSeconds: whole("JOIN_DEADLINE_SECONDS", 30, 172800),
    retireDeadlineSeconds: whole("RETIRE_DEADLINE_SECONDS", 30, 172800),
  };
  if (config.unshipped === "rescue" && !config.rescueBucket) {
    problems.push("UNSHIPPED is rescue and RESCUE_BUCKET is empty; name the bucket for the rescued ranges");
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
};
