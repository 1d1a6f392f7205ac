// Hosts on which tasks are refused because they have not got the image: an expired credential, a join that overlooked a service. The
// host pulls it with its own role.
import { parseImage } from "../rolls/image.ts";
import { markerOf } from "../rolls/marker.ts";
import { action } from "./action.ts";
import type { Action } from "./actions.ts";
import { inService } from "./nodes.ts";
import { type OwnedNode, type Picture, reachable } from "./picture.ts";
import { mayBeAbout } from "./rolls.ts";

export const planMissingImages = (picture: Picture): Action[] => {
  const { members, busy, nodes, rolls } = picture;
  const { swarm } = picture.snapshot;
  if (!members || !busy || !nodes || !rolls || !swarm.known) return [];
  // What is rolled is pulled by the roll.
  const wanted = swarm.value.services.filter((service) => {
    const marker = markerOf(service);
    const settled = !marker && !rolls.some((roll) => mayBeAbout(roll, service, marker));
    return settled && parseImage(service.image).digest !== undefined;
  });
  const { stack } = picture.snapshot;
  const workersOnly = new Set(
    stack.known ? stack.value.filter((each) => each.workersOnly).map(({ name }) => name) : [],
  );
  // A worker that became a manager has need no more of what runs on workers alone.
  const wantedOn = ({ role }: OwnedNode): string[] =>
    wanted.filter(({ name }) => role === "worker" || !workersOnly.has(name)).map(({ image }) => image);
  return nodes.flatMap((node) =>
    ofNode(
      picture,
      node,
      node.missing.filter((image) => wantedOn(node).includes(image)),
    ),
  );
};

const ofNode = (picture: Picture, node: OwnedNode, images: readonly string[]): Action[] => {
  const { owner: instanceId, state, availability, retiring, doubted } = node;
  const member = instanceId && picture.members?.get(instanceId);
  if (images.length === 0 || !member || !inService(member) || picture.busy?.has(instanceId)) return [];
  if (state !== "ready" || availability !== "active" || retiring || doubted) return [];
  // Which of several is the machine's nobody can tell, and that is told already.
  if ((picture.nodesOf.get(instanceId) ?? []).some((each) => each !== node && each.state !== "down"))
    return [];
  // That its agent is silent is told already.
  if (reachable(picture, instanceId) !== true) return [];
  const names = images.join(" and ");
  return [
    action(
      "hold-images",
      { instanceId, node },
      `tasks were refused on it for want of ${names}, the last one within a quarter of an hour, and none came up since; it pulls what services need`,
    ),
  ];
};
