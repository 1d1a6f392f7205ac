// Join and retire by hand: the recipe's scripts, run on the machines one right after the other, and the hook completed with one
// call. What any way of doing this has to take.
import { setTimeout as delay } from "node:timers/promises";
import { CompleteLifecycleActionCommand } from "@aws-sdk/client-auto-scaling";
import { describe, judge, parseLogState } from "../shared/logs/index.ts";
import type { Share } from "./history.ts";
import { answerOf, type Identity, type RecipeStep, scriptFor } from "./recipe.ts";
import { type Hook, hookSpan, LOG_DOCUMENT, type Stage, workerGroup } from "./stage.ts";

export interface HandMeasured {
  seconds: number;
  /** `reachable`, one for each document, and `complete` for the hook. */
  shares: Share[];
  /** How often the logs were sampled: once, unless filebeat was still behind. */
  logSamples: number;
}

const LOGIN_MILLISECONDS = 25;

/** Outcomes with which the next script may run. */
const GOOD = new Set([undefined, "joined", "active"]);

/** @param recipe of this hook @param machine the one that waits in it, of which no flow knows */
export const byHand = async (
  stage: Stage,
  hook: Hook,
  recipe: readonly RecipeStep[],
  { instanceId, address }: Pick<Identity, "instanceId" | "address">,
): Promise<HandMeasured> => {
  const { sandbox } = stage;
  const shares: Share[] = [];
  let nodeId = "";
  let logSamples = 0;
  const begun = performance.now();
  await reachable(stage, instanceId);
  shares.push({ name: "reachable", seconds: (performance.now() - begun) / 1000 });
  for (const step of recipe) {
    const started = performance.now();
    const name = step.document.shortName;
    const { script, seconds } = scriptFor(step, {
      instanceId,
      nodeId,
      address,
      now: new Date().toISOString(),
    });
    const machine = step.on === "host" ? instanceId : stage.manager;
    const run = async (): Promise<string> => {
      if (name === LOG_DOCUMENT) logSamples++;
      const result = await sandbox.control.exec(machine, script, seconds);
      if (result.exitCode === 0) return result.stdout;
      throw new Error(
        `${name} failed by hand on ${machine} (${result.exitCode}): ${result.stdout}${result.stderr}`,
      );
    };
    const stdout = name === LOG_DOCUMENT ? await runUntilShipped(run, step.parameters) : await run();
    const answer = answerOf(stdout);
    if (!GOOD.has(answer.outcome as string | undefined))
      throw new Error(`${name} answered by hand: ${stdout}`);
    if (typeof answer.nodeId === "string") nodeId = answer.nodeId;
    shares.push({ name, seconds: (performance.now() - started) / 1000 });
  }
  const started = performance.now();
  await sandbox.autoScaling.send(
    new CompleteLifecycleActionCommand({
      AutoScalingGroupName: workerGroup,
      LifecycleHookName: hook,
      InstanceId: instanceId,
      LifecycleActionResult: "CONTINUE",
    }),
  );
  shares.push({ name: "complete", seconds: (performance.now() - started) / 1000 });
  const { startedAt, endedAt } = await hookSpan(stage, instanceId, hook);
  return { seconds: (endedAt - startedAt) / 1000, shares, logSamples };
};

/** Before that nobody could log in either: the machine has no root of its own yet. It goes on booting afterwards. */
const reachable = async ({ sandbox }: Stage, instanceId: string): Promise<void> => {
  for (;;) {
    const { instances } = await sandbox.control.status();
    if (instances.find((each) => each.instanceId === instanceId)?.agent === "Online") return;
    await delay(LOGIN_MILLISECONDS);
  }
};

/** Logs that are not shipped after so many samples never will be; without a fault the first one says that they are. */
const MOST_SAMPLES = 10;

const runUntilShipped = async (
  run: () => Promise<string>,
  parameters: Readonly<Record<string, string>>,
): Promise<string> => {
  // The flow settles for a scan interval and a second.
  const scanIntervalSeconds = Number(parameters.settleSeconds) - 1;
  let last = "";
  for (let sample = 0; sample < MOST_SAMPLES; sample++) {
    const stdout = await run();
    const judgement = judge(parseLogState(stdout).samples, { scanIntervalSeconds });
    if (judgement.flushed) return stdout;
    last = describe(judgement);
  }
  throw new Error(`By hand the logs were not shipped after ${MOST_SAMPLES} samples: ${last}`);
};
