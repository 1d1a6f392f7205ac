// Clusters of which everything may have drifted: managers too, whether there is a swarm at all, the stack, replicas, and who else is at it.
import fc from "fast-check";
import type { PlanConfig } from "../../shared/fleet/plan.ts";
import type { StackService } from "../../shared/swarm/stack.ts";
import { type Inhabitants, type Machine, machine, partsOf, service } from "./fleet-any.ts";
import {
  ACTIVE_SINCE,
  addressOf,
  agent,
  atRest,
  behind,
  CONFIG,
  idOf,
  manager,
  managerNode,
  newest,
  node,
  PAUSE,
  type Parts,
  runs,
  stacked,
} from "./fleet-scene.ts";
import { markerLabels, NEW, NEWER, OLD, ROLL } from "./rolls-facts.ts";

const rarely = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 7, arbitrary: fc.constant(usual) },
    { weight: 2, arbitrary: fc.constantFrom(...others) },
  );

/** Instances 1 and on, of the managers' group, were it not for their drift. */
const managing = fc.record({
  lifecycle: rarely(
    "InService",
    "",
    "",
    "Pending:Wait",
    "Terminating:Wait",
    "Standby",
    "Terminating:Retained",
  ),
  healthy: rarely(true, false),
  agent: rarely("online", "offline", "none"),
  node: rarely("manager", "none", "worker"),
  label: rarely("own", "none", "gone"),
  address: rarely("own", "none"),
  state: rarely("ready", "down", "down", "unknown"),
  /** As its state would have it, or not. */
  agrees: rarely(true, false),
  missing: rarely<string[]>([], [OLD]),
  balanced: rarely(false, true),
  flow: rarely("", "join", "retire"),
});
type Managing = typeof managing extends fc.Arbitrary<infer T> ? T : never;

const addManager = (parts: Inhabitants, number: number, one: Managing): void => {
  const { lifecycle: lifecycleState, healthy, state } = one;
  if (lifecycleState !== "") parts.members.push(manager(number, { lifecycleState, healthy }));
  if (one.agent !== "none") parts.agents.push(agent(number, { online: one.agent === "online" }));
  const reachable = (state === "ready") === one.agrees;
  const asManager = { reachability: reachable ? "reachable" : "unreachable" };
  // Its label may name one that is no more, as its own does where its group has lost it.
  const labels = { own: idOf(number), none: "", gone: idOf(80 + number) } as const;
  const own = {
    instanceId: labels[one.label as keyof typeof labels],
    address: one.address === "none" ? "" : addressOf(number),
    state,
    missing: one.missing,
  };
  if (one.node === "manager") parts.nodes.push(managerNode(number, { ...own, ...asManager }));
  if (one.node === "worker") parts.nodes.push(node(number, { ...own, activeSince: ACTIVE_SINCE }));
  if (one.balanced) parts.balanced.push(behind(number));
  if (one.flow !== "") parts.flows.push(`${one.flow}-${idOf(number)}-0`);
};

const inhabitants = (
  managers: readonly Managing[],
  machines: readonly Machine[],
  leads: boolean,
): Inhabitants => {
  const rest = partsOf(machines);
  const parts: Inhabitants = {
    ...rest,
    members: rest.members.slice(3),
    agents: rest.agents.slice(3),
    nodes: rest.nodes.slice(3),
  };
  for (const [index, one] of managers.entries()) addManager(parts, index + 1, one);
  const voters = parts.nodes.filter(({ role }) => role === "manager");
  const answering = voters.filter(({ reachability }) => reachability === "reachable");
  const leader = leads && answering.length * 2 > voters.length ? answering[0] : undefined;
  return { ...parts, nodes: parts.nodes.map((each) => (each === leader ? { ...each, leader: true } : each)) };
};

const POLICIES = ["ahead", "follow", "off", "behind"] as const;

/** Services that reserve CPUs, some of them the stack's. */
const reserving = fc
  .record({
    image: fc.constantFrom(OLD, NEW),
    mode: rarely("replicated" as const, "global" as const),
    replicas: fc.nat(12),
    update: rarely("completed", "updating", "paused"),
    policy: rarely<string | undefined>(undefined, ...POLICIES),
    rolling: rarely(false, true),
    reservedCpus: rarely(1, 0, 0.5),
    managersOnly: rarely(false, true),
  })
  .map(({ policy, rolling, update, mode, replicas, ...facts }) =>
    runs({
      ...facts,
      mode,
      replicas: mode === "global" ? null : replicas,
      tasks: [{ image: facts.image, state: "running", placed: true, count: Math.min(replicas, 3) }],
      update: { state: update, message: "as it says", startedAt: "" },
      labels: {
        "hive.roll.seen": "2026-02-01T11:00:00.000Z",
        ...(policy ? { "hive.replicas": policy } : {}),
        ...(rolling ? markerLabels() : {}),
      },
    }),
  );

const NAMES = ["hive_web", "hive_api", "service-0", "hive_new", "hive_viz"];
const stack: fc.Arbitrary<StackService[]> = fc
  .record({ names: fc.subarray(NAMES), most: rarely(0, 1), replicas: fc.nat(4) })
  .map(({ names, most, replicas }) =>
    names.map((name) =>
      stacked({
        name,
        replicas,
        mostPerNode: most,
        managersOnly: name === "hive_viz",
        workersOnly: name !== "hive_viz",
      }),
    ),
  );

const clusterOf = (machines: fc.Arbitrary<Machine[]>): fc.Arbitrary<Parts> =>
  fc
    .record({
      machines,
      managers: fc.array(managing, { minLength: 1, maxLength: 6 }),
      leads: rarely(true, false),
      services: fc.array(service, { maxLength: 2 }),
      reserve: fc.array(reserving, { maxLength: 2 }),
      stack,
      images: fc.constantFrom<Parts["images"]>(
        [],
        [newest()],
        [newest({ image: NEWER, pushedAt: "2026-02-01T10:30:00.000Z", newer: [] })],
      ),
      others: fc.oneof(
        { weight: 4, arbitrary: fc.constant<string[]>([]) },
        { weight: 1, arbitrary: fc.subarray([ROLL, "repair-2026-02-01T11-59-00"], { minLength: 1 }) },
      ),
      formed: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, fc.constant(false)),
      paused: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, fc.constant(PAUSE)),
      serve: fc.boolean(),
    })
    .map(({ machines, managers, leads, services, reserve, others, formed, serve, ...rest }) => {
      const parts = inhabitants(managers, machines, leads);
      const flows = [...parts.flows, ...others];
      const { record } = atRest();
      // Nobody answers for a swarm that there never was.
      if (!formed)
        return {
          ...parts,
          ...rest,
          nodes: [],
          services: [],
          flows,
          record: null,
          balanced: serve ? parts.balanced : [],
        };
      const all = [
        ...services.map((facts, index) => ({ ...facts, name: `service-${index}` })),
        ...reserve.map((facts, index) => ({ ...facts, name: NAMES[index] ?? "", id: `id ${index}` })),
      ];
      return { ...parts, ...rest, services: all, flows, record };
    });

export const anyCluster = clusterOf(fc.array(machine, { maxLength: 6 }));

/** No node says that it is another's. */
export const trulyNamedCluster = clusterOf(
  fc.array(
    machine.map((one) => ({
      ...one,
      label: one.label === "next" ? "own" : one.label,
      address: one.address === "next" ? "own" : one.address,
    })),
    { maxLength: 6 },
  ),
);

export const anyConfig: fc.Arbitrary<PlanConfig> = fc
  .record({
    replicas: fc.constantFrom("ahead" as const, "follow" as const, "off" as const),
    replicasAhead: fc.integer({ min: 1, max: 3 }),
    tokenDays: fc.constantFrom(0, 1, 30),
    mostTouchedPercent: fc.constantFrom(1, 30, 100),
  })
  .map((changes) => ({ ...CONFIG, ...changes }));
