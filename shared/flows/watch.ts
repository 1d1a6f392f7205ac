// Every wait of a flow. While it waits it keeps the hook alive and notices when the instance is no longer the flow's to act
// on; what passes by itself (a throttled API) is looked at again, everything else ends the wait with a cause.
import { describeMember, type HookAction, heartbeat } from "../aws/auto-scaling.ts";
import { errorText, isTransient } from "../aws/errors.ts";
import type { InstanceId } from "../identifiers.ts";
import { stepMeasured } from "../metrics.ts";
import { GONE, Overtaken, StepFailure } from "./failure.ts";
import type { Check, Flow } from "./flow.ts";
import type { CoreWorld, EpochMillis, World } from "./world.ts";

/** The instance's own state is looked at no more often than this: with a hundred flows at once, describing is throttled first. */
const LOOK_EVERY_MILLIS = 4_000;

/** A wait that is this long is in no hurry any more, and its execution holds 3,000 operations at most. */
const HURRY_MILLIS = 1_800_000;

/** How long a flow may take, and what its log records are about. */
export interface Term {
  /** For example `{ instanceId }`. */
  readonly about: Readonly<Record<string, string>>;
  /** A manager that is to go is not asked how. */
  readonly notAsked?: InstanceId;
  /** When everything ends whatever we do: with a hook, its global timeout. */
  readonly globalDeadline: EpochMillis;
  /** When the flow's own budget ends; the time for which it held because no manager answered does not count. */
  deadline: EpochMillis;
  /** Carried from wait to wait: when the last one ended. A flow knows no other clock that a replay would not change. */
  endedAt: EpochMillis;
}

/** A flow's hold on an instance: which hook it keeps alive, for how long, and in which states it may go on. */
export interface Lease extends Term {
  readonly action: HookAction;
  /** True for the lifecycle states in which the flow may go on (`undefined`: no group knows the instance). */
  mayGoOn(lifecycleState: string | undefined): boolean;
  /** undefined: there is no hook to keep alive (yet). */
  readonly heartbeatTimeoutSeconds: number | undefined;
  /** Carried from wait to wait: when the hook was last kept alive, and the instance's state last looked at. */
  lastHeartbeat: EpochMillis;
  lookedAt: EpochMillis;
}

/** All that a wait needs. */
export interface Errand {
  readonly flow: Flow;
  readonly world: CoreWorld;
  readonly lease: Term | Lease;
}

/** All that a part of a flow needs once the flow holds its instance. */
export interface Hold extends Errand {
  readonly world: World;
  readonly lease: Lease;
}

const holdsInstance = (lease: Term | Lease): lease is Lease => "action" in lease;

/** What one look of a wait says. */
export type Look<Memory, Value> =
  | { done: Value }
  /** Failed for good. */
  | { failed: string }
  /** Not yet, and why; `soon` asks to look again at once, `inSeconds` not before then. */
  | { memory: Memory; because: string; soon?: boolean; inSeconds?: number };

interface Watched<Memory, Value> {
  memory: Memory;
  looks: number;
  startedAt: EpochMillis;
  endedAt: EpochMillis;
  lookedAt: EpochMillis;
  lastHeartbeat: EpochMillis;
  because: string;
  end?: { done: Value } | { failed: string } | { left: string } | { late: string };
}

export interface WatchOptions<Memory, Value> {
  memory: Memory;
  /** Default: the lease's deadline. */
  deadline?: EpochMillis;
  /** When the look ends by itself with what it knows: no pause goes past it. The deadline is then the net below. */
  endsAt?: EpochMillis;
  /** Waiting here is no fault of the instance: the lease's deadline moves on by as long. */
  holds?: boolean;
  look(memory: Memory, now: EpochMillis): Promise<Look<Memory, Value>>;
}

/** 1, 1, 1, 1, 2, 3, 5 … 30 s: quick while things usually happen, slow enough for two days within an execution's 3,000 operations. */
export const pauseSeconds = (looks: number, waitedMillis: number): number => {
  if (looks < 5) return 1;
  const waitedSeconds = waitedMillis / 1000;
  return Math.min(waitedSeconds > 3_600 ? 120 : 30, Math.max(1, Math.round(waitedSeconds / 8)));
};

/** A heartbeat is due well before half of the timeout has passed, so that one that fails can be sent again in time. */
export const heartbeatDueMillis = (timeoutSeconds: number): number => timeoutSeconds * 400;

/**
 * Waits until `look` is done.
 * @throws StepFailure when it failed for good or the deadline passed; Overtaken when the instance is not ours to act on any more.
 */
export const watch = async <Memory, Value>(
  { flow, world, lease: term }: Errand,
  name: string,
  options: WatchOptions<Memory, Value>,
): Promise<Value> => {
  const deadline = options.deadline ?? term.deadline;
  const lease = holdsInstance(term) ? term : undefined;
  const fields = { flow: flow.name, ...term.about, step: name };

  const initial: Watched<Memory, Value> = {
    memory: options.memory,
    looks: 0,
    startedAt: 0,
    endedAt: 0,
    lookedAt: lease?.lookedAt ?? 0,
    lastHeartbeat: lease?.lastHeartbeat ?? 0,
    because: "nothing was looked at",
  };

  const check = async (before: Watched<Memory, Value>): Promise<Check<Watched<Memory, Value>>> => {
    const now = world.now();
    const state = { ...before, looks: before.looks + 1, startedAt: before.startedAt || now, endedAt: now };
    const seconds = () => Math.round((world.now() - state.startedAt) / 100) / 10;
    const measured = (failed: boolean) => stepMeasured(flow.name, name, seconds(), failed);
    let asked: number | undefined;
    try {
      // First of all: describing is throttled long before heartbeats are.
      await keepAlive(world, lease, state, now, fields);
      if (lease && now - state.lookedAt >= LOOK_EVERY_MILLIS) {
        const member = await describeMember(world.autoScaling, lease.action.instanceId);
        state.lookedAt = now;
        if (!lease.mayGoOn(member?.lifecycleState)) {
          state.end = { left: member?.lifecycleState ?? GONE };
          const record = { ...fields, seconds: seconds(), state: state.end.left };
          world.log.info("step overtaken", record, measured(false));
          return { state };
        }
      }
      const look = await options.look(state.memory, now);
      if ("done" in look || "failed" in look) {
        state.end = look;
        if ("failed" in look)
          world.log.warn(
            "step failed",
            { ...fields, seconds: seconds(), cause: look.failed },
            measured(true),
          );
        else
          world.log.info("step done", { ...fields, seconds: seconds(), looks: state.looks }, measured(false));
        return { state };
      }
      state.memory = look.memory;
      state.because = look.because;
      asked = look.inSeconds;
      if (look.soon && now < deadline && now - state.startedAt < HURRY_MILLIS)
        return { state, againInSeconds: 1 };
    } catch (error) {
      if (!isTransient(error)) {
        state.end = { failed: errorText(error) };
        const record = { ...fields, seconds: seconds(), cause: state.end.failed };
        world.log.warn("step failed", record, measured(true));
        return { state };
      }
      state.because = `AWS answered ${errorText(error)}`;
    }
    if (now >= deadline) {
      state.end = { late: state.because };
      const record = { ...fields, seconds: seconds(), cause: state.because };
      world.log.warn("step out of time", record, measured(true));
      return { state };
    }
    const pause = asked ?? pauseSeconds(state.looks, now - state.startedAt);
    const heartbeat = untilHeartbeat(lease, state.lastHeartbeat, now);
    const end = options.endsAt !== undefined && now < options.endsAt ? options.endsAt : deadline;
    return { state, againInSeconds: Math.max(1, Math.min(pause, heartbeat, (end - now) / 1000)) };
  };

  const { end, lastHeartbeat, lookedAt, because, startedAt, endedAt } = await flow.poll(name, initial, check);
  term.endedAt = endedAt;
  if (lease) Object.assign(lease, { lastHeartbeat, lookedAt });
  if (options.holds) term.deadline = Math.min(term.globalDeadline, term.deadline + endedAt - startedAt);
  if (end && "done" in end) return end.done;
  if (end && "left" in end) throw new Overtaken(name, end.left);
  if (end && "failed" in end) throw new StepFailure(name, end.failed);
  throw new StepFailure(
    name,
    `not done when the time was up (${Math.round((deadline - startedAt) / 1000)} s): ${because}`,
  );
};

/** Seconds until the next heartbeat is due; one that failed is sent again after a tenth of the timeout. */
const untilHeartbeat = (lease: Lease | undefined, lastHeartbeat: EpochMillis, now: EpochMillis): number => {
  const timeout = lease?.heartbeatTimeoutSeconds;
  if (timeout === undefined) return Number.POSITIVE_INFINITY;
  const due = (lastHeartbeat + heartbeatDueMillis(timeout) - now) / 1000;
  return Math.max(due, timeout / 10);
};

/** A heartbeat that fails is no reason to stop: it is sent again at the next look. */
const keepAlive = async (
  world: CoreWorld,
  lease: Lease | undefined,
  state: { lastHeartbeat: EpochMillis },
  now: EpochMillis,
  fields: Record<string, unknown>,
): Promise<void> => {
  const timeout = lease?.heartbeatTimeoutSeconds;
  if (!lease || timeout === undefined || now - state.lastHeartbeat < heartbeatDueMillis(timeout)) return;
  try {
    await heartbeat(world.autoScaling, lease.action);
    state.lastHeartbeat = now;
  } catch (error) {
    world.log.warn("heartbeat failed", { ...fields, cause: errorText(error) });
  }
};
