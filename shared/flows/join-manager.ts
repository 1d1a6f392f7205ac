// Before a manager joins: who forms the swarm, once and for all, and who waits for the one that does.
import { describeMember } from "../aws/auto-scaling.ts";
import type { InstanceId } from "../identifiers.ts";
import { surveyManagersAnswer } from "../swarm/answers.ts";
import type { SwarmRecord } from "../swarm/record.ts";
import { onInstance } from "./host.ts";
import { findOthers, hostJoins, noManager } from "./join-host.ts";
import { initSwarm, lostSwarm } from "./join-init.ts";
import type { Joining } from "./joining.ts";
import { onManager } from "./manager.ts";
import { claimRecord, readRecord } from "./swarm-record.ts";
import { type Hold, watch } from "./watch.ts";
import type { EpochMillis } from "./world.ts";

const SURVEY_SECONDS = 20;
/** A manager that the others do not reach is given so long to come back (or to be taken out) before one more is counted. */
const MARGIN_SECONDS = 120;
const MARGIN_LOOK_SECONDS = 10;

/**
 * Either this host is in the swarm when it ends, since it formed it; or there is a swarm that it can join. Who forms it is said by a
 * record that is claimed first: it stays, so that nobody ever forms a second one (docs/decisions.md).
 */
export const formOrFind = async (hold: Hold, joining: Joining): Promise<void> => {
  const { instanceId } = hold.lease.action;
  for (;;) {
    const record = (await whoFormed(hold)) ?? (await claim(hold, joining));
    if (record.formedBy === instanceId && (await initSwarm(hold, joining))) return;
    if ((await managersOrNews(hold, record)) === "managers") return await quorumHasMargin(hold);
  }
};

const whoFormed = (hold: Hold): Promise<SwarmRecord | null> =>
  watch<null, SwarmRecord | null>(hold, "read record", {
    memory: null,
    look: async () => ({ done: (await readRecord(hold.world)) ?? null }),
  });

/** A swarm that somebody formed by hand is found by one of its managers; only where there is none is it this host's to form. */
const claim = async (hold: Hold, joining: Joining): Promise<SwarmRecord> => {
  const standing = await managerInSwarm(hold);
  // A host that never gets ready must not have claimed what it cannot do.
  if (standing === undefined)
    await hostJoins(hold, joining, { images: [], directories: [] }, { mode: "ready", rejoin: false });
  return await watch<null, SwarmRecord>(hold, "claim record", {
    memory: null,
    look: async (_memory, now) => ({
      done: await claimRecord(hold.world, standing ?? hold.lease.action.instanceId, now),
    }),
  });
};

const SURVEY = {
  document: "survey-managers",
  parameters: {},
  executionSeconds: SURVEY_SECONDS,
  changesNothing: true,
} as const;

const managerInSwarm = async (hold: Hold) => {
  const others = await watch(hold, "look for managers", {
    memory: null,
    look: async () => ({ done: (await findOthers(hold)).map(({ instanceId }) => instanceId) }),
  });
  for (const other of others) {
    const answer = await onInstance(hold, "ask manager", other, SURVEY);
    if (answer.kind === "answered") return other;
  }
  return undefined;
};

/** A first manager that comes up in its time is nobody's trouble. */
const QUIET_MILLIS = 300_000;

/**
 * Holds until a manager is in service. Somebody may delete the record meanwhile, who knows that there never was a swarm; then it
 * is to be claimed anew.
 */
const managersOrNews = (hold: Hold, { formedBy }: SwarmRecord): Promise<"managers" | "news"> =>
  watch<{ since: EpochMillis; told: boolean }, "managers" | "news">(hold, "managers in service", {
    memory: { since: 0, told: false },
    deadline: hold.lease.globalDeadline,
    holds: true,
    look: async (before, now) => {
      const { flow, world, lease } = hold;
      const since = before.since || now;
      if ((await findOthers(hold)).length > 0) return { done: "managers" };
      const record = await readRecord(world);
      if (record?.formedBy !== formedBy) return { done: "news" };
      const there = formedBy !== lease.action.instanceId && (await isThere(hold, formedBy));
      const seen = `${noManager(hold)}; the swarm was formed by ${formedBy}`;
      const because = there
        ? `${seen}, which is not there yet`
        : `${seen}, which is gone, or in it no more: ${lostSwarm(world.config.swarmParameter)}`;
      if (before.told || (there && now - since < QUIET_MILLIS))
        return { memory: { since, told: before.told }, because };
      world.log.error("the swarm has no manager: holding", {
        flow: flow.name,
        instanceId: lease.action.instanceId,
        cause: because,
      });
      return { memory: { since, told: true }, because };
    },
  });

/** Also on its way in; one that goes does not come back. */
const isThere = async ({ world }: Hold, instanceId: InstanceId): Promise<boolean> => {
  const member = await describeMember(world.autoScaling, instanceId);
  return member !== undefined && !/Terminat/.test(member.lifecycleState);
};

/** One more manager moves the majority: not while another one is out of reach, unless that lasts. */
const quorumHasMargin = async (hold: Hold): Promise<void> => {
  const answers = () => onManager(hold, "survey managers", surveyManagersAnswer, SURVEY);
  let { unreachable } = await answers();
  const until = hold.lease.endedAt + MARGIN_SECONDS * 1000;
  while (unreachable > 0 && hold.lease.endedAt < until) {
    const because = `${unreachable} manager(s) out of the others' reach`;
    await watch<{ waited: boolean }, true>(hold, "managers reachable", {
      memory: { waited: false },
      look: async ({ waited }) =>
        waited ? { done: true } : { memory: { waited: true }, because, inSeconds: MARGIN_LOOK_SECONDS },
    });
    ({ unreachable } = await answers());
  }
};
