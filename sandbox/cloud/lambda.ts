// The project's built functions as Lambda and EventBridge run them: hosts, durable executions, queues, rules.
import { createHash } from "node:crypto";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { Queues } from "../aws/sqs.ts";
import type { Clock } from "../clock.ts";
import type { EventBus } from "../events/event-bus.ts";
import { AsyncInvocations } from "../lambda/async-invocations.ts";
import { deadLetterOf, durableFunctions } from "../lambda/durable-functions.ts";
import { DurableService } from "../lambda/durable-service.ts";
import { type Credentials, FunctionHosts } from "../lambda/function-hosts.ts";
import { fileJournal } from "../lambda/journal.ts";
import { lambdaModel } from "../lambda/lambda-model.ts";
import { AwsError, type Caller } from "../ports.ts";
import type { Template } from "../template/types.ts";
import { startBuses } from "./buses.ts";
import { addresses, type CloudConfiguration, files, names } from "./configuration.ts";
import type { Timeline } from "./timeline.ts";

export interface LambdaParts {
  durable: DurableService;
  hosts: FunctionHosts;
  queues: Queues;
  bus: EventBus;
  /** Of the registry's region. */
  registryBus: EventBus;
  queueNames: string[];
  /** How many of the next deliveries from the bus a function's resource policy refuses. */
  refusals: { left: number };
  functionNames: string[];
  /** `join-node` → `hive-swarm-dev-join-node`. @throws where there is no such function */
  functionName(shortName: string): string;
  model: ReturnType<typeof lambdaModel>;
  /** Whose access key it is, among the functions. */
  identify(accessKeyId: string): Caller | undefined;
}

/** As in an account, a build on the developer's machine changes nothing of what is deployed. */
const deploy = ({ projectDirectory, stateDirectory }: CloudConfiguration): string => {
  const deployed = join(stateDirectory, files.deployed);
  cpSync(join(projectDirectory, "dist"), join(deployed, "dist"), { recursive: true });
  return deployed;
};

export const startLambda = (
  template: Template,
  registryTemplate: Template,
  configuration: CloudConfiguration,
  clock: Clock,
  timeline: Timeline,
): LambdaParts => {
  const { account, region } = names;
  const { stateDirectory, retryDelaysSeconds } = configuration;
  const { functions } = template;
  const trouble = (text: string, error: unknown) =>
    timeline.add({ kind: "trouble", text: `${text}: ${error}` });

  const queueNames = [...template.queues, ...registryTemplate.queues].map((queue) => queue.name);
  const queues = new Queues({ clock, account, region, names: queueNames, endpoint: addresses.aws });
  const send = (arn: string, body: string, attributes: Record<string, string>) => {
    timeline.add({
      kind: "trouble",
      text: `a dead letter for ${arn.split(":").at(-1)}: ${body.slice(0, 200)}`,
    });
    queues.send(arn, body, attributes);
  };
  const hosts = new FunctionHosts({
    functions,
    directory: deploy(configuration),
    environment: { AWS_ENDPOINT_URL: addresses.aws, AWS_REGION: region, AWS_DEFAULT_REGION: region },
    credentials: keysOf,
    logDirectory: join(stateDirectory, files.functionLogs),
  });
  const durable = new DurableService({
    functions: durableFunctions(functions),
    clock,
    account,
    region,
    invoke: (name, input) => hosts.invoke(name, input),
    journal: fileJournal(join(stateDirectory, "executions.jsonl")),
    deadLetter: deadLetterOf(functions, send),
    onInvocationFailed: (execution, error) => trouble(`${execution.name} was interrupted and goes on`, error),
  });
  const asynchronous = new AsyncInvocations({
    clock,
    functions,
    invoke: hosts.invoke,
    durable,
    send,
    ...(retryDelaysSeconds && { retryDelaysSeconds }),
    onFailed: (name, error, attempt) => trouble(`${name} failed (attempt ${attempt + 1})`, error),
  });
  const refusals = { left: 0 };
  const buses = startBuses({
    clock,
    stateDirectory,
    template,
    registryTemplate,
    deliver: (arn, event) => {
      if (refusals.left > 0) {
        refusals.left--;
        throw new AwsError("AccessDeniedException", `events.amazonaws.com may not invoke ${arn}`, 403);
      }
      asynchronous.accept(arn, JSON.stringify(event));
    },
    deadLetter: send,
    trouble,
  });
  const owners = new Map(functions.map(({ name }) => [keysOf(name).accessKeyId, name]));
  return {
    durable,
    hosts,
    queues,
    ...buses,
    queueNames,
    refusals,
    functionNames: functions.map(({ name }) => name),
    functionName: (shortName) => {
      const wanted = `${template.stackName}-${shortName}`;
      if (functions.some(({ name }) => name === wanted)) return wanted;
      throw new Error(
        `There is no function ${wanted}; there are ${functions.map(({ name }) => name).join(", ")}`,
      );
    },
    model: lambdaModel({ functions, durable, asynchronous, invoke: hosts.invoke }),
    identify: (accessKeyId) => {
      const name = owners.get(accessKeyId);
      return name === undefined ? undefined : { accessKeyId, principal: `function:${name}` };
    },
  };
};

const keysOf = (functionName: string): Credentials => {
  const digits = createHash("sha256").update(functionName).digest("hex").slice(0, 16).toUpperCase();
  return { accessKeyId: `ASIF${digits}`, secretAccessKey: "hive-sandbox-function" };
};
