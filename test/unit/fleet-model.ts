// What becomes of the world when a plan is applied: each action as its flow or document does it, to the end and without failures.
import type { Action, Plan } from "../../shared/fleet/actions.ts";
import { drawPicture } from "../../shared/fleet/picture.ts";
import type { NodeView } from "../../shared/fleet/snapshot.ts";
import type { InstanceId } from "../../shared/identifiers.ts";
import type { ServiceFacts } from "../../shared/swarm/services.ts";
import { type Parts, snapshotOf, TAKEN_AT } from "./fleet-scene.ts";

/** @returns the world afterwards; `people`: also what only a person may do. */
export const afterwards = (world: Parts, plan: Plan, options: { people: boolean }): Parts => {
  const picture = drawPicture(snapshotOf(world));
  const owners = new Map((picture.nodes ?? []).map((each) => [each.nodeId, each.owner] as const));
  const ownerOf = ({ nodeId }: NodeView): InstanceId | undefined => owners.get(nodeId);
  return plan.actions
    .filter(({ risk }) => options.people || risk === "safe")
    .reduce((before, action) => apply(before, action, ownerOf), world);
};

type OwnerOf = (node: NodeView) => InstanceId | undefined;

const apply = (world: Parts, action: Action, ownerOf: OwnerOf): Parts => {
  const { kind, instanceId, nodeId, service } = action;
  switch (kind) {
    case "start-join":
      return joins(world, instanceIn(action), ownerOf);
    case "start-retire":
      return retires(world, instanceIn(action));
    case "join-instance":
      return joined(world, instanceIn(action), ownerOf);
    case "activate-node":
      return registered(
        withNode(world, nodeId, (node) => ({
          ...node,
          instanceId: instanceIn(action),
          availability: "active",
          activeSince: TAKEN_AT,
        })),
        instanceIn(action),
      );
    case "label-node":
      return withNode(world, nodeId, (node) => ({ ...node, instanceId: instanceIn(action) }));
    case "remove-ghost":
      return { ...world, nodes: world.nodes.filter((node) => node.nodeId !== nodeId) };
    case "register-instance":
      return registered(world, instanceIn(action));
    case "deregister-instance":
      return { ...world, balanced: world.balanced.filter((member) => member.instanceId !== instanceId) };
    case "finish-roll":
      return withService(world, service, (facts) => rolled(facts, endOf(facts), seenBy(facts)));
    case "roll-newest": {
      return withService(world, service, (facts) => {
        const repository = facts.image.replace(/[:@].*$/, "");
        const image = world.images.find((each) => each.image.replace(/[:@].*$/, "") === repository);
        return image ? rolled(facts, image.image, image.pushedAt) : facts;
      });
    }
    // Not planned yet.
    case "remove-manager":
    case "promote-node":
    case "hold-images":
    case "deploy-service":
    case "set-replicas":
    case "rotate-tokens":
    case "look-at":
    case "look-at-kept":
      return world;
  }
};

const instanceIn = ({ kind, instanceId }: Action): InstanceId => {
  if (instanceId === undefined) throw new Error(`${kind} names no instance`);
  return instanceId;
};

const withNode = (world: Parts, nodeId: string | undefined, change: (node: NodeView) => NodeView): Parts => {
  if (!world.nodes.some((node) => node.nodeId === nodeId)) throw new Error(`no node ${nodeId}`);
  return { ...world, nodes: world.nodes.map((node) => (node.nodeId === nodeId ? change(node) : node)) };
};

const withService = (
  world: Parts,
  name: string | undefined,
  change: (facts: ServiceFacts) => ServiceFacts,
): Parts => ({
  ...world,
  services: world.services.map((facts) => (facts.name === name ? change(facts) : facts)),
});

const registered = (world: Parts, instanceId: InstanceId): Parts => ({
  ...world,
  balanced: [
    ...world.balanced.filter((member) => member.instanceId !== instanceId),
    { instanceId, standing: "in-service", description: "N/A" },
  ],
});

const joined = (world: Parts, instanceId: InstanceId, ownerOf: OwnerOf): Parts => {
  const agent = world.agents.find((each) => each.instanceId === instanceId);
  const address = agent?.address ?? `address of ${instanceId}`;
  const online = { instanceId, online: true, version: agent?.version ?? "3.3.2746.0", address };
  const agents = [...world.agents.filter((each) => each.instanceId !== instanceId), online];
  const own = world.nodes.filter((each) => ownerOf(each) === instanceId);
  // The host itself says that this is its node; it is named and activated.
  const [already] = own.filter(({ state }) => state !== "down");
  if (already) {
    const active = { instanceId, availability: "active", activeSince: TAKEN_AT };
    const named = already.state === "ready" ? { ...already, ...active } : already;
    const nodes = world.nodes.map((each) => (each === already ? named : each));
    return registered({ ...world, agents, nodes }, instanceId);
  }
  const node: NodeView = {
    nodeId: `new-${instanceId}`,
    instanceId,
    address,
    role: "worker",
    state: "ready",
    availability: "active",
    leader: false,
    reachability: "",
    retiring: false,
    activeSince: TAKEN_AT,
    running: 1,
    cpus: 2,
    missing: [],
  };
  const others = world.nodes.filter((each) => ownerOf(each) !== instanceId);
  return registered({ ...world, agents, nodes: [...others, node] }, instanceId);
};

const inState = (world: Parts, instanceId: InstanceId, lifecycleState: string): Parts => ({
  ...world,
  members: world.members.map((member) =>
    member.instanceId === instanceId ? { ...member, lifecycleState } : member,
  ),
});

const joins = (world: Parts, instanceId: InstanceId, ownerOf: OwnerOf): Parts => {
  const state = world.members.find((member) => member.instanceId === instanceId)?.lifecycleState;
  if (state === "Warmed:Pending:Wait") return inState(world, instanceId, "Warmed:Stopped");
  // Such a host does not join: its launch is given up, and it retires.
  const going = world.nodes.filter((node) => ownerOf(node) === instanceId && node.retiring);
  if (going.some(({ state }) => state !== "down"))
    return retires({ ...world, nodes: world.nodes.filter((node) => !going.includes(node)) }, instanceId);
  return inState(joined(world, instanceId, ownerOf), instanceId, "InService");
};

/** As remove-node finds them: by label, and, drained and without one, by address. */
const retires = (world: Parts, instanceId: InstanceId): Parts => {
  const address = world.agents.find((agent) => agent.instanceId === instanceId)?.address;
  const goes = (node: NodeView): boolean =>
    node.instanceId === instanceId ||
    (node.instanceId === "" &&
      node.role === "worker" &&
      node.availability === "drain" &&
      node.address === address);
  const returns = world.members.some(
    (member) => member.instanceId === instanceId && member.lifecycleState === "Warmed:Pending:Wait",
  );
  const out = {
    ...world,
    nodes: world.nodes.filter((node) => !goes(node)),
    balanced: world.balanced.filter((member) => member.instanceId !== instanceId),
  };
  return returns ? inState(out, instanceId, "Warmed:Stopped") : gone(out, instanceId);
};

const gone = (world: Parts, instanceId: InstanceId): Parts => ({
  ...world,
  members: world.members.filter((member) => member.instanceId !== instanceId),
  agents: world.agents.filter((agent) => agent.instanceId !== instanceId),
  balanced: world.balanced.filter((member) => member.instanceId !== instanceId),
});

const endOf = ({ image, labels }: ServiceFacts): string =>
  (labels["hive.roll.phase"] === "back" ? labels["hive.roll.from"] : labels["hive.roll.image"]) || image;

const seenBy = ({ labels }: ServiceFacts): string => labels["hive.roll.seen"] ?? "";

/** Every task runs the image, the replicas are as they were, the marker is gone. */
const rolled = (facts: ServiceFacts, image: string, pushedAt: string): ServiceFacts => {
  const replicas = Number(facts.labels["hive.roll.replicas"] || facts.replicas);
  const seen = [seenBy(facts), pushedAt].sort().at(-1) ?? "";
  return {
    ...facts,
    image,
    replicas,
    labels: { "hive.roll.seen": seen, "hive.roll.last": facts.labels["hive.roll.id"] ?? "roll-1" },
    update: { state: "completed", message: "update completed", startedAt: TAKEN_AT },
    tasks: [{ image, state: "running", placed: true, count: replicas }],
  };
};
