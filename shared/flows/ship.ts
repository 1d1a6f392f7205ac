// Waits until no task runs on the host any more and filebeat has shipped every line, proved by samples of the host's files and
// filebeat's registry (docs/facts.md, "Filebeat"). Nothing is decided here: the judgement goes back to the flow.
import {
  describe,
  type Judgement,
  judge,
  parseLogState,
  type UnshippedRange,
  unshippedRanges,
} from "../logs/index.ts";
import { parseAnswer, restartAnswer } from "../swarm/answers.ts";
import { lookAtCommand, onHost } from "./host.ts";
import { type Hold, watch } from "./watch.ts";
import type { EpochMillis } from "./world.ts";

/** How the logs of a host stand when the wait for them has ended. */
export interface Shipping {
  flushed: boolean;
  /** One line for a person. */
  summary: string;
  /** What nobody has acknowledged, to be rescued. */
  ranges: readonly UnshippedRange[];
  /** False: there may be more than these ranges. */
  allKnown: boolean;
}

/** How long one command waits for the containers to stop, before it samples: a stop grace period and a little. */
const CONTAINERS_SECONDS = 60;
/** Samples are kept as they were printed; a checkpoint must stay below 256 KiB, and four answers are enough to judge by. */
const KEPT_ANSWERS = 4;

interface Sampling {
  answers: readonly string[];
  commandId?: string;
  sentAt?: EpochMillis;
}

/** Why the sampling stopped: it knows enough, filebeat died, or the host itself went silent. */
type Ended = { shipping: Shipping; stopped: "judged" | "filebeat dead" | "host silent" };

const shippingOf = (judgement: Judgement): Shipping => ({
  flushed: judgement.flushed,
  summary: describe(judgement).slice(0, 1_000),
  ranges: unshippedRanges(judgement),
  allKnown:
    judgement.leftOut === 0 &&
    judgement.writers.length === 0 &&
    judgement.taskContainers === 0 &&
    judgement.files.every(({ verdict }) => verdict.kind !== "lost"),
});

const unknown = (summary: string): Shipping => ({
  flushed: false,
  summary,
  ranges: [],
  allKnown: false,
});

const sampleUntilJudged = (hold: Hold, name: string, deadline: EpochMillis): Promise<Ended> => {
  const { flow, world, lease } = hold;
  const { config } = world;
  const settleSeconds = config.scanIntervalSeconds + 1;
  const executionSeconds = CONTAINERS_SECONDS + settleSeconds + 60;
  const command = {
    document: "log-state",
    parameters: {
      logGlobs: config.logGlobs,
      filebeatData: config.filebeatData,
      filebeatHttp: config.filebeatHttp ?? "off",
      settleSeconds: String(settleSeconds),
      waitContainersSeconds: String(CONTAINERS_SECONDS),
    },
    executionSeconds,
    // The two samples, and a second for the command to get there.
    leastSeconds: settleSeconds + 1,
  };
  return watch<Sampling, Ended>(hold, name, {
    memory: { answers: [] },
    endsAt: deadline,
    deadline: deadline + 60_000,
    look: async ({ answers, ...sent }, now) => {
      const over = now >= deadline;
      const look = await lookAtCommand(
        flow,
        world,
        lease.action.instanceId,
        command,
        executionSeconds + 30,
        sent,
        now,
      );
      if ("failed" in look) return look;
      if ("memory" in look) {
        if (!over) return { ...look, memory: { answers, ...look.memory } };
        return {
          done: { shipping: lastKnown(answers, config.scanIntervalSeconds, look.because), stopped: "judged" },
        };
      }
      if (look.done.kind !== "answered") {
        const shipping = unknown(`log-state: ${look.done.cause}`);
        return {
          done: { shipping, stopped: look.done.kind === "silent" && !over ? "host silent" : "judged" },
        };
      }
      const kept = [...answers, look.done.stdout].slice(-KEPT_ANSWERS);
      const judgement = judgeAnswers(kept, config.scanIntervalSeconds);
      const dead = judgement.filebeat === "dead";
      if (judgement.flushed || dead || !judgement.waitingHelps || over) {
        return { done: { shipping: shippingOf(judgement), stopped: dead ? "filebeat dead" : "judged" } };
      }
      return { memory: { answers: kept }, because: describe(judgement) };
    },
  });
};

const judgeAnswers = (answers: readonly string[], scanIntervalSeconds: number): Judgement =>
  judge(
    answers.flatMap((stdout) => parseLogState(stdout).samples),
    { scanIntervalSeconds },
  );

const lastKnown = (answers: readonly string[], scanIntervalSeconds: number, because: string): Shipping =>
  answers.length > 0 ? shippingOf(judgeAnswers(answers, scanIntervalSeconds)) : unknown(because);

/**
 * Samples until the logs are judged or the deadline has come. A filebeat that died is started once: it goes on where its
 * registry ends.
 * @returns `hostSilent` when the host stopped answering on the way.
 */
export const waitUntilShipped = async (
  hold: Hold,
  deadline: EpochMillis,
): Promise<Shipping & { hostSilent: boolean }> => {
  const first = await sampleUntilJudged(hold, "logs shipped", deadline);
  if (first.stopped !== "filebeat dead")
    return { ...first.shipping, hostSilent: first.stopped === "host silent" };
  const command = { document: "restart-shipper", parameters: {}, executionSeconds: 60, deadline };
  const answer = await onHost(hold, "restart filebeat", command);
  if (answer.kind !== "answered") {
    const summary = `${first.shipping.summary} It could not be started again: ${answer.cause}`;
    return { ...first.shipping, summary, hostSilent: answer.kind === "silent" };
  }
  parseAnswer(restartAnswer, "restart-shipper", answer.stdout);
  const second = await sampleUntilJudged(hold, "logs shipped after restart", deadline);
  return { ...second.shipping, hostSilent: second.stopped === "host silent" };
};
