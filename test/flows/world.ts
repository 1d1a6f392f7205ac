// The whole cloud in memory, on virtual time: the models of AWS, simulated instances and their swarm, the flows as durable
// functions, and dispatch fed by the events that the models publish. `desire(2)` drives everything else.
import { randomUUID } from "node:crypto";
import type { DurableLambdaHandler } from "@aws/durable-execution-sdk-js";
import type { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import type { ECRClient } from "@aws-sdk/client-ecr";
import type { ElasticLoadBalancingClient } from "@aws-sdk/client-elastic-load-balancing";
import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { SSMClient } from "@aws-sdk/client-ssm";
import { documentContent, documentNames } from "../../documents/resources.ts";
import { type Catalogue, loadCatalogue } from "../../sandbox/aws/catalogue.ts";
import {
  type CallRecord,
  createHandle,
  type Handle,
  type Interceptor,
  OPERATOR,
} from "../../sandbox/aws/handle.ts";
import { inProcessClient } from "../../sandbox/aws/in-process.ts";
import { VirtualClock } from "../../sandbox/clock.ts";
import type { Grant } from "../../sandbox/iam/grants.ts";
import { inProcessInvoke } from "../../sandbox/lambda/api-client.ts";
import { AsyncInvocations, type InvokeFunction } from "../../sandbox/lambda/async-invocations.ts";
import { deadLetterOf, durableFunctions } from "../../sandbox/lambda/durable-functions.ts";
import { DurableService, type InvokeDurable } from "../../sandbox/lambda/durable-service.ts";
import { type CheckpointHooks, isClosed } from "../../sandbox/lambda/execution.ts";
import { lambdaModel } from "../../sandbox/lambda/lambda-model.ts";
import { runUntil } from "../../sandbox/lambda/virtual-driver.ts";
import { AutoScaling } from "../../sandbox/models/auto-scaling/auto-scaling.ts";
import type {
  ActionResult,
  Faults,
  HookConfig,
  HookRecord,
} from "../../sandbox/models/auto-scaling/types.ts";
import { sequentialIdentifiers } from "../../sandbox/models/identifiers.ts";
import { ClassicLoadBalancing } from "../../sandbox/models/load-balancing/classic-load-balancing.ts";
import { ContainerRegistry } from "../../sandbox/models/registry/container-registry.ts";
import { SystemsManager } from "../../sandbox/models/systems-manager/systems-manager.ts";
import { AwsError, type AwsEvent, type ServiceModel } from "../../sandbox/ports.ts";
import { SimulatedMachines } from "../../sandbox/simulated/machines.ts";
import { SimulatedProxy } from "../../sandbox/simulated/proxy.ts";
import type { Service } from "../../sandbox/simulated/swarm.ts";
import type { SimulatedTimings } from "../../sandbox/simulated/timings.ts";
import type { FunctionDefinition } from "../../sandbox/template/types.ts";
import { readConfig } from "../../shared/config/config.ts";
import { parseEvent } from "../../shared/events/parse.ts";
import { backupSwarm } from "../../shared/flows/backup.ts";
import { parseBackupRequest } from "../../shared/flows/backup-request.ts";
import { dispatch } from "../../shared/flows/dispatch.ts";
import { durableHandler } from "../../shared/flows/durable-flow.ts";
import { joinNode } from "../../shared/flows/join.ts";
import { planCluster } from "../../shared/flows/plan.ts";
import { parsePlanRequest } from "../../shared/flows/plan-request.ts";
import { repair } from "../../shared/flows/repair.ts";
import { parseRepairRequest } from "../../shared/flows/repair-request.ts";
import { parseHookRequest, parseRequest } from "../../shared/flows/request.ts";
import { retireNode } from "../../shared/flows/retire.ts";
import { rollImage } from "../../shared/flows/roll.ts";
import { parseRollRequest } from "../../shared/flows/roll-request.ts";
import type { CoreWorld, Log, RepairWorld, RollWorld, World } from "../../shared/flows/world.ts";
import { embedded, type Measured } from "../../shared/metrics.ts";
import type { RollOutcome } from "../../shared/rolls/outcome.ts";
import { environment } from "../environment.ts";
import { Invocations } from "./invocations.ts";
import { worldAccess } from "./world-access.ts";

export const WORKERS = "hive-workers";
export const MANAGERS = "hive-managers";
export const ELB = "hive";
const PREFIX = "hive-swarm-dev-";
const REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
export const TOKEN_PARAMETER = "/hive-swarm/hive/join-token/worker";
export const MANAGER_TOKEN_PARAMETER = "/hive-swarm/hive/join-token/manager";
export const RECORD_PARAMETER = "/hive-swarm/hive/swarm";
export const HISTORY = "/hive-swarm/hive/rolls";
export const PAUSE = "/hive-swarm/hive/pause";
export const NEEDS_PARAMETER = "/hive-swarm/hive/services";

export const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

export const image = (digit: string): string => `${REGISTRY}/hive-tomcat@sha256:${digit.repeat(64)}`;

/** More replicas than fit, as on the real swarm: whenever a worker joins, a pending one fills it. */
export const hive = (more: Partial<Service> = {}): Service => ({
  id: "hive",
  image: image("a"),
  directories: ["/var/log/hive"],
  replicas: 10,
  ...more,
});

export interface WorldOptions {
  /** Who registers instances at the ELB: the group (`attached`), the flows (`not attached`), or nobody. */
  loadBalancer?: "attached" | "not attached" | "none";
  /** For how long the load balancer lets open connections of an instance go on that leaves it. */
  drainingTimeoutSeconds?: number;
  managers?: number;
  /** Hooks of the managers' group; without them managers come and go as they are. */
  managerHooks?: readonly ("join" | "retire")[];
  /**
   * `formed`: the first managers are in the swarm from their first moment, and no hook waits for managers. `with hooks`: so are they,
   * and from then on managers come and go by hooks. `none`: nothing is there yet, and managers come by hooks.
   */
  swarm?: "formed" | "with hooks" | "none";
  /** The worker group's maximum. */
  most?: number;
  services?: readonly Service[];
  joinHeartbeatSeconds?: number;
  retireHeartbeatSeconds?: number;
  terminateHookAbandon?: "retain" | "terminate";
  environment?: Readonly<Record<string, string>>;
  /** Checkpoint hooks of the executions of one function, by its short name. */
  hooks?: Readonly<Record<string, CheckpointHooks>>;
  interceptors?: readonly Interceptor[];
  faults?: Partial<Faults>;
  timings?: Partial<SimulatedTimings>;
  /** The schedule of repairs; default: nobody fires it. */
  repairEverySeconds?: number;
  /** What the roles lack, and the settings with which they were deployed where those are not the functions'. */
  roles?: { without?: (grant: Grant) => boolean; settings?: Readonly<Record<string, string>> };
  /** Wraps invocations of the durable functions, to make one break off. */
  around?: (invoke: InvokeDurable) => InvokeDurable;
}

export interface LogRecord {
  level: "info" | "warn" | "error";
  message: string;
  fields: Record<string, unknown>;
}

let catalogue: Promise<Catalogue> | undefined;
/** Loaded once: the errors that the real clients would throw come from it. */
const sharedCatalogue = (): Promise<Catalogue> =>
  (catalogue ??= loadCatalogue(["autoscaling", "elasticloadbalancing", "ssm", "lambda", "ecr", "events"]));

const DEAD_LETTERS = "arn:aws:sqs:ap-northeast-1:123456789012:hive-swarm-dev-dead-letters";

const functionDefinition = (name: string): FunctionDefinition => ({
  logicalId: name,
  name: PREFIX + name,
  arn: `arn:aws:lambda:ap-northeast-1:123456789012:function:${PREFIX}${name}`,
  handler: `dist/${name}.handler`,
  timeoutSeconds: 60,
  memoryMegabytes: 256,
  environment: {},
  roleArn: `arn:aws:iam::123456789012:role/${name}`,
  aliases: name === "dispatch" ? {} : { durable: "1" },
  ...(name === "dispatch"
    ? { onFailureArn: DEAD_LETTERS }
    : { durable: { executionTimeoutSeconds: 172_800, retentionDays: 7 }, deadLetterArn: DEAD_LETTERS }),
  maximumRetryAttempts: 2,
  maximumEventAgeSeconds: 3600,
});

/** Hooks that are asked only about the executions of their function. */
const byFunction = (hooks: Readonly<Record<string, CheckpointHooks>>): CheckpointHooks => ({
  before: (execution, updates) =>
    hooks[execution.functionName.slice(PREFIX.length)]?.before?.(execution, updates),
  after: (execution, updates) =>
    hooks[execution.functionName.slice(PREFIX.length)]?.after?.(execution, updates),
});

const inTurn = (first: CheckpointHooks, second: CheckpointHooks): CheckpointHooks => ({
  before: (execution, updates) => {
    first.before?.(execution, updates);
    second.before?.(execution, updates);
  },
  after: (execution, updates) => {
    first.after?.(execution, updates);
    second.after?.(execution, updates);
  },
});

export const createTestWorld = async (options: WorldOptions = {}) => {
  const { loadBalancer = "attached", managers = 3, services = [hive()], hooks = {} } = options;
  const { managerHooks = [] } = options;
  const { swarm = "formed" } = options;
  const clock = new VirtualClock();
  const ids = sequentialIdentifiers();
  const log: LogRecord[] = [];
  const calls: CallRecord[] = [];
  const letters: { queue: string; body: string; at: number }[] = [];
  const reports: string[] = [];
  const report = (message: string): void => void reports.push(message);
  const send = (queue: string, body: string): void => void letters.push({ queue, body, at: clock.now() });

  const config = readConfig({
    ...environment,
    LOAD_BALANCER: loadBalancer === "none" ? "" : ELB,
    ROLL_DEADLINE_SECONDS: "3600",
    ...options.environment,
  });
  /** As they would stand in the functions' log groups. */
  const lines: { function: string; line: string; at: number }[] = [];
  const loggerOf = (name: string): Log => {
    const note =
      (level: LogRecord["level"]) =>
      (message: string, fields: Record<string, unknown>, measured?: Measured): void => {
        log.push({ level, message, fields });
        const at = clock.now();
        const record = { level: level.toUpperCase(), message, timestamp: new Date(at).toISOString() };
        const line = JSON.stringify({
          ...record,
          ...fields,
          ...(measured && embedded(config, measured, at)),
        });
        lines.push({ function: name, line, at });
      };
    return { info: note("info"), warn: note("warn"), error: note("error") };
  };

  const machines: SimulatedMachines = new SimulatedMachines({
    clock,
    readParameter: (name) => parameter(name),
    writeParameter: (name, value) => putParameter(name, value, "SecureString"),
    ...(options.timings ? { timings: options.timings } : {}),
  });
  const roles = worldAccess(
    { ...options.environment, ...options.roles?.settings },
    () => ({ autoScaling }),
    options.roles?.without,
  );
  machines.authorize = roles.judgeHost;
  const proxy = new SimulatedProxy(machines);
  const elb = new ClassicLoadBalancing({
    clock,
    proxy,
    machines,
    loadBalancers: [
      {
        name: ELB,
        drainingTimeoutSeconds: options.drainingTimeoutSeconds ?? 60,
        listeners: [{ Protocol: "HTTP", LoadBalancerPort: 80, InstanceProtocol: "HTTP", InstancePort: 8080 }],
        healthCheck: {
          Target: "HTTP:8080/health",
          Interval: 5,
          Timeout: 2,
          UnhealthyThreshold: 2,
          HealthyThreshold: 2,
        },
      },
    ],
    report,
  });
  /** Events on their way to dispatch; a test may look at them, hold them back, send them again. */
  const events: AwsEvent[] = [];
  const bus = { deliver: true };
  const publish = (event: Pick<AwsEvent, "source" | "detail-type" | "resources" | "detail">): void => {
    if (!/Lifecycle Action$|Interruption Warning$|^ECR Image Action$/.test(event["detail-type"])) return;
    const whole: AwsEvent = {
      version: "0",
      id: randomUUID(),
      account: "123456789012",
      time: new Date(clock.now()).toISOString(),
      region: "ap-northeast-1",
      ...event,
    };
    events.push(whole);
    if (bus.deliver) deliver(whole);
  };
  const [launchHook, terminateHook]: [HookConfig, HookConfig] = [
    {
      name: "join",
      transition: "autoscaling:EC2_INSTANCE_LAUNCHING",
      heartbeatTimeoutSeconds: options.joinHeartbeatSeconds ?? 300,
      defaultResult: "ABANDON",
    },
    {
      name: "retire",
      transition: "autoscaling:EC2_INSTANCE_TERMINATING",
      heartbeatTimeoutSeconds: options.retireHeartbeatSeconds ?? 300,
      defaultResult: "CONTINUE",
    },
  ];
  machines.managersAreThere = swarm !== "none";
  const autoScaling: AutoScaling = new AutoScaling({
    clock,
    machines,
    publish,
    loadBalancers: elb.allAttached(),
    groups: [
      {
        name: MANAGERS,
        role: "manager",
        min: 0,
        max: 9,
        desired: managers,
        terminateHookAbandon: options.terminateHookAbandon ?? "retain",
        hooks: [launchHook, terminateHook].filter(
          ({ name }) => swarm === "none" || managerHooks.some((one) => one === name),
        ),
      },
      {
        name: WORKERS,
        role: "worker",
        min: 0,
        max: options.most ?? 50,
        desired: 0,
        loadBalancerNames: loadBalancer === "attached" ? [ELB] : [],
        terminateHookAbandon: options.terminateHookAbandon ?? "retain",
        hooks: [launchHook, terminateHook],
      },
    ],
    ids,
    faults: options.faults ?? {},
    report,
  });
  const systemsManager = new SystemsManager({
    clock,
    machines,
    publish: () => {},
    documents: documentNames().map((name) => ({
      name: PREFIX + name,
      shortName: name,
      content: documentContent(name),
    })),
    instances: () => autoScaling.instanceIds(),
    // Groups tag their instances; one that is detached keeps its tags.
    byTag: (key, values) =>
      key === "hive-swarm:cluster" && values.includes("hive") ? [...machines.hosts.keys()] : [],
    ids,
    report,
  });
  const parameter = (Name: string): string | undefined => {
    try {
      return systemsManager.operations.GetParameter({ Name, WithDecryption: true }).Parameter?.Value;
    } catch {
      return undefined;
    }
  };
  const putParameter = (Name: string, Value: string, Type: "String" | "SecureString" = "String"): void => {
    systemsManager.operations.PutParameter({ Name, Value, Type, Overwrite: true });
  };
  if (swarm !== "none") {
    putParameter(TOKEN_PARAMETER, machines.swarm.workerToken, "SecureString");
    putParameter(MANAGER_TOKEN_PARAMETER, machines.swarm.managerToken, "SecureString");
    // Who formed it is gone long since.
    const at = new Date(clock.now()).toISOString();
    putParameter(RECORD_PARAMETER, JSON.stringify({ formedBy: "i-0123456789abcdef0", at, tokensAt: at }));
  }

  /** As if it were in the swarm's region: that a rule forwards its events is the business of the template's tests. */
  const registry = new ContainerRegistry({ clock, publish });
  const published: RollOutcome[] = [];
  const eventBus: ServiceModel = {
    signingName: "events",
    operations: {
      PutEvents: ({ Entries }: { Entries: { Detail: string }[] }) => {
        for (const { Detail } of Entries) published.push(JSON.parse(Detail) as RollOutcome);
        return {
          FailedEntryCount: 0,
          Entries: Entries.map((_entry, index) => ({ EventId: `event-${index}` })),
        };
      },
    },
  };

  const functions = [
    "dispatch",
    "join-node",
    "retire-node",
    "roll-service",
    "plan",
    "repair",
    "backup-swarm",
  ].map(functionDefinition);
  const handlers: Record<string, DurableLambdaHandler> = {
    [`${PREFIX}join-node`]: durableHandler(loggerOf("join-node"), (flow, payload) =>
      joinNode(flow, worlds.join, parseRequest(payload)),
    ),
    [`${PREFIX}retire-node`]: durableHandler(loggerOf("retire-node"), (flow, payload) =>
      retireNode(flow, worlds.retire, parseHookRequest(payload)),
    ),
    [`${PREFIX}roll-service`]: durableHandler(loggerOf("roll-service"), (flow, payload) =>
      rollImage(flow, worlds.roll, parseRollRequest(payload)),
    ),
    [`${PREFIX}plan`]: durableHandler(loggerOf("plan"), (flow, payload) => {
      parsePlanRequest(payload);
      return planCluster(flow, worlds.plan);
    }),
    [`${PREFIX}repair`]: durableHandler(loggerOf("repair"), (flow, payload) =>
      repair(flow, worlds.repair, parseRepairRequest(payload)),
    ),
    [`${PREFIX}backup-swarm`]: durableHandler(loggerOf("backup-swarm"), (flow, payload) => {
      parseBackupRequest(payload);
      return backupSwarm(flow, worlds.backup);
    }),
  };
  const invocations = new Invocations(clock);
  const invoke = inProcessInvoke(() => durable, handlers);
  const durable: DurableService = new DurableService({
    functions: durableFunctions(functions),
    clock,
    region: "ap-northeast-1",
    invoke: invocations.track(options.around ? options.around(invoke) : invoke),
    hooks: inTurn(roles.checkpoints, byFunction(hooks)),
    deadLetter: deadLetterOf(functions, send),
  });
  /** Of the functions that are not durable it is the only one. */
  const askDispatch: InvokeFunction = (_name, event) => dispatch(dispatcher, parseEvent(event));
  const asynchronous: AsyncInvocations = new AsyncInvocations({
    clock,
    functions,
    durable,
    send,
    invoke: askDispatch,
  });
  const known = await sharedCatalogue();
  const handle: Handle = createHandle({
    clock,
    catalogue: known,
    models: [
      autoScaling,
      elb,
      systemsManager,
      registry,
      eventBus,
      lambdaModel({ functions, durable, asynchronous, invoke: askDispatch }),
    ],
    interceptors: [invocations.guard, roles.interceptor, ...(options.interceptors ?? [])],
    onCall: (record) => calls.push(record),
    onError: (error, { service, operation }) => report(`${service} ${operation}: ${String(error)}`),
  });
  const client = <Client extends { send: unknown }>(
    service: string,
    role: string,
    region?: string,
  ): Client => {
    const caller = { accessKeyId: role, principal: `function:${role}`, ...(region && { region }) };
    return inProcessClient<Client>(handle, service, caller, known);
  };

  const coreOf = (role: string): CoreWorld => ({
    autoScaling: client<AutoScalingClient>("autoscaling", role),
    systemsManager: client<SSMClient>("ssm", role),
    config,
    log: loggerOf(role),
    pause: invocations.pause,
    now: () => clock.now(),
  });
  const worldOf = (role: string): World => ({
    ...coreOf(role),
    loadBalancing: client<ElasticLoadBalancingClient>("elasticloadbalancing", role),
  });
  const rollWorld: RollWorld = {
    ...coreOf("roll-service"),
    registry: client<ECRClient>("ecr", "roll-service", config.registryRegion),
    eventBus: client<EventBridgeClient>("events", "roll-service"),
  };
  const repairWorldOf = (role: string): RepairWorld => ({
    ...worldOf(role),
    registry: client<ECRClient>("ecr", role, config.registryRegion),
    lambda: client<LambdaClient>("lambda", role),
    functions: {
      join: `${PREFIX}join-node`,
      retire: `${PREFIX}retire-node`,
      roll: `${PREFIX}roll-service`,
      repair: `${PREFIX}repair`,
    },
  });
  const worlds = {
    join: worldOf("join-node"),
    retire: worldOf("retire-node"),
    roll: rollWorld,
    plan: repairWorldOf("plan"),
    repair: repairWorldOf("repair"),
    backup: coreOf("backup-swarm"),
  };
  const dispatcher = {
    autoScaling: client<AutoScalingClient>("autoscaling", "dispatch"),
    lambda: client<LambdaClient>("lambda", "dispatch"),
    config,
    functions: {
      join: `${PREFIX}join-node`,
      retire: `${PREFIX}retire-node`,
      roll: `${PREFIX}roll-service`,
      plan: `${PREFIX}plan`,
      repair: `${PREFIX}repair`,
      backup: `${PREFIX}backup-swarm`,
    },
    log: loggerOf("dispatch"),
    now: () => clock.now(),
  };
  const deliver = (event: unknown): void => asynchronous.accept(`${PREFIX}dispatch`, JSON.stringify(event));

  /** As the rule of the schedule does; it is no event of the bus, and no loss of events stops it. */
  const sweep = (seconds: number): void =>
    void clock.after(seconds * 1000, () => {
      deliver({ source: "hive-swarm", "detail-type": "Repair Due", detail: {} });
      sweep(seconds);
    });

  for (const service of services) machines.swarm.deploy(service);
  autoScaling.start();
  if (options.repairEverySeconds !== undefined) sweep(options.repairEverySeconds);

  const members = (group = WORKERS) =>
    (
      autoScaling.operations.DescribeAutoScalingGroups({ AutoScalingGroupNames: [group] })
        .AutoScalingGroups?.[0]?.Instances ?? []
    ).map(({ InstanceId = "", LifecycleState = "" }) => ({ id: InstanceId, state: LifecycleState }));
  const until = (condition: () => boolean, limitSeconds = 50 * 3600): Promise<void> =>
    runUntil([invocations, asynchronous], clock, condition, { limitMilliseconds: limitSeconds * 1000 });
  const after = async (seconds: number): Promise<void> => {
    const end = clock.now() + seconds * 1000;
    clock.after(seconds * 1000, () => {});
    await until(() => clock.now() >= end);
  };
  if (swarm === "with hooks") {
    await after(1);
    machines.managersAreThere = false;
    for (const { name, transition, heartbeatTimeoutSeconds, defaultResult } of [launchHook, terminateHook])
      autoScaling.operations.PutLifecycleHook({
        AutoScalingGroupName: MANAGERS,
        LifecycleHookName: name,
        LifecycleTransition: transition,
        HeartbeatTimeout: heartbeatTimeoutSeconds,
        DefaultResult: defaultResult,
      });
  }

  const state = (id: string): string | undefined => members().find((member) => member.id === id)?.state;
  const executions = () => durable.executions();
  const atRest = (): boolean =>
    executions().every(isClosed) &&
    asynchronous.unfinished() === 0 &&
    autoScaling.hooks().every(({ endedAt }) => endedAt !== undefined) &&
    [...members(), ...members(MANAGERS)].every((member) =>
      ["InService", "Terminating:Retained", "Warmed:Running"].includes(member.state),
    );

  return {
    clock,
    machines,
    proxy,
    autoScaling,
    systemsManager,
    elb,
    durable,
    registry,
    /** Outcomes of rolls, as they were published; a step that was repeated publishes once more. */
    published,
    handle,
    roles,
    log,
    lines,
    calls,
    letters,
    events,
    bus,
    config,
    reports,
    members: () => members(),
    state,
    until,
    after,
    deliver,
    publish,
    parameter,
    putParameter,
    managers: () => autoScaling.instanceIds(MANAGERS),
    /** With their states, as `members` has the workers'. */
    managerMembers: () => members(MANAGERS),
    desire: async (DesiredCapacity: number): Promise<void> => {
      autoScaling.operations.SetDesiredCapacity({ AutoScalingGroupName: WORKERS, DesiredCapacity });
      await after(1);
    },
    desireManagers: (DesiredCapacity: number): void => {
      autoScaling.operations.SetDesiredCapacity({ AutoScalingGroupName: MANAGERS, DesiredCapacity });
    },
    terminate: (InstanceId: string, decrement = true): void => {
      autoScaling.operations.TerminateInstanceInAutoScalingGroup({
        InstanceId,
        ShouldDecrementDesiredCapacity: decrement,
      });
    },
    /** Until everything has come to its end, and half a minute more in which nothing may follow. */
    rest: async (limitSeconds?: number): Promise<void> => {
      await until(atRest, limitSeconds);
      await after(30);
      await until(atRest, limitSeconds);
    },
    registered: () =>
      (
        elb.operations.DescribeLoadBalancers({ LoadBalancerNames: [ELB] }).LoadBalancerDescriptions?.[0]
          ?.Instances ?? []
      ).map(({ InstanceId = "" }) => InstanceId),
    hook: (instanceId: string, hook: "join" | "retire"): HookRecord => {
      const found = autoScaling
        .hooks()
        .filter((record) => record.instanceId === instanceId && record.hook === hook);
      if (found.length !== 1 || !found[0])
        throw new Error(`${instanceId} had ${found.length} actions of hook ${hook}`);
      return found[0];
    },
    execution: (name: string) => {
      const found = executions().find((execution) => execution.name === name);
      if (!found)
        throw new Error(
          `No execution ${name}; there are ${executions()
            .map((one) => one.name)
            .join(", ")}`,
        );
      return { ...found, outcome: JSON.parse(found.result ?? "null") as Record<string, unknown> };
    },
    executions,
    commands: (document?: string) =>
      systemsManager.commands().filter((command) => document === undefined || command.document === document),
    logged: (message: string) => log.filter((record) => record.message === message),
    operator: (service: string, operation: string, input: unknown) =>
      handle(service, operation, input, OPERATOR),
  };
};

export type TestWorld = Awaited<ReturnType<typeof createTestWorld>>;

export interface Expected {
  /** Executions and events that were to fail. */
  deadLetters?: number;
  /** Logs may have gone with these living machines. */
  unshipped?: readonly string[];
  /** Hooks that something else than a call ended: instance ids. */
  notCompleted?: readonly string[];
}

/** Everything that is not as it should be once all is at rest; empty is what a test wants. */
export const problemsOf = (world: TestWorld, expected: Expected = {}): string[] => {
  const problems: string[] = [];
  const { machines, autoScaling } = world;
  const states = new Map(world.members().map(({ id, state }) => [id, state]));

  for (const { hook, instanceId, by, completions, result } of autoScaling.hooks()) {
    if (by === "superseded" || expected.notCompleted?.includes(instanceId)) continue;
    if (completions !== 1 || by !== "call")
      problems.push(`hook ${hook} of ${instanceId}: ${completions} completions, ended by ${by} (${result})`);
  }
  for (const node of machines.swarm.nodes.values()) {
    if (node.role === "manager") continue;
    const state = states.get(node.instanceId) ?? "gone";
    if (state !== "InService") problems.push(`node ${node.id} of ${node.instanceId}, which is ${state}`);
    else if (node.availability !== "active" || node.state !== "ready")
      problems.push(`node of ${node.instanceId} is ${node.state} and ${node.availability}`);
    else if (node.labels["hive.instance-id"] !== node.instanceId)
      problems.push(`node of ${node.instanceId} has no label`);
  }
  const registered = world.registered();
  for (const [id, state] of states) {
    if (state !== "InService") continue;
    const nodes = machines.swarm.nodesOfInstance(id).length;
    if (nodes !== 1) problems.push(`${id} is InService with ${nodes} nodes`);
    if (world.config.loadBalancer && !registered.includes(id))
      problems.push(`${id} is InService and not at the ELB`);
  }
  for (const id of registered)
    if (states.get(id) !== "InService")
      problems.push(`${id} is ${states.get(id) ?? "gone"} and still at the ELB`);
  for (const { name, status } of world.executions())
    if (status === "RUNNING") problems.push(`execution ${name} still runs`);
  if (world.letters.length !== (expected.deadLetters ?? 0))
    problems.push(`${world.letters.length} dead letters: ${world.letters.map(({ body }) => body).join(" ")}`);
  for (const { document, instanceId, status } of world.commands()) {
    const open = !["Success", "Failed", "Cancelled", "TimedOut"].includes(status);
    if (open && machines.hosts.get(instanceId)?.responsive())
      problems.push(`command ${document} on ${instanceId} is ${status}`);
  }
  for (const nodeId of activatedAfterDrain(world))
    problems.push(`node ${nodeId} was activated after its drain`);
  for (const task of machines.swarm.tasks.values())
    if (task.state === "rejected")
      problems.push(`a task of ${task.service.id} was rejected on ${task.instanceId}`);
  for (const { instanceId, unshippedBytes, wasAlive } of machines.gone)
    if (unshippedBytes > 0 && wasAlive && !expected.unshipped?.includes(instanceId))
      problems.push(`${instanceId} went with ${unshippedBytes} bytes that were not shipped`);
  return problems;
};

/** Which nodes were made active although their drain had begun. */
const activatedAfterDrain = ({ machines }: TestWorld): string[] =>
  machines.swarm.writes.flatMap(({ nodeId, availability }, index) =>
    availability === "active" &&
    machines.swarm.writes.slice(0, index).some((earlier) => earlier.nodeId === nodeId && earlier.retiring)
      ? [nodeId]
      : [],
  );

/** Throttles the first calls of each operation, as if everybody asked at once. Dispatch has Lambda's retries instead. */
export const throttleFirst = (times: number): Interceptor => {
  const seen = new Map<string, number>();
  return async (call, next) => {
    if (
      !/^function:(join-node|retire-node|roll-service|plan|repair|backup-swarm)$/.test(call.caller.principal)
    )
      return await next(call);
    const operation = `${call.caller.principal} ${call.service} ${call.operation}`;
    const count = (seen.get(operation) ?? 0) + 1;
    seen.set(operation, count);
    if (count <= times) throw new AwsError("Throttling", `Rate exceeded (call ${count} of ${operation})`);
    return await next(call);
  };
};

/** The result with which each hook of an instance ended. */
export const resultOf = (
  world: TestWorld,
  instanceId: string,
  hook: "join" | "retire",
): ActionResult | undefined => world.hook(instanceId, hook).result;
