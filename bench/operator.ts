// Join and retire by the operator: the functions do it, and what they did is read from the records of the cloud.
import {
  type Event,
  GetDurableExecutionHistoryCommand,
  ListDurableExecutionsByFunctionCommand,
} from "@aws-sdk/client-lambda";
import type { CommandRecord } from "../sandbox/models/systems-manager/types.ts";
import { type CallCount, countCalls, readCalls, type SentCommand, sentCommands } from "./calls.ts";
import { billedMilliseconds, costOf, type Span, sharesOf } from "./history.ts";
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
  /** Event → CONTINUE. */
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
  const { sandbox } = stage;
  const name = `${hook}-${instanceId}-0`;
  await sandbox.until(`the end of ${name}`, async () => {
    const found = (await sandbox.control.executions()).find((execution) => execution.name === name);
    return found?.status === "SUCCEEDED";
  });
  const span = await hookSpan(stage, instanceId, hook);
  const cost = costOf(await historyOf(stage, FUNCTION[hook], name));
  const calls = readCalls(sandbox.stateDirectory);
  const commands = (await sandbox.control.commands()).filter(({ comment }) => comment === name);
  const ended = Math.max(span.endedAt, ...cost.invocations.map(({ endedAt }) => endedAt));
  const sends = sentCommands(calls, name);
  return {
    flow: name,
    seconds: (span.endedAt - span.startedAt) / 1000,
    shares: withCommands(sharesOf(cost, span), span, commands),
    managerCommands: commands.filter((command) => command.instanceId === stage.manager).length,
    hostCommands: commands.filter((command) => command.instanceId === instanceId).length,
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
