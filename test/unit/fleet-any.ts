// Clusters in any state: groups, swarm, agents, load balancer, flows and services that drifted apart, each by itself.
import fc from "fast-check";
import type { NewestImage, NodeView, Snapshot } from "../../shared/fleet/snapshot.ts";
import type { ServiceFacts } from "../../shared/swarm/services.ts";
import {
  ACTIVE_SINCE,
  addressOf,
  agent,
  atRest,
  behind,
  idOf,
  manager,
  managerNode,
  newest,
  node,
  type Parts,
  unread,
  worker,
} from "./fleet-scene.ts";
import { factsOf, markerLabels, NEW, NEWER, OLD, ROLL } from "./rolls-facts.ts";

/** When NEW was pushed. */
const PUSHED = newest().pushedAt;

/** Mostly the first. */
const mostly = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(usual) },
    { weight: 2, arbitrary: fc.constantFrom(...others) },
  );

const STATES = [
  "Pending",
  "Pending:Wait",
  "Pending:Proceed",
  "Standby",
  "Terminating",
  "Terminating:Wait",
  "Terminating:Retained",
  "Warmed:Pending:Wait",
  "Warmed:Stopped",
  "Warmed:Terminating:Wait",
];

/** Instance 20 and on; what is known of each is independent, but for the address of its agent. */
export const machine = fc.record({
  lifecycle: mostly("InService", "", ...STATES),
  healthy: mostly(true, false),
  agent: mostly("online", "offline", "none"),
  node: mostly("node", "none"),
  /** 1: of the next machine. */
  label: mostly("own", "none", "next"),
  address: mostly("own", "none", "next"),
  role: fc.oneof({ weight: 12, arbitrary: fc.constant("worker") }, fc.constant("manager")),
  state: mostly("ready", "down", "unknown", "disconnected"),
  availability: mostly("active", "drain", "pause"),
  retiring: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, fc.constant(true)),
  activeSince: mostly(ACTIVE_SINCE, ""),
  running: fc.nat(2),
  cpus: mostly(2, 0.5, 4),
  missing: mostly<string[]>([], [OLD], [NEW, OLD]),
  /** A second node of the same name. */
  left: fc.oneof({ weight: 8, arbitrary: fc.constant("none") }, fc.constantFrom("ready", "down")),
  balanced: mostly("in-service", "none", "out-of-service", "draining"),
  flow: fc.oneof({ weight: 6, arbitrary: fc.constant("") }, fc.constantFrom("join", "retire")),
});
export type Machine = typeof machine extends fc.Arbitrary<infer T> ? T : never;

export type Inhabitants = Pick<Parts, "members" | "agents" | "nodes" | "balanced" | "flows">;

export const partsOf = (machines: readonly Machine[]): Inhabitants => {
  const parts: Inhabitants = {
    members: [manager(1), manager(2), manager(3)],
    agents: [agent(1), agent(2), agent(3)],
    nodes: [managerNode(1, { leader: true }), managerNode(2), managerNode(3)],
    balanced: [],
    flows: [],
  };
  for (const [index, one] of machines.entries()) {
    const number = 20 + index;
    const next = 20 + ((index + 1) % machines.length);
    const { lifecycle: lifecycleState, healthy } = one;
    if (lifecycleState !== "") parts.members.push(worker(number, { lifecycleState, healthy }));
    if (one.agent !== "none") parts.agents.push(agent(number, { online: one.agent === "online" }));
    const asManager = one.role === "manager" ? managerNode(number) : {};
    const view: NodeView = {
      ...node(number, asManager),
      instanceId: one.label === "none" ? "" : idOf(one.label === "own" ? number : next),
      address: one.address === "none" ? "" : addressOf(one.address === "own" ? number : next),
      state: one.state,
      availability: one.availability,
      retiring: one.retiring,
      activeSince: one.activeSince,
      running: one.running,
      cpus: one.cpus,
      missing: one.missing,
    };
    if (one.node !== "none") parts.nodes.push(view);
    if (one.left !== "none")
      parts.nodes.push({
        ...view,
        nodeId: `left${number}`,
        role: "worker",
        reachability: "",
        state: one.left,
      });
    if (one.balanced !== "none")
      parts.balanced.push(
        behind(number, { standing: one.balanced as "draining", description: "as it says" }),
      );
    if (one.flow !== "") parts.flows.push(`${one.flow}-${idOf(number)}-0`);
  }
  return parts;
};

export const service: fc.Arbitrary<ServiceFacts> = fc
  .record({
    image: fc.constantFrom(OLD, NEW),
    seen: fc.constantFrom("", "2026-02-01T09:00:00.000Z", "2026-02-01T11:00:00.000Z"),
    phase: fc.constantFrom("", "", "begun", "forward", "back"),
    optedOut: mostly(false, true),
    update: mostly("none", "updating", "completed", "paused"),
    mode: mostly("replicated" as const, "global" as const, "job" as const),
    replicas: fc.nat(3),
  })
  .map(({ seen, phase, optedOut, update, ...facts }) =>
    factsOf({
      ...facts,
      update: { state: update, message: "as it says", startedAt: "" },
      labels: {
        ...(seen ? { "hive.roll.seen": seen } : {}),
        // Whoever began a roll of NEW had seen its push.
        ...(phase
          ? markerLabels({ "hive.roll.phase": phase, "hive.roll.seen": [seen, PUSHED].sort().at(-1) ?? "" })
          : {}),
        ...(optedOut ? { "hive.roll": "false" } : {}),
      },
    }),
  );

const clusterOf = (machines: fc.Arbitrary<Machine[]>): fc.Arbitrary<Parts> =>
  fc
    .record({
      machines,
      services: fc
        .array(service, { maxLength: 3 })
        .map((services) => services.map((facts, index) => ({ ...facts, name: `service-${index}` }))),
      images: fc.constantFrom<NewestImage[]>(
        [],
        [newest()],
        [newest({ image: NEWER, pushedAt: "2026-02-01T10:30:00.000Z", newer: [] })],
      ),
      rolls: fc.subarray([ROLL, "roll-by-hand-0123456789abcdef-0", "roll-shop-2222222222222222-0"], {
        maxLength: 1,
      }),
    })
    .map(({ machines, services, images, rolls }) => {
      const parts = partsOf(machines);
      const { record, paused, stack } = atRest();
      return { ...parts, services, images, record, paused, stack, flows: [...parts.flows, ...rolls] };
    });

/** Any cluster; in some, nodes carry the labels of others, or their addresses. */
export const anyParts = clusterOf(fc.array(machine, { maxLength: 7 }));

/** Whatever is missing, no node says that it is another's. */
export const trulyNamed = clusterOf(
  fc.array(
    machine.map((one) => ({
      ...one,
      label: one.label === "next" ? "own" : one.label,
      address: one.address === "next" ? "own" : one.address,
    })),
    { maxLength: 7 },
  ),
);

/** Mostly nothing; else parts that could not be read. */
export const anyUnreadable: fc.Arbitrary<Partial<Snapshot>> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc
      .subarray(["members", "agents", "swarm", "balancer", "flows", "newest", "record", "paused", "stack"], {
        minLength: 1,
      })
      .map((parts) => Object.fromEntries(parts.map((part) => [part, unread("throttled")]))),
  },
);
