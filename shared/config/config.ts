// The configuration of the functions: read once from the environment, every error reported at the same time.
import { type Budgets, impossibleBudgets, readBudgets } from "./budgets.ts";
import { type ClusterConfig, readClusterConfig } from "./cluster-config.ts";
import { type Environment, SettingsReader } from "./reader.ts";
import { type RollConfig, readRollConfig } from "./roll-config.ts";

/** What becomes of an instance whose logs could not be shipped before the deadline. */
const UNSHIPPED_POLICIES = ["retain", "rescue", "continue"] as const;
export type UnshippedPolicy = (typeof UNSHIPPED_POLICIES)[number];

export interface Config extends RollConfig, ClusterConfig, Budgets {
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
  /** In the descriptions of the documents that were deployed with this function; undefined: whichever is the default. */
  documentsRevision: string | undefined;
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
  /** How long each step took is a metric of its own: most of what metrics cost (docs/cost.md). */
  stepMetrics: boolean;
  /** Nothing is repaired that would touch more of the workers than this share: then something else is wrong. */
  mostTouchedPercent: number;
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
export const readConfig = (environment: Environment): Config => {
  const read = new SettingsReader(environment);
  const config: Config = {
    cluster: read.text("CLUSTER", /^[a-z][a-z0-9-]{0,30}$/, "hive"),
    workerGroups: read.names("WORKER_GROUPS", GROUP_NAME, "group", "hive-workers"),
    managerGroups: read.names("MANAGER_GROUPS", GROUP_NAME, "group", "hive-managers"),
    launchHook: read.text("LAUNCH_HOOK", /^[\w/.-]{1,255}$/, "join"),
    terminateHook: read.text("TERMINATE_HOOK", /^[\w/.-]{1,255}$/, "retire"),
    loadBalancer: read.optional("LOAD_BALANCER", /^[A-Za-z0-9-]{1,32}$/, "hive"),
    registry: read.text(
      "REGISTRY",
      /^[a-z0-9.-]{1,200}(:\d{1,5})?$/,
      "123456789012.dkr.ecr.us-east-1.amazonaws.com",
    ),
    registryRegion: read.text("REGISTRY_REGION", /^[a-z]{2}(-[a-z]+)+-\d$/, "us-east-1"),
    workerTokenParameter: read.text(
      "WORKER_TOKEN_PARAMETER",
      /^\/[\w/.-]{1,200}$/,
      "/hive-swarm/hive/join-token/worker",
    ),
    servicesParameter: read.text("SERVICES_PARAMETER", /^\/[\w/.-]{1,200}$/, "/hive-swarm/hive/services"),
    documentPrefix: read.text("DOCUMENT_PREFIX", /^[\w.-]{1,100}$/, "hive-swarm-dev-"),
    documentsRevision: read.optional("DOCUMENTS_REVISION", /^[0-9a-f]{12}$/, "0123456789ab"),
    logGlobs: read.text("LOG_GLOBS", GLOBS, "/var/log/hive/*/*.log"),
    filebeatData: read.text("FILEBEAT_DATA", /^\/[\w/.-]{1,200}$/, "/var/lib/filebeat"),
    filebeatHttp: read.optional("FILEBEAT_HTTP", /^[\w.-]+:\d{1,5}$/, "127.0.0.1:5066"),
    scanIntervalSeconds: read.whole("SCAN_INTERVAL_SECONDS", 1, 300),
    unshipped: read.oneOf("UNSHIPPED", UNSHIPPED_POLICIES, "retain"),
    retainCap: read.whole("RETAIN_CAP", 0, 100),
    rescueBucket: read.optional("RESCUE_BUCKET", /^[a-z0-9][a-z0-9.-]{2,62}$/, "my-rescued-logs"),
    joinDeadlineSeconds: read.whole("JOIN_DEADLINE_SECONDS", 30, 172800),
    retireDeadlineSeconds: read.whole("RETIRE_DEADLINE_SECONDS", 30, 172800),
    stepMetrics: read.oneOf("STEP_METRICS", ["yes", "no"], "yes") === "yes",
    mostTouchedPercent: read.whole("REPAIR_MOST_PERCENT", 1, 100),
    ...readRollConfig(read),
    ...readClusterConfig(read),
    ...readBudgets(read),
  };
  if (config.unshipped === "rescue" && !config.rescueBucket)
    read.problems.push(
      "UNSHIPPED is rescue and RESCUE_BUCKET is empty; name the bucket for the rescued ranges",
    );
  read.problems.push(...impossibleBudgets(config));
  if (read.problems.length > 0) throw new ConfigError(read.problems);
  return config;
};
