// Join tokens that are older than they may be. A join that has read one and not used it yet would be refused: it reads it again, but
// none is made to.
import { quorumOf } from "../swarm/quorum.ts";
import { action } from "./action.ts";
import type { Action } from "./actions.ts";
import type { Picture } from "./picture.ts";

const DAY_MILLIS = 86_400_000;

export const planTokens = (picture: Picture, tokenDays: number, planned: readonly Action[]): Action[] => {
  const { record, swarm, takenAt } = picture.snapshot;
  if (tokenDays === 0 || !record.known || record.value === null || !swarm.known || !picture.busy) return [];
  const joins =
    [...picture.busy.values()].some((name) => name.startsWith("join-")) ||
    planned.some(({ kind }) => kind === "start-join" || kind === "join-instance");
  const led = swarm.value.nodes.some(({ leader }) => leader) && quorumOf(swarm.value.nodes).holds;
  const days = Math.floor((Date.parse(takenAt) - Date.parse(record.value.tokensAt)) / DAY_MILLIS);
  if (days < tokenDays || joins || !led) return [];
  const reason = `the join tokens were made at ${record.value.tokensAt}, ${days} days ago, and may be ${tokenDays} days old; both are rotated, and nodes stay in`;
  return [action("rotate-tokens", {}, reason)];
};
