// What is planned for the stack: services that are missing, images that hosts lack, replicas for the room that there is; and tokens.
import type { PlanConfig } from "../../shared/fleet/plan.ts";
import type { ServiceFacts } from "../../shared/swarm/services.ts";
import type { StackService } from "../../shared/swarm/stack.ts";
import {
  atRest,
  idOf,
  instead,
  managerNode,
  node,
  only,
  type Parts,
  planOf,
  runs,
  stacked,
  unread,
  worker,
} from "./fleet-scene.ts";
import { markerLabels, NEW, NEWER, OLD } from "./rolls-facts.ts";

const rest = atRest();
const SEEN = { "hive.roll.seen": "2026-02-01T09:00:00.000Z" };
const briefly = (changes: Partial<Parts>, config: Partial<PlanConfig> = {}, unreadable = {}): string[] =>
  planOf(changes, unreadable, config).actions.map(
    ({ kind, subject, replicas, risk }) => `${kind} ${subject}${replicas ? ` ${replicas}` : ""} (${risk})`,
  );

describe("a service of the stack that the swarm has not", () => {
  const stack = [
    stacked({ name: "hive_web" }),
    stacked({ name: "hive_viz", managersOnly: true, workersOnly: false }),
  ];

  it("is deployed, and each of them apart", () => {
    expect(briefly({ stack })).toEqual(["deploy-service hive_viz (safe)", "deploy-service hive_web (safe)"]);
    expect(only(planOf({ stack: stack.slice(0, 1) })).reason).toContain("on any of 3 nodes");
  });

  it.each([
    ["stands as another has it", { image: NEW }],
    ["was scaled to nothing", { replicas: 0 }],
    ["stands paused", { update: { state: "paused", message: "", startedAt: "" } }],
  ])("is none that %s: that would be taken back", (_what, changes) => {
    const services = [runs({ name: "hive_web", ...changes })];
    expect(briefly({ stack: stack.slice(0, 1), services }).join()).not.toContain("deploy-service");
  });

  it("waits for a node that could run it", () => {
    const drained = rest.nodes.map((each) => (each.role === "worker" ? { ...each, retiring: true } : each));
    const lines = briefly({ stack, nodes: drained });
    expect(lines).toContain("deploy-service hive_viz (safe)");
    expect(lines).not.toContain("deploy-service hive_web (safe)");
  });

  it("is none while stack, swarm or flows cannot be read", () => {
    for (const part of ["stack", "swarm", "flows"])
      expect(briefly({ stack }, {}, { [part]: unread("throttled") })).toEqual([]);
  });
});

describe("replicas", () => {
  /** Three workers of two CPUs, one CPU each: room for six. */
  const scene = (
    facts: Partial<ServiceFacts> = {},
    {
      nodes = rest.nodes,
      more = [],
      ...wanted
    }: Partial<StackService> & Partial<Parts> & { more?: ServiceFacts[] } = {},
  ): Partial<Parts> => ({
    stack: [stacked(wanted)],
    services: [runs(facts), ...more],
    images: [],
    nodes,
  });
  const other = (changes: Partial<ServiceFacts>) => runs({ id: "another", name: "another", ...changes });
  const tasks = (count: number) => [{ image: OLD, state: "running", placed: true, count }];

  it("stay ahead of the room, and are never lowered", () => {
    expect(briefly(scene({ replicas: 3 }))).toEqual(["set-replicas hive_web 8 (safe)"]);
    expect(briefly(scene({ replicas: 3 }), { replicasAhead: 5 })).toEqual([
      "set-replicas hive_web 11 (safe)",
    ]);
    expect(briefly(scene({ replicas: 7 }))).toEqual(["set-replicas hive_web 8 (safe)"]);
    for (const replicas of [8, 9, 100]) expect(briefly(scene({ replicas }))).toEqual([]);
    expect(only(planOf(scene({ replicas: 3 }))).reason).toContain(
      "3 replicas, and there is room for 6 of 1 CPUs each",
    );
  });

  it("follow the room where that is wanted, down to what runs and never to nothing", () => {
    const follow = { replicas: "follow" } as const;
    expect(briefly(scene({ replicas: 3 }), follow)).toEqual(["set-replicas hive_web 6 (safe)"]);
    expect(briefly(scene({ replicas: 9, tasks: tasks(6) }), follow)).toEqual([
      "set-replicas hive_web 6 (safe)",
    ]);
    expect(briefly(scene({ replicas: 6 }), follow)).toEqual([]);
    const none = rest.nodes.map((one) => (one.role === "worker" ? { ...one, availability: "drain" } : one));
    expect(briefly(scene({ replicas: 5, tasks: [] }, { nodes: none }), follow)).toContain(
      "set-replicas hive_web 1 (safe)",
    );
    // More run than is thought to have room: they have it.
    expect(briefly(scene({ replicas: 9, tasks: tasks(7) }), follow)).toEqual([
      "set-replicas hive_web 7 (safe)",
    ]);
  });

  it("are left as they are where a person said so, and where the service says so itself", () => {
    expect(briefly(scene({ replicas: 3 }), { replicas: "off" })).toEqual([]);
    const labelled = (policy: string) => ({
      replicas: 9,
      tasks: tasks(6),
      labels: { ...SEEN, "hive.replicas": policy },
    });
    expect(briefly(scene(labelled("off")), { replicas: "follow" })).toEqual([]);
    expect(briefly(scene(labelled("follow")), { replicas: "off" })).toEqual([
      "set-replicas hive_web 6 (safe)",
    ]);
    expect(briefly(scene({ ...labelled("ahead"), replicas: 1 }), { replicas: "off" })).toEqual([
      "set-replicas hive_web 8 (safe)",
    ]);
    expect(briefly(scene(labelled("folow")), { replicas: "follow" })).toEqual(["look-at hive_web (person)"]);
  });

  it.each<[string, Partial<ServiceFacts>]>([
    ["scaled to nothing", { replicas: 0 }],
    ["global", { mode: "global", replicas: null }],
    ["reserving nothing", { reservedCpus: 0 }],
    ["updated by somebody", { update: { state: "updating", message: "", startedAt: "" } }],
    ["under a roll", { labels: markerLabels({ "hive.roll.since": "2026-02-01T11:59:00.000Z" }) }],
  ])("of a service that is %s are nobody's to set", (_what, facts) => {
    expect(briefly(scene({ replicas: 3, ...facts })).join()).not.toContain("set-replicas");
  });

  it("wait for a roll that is to come first, and are none of a service outside of the stack", () => {
    const images = [
      { repository: "hive-tomcat", image: NEWER, pushedAt: "2026-02-01T10:00:00.000Z", newer: [] },
    ];
    expect(briefly({ ...scene({ replicas: 3 }), images })).toEqual(["roll-newest hive_web (safe)"]);
    expect(briefly({ ...scene({ replicas: 3 }), flows: ["roll-hive-tomcat-2222222222222222-0"] })).toEqual(
      [],
    );
    expect(briefly({ ...scene({ replicas: 3 }), stack: [] })).toEqual([]);
  });

  it("count on ready, active nodes alone, with the CPUs that each has for tasks", () => {
    const of = (...own: ReturnType<typeof node>[]) =>
      scene({ replicas: 1 }, { nodes: instead(rest.nodes, 11, ...own) });
    expect(briefly(of(node(11, { cpus: 4.5 })))).toEqual(["set-replicas hive_web 10 (safe)"]);
    expect(briefly(of(node(11, { cpus: 0.5 })))).toEqual(["set-replicas hive_web 6 (safe)"]);
    expect(briefly(of(node(11, { availability: "drain" })))).toContain("set-replicas hive_web 6 (safe)");
    expect(briefly(of(node(11, { retiring: true })))).toContain("set-replicas hive_web 6 (safe)");
    expect(briefly(of(node(11, { state: "down" })))).toContain("set-replicas hive_web 6 (safe)");
  });

  it("count what others reserve: of a global one everywhere, of the rest what has a place, and none of the managers'", () => {
    const beside = (changes: Partial<ServiceFacts>, wanted = {}) =>
      briefly(scene({ replicas: 1 }, { more: [other(changes)], ...wanted }));
    expect(beside({ mode: "global", replicas: null, reservedCpus: 0.25 })).toEqual([
      "set-replicas hive_web 5 (safe)",
    ]);
    expect(beside({ reservedCpus: 1, tasks: tasks(2) })).toEqual(["set-replicas hive_web 6 (safe)"]);
    expect(
      beside({ reservedCpus: 1, tasks: [{ image: OLD, state: "pending", placed: false, count: 9 }] }),
    ).toEqual(["set-replicas hive_web 8 (safe)"]);
    expect(beside({ reservedCpus: 1, tasks: tasks(2), managersOnly: true })).toEqual([
      "set-replicas hive_web 8 (safe)",
    ]);
    expect(beside({ reservedCpus: 1, tasks: tasks(50) })).toEqual(["set-replicas hive_web 2 (safe)"]);
    expect(briefly(scene({ replicas: 1 }, { mostPerNode: 1 }))).toEqual(["set-replicas hive_web 5 (safe)"]);
  });

  it("follow only once nothing is about to change the room; ahead they may go at any time", () => {
    const follow = { replicas: "follow" } as const;
    const busy = { ...scene({ replicas: 3 }), flows: [`join-${idOf(12)}-0`] };
    expect(briefly(busy, follow)).toEqual([]);
    expect(briefly(busy)).toEqual(["set-replicas hive_web 8 (safe)"]);
    const waiting = {
      ...scene({ replicas: 3 }),
      members: [...rest.members, worker(14, { lifecycleState: "Pending:Wait" })],
    };
    expect(briefly(waiting, follow)).toEqual([`start-join ${idOf(14)} (safe)`]);
    const unknown = scene(
      { replicas: 3 },
      { nodes: instead(rest.nodes, 11, node(11, { state: "unknown" })) },
    );
    expect(briefly(unknown, follow).join()).not.toContain("set-replicas");
  });
});

describe("a host on which tasks are refused for want of an image", () => {
  const lacking = (images: string[], changes: Parameters<typeof node>[1] = {}) => ({
    nodes: instead(rest.nodes, 11, node(11, { missing: images, ...changes })),
  });

  it("pulls it", () => {
    expect(briefly(lacking([OLD]))).toEqual([`hold-images ${idOf(11)} (safe)`]);
    expect(only(planOf(lacking([OLD]))).reason).toContain(OLD);
  });

  it("pulls none that no service wants any more, and none without a digest", () => {
    expect(briefly(lacking([NEW]))).toEqual([]);
    const tagged = rest.services.map((service) => ({ ...service, image: "nginx:1" }));
    expect(briefly({ ...lacking(["nginx:1"]), services: tagged })).toEqual([]);
  });

  it.each([
    ["its agent is silent", { agents: instead(rest.agents, 11) }],
    ["a flow is at it", { flows: [`retire-${idOf(11)}-0`] }],
    ["a roll is at the service", { flows: ["roll-hive-tomcat-2222222222222222-0"] }],
    [
      "it is about to go",
      { members: instead(rest.members, 11, worker(11, { lifecycleState: "Terminating" })) },
    ],
  ])("is left alone while %s", (_what, changes) => {
    expect(briefly({ ...lacking([OLD]), ...changes }).join()).not.toContain("hold-images");
  });

  it("is left alone while it is drained, and may be a manager", () => {
    expect(briefly(lacking([OLD], { availability: "drain" })).join()).not.toContain("hold-images");
    const nodes = instead(rest.nodes, 3, managerNode(3, { missing: [OLD] }));
    expect(briefly({ nodes })).toEqual([`hold-images ${idOf(3)} (safe)`]);
  });

  it("is left alone once it is a manager, for the images of services that run on workers alone", () => {
    const nodes = instead(rest.nodes, 3, managerNode(3, { missing: [OLD] }));
    const stack = rest.services.map(({ name }) => stacked({ name, workersOnly: true }));
    expect(briefly({ nodes, stack }, { replicas: "off" })).toEqual([]);
    expect(briefly({ ...lacking([OLD]), stack }, { replicas: "off" })).toEqual([
      `hold-images ${idOf(11)} (safe)`,
    ]);
  });
});

describe("join tokens", () => {
  it("are rotated when they are older than they may be, and not while anybody joins", () => {
    // Made twelve days ago.
    expect(briefly({}, { tokenDays: 0 })).toEqual([]);
    expect(briefly({}, { tokenDays: 13 })).toEqual([]);
    expect(briefly({}, { tokenDays: 12 })).toEqual(["rotate-tokens swarm (safe)"]);
    expect(briefly({ flows: [`join-${idOf(14)}-0`] }, { tokenDays: 12 })).toEqual([]);
    expect(briefly({ flows: [`retire-${idOf(14)}-0`] }, { tokenDays: 12 })).toEqual([
      "rotate-tokens swarm (safe)",
    ]);
    const members = [...rest.members, worker(14, { lifecycleState: "Pending:Wait" })];
    expect(briefly({ members }, { tokenDays: 12 })).toEqual([`start-join ${idOf(14)} (safe)`]);
    for (const part of ["record", "swarm", "flows"])
      expect(briefly({}, { tokenDays: 12 }, { [part]: unread("throttled") })).toEqual([]);
    expect(briefly({ nodes: instead(rest.nodes, 1, managerNode(1)) }, { tokenDays: 12 })).toEqual([]);
  });
});

describe("where there never was a swarm", () => {
  const none = { record: null, nodes: [], services: [], balanced: [] };

  it("the first manager in service forms it; the others and the workers wait for that", () => {
    expect(briefly({ ...none, stack: [stacked()] })).toEqual([`join-instance ${idOf(1)} (safe)`]);
    const plan = planOf(none);
    expect(plan.holds).toEqual([]);
    expect(only(plan).reason).toContain("none was ever formed: it forms it, and the others join");
  });

  it("nobody is made to, while one is at it or a hook of one waits; and not one whose agent is silent", () => {
    expect(briefly({ ...none, flows: [`join-${idOf(2)}-0`] })).toEqual([]);
    const members = [
      ...rest.members,
      { ...rest.members[0], instanceId: idOf(4), lifecycleState: "Pending:Wait" } as Parts["members"][number],
    ];
    expect(briefly({ ...none, members })).toEqual([`start-join ${idOf(4)} (safe)`]);
    expect(briefly({ ...none, agents: instead(rest.agents, 1) })).toEqual([
      `join-instance ${idOf(2)} (safe)`,
      `look-at ${idOf(1)} (person)`,
    ]);
  });

  it("nothing is known to be missing where the record cannot be read", () => {
    expect(briefly(none, {}, { record: unread("AccessDenied"), swarm: unread("nobody answers") })).toEqual(
      [],
    );
  });
});
