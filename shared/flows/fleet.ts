// One document on many hosts at once: fifty a call, looked at together, each judged by what it says itself.
import { errorCode, isTransient } from "../aws/errors.ts";
import { commandResults, describeAgents } from "../aws/run-command.ts";
import type { InstanceId } from "../identifiers.ts";
import { reportedFailure } from "../swarm/answers.ts";
import { cancelDocument, DELIVERY_SECONDS, sendDocument } from "./command.ts";
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
  const patience = (command.executionSeconds + DELIVERY_SECONDS + REPORT_SECONDS) * 1000;
  return watch<Sent, HostTrouble[]>(errand, name, {
    memory: { sentAt: 0, chunks: chunksOf(hosts), troubles: [] },
    look: async (before, now): Promise<Look<Sent, HostTrouble[]>> => {
      const looked: Sent = { sentAt: before.sentAt || now, chunks: [], troubles: before.troubles };
      const late = before.sentAt > 0 && now - before.sentAt > patience;
      for (const chunk of before.chunks) {
        const [rest, troubles] = await attempt(errand, command, chunk, late);
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
  late: boolean,
): Promise<Looked> => {
  try {
    return chunk.commandId === undefined
      ? await send(errand, command, chunk)
      : await look(errand, chunk.commandId, chunk, late);
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
  late: boolean,
): Promise<Looked> => {
  const results = await commandResults(world.systemsManager, commandId);
  const troubles: HostTrouble[] = [];
  const rest: InstanceId[] = [];
  for (const instanceId of waiting) {
    const ended = results.find((result) => result.instanceId === instanceId)?.ended;
    if (!ended) rest.push(instanceId);
    else if (!ended.succeeded) troubles.push(troubleOf(instanceId, ended, commandId));
  }
  if (!late || rest.length === 0) return [{ commandId, waiting: rest }, troubles];
  await cancelDocument(flow, world, rest, commandId);
  const unanswered = rest.map((id) => silent(id, `it did not answer in time (command ${commandId})`));
  return [{ waiting: [] }, [...troubles, ...unanswered]];
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
