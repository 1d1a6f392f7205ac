// What becomes of the world when a plan is applied: each action as its flow or document does it, to the end and without failures.
import type { Action, Plan } from "../../shared/fleet/actions.ts";
import { holdsFor } from "../../shared/fleet/guards.ts";
import { drawPicture } from "../../shared/fleet/picture.ts";
import type { NodeView } from "../../shared/fleet/snapshot.ts";
import type { InstanceId } from "../../shared/identifiers.ts";
import { mayDemote, quorumOf } from "../../shared/swarm/quorum.ts";
import type { ServiceFacts } from "../../shared/swarm/services.ts";
import { type Parts, snapshotOf, TAKEN_AT } from "./fleet-scene.ts";
import { factsOf } from "./rolls-facts.ts";

/** @returns the world afterwards; `people`: also what only a person may do; `heeding`: as a repair does, nothing that is held. */
export const afterwards = (
  world: Parts,
  plan: Plan,
  options: { people: boolean; heeding?: boolean },
): Parts => {
  const picture = drawPicture(snapshotOf(world));
  const owners = new Map((picture.nodes ?? []).map((each) => [each.nodeId, each.owner] as const));
  const ownerOf = ({ nodeId }: NodeView): InstanceId | undefined => owners.get(nodeId);
  return mayBeApplied(plan, options).reduce((before, action) => apply(before, action, ownerOf), world);
};

export const mayBeApplied = (
  plan: Plan,
  { people, heeding = false }: { people: boolean; heeding?: boolean },
): Action[] =>
  plan.actions
    .filter(({ risk }) => people || risk === "safe")
    .filter((action) => !heeding || holdsFor(plan, action).length === 0);

/** One action alone, in a world that may be another than the one that it was planned for. */
export const applied = (world: Parts, action: Action): Parts => {
  const { nodeId, kind, instanceId } = action;
  const gone = nodeId !== undefined && !world.nodes.some((node) => node.nodeId === nodeId);
  // Documents look for the node, and flows for the instance.
  if (gone && kind !== "join-instance") return world;
  if (instanceId !== undefined && isLeft(world, action)) return world;
  if (kind === "deploy-service" && world.services.some(({ name }) => name === action.service)) return world;
  const { nodes = [] } = drawPicture(snapshotOf(world));
  return apply(world, action, ({ nodeId: id }) => nodes.find((node) => node.nodeId === id)?.owner);
};

const isLeft = ({ members }: Parts, { kind, instanceId }: Action): boolean =>
  ["start-join", "start-retire", "join-instance"].includes(kind) &&
  !members.some((member) => member.instanceId === instanceId);

type OwnerOf = (node: NodeView) => InstanceId | undefined;

const apply = (world: Parts, action: Action, ownerOf: OwnerOf): Parts => {
  const { kind, instanceId, nodeId, service } = action;
  switch (kind) {
    case "start-join":
      return joins(world, instanceIn(action), ownerOf);
    case "start-retire":
      return retires(world, instanceIn(action), ownerOf);
    case "remove-manager":
      return { ...world, nodes: led(world.nodes.filter((node) => node.nodeId !== nodeId)) };
    case "promote-node":
      return withNode(world, nodeId, (node) => ({ ...node, role: "manager", reachability: "reachable" }));
    case "hold-images":
      return withNode(world, nodeId, (node) => ({ ...node, missing: [] }));
    case "deploy-service":
      return heldByAll(deployed(world, service));
    case "set-replicas":
      return withService(world, service, (facts) => ({ ...facts, replicas: action.replicas ?? Number.NaN }));
    case "rotate-tokens":
      return { ...world, record: world.record && { ...world.record, tokensAt: TAKEN_AT } };
    case "join-instance":
      return joined(world, instanceIn(action), ownerOf);
    case "activate-node":
      return registered(
        withNode(world, nodeId, (node) => ({
          ...node,
          instanceId: instanceIn(action),
          availability: "active",
          activeSince: TAKEN_AT,
          // Whoever becomes active holds what services need.
          missing: [],
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
      return heldByAll(withService(world, service, (facts) => rolled(facts, endOf(facts), seenBy(facts))));
    case "roll-newest": {
      const after = withService(world, service, (facts) => {
        const repository = facts.image.replace(/[:@].*$/, "");
        const image = world.images.find((each) => each.image.replace(/[:@].*$/, "") === repository);
        return image ? rolled(facts, image.image, image.pushedAt) : facts;
      });
      return heldByAll(after);
    }
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

const isManager = ({ members }: Parts, instanceId: InstanceId): boolean =>
  members.some((member) => member.instanceId === instanceId && member.role === "manager");

/** Somebody leads, if enough are reachable. */
const led = (nodes: NodeView[]): NodeView[] => {
  const heir = nodes.find(({ role, reachability }) => role === "manager" && reachability === "reachable");
  if (nodes.some(({ leader }) => leader) || !quorumOf(nodes).holds) return nodes;
  return nodes.map((node) => (node === heir ? { ...node, leader: true } : node));
};

const isLed = ({ nodes }: Parts): boolean => nodes.some(({ leader }) => leader) && quorumOf(nodes).holds;

/** It waits, with heartbeats. */
const holding = (world: Parts, name: string): Parts => ({ ...world, flows: [...world.flows, `${name}-0`] });

const joined = (world: Parts, instanceId: InstanceId, ownerOf: OwnerOf): Parts => {
  const votes = isManager(world, instanceId);
  if (world.record === null && votes)
    return joined(
      { ...world, record: { formedBy: instanceId, at: TAKEN_AT, tokensAt: TAKEN_AT } },
      instanceId,
      ownerOf,
    );
  const forms = votes && world.nodes.every(({ role }) => role !== "manager");
  // Nobody lets it in.
  if (!forms && !isLed(world)) return holding(world, `join-${instanceId}`);
  const agent = world.agents.find((each) => each.instanceId === instanceId);
  const address = agent?.address ?? `address of ${instanceId}`;
  const online = { instanceId, online: true, version: agent?.version ?? "3.3.2746.0", address };
  const agents = [...world.agents.filter((each) => each.instanceId !== instanceId), online];
  const own = world.nodes.filter((each) => ownerOf(each) === instanceId);
  // The host itself says that this is its node; it is named and activated.
  const [already] = own.filter(({ state }) => state !== "down");
  if (already) {
    const active = { instanceId, availability: "active", activeSince: TAKEN_AT, missing: [] };
    const named = already.state === "ready" ? { ...already, ...active } : already;
    const nodes = world.nodes.map((each) =>
      each === already ? named : own.includes(each) ? { ...each, missing: [] } : each,
    );
    return votes ? { ...world, agents, nodes } : registered({ ...world, agents, nodes }, instanceId);
  }
  const node: NodeView = {
    nodeId: `new-${instanceId}`,
    instanceId,
    address,
    role: votes ? "manager" : "worker",
    state: "ready",
    availability: "active",
    leader: forms,
    reachability: votes ? "reachable" : "",
    retiring: false,
    activeSince: TAKEN_AT,
    running: 1,
    cpus: 2,
    missing: [],
  };
  const others = world.nodes.filter((each) => ownerOf(each) !== instanceId);
  const whole = { ...world, agents, nodes: [...others, node] };
  return votes ? whole : registered(whole, instanceId);
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
    return retires(
      { ...world, nodes: world.nodes.filter((node) => !going.includes(node)) },
      instanceId,
      ownerOf,
    );
  const after = joined(world, instanceId, ownerOf);
  return after.flows.length > world.flows.length ? after : inState(after, instanceId, "InService");
};

/** As remove-node finds them: by label, and, drained and without one, by address. */
const retires = (world: Parts, instanceId: InstanceId, ownerOf: OwnerOf): Parts => {
  // By label too: whatever would go has to be one that may be demoted.
  const votes = world.nodes.filter(
    (node) => node.role === "manager" && (ownerOf(node) === instanceId || node.instanceId === instanceId),
  );
  if (!votes.every(({ nodeId }) => isLed(world) && mayDemote(world.nodes, nodeId)))
    return holding(world, `retire-${instanceId}`);
  const address = world.agents.find((agent) => agent.instanceId === instanceId)?.address;
  const goes = (node: NodeView): boolean =>
    votes.includes(node) ||
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
    nodes: led(world.nodes.filter((node) => !goes(node))),
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

/** As the stack has it, of the newest image of its repository. */
const deployed = (world: Parts, name: string | undefined): Parts => {
  const wanted = world.stack.find((service) => service.name === name);
  if (!wanted || world.services.some((service) => service.name === name))
    throw new Error(`${name} cannot be deployed`);
  const { mode, replicas, managersOnly, reservedCpus, labels } = wanted;
  const [newest] = world.images;
  const image = newest?.image ?? wanted.image;
  const seen = { "hive.roll.seen": newest?.pushedAt ?? TAKEN_AT };
  const facts = factsOf({
    id: `deployed ${name}`,
    name: wanted.name,
    image,
    mode,
    replicas,
    managersOnly,
    reservedCpus,
    labels: { ...seen, ...labels },
    tasks: [],
  });
  return { ...world, services: [...world.services, facts] };
};

const endOf = ({ image, labels }: ServiceFacts): string =>
  (labels["hive.roll.phase"] === "back" ? labels["hive.roll.from"] : labels["hive.roll.image"]) || image;

const seenBy = ({ labels }: ServiceFacts): string => labels["hive.roll.seen"] ?? "";

/** Neither a roll nor a deployment goes to anybody who does not hold its image. */
const heldByAll = (world: Parts): Parts => ({
  ...world,
  nodes: world.nodes.map((node) => (node.missing.length > 0 ? { ...node, missing: [] } : node)),
});

/** Every task runs the image, the replicas are as they were, the marker is gone. */
const rolled = (facts: ServiceFacts, image: string, pushedAt: string): ServiceFacts => {
  const replicas = Number(facts.labels["hive.roll.replicas"] || facts.replicas);
  const seen = [seenBy(facts), pushedAt].sort().at(-1) ?? "";
  return {
    ...facts,
    image,
    replicas,
    labels: {
      ...(facts.labels["hive.replicas"] ? { "hive.replicas": facts.labels["hive.replicas"] } : {}),
      "hive.roll.seen": seen,
      "hive.roll.last": facts.labels["hive.roll.id"] ?? "roll-1",
    },
    update: { state: "completed", message: "update completed", startedAt: TAKEN_AT },
    tasks: [{ image, state: "running", placed: true, count: replicas }],
  };
};
