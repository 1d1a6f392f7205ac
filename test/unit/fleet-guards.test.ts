// When a plan is held, whatever it says, and how it tells what it could not judge.
import { holdsFor } from "../../shared/fleet/guards.ts";
import { planRepair } from "../../shared/fleet/plan.ts";
import {
  addressOf,
  atRest,
  CONFIG,
  idOf,
  instead,
  manager,
  managerNode,
  node,
  planOf,
  snapshotOf,
  unread,
  worker,
} from "./fleet-scene.ts";

const rest = atRest();

describe("a plan is held", () => {
  it("when the groups cannot be read", () => {
    expect(planOf({}, { members: unread("DescribeAutoScalingGroups: AccessDenied") }).holds).toEqual([
      "the groups' members could not be read (DescribeAutoScalingGroups: AccessDenied): nothing is done",
    ]);
  });

  it("when no manager answers, but hooks that wait are still named", () => {
    const members = instead(rest.members, 11, worker(11, { lifecycleState: "Terminating:Wait" }));
    const plan = planOf({ members }, { swarm: unread("3 managers were silent") });
    expect(plan.holds).toEqual([
      `no manager answers (3 managers were silent): nothing is done. ${idOf(1)} was to form the swarm at 2026-01-20T08:00:00.000Z, so no other instance ever forms one: look at the managers first; if all are lost for good, restore the swarm from its backup; if there never was one, delete the parameter that SWARM_PARAMETER names`,
    ]);
    expect(plan.actions.map(({ kind }) => kind)).toEqual(["start-retire"]);
  });

  it("when a person paused repairs, with who, since when and why; and when that cannot be read", () => {
    const pause = { why: "moving the registry", by: "ann@desk", at: "2026-02-01T11:00:00.000Z" };
    expect(planOf({}, { paused: { known: true, value: pause } }).holds).toEqual([
      "paused since 2026-02-01T11:00:00.000Z by ann@desk: moving the registry; hive-swarm resume ends it",
    ]);
    expect(planOf({}, { paused: unread("AccessDenied") }).holds).toEqual([
      "paused or not could not be read (AccessDenied): nothing is done",
    ]);
  });

  it("when the flows under way cannot be read", () => {
    expect(planOf({}, { flows: unread("throttled") }).holds).toEqual([
      "the flows under way could not be read (throttled): nothing is done",
    ]);
  });

  describe("when another repair is at it", () => {
    const [first, second] = ["repair-2026-02-01T11-58-00", "repair-2026-02-01T11-59-00"];
    const running = [
      { name: second, startedAt: "2026-02-01T11:59:00.000Z" },
      { name: first, startedAt: "2026-02-01T11:58:00.000Z" },
      { name: "plan-2026-02-01T11-57-00", startedAt: "2026-02-01T11:57:00.000Z" },
    ];
    const holds = (self: string, flows: readonly object[] = running): number =>
      planRepair(snapshotOf({}, { flows: { known: true, value: flows as typeof running } }), {
        ...CONFIG,
        self,
      }).holds.length;

    it("that began earlier: of two, one goes on", () => {
      expect(holds(first)).toBe(0);
      expect(holds(second)).toBe(1);
      const plan = planRepair(snapshotOf({}, { flows: { known: true, value: running } }), {
        ...CONFIG,
        self: second,
      });
      expect(plan.holds).toEqual([
        `${first} is at it since 2026-02-01T11:58:00.000Z: what it does would be done twice`,
      ]);
    });

    it("and in the same second, by its name", () => {
      const same = running.map((each) => ({ ...each, startedAt: "2026-02-01T11:58:00.000Z" }));
      expect([holds(first, same), holds(second, same)]).toEqual([0, 1]);
    });

    it("also when the own execution is not listed yet; and a plan of a person tells of both", () => {
      expect(holds("repair-2026-02-01T11-59-30")).toBe(2);
      expect(holds("plan-2026-02-01T12-00-00")).toBe(2);
    });
  });

  it("when no swarm is recorded although instances serve: one was formed by hand, and only a manager that is launched looks for it", () => {
    const empty = {
      record: { known: true, value: null },
      swarm: { known: true, value: { nodes: [], services: [] } },
    } as const;
    const members = [...rest.members, manager(4, { lifecycleState: "Pending:Wait" })];
    const plan = planOf({ members }, empty);
    expect(plan.holds).toEqual([
      expect.stringMatching(
        /^no swarm is recorded, and 3 instances are at the load balancer: it was formed by hand/,
      ),
    ]);
    expect(plan.actions.map(({ kind, subject }) => `${kind} ${subject}`)).toEqual([`start-join ${idOf(4)}`]);
  });

  it("for each action apart: flows of hooks mind the swarm themselves, and nothing else", () => {
    const members = instead(rest.members, 11, worker(11, { lifecycleState: "Terminating:Wait" }));
    const nodes = instead(instead(rest.nodes, 12, node(12, { instanceId: "" })), 1, managerNode(1));
    const kinds = (unreadable: Parameters<typeof planOf>[1] = {}) => {
      const plan = planOf({ members, nodes }, unreadable);
      return Object.fromEntries(plan.actions.map((action) => [action.kind, holdsFor(plan, action).length]));
    };
    expect(kinds()).toEqual({ "start-retire": 0, "label-node": 1 });
    const pause = { why: "w", by: "b", at: "2026-02-01T11:00:00.000Z" };
    expect(kinds({ paused: { known: true, value: pause } })).toEqual({ "start-retire": 1, "label-node": 2 });
    expect(kinds({ paused: unread("no") })).toEqual({ "start-retire": 1, "label-node": 2 });
    const repair = { name: "repair-1", startedAt: "2026-02-01T11:00:00.000Z" };
    expect(kinds({ flows: { known: true, value: [repair] } })).toEqual({
      "start-retire": 1,
      "label-node": 2,
    });
  });

  it("when the swarm has no leader", () => {
    expect(planOf({ nodes: instead(rest.nodes, 1, managerNode(1)) }).holds).toEqual([
      "the swarm has no leader: nothing is done until it has one again",
    ]);
  });

  it("when half of the managers, or more, are out of reach, and not before", () => {
    const lost = managerNode(2, { reachability: "unreachable" });
    const one = instead(rest.nodes, 2, lost);
    expect(planOf({ nodes: one }).holds).toEqual([]);
    const half = instead(one, 3);
    expect(planOf({ nodes: half }).holds).toEqual([
      "1 of 2 managers are reachable, and 2 are needed: the quorum is lost",
    ]);
  });

  it("when the worker groups are empty and the swarm is not: another group may be meant", () => {
    const members = rest.members.filter(({ role }) => role === "manager");
    expect(planOf({ members }).holds).toEqual([
      "the worker groups list no instance at all, and the swarm has 3 workers: are the right groups configured?",
    ]);
  });

  it("when more of the workers would be touched than are allowed, each counted once", () => {
    const numbers = Array.from({ length: 10 }, (_, index) => 20 + index);
    const fleet = (drifted: number) => {
      const nodes = numbers.map((number, index) => node(number, index < drifted ? { instanceId: "" } : {}));
      const agents = numbers.map((number) => ({
        instanceId: idOf(number),
        online: true,
        version: "3.3.2746.0",
        address: addressOf(number),
      }));
      const members = numbers.map((number) => worker(number));
      return snapshotOf({
        members: [...rest.members.slice(0, 3), ...members],
        agents: [...rest.agents.slice(0, 3), ...agents],
        nodes: [...rest.nodes.slice(0, 3), ...nodes],
        // Those that have no label are missing here as well.
        balanced: members.slice(drifted).map(({ instanceId }) => ({
          instanceId,
          standing: "in-service" as const,
          description: "",
        })),
      });
    };
    const holds = (drifted: number, mostTouchedPercent: number) =>
      planRepair(fleet(drifted), { ...CONFIG, mostTouchedPercent }).holds;
    expect(planRepair(fleet(3), CONFIG).actions).toHaveLength(6);
    expect(holds(3, 30)).toEqual([]);
    expect(holds(3, 39)).toEqual([]);
    expect(holds(4, 39)).toEqual([
      "4 of 10 workers would be touched in swarm or load balancer, and at most 3 (39 %) may be at once: something larger is wrong; look first",
    ]);
    // One always may.
    expect(holds(1, 1)).toEqual([]);
    expect(holds(2, 19)).toHaveLength(1);
  });

  it("not for hooks, however many wait: that is a fleet that grows", () => {
    const members = rest.members.map((member) =>
      member.role === "worker" ? { ...member, lifecycleState: "Pending:Wait" } : member,
    );
    const { holds, actions } = planRepair(snapshotOf({ members }), { ...CONFIG, mostTouchedPercent: 1 });
    expect(actions).toHaveLength(3);
    expect(holds).toEqual([]);
  });
});

describe("what could not be read", () => {
  it.each([
    ["members", "group members: throttled; no hook, no ghost and no instance was judged"],
    [
      "agents",
      "SSM agents: throttled; which machines answer was not judged: none is joined, none taken for gone",
    ],
    ["swarm", "swarm: throttled; no node, no service and no place at the load balancer was judged"],
    ["balancer", "load balancer: throttled; who is behind it was not judged"],
    [
      "flows",
      "running flows: throttled; nothing was judged that a flow could be at: hooks, nodes, load balancer, rolls",
    ],
    ["newest", "newest images: throttled; whether services run what was pushed last was not judged"],
    [
      "record",
      "record of the swarm: throttled; whether one was ever formed, and how old its tokens are, was not judged",
    ],
    ["paused", "pause: throttled; whether somebody has paused repairs is not known"],
    ["stack", "stack: throttled; whether its services are there, with their replicas, was not judged"],
  ])("is told, and nothing is taken for gone (%s)", (part, words) => {
    const plan = planOf({}, { [part]: unread("throttled") });
    expect(plan.unknown).toEqual([words]);
    expect(plan.actions).toEqual([]);
  });
});
