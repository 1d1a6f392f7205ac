// When a plan is held, whatever it says, and how it tells what it could not judge.
import { planRepair } from "../../shared/fleet/plan.ts";
import {
  addressOf,
  atRest,
  CONFIG,
  idOf,
  instead,
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
    expect(plan.holds).toEqual(["no manager answers (3 managers were silent): nothing is done"]);
    expect(plan.actions.map(({ kind }) => kind)).toEqual(["start-retire"]);
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
  ])("is told, and nothing is taken for gone (%s)", (part, words) => {
    const plan = planOf({}, { [part]: unread("throttled") });
    expect(plan.unknown).toEqual([words]);
    expect(plan.actions).toEqual([]);
  });
});
