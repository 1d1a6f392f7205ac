// Which manager makes the copy, and in which way. Managers are asked one after the other, each as it is at that moment: who leads, and
// who is away, only they know.
import type { InstanceId } from "../identifiers.ts";
import { parseAnswer } from "../swarm/answers.ts";
import { type BackupAnswer, backupAnswer, type SavedState } from "../swarm/backup.ts";
import { StepFailure } from "./failure.ts";
import { type Answer, onInstance } from "./host.ts";
import { findManagers } from "./manager.ts";
import { type Errand, watch } from "./watch.ts";

export interface CopyErrand extends Errand {
  /** Why no engine is to be stopped. */
  spared: string | undefined;
  parameters: Readonly<Record<"bucket" | "prefix" | "time", string>>;
}

export type Copied = SavedState & { instanceId: InstanceId };

/** A manager that is replaced, or restarts, is back within minutes; then the copy is made of a running engine. */
const MOST_ROUNDS = 10;
const PAUSE_SECONDS = 60;
/** Of the script: stop, copy, start, and the upload of some megabytes. */
const RUN_SECONDS = 600;

type Trouble =
  /** It is no manager at the moment, or cannot tell. */
  | "cannot be asked"
  /** It may be away now, and its engine with it. */
  | "silent"
  /** It said what went wrong; time will not mend it. */
  | "refused";

type Said = BackupAnswer | { outcome: "failed"; trouble: Trouble; cause: string };

/** @throws StepFailure when no manager saved it. */
export const copyState = async (errand: CopyErrand): Promise<Copied> => {
  const { flow, world } = errand;
  let spared = errand.spared !== undefined;
  for (let round = 1; ; round++) {
    spared ||= round > MOST_ROUNDS;
    const managers = await flow.step("find managers", () => findManagers(world, flow.name));
    const causes: string[] = [];
    let hopeless = false;
    for (const { instanceId } of managers) {
      const said = await ask(errand, instanceId, spared ? "running" : "stopped");
      if (said.outcome === "saved") return { ...said, instanceId };
      causes.push(`${instanceId}: ${because(said)}`);
      // It speaks of all managers: the others would say the same.
      if (said.outcome === "held") break;
      if (said.outcome === "leader" || said.trouble === "cannot be asked") continue;
      // Whatever it was, it does not happen to a second engine.
      spared = true;
      hopeless ||= said.trouble === "refused";
    }
    if (managers.length === 0)
      causes.push(
        `no instance of ${world.config.managerGroups.join(", ")} is in service with its agent online`,
      );
    if (hopeless || round > MOST_ROUNDS) throw new StepFailure("save state", causes.join("; "));
    await pause(errand, causes.join("; "));
  }
};

const because = (said: Exclude<Said, SavedState>): string => {
  if (said.outcome === "failed") return said.cause;
  return said.outcome === "held" ? said.because : "it leads the swarm";
};

const ask = async (
  errand: CopyErrand,
  instanceId: InstanceId,
  engine: "stopped" | "running",
): Promise<Said> => {
  const document = "backup-swarm";
  const answer = await onInstance(errand, "save state", instanceId, {
    document,
    parameters: { ...errand.parameters, engine },
    executionSeconds: RUN_SECONDS,
  });
  if (answer.kind === "answered") return parseAnswer(backupAnswer, document, answer.stdout);
  const trouble = troubleOf(answer);
  if (engine === "stopped" && (trouble === "silent" || ("step" in answer && answer.step === "engine")))
    await tellOfEngine(errand, instanceId, answer.cause);
  const cause = answer.kind === "refused" ? `${answer.step}: ${answer.cause}` : answer.cause;
  return { outcome: "failed", trouble, cause };
};

const troubleOf = (answer: Exclude<Answer, { kind: "answered" }>): Trouble => {
  if (answer.kind === "silent") return "silent";
  return answer.step === "manager" ? "cannot be asked" : "refused";
};

/** The backup may yet succeed elsewhere; that a manager may be away is news of its own. */
const tellOfEngine = ({ flow, world }: Errand, instanceId: InstanceId, cause: string): Promise<void> =>
  flow.step("tell of manager", async () =>
    world.log.error("a manager did not come back from its backup", { flow: flow.name, instanceId, cause }),
  );

const pause = (errand: Errand, because: string): Promise<true> =>
  watch<{ waited: boolean }, true>(errand, "wait for managers", {
    memory: { waited: false },
    look: async ({ waited }) =>
      waited ? { done: true } : { memory: { waited: true }, because, inSeconds: PAUSE_SECONDS },
  });
