// Completing a hook, and proving it: an accepted call is not yet an instance that has left its wait state, and "no active
// lifecycle action" can be said of one that still waits (docs/facts.md, A5).
import { completeHook, describeMember, type HookAction, heartbeat } from "../aws/auto-scaling.ts";
import { errorText, isTransient } from "../aws/errors.ts";
import { stepMeasured } from "../metrics.ts";
import { GONE, StepFailure } from "./failure.ts";
import type { Check, Flow } from "./flow.ts";
import type { EpochMillis, World } from "./world.ts";

/** After this the hook's own timeout is the only thing that can end the wait; somebody has to look. */
const PROOF_SECONDS = 300;
/** While nothing can be seen, since describing is throttled, there is nothing to look at for anybody. */
const UNSEEN_SECONDS = 1_800;
/** Short enough to keep a hook alive whose heartbeat timeout is 30 s. */
const HEARTBEAT_SECONDS = 10;
/** An accepted completion needs a moment to show; only then is it worth calling again. */
const SHOW_SECONDS = 10;
/**
 * "No active action" for so long, while the instance still waits: it does not wait for us. Our action is complete (a crash hid the
 * answer), and another hook of the group is not.
 */
const NOT_OURS_SECONDS = 120;

/** What `completeAndProve` answers when our part is done and somebody else's is not. */
export const ANOTHER_HOOK = "waiting for another hook";

interface Completing {
  startedAt: EpochMillis;
  acceptedAt: EpochMillis;
  lastHeartbeat: EpochMillis;
  because: string;
  end?: { state: string } | { late: true };
}

/**
 * Completes the hook with `result` until the instance has left every state in which it waits for it.
 * @returns the state that followed, or `ANOTHER_HOOK`.
 * @throws StepFailure when it still waits after five minutes.
 */
export const completeAndProve = async (
  flow: Flow,
  world: World,
  action: HookAction,
  result: "CONTINUE" | "ABANDON",
  waits: (lifecycleState: string | undefined) => boolean,
): Promise<string> => {
  const name = `complete ${result}`;
  const fields = { flow: flow.name, instanceId: action.instanceId, step: name };

  /** Not completed, and waiting: the hook must not run out of time before it can be completed. */
  const keepAlive = async (state: Completing, now: EpochMillis): Promise<void> => {
    if (state.acceptedAt > 0 || now - state.lastHeartbeat < HEARTBEAT_SECONDS * 1000) return;
    state.lastHeartbeat = now;
    await heartbeat(world.autoScaling, action).catch((error: unknown) =>
      world.log.warn("heartbeat failed", { ...fields, cause: errorText(error) }),
    );
  };

  const ended = (state: Completing, now: EpochMillis, follows: string): Check<Completing> => {
    const seconds = (now - state.startedAt) / 1000;
    world.log.info(
      "step done",
      { ...fields, seconds, state: follows },
      stepMeasured(flow.name, name, seconds),
    );
    return { state: { ...state, end: { state: follows } } };
  };

  const late = (state: Completing, now: EpochMillis): Check<Completing> => {
    const seconds = (now - state.startedAt) / 1000;
    const record = { ...fields, seconds, cause: state.because };
    world.log.warn("step out of time", record, stepMeasured(flow.name, name, seconds, true));
    return { state: { ...state, end: { late: true } } };
  };

  const check = async (before: Completing): Promise<Check<Completing>> => {
    const now = world.now();
    const state: Completing = { ...before, startedAt: before.startedAt || now };
    let patienceSeconds = PROOF_SECONDS;
    // Before all else on a repeat: describing is throttled long before heartbeats are.
    if (before.startedAt > 0) await keepAlive(state, now);
    try {
      // On a repeat the state is looked at first: a completion that was accepted must not be made twice.
      if (before.startedAt > 0) {
        const member = await describeMember(world.autoScaling, action.instanceId);
        if (!waits(member?.lifecycleState)) {
          return ended(state, now, member?.lifecycleState ?? GONE);
        }
      }
      if (now - state.acceptedAt > SHOW_SECONDS * 1000) {
        const completed = await completeHook(world.autoScaling, action, result);
        const notOurs = before.acceptedAt > 0 || now - state.startedAt > NOT_OURS_SECONDS * 1000;
        if (completed.answer === "not-active" && notOurs) {
          return ended(state, now, ANOTHER_HOOK);
        }
        if (completed.answer === "accepted") state.acceptedAt = now;
        state.because = completed.answer === "accepted" ? "accepted, and still waiting" : completed.message;
      }
    } catch (error) {
      state.because = errorText(error);
      // Once, not at each of sixty checks.
      if (!isTransient(error) && state.because !== before.because)
        world.log.warn("completion failed", { ...fields, cause: state.because });
      if (isTransient(error)) patienceSeconds = UNSEEN_SECONDS;
    }
    if (now - state.startedAt > patienceSeconds * 1000) return late(state, now);
    return { state, againInSeconds: now - state.startedAt < 5_000 ? 1 : 5 };
  };

  const { end, because } = await flow.poll<Completing>(
    name,
    { startedAt: 0, acceptedAt: 0, lastHeartbeat: 0, because: "" },
    check,
  );
  if (end && "state" in end) return end.state;
  throw new StepFailure(
    name,
    `it is not proved that the instance has left the wait for hook ${action.hook}: ${because}`,
  );
};
