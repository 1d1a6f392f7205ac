// What the operator's functions did, read from the records of the cloud: a join, a retirement, a roll.
import {
  type Event,
  GetDurableExecutionHistoryCommand,
  ListDurableExecutionsByFunctionCommand,
} from "@aws-sdk/client-lambda";
import type { CommandRecord } from "../sandbox/models/systems-manager/types.ts";
import { type CallCount, countCalls, readCalls, type SentCommand, sentCommands } from "./calls.ts";
import { billedMilliseconds, costOf, type ExecutionCost, type Span, sharesOf } from "./history.ts";
import { type Hook, hookSpan, LOG_DOCUMENT, type Stage } from "./stage.ts";
import { sumOf } from "./statistics.ts";

export interface StepShare {
  name: string;
  seconds: number;
  /** The documents that the step had run, and how long their scripts took; none for a step that sent none. */
  documents: string[];
  scriptSeconds: number;
}

export interface FlowMeasured {
  flow: string;
  /** Of a hook event → CONTINUE, of a roll push → outcome. */
  seconds: number;
  shares: StepShare[];
  managerCommands: number;
  hostCommands: number;
  calls: CallCount;
  operations: number;
  invocations: number;
  billedSeconds: number;
  /** What an invocation takes that runs no command, and so pauses nowhere: the median tells of the rest. */
  lightInvocations: number[];
  sent: SentCommand[];
  /** How often the logs were sampled: once, unless filebeat was still behind. */
  logSamples: number;
}

const FUNCTION: Record<Hook, string> = {
  join: "hive-swarm-dev-join-node",
  retire: "hive-swarm-dev-retire-node",
};

/** Reads what the flow of that hook did, once it has ended. */
export const measureFlow = async (stage: Stage, hook: Hook, instanceId: string): Promise<FlowMeasured> => {
  const name = `${hook}-${instanceId}-0`;
  return await measureExecution(stage, FUNCTION[hook], name, () => hookSpan(stage, instanceId, hook));
};

/**
 * Reads what an execution did, once it has ended.
 * @param spanOf from the event that began it to the end that counts
 */
export const measureExecution = async (
  stage: Stage,
  functionName: string,
  name: string,
  spanOf: (cost: ExecutionCost) => Span | Promise<Span>,
): Promise<FlowMeasured> => {
  const { sandbox, manager } = stage;
  await sandbox.until(`the end of ${name}`, async () => {
    const found = (await sandbox.control.executions()).find((execution) => execution.name === name);
    return found?.status === "SUCCEEDED";
  });
  const cost = costOf(await historyOf(stage, functionName, name));
  const span = await spanOf(cost);
  const calls = readCalls(sandbox.stateDirectory);
  const commands = (await sandbox.control.commands()).filter(({ comment }) => comment === name);
  const ended = Math.max(span.endedAt, ...cost.invocations.map(({ endedAt }) => endedAt));
  const sends = sentCommands(calls, name);
  return {
    flow: name,
    seconds: (span.endedAt - span.startedAt) / 1000,
    shares: withCommands(sharesOf(cost, span), span, commands),
    managerCommands: commands.filter(({ instanceId }) => instanceId === manager).length,
    hostCommands: commands.filter(({ instanceId }) => instanceId !== manager).length,
    calls: countCalls(calls, { startedAt: span.startedAt, endedAt: ended }),
    operations: cost.operations,
    invocations: cost.invocations.length,
    billedSeconds: billedMilliseconds(cost.invocations) / 1000,
    lightInvocations: cost.invocations
      .filter(({ startedAt, endedAt }) => !sends.some(({ time }) => time >= startedAt && time <= endedAt))
      .map(({ startedAt, endedAt }) => endedAt - startedAt),
    sent: sends,
    logSamples: sends.filter(({ document }) => document.endsWith(`-${LOG_DOCUMENT}`)).length,
  };
};

const historyOf = async ({ sandbox }: Stage, functionName: string, name: string): Promise<Event[]> => {
  const { DurableExecutions = [] } = await sandbox.lambda.send(
    new ListDurableExecutionsByFunctionCommand({ FunctionName: functionName, DurableExecutionName: name }),
  );
  const [execution] = DurableExecutions;
  if (!execution) throw new Error(`${functionName} has no execution ${name}`);
  const events: Event[] = [];
  let marker: string | undefined;
  do {
    const { Events = [], NextMarker } = await sandbox.lambda.send(
      new GetDurableExecutionHistoryCommand({
        DurableExecutionArn: execution.DurableExecutionArn,
        ...(marker === undefined ? {} : { Marker: marker }),
      }),
    );
    events.push(...Events);
    marker = NextMarker;
  } while (marker);
  return events;
};

/** Puts each command to the step that asked for it: the one in whose share it was requested. */
const withCommands = (
  shares: ReturnType<typeof sharesOf>,
  { startedAt }: Span,
  commands: readonly CommandRecord[],
): StepShare[] => {
  let from = startedAt;
  return shares.map(({ name, seconds }) => {
    const until = from + seconds * 1000;
    const own = commands.filter(({ requestedAt }) => requestedAt >= from && requestedAt < until);
    from = until;
    const ran = own.map(({ startedAt: began = 0, endedAt = began }) => (endedAt - began) / 1000);
    return {
      name,
      seconds,
      documents: own.map(({ document }) => document.replace(/^hive-swarm-dev-/, "")),
      scriptSeconds: sumOf(ran),
    };
  });
};
