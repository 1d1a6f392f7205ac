// One document on many hosts at once: fifty a call, looked at together, each judged by what it says itself.
import { errorCode, isTransient } from "../aws/errors.ts";
import { commandResults, describeAgents } from "../aws/run-command.ts";
import type { InstanceId } from "../identifiers.ts";
import { reportedFailure } from "../swarm/answers.ts";
import { cancelDocument, DELIVERY_SECONDS, sendDocument } from "./command.ts";
import { tellDisk } from "./disk.ts";
import { type HostCommand, REPORT_SECONDS } from "./host.ts";
import { type Errand, type Look, watch } from "./watch.ts";
import type { EpochMillis } from "./world.ts";

/** A host on which the document did not succeed. */
export interface HostTrouble {
  instanceId: InstanceId;
  /** It did not answer at all: no agent online, not delivered, or no end within its time. */
  silent: boolean;
  cause: string;
}

/** Most pulls are done by then; what is not may have lost its host. */
const SUSPICIOUS_MILLIS = 15_000;
/** What one call takes. */
const CHUNK = 50;
const MOST_CAUSE = 300;

interface Chunk {
  commandId?: string;
  /** Those that have not ended. */
  waiting: readonly InstanceId[];
}

interface Sent {
  sentAt: EpochMillis;
  chunks: readonly Chunk[];
  troubles: readonly HostTrouble[];
}

const chunksOf = (hosts: readonly InstanceId[]): Chunk[] =>
  Array.from({ length: Math.ceil(hosts.length / CHUNK) }, (_, index) => ({
    waiting: hosts.slice(index * CHUNK, (index + 1) * CHUNK),
  }));

const silent = (instanceId: InstanceId, cause: string): HostTrouble => ({ instanceId, silent: true, cause });

/** @returns the hosts on which it did not succeed. */
export const onHosts = (
  errand: Errand,
  name: string,
  hosts: readonly InstanceId[],
  command: HostCommand,
): Promise<HostTrouble[]> => {
  return watch<Sent, HostTrouble[]>(errand, name, {
    memory: { sentAt: 0, chunks: chunksOf(hosts), troubles: [] },
    look: async (before, now): Promise<Look<Sent, HostTrouble[]>> => {
      const looked: Sent = { sentAt: before.sentAt || now, chunks: [], troubles: before.troubles };
      for (const chunk of before.chunks) {
        const [rest, troubles] = await attempt(
          errand,
          command,
          chunk,
          before.sentAt > 0 ? now - before.sentAt : 0,
        );
        looked.chunks = rest.waiting.length > 0 ? [...looked.chunks, rest] : looked.chunks;
        looked.troubles = [...looked.troubles, ...troubles];
      }
      if (looked.chunks.length === 0) return { done: [...looked.troubles] };
      const waiting = looked.chunks.flatMap((chunk) => chunk.waiting);
      const because = `${command.document}: ${waiting.length} of ${hosts.length} hosts have not ended`;
      return { memory: looked, because, soon: now - looked.sentAt < 20_000 };
    },
  });
};

type Looked = [Chunk, HostTrouble[]];

/** An API that is throttled for a moment leaves one chunk as it was: the commands of the others must not be forgotten for it. */
const attempt = async (
  errand: Errand,
  command: HostCommand,
  chunk: Chunk,
  waitedMillis: number,
): Promise<Looked> => {
  const patience = command.executionSeconds + DELIVERY_SECONDS + REPORT_SECONDS;
  const standing =
    waitedMillis > patience * 1000 ? "late" : waitedMillis > SUSPICIOUS_MILLIS ? "suspicious" : "fresh";
  try {
    return chunk.commandId === undefined
      ? await send(errand, command, chunk)
      : await look(errand, chunk.commandId, chunk, standing);
  } catch (error) {
    if (!isTransient(error)) throw error;
    return [chunk, []];
  }
};

/** One host without an agent would have the whole call refused, so those are left out first. */
const send = async ({ flow, world }: Errand, command: HostCommand, { waiting }: Chunk): Promise<Looked> => {
  const agents = await describeAgents(world.systemsManager, waiting);
  const online = waiting.filter((id) => agents.some((agent) => agent.instanceId === id && agent.online));
  const troubles = waiting
    .filter((id) => !online.includes(id))
    .map((id) => silent(id, "its SSM agent is not online"));
  if (online.length === 0) return [{ waiting: [] }, troubles];
  try {
    const commandId = await sendDocument(flow, world, online, command);
    return [{ commandId, waiting: online }, troubles];
  } catch (error) {
    // One was terminated between the two calls: the next look leaves it out.
    if (errorCode(error) !== "InvalidInstanceId") throw error;
    return [{ waiting }, []];
  }
};

const look = async (
  { flow, world }: Errand,
  commandId: string,
  { waiting }: Chunk,
  standing: "fresh" | "suspicious" | "late",
): Promise<Looked> => {
  const results = await commandResults(world.systemsManager, commandId);
  tellDisk(
    flow,
    world,
    results.filter(({ instanceId }) => waiting.includes(instanceId)),
  );
  const troubles: HostTrouble[] = [];
  const rest: InstanceId[] = [];
  for (const instanceId of waiting) {
    const ended = results.find((result) => result.instanceId === instanceId)?.ended;
    if (!ended) rest.push(instanceId);
    else if (!ended.succeeded) troubles.push(troubleOf(instanceId, ended, commandId));
  }
  // Systems Manager keeps the command of a dead agent InProgress for ever; the agent itself is the better witness.
  if (standing === "fresh" || rest.length === 0) return [{ commandId, waiting: rest }, troubles];
  const late = standing === "late";
  const agents = late ? [] : await describeAgents(world.systemsManager, rest);
  const gone = rest.filter((id) => !agents.some(({ instanceId, online }) => instanceId === id && online));
  if (gone.length === 0) return [{ commandId, waiting: rest }, troubles];
  await cancelDocument(flow, world, gone, commandId);
  const because = late ? "it did not answer in time" : "its SSM agent lost its connection";
  const unanswered = gone.map((id) => silent(id, `${because} (command ${commandId})`));
  return [{ commandId, waiting: rest.filter((id) => !gone.includes(id)) }, [...troubles, ...unanswered]];
};

const troubleOf = (
  instanceId: InstanceId,
  { stdout, details }: { stdout: string; details: string },
  commandId: string,
): HostTrouble => {
  const failure = reportedFailure(stdout);
  if (failure) return { instanceId, silent: false, cause: shortened(`${failure.step}: ${failure.cause}`) };
  const output = stdout.trim().slice(-MOST_CAUSE);
  const cause = `${details}${output && `: ${output}`} (command ${commandId})`;
  return { instanceId, silent: details !== "Failed", cause };
};

/** Which step, and the end, where the reason stands: the names of images between the two are long. */
const shortened = (cause: string): string =>
  cause.length <= MOST_CAUSE ? cause : `${cause.slice(0, 80)} … ${cause.slice(83 - MOST_CAUSE)}`;
