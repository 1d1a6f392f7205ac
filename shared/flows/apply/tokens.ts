// Both join tokens are made anew and stored, by a manager's own hand; the record says since when they hold.
import { type AppliedView, applied } from "../../fleet/applied.ts";
import { rotateTokensAnswer } from "../../swarm/answers.ts";
import { onManager } from "../manager.ts";
import { readRecord, recordTokens } from "../swarm-record.ts";
import type { Applier } from "./errand.ts";

const ROTATE_SECONDS = 240;

export const rotateTokens: Applier = async (errand, actions) => {
  const tell = (result: AppliedView["result"], details: string) =>
    actions.map((action) => applied(action, result, details));
  const { flow, world } = errand;
  const seen = errand.snapshot.record;
  const standing = await flow.step("read record", async () => (await readRecord(world)) ?? null);
  if (!standing || (seen.known && seen.value && seen.value.tokensAt !== standing.tokensAt))
    return tell("not applied", "the record of the swarm is another one than the plan saw: plan again");
  await onManager(errand, "rotate tokens", rotateTokensAnswer, {
    document: "rotate-tokens",
    parameters: {
      workerTokenParameter: world.config.workerTokenParameter,
      managerTokenParameter: world.config.managerTokenParameter,
    },
    executionSeconds: ROTATE_SECONDS,
    waitsSeconds: ROTATE_SECONDS,
    deadline: errand.lease.deadline,
  });
  await flow.step("record tokens", () => recordTokens(world, standing, world.now()));
  return tell("done", `rotated and stored; the ones before were of ${standing.tokensAt}`);
};
