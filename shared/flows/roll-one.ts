// One service, from the image that it runs to the one that it should run: mark and shrink, set the image, watch, go back if it
// fails, and restore the replicas in every end. Each write is safe to repeat, and whoever finds the marker can go on from it.
import type { Cause } from "../rolls/cause.ts";
import type { Decision, Target } from "../rolls/decide.ts";
import { sameImage, shortImage } from "../rolls/image.ts";
import { markerOf } from "../rolls/marker.ts";
import type { RollResult } from "../rolls/outcome.ts";
import { AnswerError } from "../swarm/answers.ts";
import type { ServiceFacts } from "../swarm/services.ts";
import { failureOf, StepFailure } from "./failure.ts";
import { explain } from "./roll-explain.ts";
import { type Holding, hostsHold } from "./roll-hosts.ts";
import { Lost, type Seen, untilSettled, type Verdict } from "./roll-watch.ts";
import { type Rolling, writeService } from "./roll-writes.ts";

/** How it ended, and the last that was seen of the service. */
export interface End extends Seen {
  outcome: RollResult;
  because: string;
  cause?: Cause;
}

export type RollDecision = Extract<Decision, { kind: "roll" }>;

export interface Plan {
  target: Target;
  decision: RollDecision;
  holding: Holding;
  /** Hosts that hold the image; or why not all of them do, and an interrupted roll can only go back. */
  holders: readonly string[] | { cause: Cause };
}

/** The runbook. @returns `changed` when another roll began in between: the service has to be decided on again. */
export const rollOne = async (
  rolling: Rolling,
  plan: Plan,
  before: ServiceFacts,
): Promise<End | { changed: ServiceFacts }> => {
  const marker = markerOf(before);
  const seen: Seen = { facts: before, from: marker?.from || before.image };
  try {
    if ((await begin(rolling, plan, seen)) === "changed") return { changed: seen.facts };
    const verdict = plan.decision.back ? interrupted(marker?.cause) : await goForward(rolling, plan, seen);
    if (verdict.kind === "failed")
      return await goBack(rolling, seen, await explain(rolling, verdict.cause, seen.facts));
    return await close(rolling, seen, endOf(verdict, plan.target.image));
  } catch (error) {
    if (error instanceof Lost) return { ...seen, outcome: error.outcome, because: error.message };
    if (!(error instanceof StepFailure || error instanceof AnswerError)) throw error;
    // No manager could be asked: a marker that stands says how to finish.
    const { step, cause } = failureOf(error);
    const text = `${step}: ${cause}`;
    return { ...seen, outcome: "stalled", because: leftBehind(seen), cause: { code: "unknown", text } };
  }
};

const leftBehind = ({ facts }: Seen): string =>
  markerOf(facts)
    ? "the service keeps its marker: its next roll, also one by hand, takes it over and restores the replicas"
    : "it was not seen to begin: should a marker stand all the same, the next roll of the service takes it over";

const begin = async (
  rolling: Rolling,
  { target, decision }: Plan,
  seen: Seen,
): Promise<"begun" | "changed"> => {
  const { image, seen: until } = target;
  const since = new Date(rolling.lease.endedAt).toISOString();
  const written = await writeService(rolling, {
    act: "begin",
    expects: decision.expects,
    image,
    seen: until,
    since,
  });
  if (written.outcome === "no-service") throw new Lost("skipped", "the service was removed");
  seen.facts = written.facts;
  if (written.outcome !== "done") return "changed";
  seen.from = markerOf(written.facts)?.from || seen.from;
  return "begun";
};

const interrupted = (cause: string | undefined): Verdict => ({
  kind: "failed",
  cause: { code: "unknown", text: `a roll that went back before (${cause || "no cause was left"})` },
});

/** Workers that became active since the hosts were asked come between so often at most. */
const MOST_ROUNDS = 10;

const goForward = async (
  rolling: Rolling,
  { target, holding, holders }: Plan,
  seen: Seen,
): Promise<Verdict> => {
  if ("cause" in holders) return { kind: "failed", cause: holders.cause };
  let held = holders;
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    try {
      const written = await writeService(rolling, { act: "image", holders: held });
      if (written.outcome === "no-service") throw new Lost("skipped", "the service was removed");
      seen.facts = written.facts;
      if (written.outcome !== "new-hosts") return await untilSettled(rolling, target.image, seen);
      const more = await hostsHold(rolling, holding, written.hosts);
      if ("cause" in more) return { kind: "failed", cause: more.cause };
      held = [...held, ...written.hosts];
    } catch (error) {
      // An engine that refuses the write refuses it on every manager; the service can still be put back as it was.
      if (!(error instanceof StepFailure) || !error.message.includes(": update: ")) throw error;
      return { kind: "failed", cause: { code: "update-refused", text: error.message } };
    }
  }
  const text = `new workers became active ${MOST_ROUNDS} times in a row before the image could be set`;
  return { kind: "failed", cause: { code: "no-progress", text } };
};

/** By an explicit digest, never by swarm's own rollback: that takes back whatever was written last. */
const goBack = async (rolling: Rolling, seen: Seen, cause: Cause): Promise<End> => {
  const { from } = seen;
  const wanted = markerOf(seen.facts)?.image ?? "";
  if (sameImage(from, wanted))
    return await close(rolling, seen, {
      outcome: "rollback failed",
      because: "it ran no other image before: there is nothing to go back to",
      cause,
    });
  rolling.lease.deadline = rolling.lease.endedAt + rolling.world.config.rollDeadlineSeconds * 1000;
  const since = new Date(rolling.lease.endedAt).toISOString();
  const written = await writeService(rolling, { act: "back", cause: cause.code, since });
  if (written.outcome === "no-service") throw new Lost("skipped", "the service was removed");
  seen.facts = written.facts;
  const verdict = await untilSettled(rolling, from, seen);
  if (verdict.kind === "converged")
    return await close(rolling, seen, {
      outcome: "rolled back",
      because: `${verdict.running} tasks run ${shortImage(from)} again`,
      cause,
    });
  if (verdict.kind === "superseded") return await close(rolling, seen, endOf(verdict, from));
  const because = `the way back to ${shortImage(from)} did not end well either: ${verdict.cause.text}`;
  return await close(rolling, seen, { outcome: "rollback failed", because, cause });
};

type Ending = Pick<End, "outcome" | "because" | "cause">;

const endOf = (verdict: Exclude<Verdict, { kind: "failed" }>, image: string): Ending => {
  switch (verdict.kind) {
    case "converged":
      return { outcome: "converged", because: `${verdict.running} tasks run ${shortImage(image)}` };
    case "superseded":
      return { outcome: "superseded", because: verdict.because };
    case "stalled":
      return {
        outcome: "stalled",
        because: "the image is set, and nothing is proved",
        cause: verdict.cause,
      };
  }
};

/** Replicas as they were, marker gone: the last write, in every end. */
const close = async (rolling: Rolling, seen: Seen, ending: Ending): Promise<End> => {
  const written = await writeService(rolling, { act: "end" });
  if (written.outcome === "no-service") throw new Lost("skipped", "the service was removed");
  seen.facts = written.facts;
  if (written.outcome === "lost") throw new Lost("superseded", "another roll has taken over");
  return { ...seen, ...ending };
};
