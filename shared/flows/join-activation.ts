// From a host in reach to an active node on which a task runs: the host and one manager, turn by turn.
import { errorText } from "../aws/errors.ts";
import { activateAnswer, awaitTasksAnswer, type Needs, parseAnswer } from "../swarm/answers.ts";
import { readNeeds, sameNeeds, writeNeeds } from "../swarm/needs.ts";
import { Overtaken, RETIRING, StepFailure } from "./failure.ts";
import { onHost } from "./host.ts";
import { hostJoins } from "./join-host.ts";
import type { Joining } from "./joining.ts";
import { onManager } from "./manager.ts";
import type { Hold } from "./watch.ts";

const ACTIVATE_SECONDS = 60;
/** Start of the application until its health check passes: so long a wait, and so many of them. */
const TASKS_SECONDS = 100;
const MOST_WAITS = 3;
/** Each round is a roll that came between, or a swarm that forgot the node. */
const MOST_ROUNDS = 5;

/** A hint saves a command and is worth no join: what keeps it from being read or written is told, and the join goes on. */
const unlessRefused = async <T>(
  hold: Hold,
  step: string,
  run: () => Promise<T>,
  otherwise: T,
): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    // Throttled too: a hundred joins after a roll write the same parameter.
    hold.world.log.error("no hint of what the services need", {
      flow: hold.flow.name,
      instanceId: hold.lease.action.instanceId,
      step,
      cause: errorText(error),
    });
    return otherwise;
  }
};

export const readHint = (hold: Hold): Promise<Needs> =>
  hold.flow.step("read needs", () =>
    unlessRefused<Needs>(hold, "read needs", () => readNeeds(hold.world), NOTHING),
  );

const NOTHING: Needs = { images: [], directories: [] };

export interface ActiveNode {
  /** Assigned when it became active. */
  tasks: number;
  needs: Needs;
}

/**
 * Prepares and joins the host, then has a manager activate it; again when the services changed in between. A host that forms the
 * swarm is in it already, and is asked itself.
 */
export const nodeBecomesActive = async (hold: Hold, joining: Joining): Promise<ActiveNode> => {
  // The hint is of what workers need.
  let needs = joining.role === "manager" ? NOTHING : await readHint(hold);
  let rejoin = false;
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    if (!joining.formed || round > 1) await hostJoins(hold, joining, needs, { mode: "join", rejoin });
    const answer = await activate(hold, joining, needs);
    if (answer.outcome === "retiring") throw new Overtaken("activate node", RETIRING);
    if (answer.outcome === "active") {
      joining.unfinished = false;
      return { tasks: answer.tasks.length, needs };
    }
    if (answer.outcome === "changed" && answer.activated) joining.unfinished = false;
    rejoin = answer.outcome === "unknown-node";
    if (rejoin && joining.formed)
      throw new StepFailure("activate node", `${joining.nodeId} formed the swarm and is not known in it`);
    if (answer.outcome === "changed") needs = await learnNeeds(hold, joining, answer, needs);
  }
  throw new StepFailure(
    "activate node",
    `the services changed, or the managers did not know the node, ${MOST_ROUNDS} times in a row`,
  );
};

const activate = (hold: Hold, { nodeId, formed }: Joining, needs: Needs) =>
  onManager(hold, "activate node", activateAnswer, {
    document: "activate-node",
    parameters: {
      nodeId,
      instanceId: hold.lease.action.instanceId,
      images: needs.images.join(" "),
      directories: needs.directories.join(" "),
      now: new Date(hold.lease.lookedAt).toISOString(),
    },
    executionSeconds: ACTIVATE_SECONDS,
    ...(formed ? { forming: hold.lease.action.instanceId } : {}),
  });

/** What the manager says replaces the hint, also for the next worker's join. */
const learnNeeds = async (
  hold: Hold,
  { role }: Joining,
  { images, directories }: Needs,
  before: Needs,
): Promise<Needs> => {
  const needs: Needs = { images, directories };
  if (sameNeeds(needs, before))
    throw new StepFailure("activate node", "the services need what the host already holds");
  if (role === "worker")
    await hold.flow.step("write needs", () =>
      unlessRefused(hold, "write needs", () => writeNeeds(hold.world, needs), undefined),
    );
  return needs;
};

/**
 * Waits until a task runs on the host. Tasks can be taken away again (a roll, a scaling), so between two waits a manager is asked
 * whether there still is one to run; asking is activating, which is safe to do twice.
 * @returns how many tasks the node has; 0: there is nothing to run any more.
 */
export const taskRuns = async (
  hold: Hold,
  joining: Joining,
  { needs, tasks }: ActiveNode,
): Promise<number> => {
  for (let wait = 1; ; wait++) {
    const answer = await onHost(hold, "task runs", {
      document: "await-tasks",
      parameters: { waitSeconds: String(TASKS_SECONDS) },
      executionSeconds: TASKS_SECONDS + 30,
    });
    if (answer.kind === "answered") {
      parseAnswer(awaitTasksAnswer, "await-tasks", answer.stdout);
      return tasks;
    }
    const noneYet = answer.kind === "refused" && answer.step === "tasks";
    if (!noneYet || wait === MOST_WAITS) throw new StepFailure("task runs", answer.cause);
    const now = await activate(hold, joining, needs);
    if (now.outcome === "active" && now.tasks.length === 0) return 0;
  }
};
