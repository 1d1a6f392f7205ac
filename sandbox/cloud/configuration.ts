// What a sandbox is asked to be, and the names and addresses that are the same in every one.
import type { ComposeServices } from "./stack.ts";

export interface CloudConfiguration {
  /** `.sandbox`, or another directory: each sandbox has its own. */
  stateDirectory: string;
  /** The clone; its packaged template and `dist` are what runs. */
  projectDirectory: string;
  managers: number;
  /** The worker group's first desired capacity. */
  workers: number;
  /** Whether the load balancer is attached to the worker group (facts A10). */
  attached: boolean;
  /** Heartbeat timeout of both hooks, 30 to 7200. */
  heartbeatSeconds: number;
  /** Sizes of the groups and heartbeats of the hooks are the template's: both groups launch at once, as in an account. */
  asDeployed?: boolean;
  /** Laid over the environment that the packaged template gives to every function. */
  settings: Record<string, string>;
  /** Of the template, as a deployment is given them. */
  parameters: Record<string, string>;
  /** Replicas of the demo service; 0: there is no stack. */
  replicas: number;
  /** Whether the stack has the picture of the swarm beside the demo service. */
  viz: boolean;
  /** Services of the stack beside those that every sandbox has, as compose has them; each runs the first image of its repository. */
  services?: ComposeServices;
  /** What an ABANDONed terminate hook does (facts A4); default: what the template says. */
  terminateHookAbandon?: "retain" | "terminate";
  /** Between two health checks of Auto Scaling, milliseconds. */
  healthCheckMilliseconds: number;
  /** A directory with another Docker engine's binaries. */
  engine?: string;
  /** Between Lambda's tries of an asynchronous invocation; Lambda's own are 60 and 120. */
  retryDelaysSeconds?: number[];
  /** From the first moment on nothing that AWS reports reaches a function; `unpleasant({ events: null })` ends it. */
  dropEvents?: boolean;
  /** Between two repairs of the schedule; default: what its rule says. */
  repairEverySeconds?: number;
  /** Keep the answers to all AWS calls too, secrets among them, in `aws-answers.jsonl`. */
  recordAnswers?: boolean;
}

export type CloudOptions = Partial<Omit<CloudConfiguration, "stateDirectory" | "projectDirectory">>;

/** More replicas than workers, as production has it: whoever joins finds work waiting. */
export const defaultConfiguration = {
  managers: 1,
  workers: 1,
  attached: true,
  heartbeatSeconds: 60,
  settings: {},
  parameters: {},
  replicas: 6,
  viz: true,
  healthCheckMilliseconds: 5_000,
} as const satisfies CloudOptions;

export const names = {
  cluster: "hive",
  workerGroup: "hive-workers",
  managerGroup: "hive-managers",
  joinHook: "join",
  retireHook: "retire",
  loadBalancer: "hive",
  /** Of the demo image. */
  repository: "hive-web",
  /** `web` of the stack, which is called like the cluster. */
  service: "hive_web",
  clusterTag: "hive-swarm:cluster",
  workerToken: "/hive-swarm/hive/join-token/worker",
  managerToken: "/hive-swarm/hive/join-token/manager",
  stack: "/hive-swarm/hive/stack",
  pause: "/hive-swarm/hive/pause",
  /** Who formed the swarm. */
  record: "/hive-swarm/hive/swarm",
  /** On a swarm node: the instance that it is. */
  instanceLabel: "hive.instance-id",
  region: "ap-northeast-1",
  /** The registry need not be where the swarm is, and the team's is not. */
  registryRegion: "us-east-1",
  /** Of the swarm and of the registry. Packaging refuses the account of AWS's own examples. */
  account: "210987654321",
} as const;

/** Addresses inside the sandbox. All stand on the bridge's gateway. */
export const addresses = {
  gateway: "10.78.0.1",
  aws: "http://10.78.0.1:4566",
  awsPort: 4566,
  registry: "10.78.0.1:5000",
  loadBalancer: "10.78.0.1:80",
  collector: "http://10.78.0.1:9200",
  collectorPort: 9200,
  servicePort: 8080,
} as const;

/**
 * How often filebeat looks for new files. Its default is 10 s, and retire-node's samples of the logs must be as far
 * apart; so both are told, and a demonstration need not wait that long.
 */
export const scanIntervalSeconds = 2;

/** The load balancer asks every 500 ms, and two good answers bring a worker back; a roll pauses as long as that, and not for 15 s. */
export const rollDelaySeconds = 2;

/** The keys of whoever drives the sandbox from outside. They open nothing but this endpoint. */
export const operatorKeys = {
  accessKeyId: "AKIAHIVESANDBOX00000",
  secretAccessKey: "hive-sandbox-secret-key-opens-nothing-else",
} as const;

/** Files of a running sandbox, below its state directory. */
export const files = {
  configuration: "run/cloud.json",
  ready: "run/cloud-ready",
  ports: "run/ports.json",
  control: "run/control.sock",
  aws: "run/aws.sock",
  loadBalancer: "run/elb.sock",
  log: "cloud.log",
  timeline: "timeline.jsonl",
  collected: "collected.jsonl",
  calls: "aws-calls.jsonl",
  answers: "aws-answers.jsonl",
  events: "events.jsonl",
  functionLogs: "functions",
  deployed: "deployed",
} as const;
