// What a roll writes to a service and reads of it, each one command on one manager. A write is a compare-and-swap that goes on only
// while the marker is this roll's, and is safe to make twice.
import type { CauseCode } from "../rolls/cause.ts";
import { type ServiceFacts, updateAnswer, watchAnswer } from "../swarm/services.ts";
import { onManager } from "./manager.ts";
import type { RollErrand } from "./roll-target.ts";

/** One service that is rolled. */
export interface Rolling extends RollErrand {
  readonly serviceId: string;
  readonly rollId: string;
  /** Tasks that are replaced at the same time. */
  readonly parallelism: number;
  /** A person follows it live. */
  readonly followed: boolean;
}

/**
 * How long one command looks on before it answers what it sees. Short at first, for whoever follows the roll; longer afterwards, since
 * an execution holds 3,000 operations.
 */
const WATCH_SECONDS = 20;
const FOLLOWED_WATCH_SECONDS = 5;
const LATER_WATCH_SECONDS = 100;
const LATER_LOOK_SECONDS = 10;
const SHORT_ROUNDS = 6;
const FOLLOWED_SHORT_ROUNDS = 60;
/** A shrink counts slots; tasks that are about to run are waited for. */
const SETTLE_SECONDS = 60;
/** Reads, a write, some tries. */
const WORK_SECONDS = 40;

export type Act = "begin" | "image" | "shrink" | "resume" | "back" | "end";

export interface Write {
  act: Act;
  image?: string;
  seen?: string;
  since?: string;
  /** The roll whose marker may be replaced. */
  expects?: string;
  cause?: CauseCode;
  holders?: readonly string[];
}

export type Written =
  | { outcome: "done" | "lost" | "changed"; facts: ServiceFacts }
  | { outcome: "new-hosts"; hosts: readonly string[]; facts: ServiceFacts }
  | { outcome: "no-service" };

const watchSeconds = ({ followed }: Rolling): number => (followed ? FOLLOWED_WATCH_SECONDS : WATCH_SECONDS);

/** Names of the steps, each a plain text so that every one of them is known. */
const update = (rolling: Rolling, write: Write) => {
  const { rollDelaySeconds, rollMonitorSeconds, rollMinimumRunning } = rolling.world.config;
  // Swarm goes on as soon as a task runs, and would have replaced others before the first one ends. Where a number of tasks has to
  // run all the while, each batch is watched to its end first.
  const delaySeconds =
    rollMinimumRunning > 0 ? Math.max(rollDelaySeconds, rollMonitorSeconds) : rollDelaySeconds;
  const waitSeconds = write.act === "end" || write.act === "begin" ? 0 : watchSeconds(rolling);
  const settleSeconds = write.act === "begin" ? SETTLE_SECONDS : 0;
  const command = {
    document: "update-service",
    parameters: {
      serviceId: rolling.serviceId,
      rollId: rolling.rollId,
      act: write.act,
      expects: write.expects ?? "",
      image: write.image ?? "",
      seen: write.seen ?? "",
      since: write.since ?? "",
      cause: write.cause ?? "",
      holders: (write.holders ?? []).join(" "),
      parallelism: String(rolling.parallelism),
      delaySeconds: String(delaySeconds),
      monitorSeconds: String(rollMonitorSeconds),
      settleSeconds: String(settleSeconds),
      waitSeconds: String(waitSeconds),
    },
    waitsSeconds: settleSeconds + waitSeconds,
    executionSeconds: WORK_SECONDS + settleSeconds + waitSeconds,
  };
  switch (write.act) {
    case "begin":
      return onManager(rolling, "begin roll", updateAnswer, command);
    case "image":
      return onManager(rolling, "set image", updateAnswer, command);
    case "shrink":
      return onManager(rolling, "shrink service", updateAnswer, command);
    case "resume":
      return onManager(rolling, "resume update", updateAnswer, command);
    case "back":
      return onManager(rolling, "set image back", updateAnswer, command);
    case "end":
      return onManager(rolling, "end roll", updateAnswer, command);
  }
};

export const writeService = async (rolling: Rolling, write: Write): Promise<Written> => {
  const answer = await update(rolling, write);
  if (answer.outcome === "no-service") return answer;
  if (answer.outcome === "new-hosts")
    return { outcome: "new-hosts", hosts: answer.hosts.split(" ").filter(Boolean), facts: answer.gz };
  return { outcome: answer.outcome, facts: answer.gz };
};

/** @param round from 1 on. @returns undefined when the service is gone. */
export const watchService = async (rolling: Rolling, round: number): Promise<ServiceFacts | undefined> => {
  const { serviceId, rollId } = rolling;
  const early = round <= (rolling.followed ? FOLLOWED_SHORT_ROUNDS : SHORT_ROUNDS);
  const waitsSeconds = early ? watchSeconds(rolling) : LATER_WATCH_SECONDS;
  const answer = await onManager(rolling, "watch tasks", watchAnswer, {
    document: "watch-service",
    parameters: { serviceId, rollId, waitSeconds: String(waitsSeconds) },
    waitsSeconds,
    ...(early ? {} : { lookEverySeconds: LATER_LOOK_SECONDS }),
    executionSeconds: WORK_SECONDS + waitsSeconds,
  });
  return answer.outcome === "seen" ? answer.gz : undefined;
};
