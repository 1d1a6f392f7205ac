// Watches a service after a write until it is clear what came of it, and does what keeps the update going on the way.
import { type Move, nextMove, noProgress } from "../rolls/progress.ts";
import type { ServiceFacts } from "../swarm/services.ts";
import { type Rolling, type Write, watchService, writeService } from "./roll-writes.ts";

/** The last that is known of the service, for a report whatever happens. */
export interface Seen {
  facts: ServiceFacts;
  /** What it ran before, and would go back to. */
  from: string;
}

/** The service was removed, or another roll has taken over: nothing is left for this one to write. */
export class Lost extends Error {
  readonly outcome: "skipped" | "superseded";
  constructor(outcome: "skipped" | "superseded", because: string) {
    super(because);
    this.outcome = outcome;
  }
}

/** `superseded`: somebody set another image by hand, and the marker is still ours to take away. */
export type Verdict = Extract<Move, { kind: "converged" | "failed" | "stalled" | "superseded" }>;

/** @param wanted the image that is to run. @throws Lost */
export const untilSettled = async (rolling: Rolling, wanted: string, seen: Seen): Promise<Verdict> => {
  const { lease, world, rollId } = rolling;
  let progress = noProgress(lease.endedAt);
  for (let round = 1; ; round++) {
    const limits = {
      rollId,
      wanted,
      now: lease.endedAt,
      stallSeconds: world.config.rollStallSeconds,
      deadline: lease.deadline,
    };
    const [move, next] = nextMove(seen.facts, progress, limits);
    progress = next;
    switch (move.kind) {
      case "wait": {
        const facts = await watchService(rolling, round);
        if (!facts) throw new Lost("skipped", "the service was removed");
        seen.facts = facts;
        break;
      }
      case "shrink":
        seen.facts = await write(rolling, { act: "shrink" });
        break;
      case "resume":
        seen.facts = await write(rolling, { act: "resume" });
        break;
      case "superseded":
        if (!move.marked) throw new Lost("superseded", move.because);
        return move;
      default:
        return move;
    }
  }
};

const write = async (rolling: Rolling, what: Write): Promise<ServiceFacts> => {
  const written = await writeService(rolling, what);
  // Lost to another roll: the next look at the marker says so.
  if (written.outcome !== "no-service") return written.facts;
  throw new Lost("skipped", "the service was removed");
};
