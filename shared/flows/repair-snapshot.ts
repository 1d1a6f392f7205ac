// The cluster at one moment, read with a handful of calls. Each part is read by itself: one that cannot be read says why, and the
// others are there all the same.
import { describeClusterAgents } from "../aws/cluster-agents.ts";
import type { FlowView, Known, Snapshot, SwarmView } from "../fleet/snapshot.ts";
import { AnswerError } from "../swarm/answers.ts";
import { surveyClusterAnswer, wholeSwarm } from "../swarm/cluster.ts";
import { failureOf, StepFailure } from "./failure.ts";
import type { Flow } from "./flow.ts";
import { onManager } from "./manager.ts";
import { readPause } from "./paused.ts";
import { readNewest } from "./repair-images.ts";
import { type Groups, readFlows, readGroups, readMembers } from "./repair-reads.ts";
import { readStack } from "./stack.ts";
import { readRecord } from "./swarm-record.ts";
import type { Errand } from "./watch.ts";
import type { RepairWorld } from "./world.ts";

/** A manager answers within seconds. None within this: the swarm is unknown, and somebody waits for the plan. */
const SURVEY_SECONDS = 90;
/** Of the script itself. */
const SURVEY_RUN_SECONDS = 30;

/** Flows that change what is looked at. A repair does so by starting them; one that began meanwhile waits for whoever looks now. */
const CHANGING = ["join", "retire", "roll"] as const;

/**
 * Flows are looked at first and last: what one of them did between two readings would look as if it were nobody's doing. The swarm
 * comes after what is held against it, for the same reason.
 */
export const takeSnapshot = async (flow: Flow, world: RepairWorld): Promise<Snapshot> => {
  const now = await flow.step("look begins", async () => world.now());
  const before = await known(flow.step("read flows", () => readFlows(world, [...CHANGING, "repair"])));
  const groups = await known(flow.step("read groups", () => readGroups(world)));
  const members = map(groups, (read) => read.members);
  const agents = await known(
    flow.step("read agents", () => describeClusterAgents(world.systemsManager, world.config.cluster)),
  );
  const balancer = await readBalancer(flow, world, groups);
  const record = await known(flow.step("read record", async () => (await readRecord(world)) ?? null));
  const paused = await known(flow.step("read pause", async () => (await readPause(world)) ?? null));
  const stack = await known(flow.step("read stack", () => readStack(world)));
  // Of a swarm that was never formed nobody can be asked, and nothing is unknown of it.
  const unformed = record.known && record.value === null;
  const swarm: Known<SwarmView> = unformed
    ? { known: true, value: { nodes: [], services: [] } }
    : await known(surveyCluster(flow, world));
  const newest = await after(swarm, "newest images", ({ services }) =>
    flow.step("read newest images", () => readNewest(world, services)),
  );
  const flows = await after(before, "flows", async (seen) =>
    union(seen, await flow.step("read flows again", () => readFlows(world, CHANGING))),
  );
  const takenAt = new Date(now).toISOString();
  return { takenAt, members, agents, swarm, balancer, flows, newest, record, paused, stack };
};

const union = (one: readonly FlowView[], other: readonly FlowView[]): FlowView[] => [
  ...new Map([...one, ...other].map((view) => [view.name, view])).values(),
];

/** A failure that the flow knows is a reason for which the part is missing. */
const known = async <T>(reading: Promise<T>): Promise<Known<T>> => {
  try {
    return { known: true, value: await reading };
  } catch (error) {
    if (!(error instanceof StepFailure || error instanceof AnswerError)) throw error;
    const { step, cause } = failureOf(error);
    return { known: false, because: `${step}: ${cause}` };
  }
};

const map = <From, To>(part: Known<From>, change: (value: From) => To): Known<To> =>
  part.known ? { known: true, value: change(part.value) } : part;

/** A part that is found by another one. */
const after = async <From, To>(
  part: Known<From>,
  what: string,
  read: (value: From) => Promise<To>,
): Promise<Known<To>> =>
  part.known
    ? await known(read(part.value))
    : { known: false, because: `${what} were not asked for: ${part.because}` };

const surveyCluster = async (flow: Flow, world: RepairWorld): Promise<SwarmView> => {
  const now = await flow.step("survey begins", async () => world.now());
  const deadline = now + SURVEY_SECONDS * 1000;
  const errand: Errand = {
    flow,
    world,
    lease: { about: {}, deadline, globalDeadline: deadline, endedAt: now },
  };
  const ask = (page: number, pages: number) =>
    onManager(errand, "survey cluster", surveyClusterAnswer, {
      document: "survey-cluster",
      parameters: { page: `${page}`, pages: `${pages}` },
      executionSeconds: SURVEY_RUN_SECONDS,
      changesNothing: true,
      deadline,
    });
  return await wholeSwarm(ask);
};

const readBalancer = async (
  flow: Flow,
  world: RepairWorld,
  groups: Known<Groups>,
): Promise<Snapshot["balancer"]> => {
  const { loadBalancer } = world.config;
  if (loadBalancer === undefined) return undefined;
  return await after(groups, "members of the load balancer", async ({ attached }) => ({
    attached,
    members: await flow.step("read load balancer", () => readMembers(world, loadBalancer)),
  }));
};
