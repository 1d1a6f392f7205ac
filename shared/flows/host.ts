// One document on one host: sent, then looked at until it has ended. Sent again after a crash, since there is no idempotency
// token: the scripts are safe to run twice.
import { errorCode, errorText } from "../aws/errors.ts";
import { commandResult, describeAgents } from "../aws/run-command.ts";
import type { InstanceId } from "../identifiers.ts";
import { reportedFailure } from "../swarm/answers.ts";
import { cancelDocument, DELIVERY_SECONDS, sendDocument } from "./command.ts";
import type { Flow } from "./flow.ts";
import { type Errand, type Hold, type Look, watch } from "./watch.ts";
import type { CoreWorld, EpochMillis } from "./world.ts";

export interface HostCommand {
  /** Name without the stack's prefix: `join-host`. */
  document: string;
  parameters: Readonly<Record<string, string>>;
  executionSeconds: number;
  /** The script cannot end sooner: nobody looks before. */
  leastSeconds?: number;
  /** It waits for something itself, for so long at most: until then its silence means nothing. */
  waitsSeconds?: number;
  /** Pause between two looks at it, where minutes matter less than looks. */
  lookEverySeconds?: number;
  /** It may run when nobody waits for it any more, so nobody cancels it; a role that only reads could not. */
  changesNothing?: boolean;
  /** Default: the lease's deadline. */
  deadline?: EpochMillis;
}

/** What a command came to. */
export type Answer =
  | { kind: "answered"; stdout: string }
  /** The script reported a failure of its own. */
  | { kind: "refused"; step: string; cause: string }
  /** The host did not answer: not delivered, ended from outside, or silent past its time. */
  | { kind: "silent"; cause: string };

interface Sent {
  commandId?: string;
  sentAt?: EpochMillis;
  /** When its agent was last asked after. */
  agentAt?: EpochMillis;
}

/** Most commands take a second or two; past this it is worth a call to see whether the agent still lives. */
const SUSPICIOUS_SECONDS = 10;
/** One that waits for something itself is silent for good reason: its agent is asked after less often. */
const AGENT_SECONDS = 5;
/** A command is looked at every second for so long, and one that waits for something itself for as long as that. */
const HURRY_SECONDS = 10;
/** The agent reports an end within seconds of it; past this it is dead, and its command would stay InProgress for ever. */
export const REPORT_SECONDS = 20;

const isOnline = async (world: CoreWorld, instanceId: InstanceId): Promise<boolean> => {
  const [agent] = await describeAgents(world.systemsManager, [instanceId]);
  return agent?.online === true;
};

const ended = (result: { stdout: string; stderr: string; details: string }, commandId: string): Answer => {
  const failure = reportedFailure(result.stdout);
  if (failure) return { kind: "refused", ...failure };
  const output = (result.stderr || result.stdout).trim().slice(-300);
  if (result.details === "Failed")
    return {
      kind: "refused",
      step: "script",
      cause: `${output || "exit code other than 0, no output"} (command ${commandId})`,
    };
  return { kind: "silent", cause: `${result.details}${output ? `: ${output}` : ""} (command ${commandId})` };
};

/** Looks while a command may end any moment, without the whole second that a durable wait takes at least. Lambda bills for them. */
const QUICK_LOOKS_MILLIS = [250, 200, 200, 250, 300, 400, 400];
/** The same for a command whose least time is over. */
const LATE_LOOKS_MILLIS = [250, 250, 300];

/** One look at a command: sends it first, reads its result afterwards. */
export const lookAtCommand = async (
  flow: Flow,
  world: CoreWorld,
  instanceId: InstanceId,
  command: HostCommand,
  silenceSeconds: number,
  sent: Sent,
  now: EpochMillis,
): Promise<Look<Sent, Answer>> => {
  if (sent.commandId === undefined || sent.sentAt === undefined)
    return await send(flow, world, instanceId, command, sent, now);
  const waited = (now - sent.sentAt) / 1000;
  const least = command.leastSeconds ?? 0;
  if (waited < least) {
    const because = `${command.document} was sent to ${instanceId}`;
    return { memory: sent, because, inSeconds: least - waited };
  }
  const pauses = waited < least + 1 ? [0, ...LATE_LOOKS_MILLIS] : [0];
  const found = await look(world, instanceId, sent.commandId, pauses);
  if (found.kind !== "under way") return { done: found };
  const { lookEverySeconds, waitsSeconds = 0 } = command;
  // Systems Manager keeps the command of a dead agent InProgress for ever; the agent itself is the better witness.
  const due = waited > waitsSeconds || now - (sent.agentAt ?? sent.sentAt) >= AGENT_SECONDS * 1000;
  const asks = waited > SUSPICIOUS_SECONDS && due;
  const lost = asks && !(await isOnline(world, instanceId));
  const patience = found.queued ? Math.max(silenceSeconds, DELIVERY_SECONDS) : silenceSeconds;
  if (!lost && waited <= patience) {
    const because = `${command.document} runs on ${instanceId} since ${Math.round(waited)} s`;
    const memory = asks ? { ...sent, agentAt: now } : sent;
    if (lookEverySeconds !== undefined) return { memory, because, inSeconds: lookEverySeconds };
    return { memory, because, soon: waited < Math.max(HURRY_SECONDS, waitsSeconds + REPORT_SECONDS) };
  }
  if (!command.changesNothing) await cancelDocument(flow, world, [instanceId], sent.commandId);
  const cause = lost
    ? `the SSM agent of ${instanceId} lost its connection`
    : `no result of ${command.document} from ${instanceId} after ${Math.round(waited)} s`;
  return { done: { kind: "silent", cause: `${cause} (command ${sent.commandId})` } };
};

const send = async (
  flow: Flow,
  world: CoreWorld,
  instanceId: InstanceId,
  command: HostCommand,
  sent: Sent,
  now: EpochMillis,
): Promise<Look<Sent, Answer>> => {
  let commandId: string;
  try {
    commandId = await sendDocument(flow, world, [instanceId], command);
  } catch (error) {
    // The agent is not registered (yet, or any more).
    if (errorCode(error) !== "InvalidInstanceId") throw error;
    return { memory: sent, because: `Systems Manager knows no agent of ${instanceId}` };
  }
  const memory: Sent = { commandId, sentAt: now };
  const because = `${command.document} was just sent to ${instanceId}`;
  if (command.leastSeconds !== undefined) return { memory, because, inSeconds: command.leastSeconds };
  try {
    const found = await look(world, instanceId, commandId, QUICK_LOOKS_MILLIS);
    if (found.kind !== "under way") return { done: found };
  } catch (error) {
    // The command is under way: its id must not be lost to an API that is throttled for a moment.
    return { memory, because: `${command.document} was sent to ${instanceId}; ${errorText(error)}` };
  }
  return { memory, because, soon: true };
};

type Found = Answer | { kind: "under way"; queued: boolean };

/** Reads after each pause, until the command has ended. */
const look = async (
  world: CoreWorld,
  instanceId: InstanceId,
  commandId: string,
  pauses: readonly number[],
): Promise<Found> => {
  let found: Found = { kind: "under way", queued: false };
  for (const pause of pauses) {
    if (pause > 0) await world.pause(pause);
    found = await read(world, instanceId, commandId);
    if (found.kind !== "under way") break;
  }
  return found;
};

const read = async (world: CoreWorld, instanceId: InstanceId, commandId: string): Promise<Found> => {
  const result = await commandResult(world.systemsManager, commandId, instanceId);
  if (result.status === "succeeded") return { kind: "answered", stdout: result.stdout };
  if (result.status === "failed") return ended(result, commandId);
  return { kind: "under way", queued: result.status === "queued" };
};

/**
 * Runs a document on an instance.
 * @returns what it came to; a host that does not answer is an answer too.
 */
export const onInstance = (
  errand: Errand,
  name: string,
  instanceId: InstanceId,
  command: HostCommand,
): Promise<Answer> => {
  const silenceSeconds = command.executionSeconds + DELIVERY_SECONDS + REPORT_SECONDS;
  return watch<Sent, Answer>(errand, name, {
    memory: {},
    ...(command.deadline === undefined ? {} : { deadline: command.deadline }),
    look: (sent, now) =>
      lookAtCommand(errand.flow, errand.world, instanceId, command, silenceSeconds, sent, now),
  });
};

/** The same on the instance that the lease is about. */
export const onHost = (hold: Hold, name: string, command: HostCommand): Promise<Answer> =>
  onInstance(hold, name, hold.lease.action.instanceId, command);
