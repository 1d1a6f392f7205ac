// Whatever state a cluster is in: a plan is the same however it was read, never harms what lives or what somebody is at, and leaves
// nothing to do once it was applied.
import fc from "fast-check";
import type { Action, ActionKind, Plan } from "../../shared/fleet/actions.ts";
import { planRepair } from "../../shared/fleet/plan.ts";
import type { Known, Snapshot } from "../../shared/fleet/snapshot.ts";
import { quorumAfter, quorumOf } from "../../shared/swarm/quorum.ts";
import { anyParts, anyUnreadable, trulyNamed } from "./fleet-any.ts";
import { anyCluster, anyConfig } from "./fleet-any-cluster.ts";
import { afterwards } from "./fleet-model.ts";
import { CONFIG, type Parts, snapshotOf } from "./fleet-scene.ts";
import { times } from "./times.ts";

const LOOKS: readonly ActionKind[] = ["look-at", "look-at-kept"];
const acts = ({ actions }: Plan): Action[] => actions.filter(({ kind }) => !LOOKS.includes(kind));

const anyWorld = fc.oneof(anyParts, anyCluster);

const each = (check: (snapshot: Snapshot, plan: Plan, parts: Parts) => void, numRuns = 1_500): void =>
  fc.assert(
    fc.property(anyWorld, anyUnreadable, anyConfig, (parts, unreadable, config) => {
      const snapshot = snapshotOf(parts, unreadable);
      check(snapshot, planRepair(snapshot, config), parts);
    }),
    times(numRuns),
  );

const of = <T>(part: Known<readonly T[]>): readonly T[] => (part.known ? part.value : []);

describe("a plan", () => {
  it("has all its actions: none is planned by no cluster", () => {
    const kinds = new Set(
      fc
        .sample(fc.tuple(anyWorld, anyConfig), 4_000)
        .flatMap(([parts, config]) => planRepair(snapshotOf(parts), config).actions.map(({ kind }) => kind)),
    );
    expect(kinds.size).toBe(18);
  });

  it("is the same for the same cluster, in whatever order it was read, and plain data", () => {
    fc.assert(
      fc.property(anyWorld, anyUnreadable, fc.infiniteStream(fc.nat()), (parts, unreadable, numbers) => {
        const shuffled = <T>(list: readonly T[]): T[] =>
          list
            .map((item) => ({ item, at: numbers.next().value ?? 0 }))
            .sort((one, other) => one.at - other.at)
            .map(({ item }) => item);
        const plan = planRepair(snapshotOf(parts, unreadable), CONFIG);
        const other = {
          members: shuffled(parts.members),
          agents: shuffled(parts.agents),
          nodes: shuffled(parts.nodes),
          services: shuffled(parts.services),
          balanced: shuffled(parts.balanced),
          flows: shuffled(parts.flows),
          images: shuffled(parts.images),
          record: parts.record,
          paused: parts.paused,
          stack: shuffled(parts.stack),
        };
        expect(planRepair(snapshotOf(other, unreadable), CONFIG)).toEqual(plan);
        expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
      }),
      times(1_000),
    );
  });

  it("changes nothing in what it was given", () => {
    each((snapshot) => {
      const before = JSON.stringify(snapshot);
      planRepair(snapshot, CONFIG);
      expect(JSON.stringify(snapshot)).toBe(before);
    }, 500);
  });

  it("does nothing to an instance on its way in or out but start its flow", () => {
    each(({ members }, plan) => {
      const moving = new Set(
        of(members)
          .filter(({ lifecycleState }) => /^(Warmed:)?(Pending|Terminating)/.test(lifecycleState))
          .map(({ instanceId }) => instanceId),
      );
      for (const { kind, instanceId } of acts(plan))
        if (instanceId && moving.has(instanceId)) expect(["start-join", "start-retire"]).toContain(kind);
    });
  });

  it("starts a flow only for a hook that waits", () => {
    each(({ members }, plan) => {
      for (const { kind, instanceId } of plan.actions)
        if (["start-join", "start-retire"].includes(kind))
          expect(of(members).find((member) => member.instanceId === instanceId)?.lifecycleState).toMatch(
            /:Wait$/,
          );
    });
  });

  it("removes no node whose instance a group knows, and none that is not down, or is a manager", () => {
    each(({ members, swarm }, plan) => {
      for (const { kind, instanceId, nodeId } of plan.actions) {
        if (kind !== "remove-ghost") continue;
        const node = swarm.known ? swarm.value.nodes.find((one) => one.nodeId === nodeId) : undefined;
        expect(node).toMatchObject({ state: "down", role: "worker" });
        expect(members.known).toBe(true);
        for (const name of [instanceId, node?.instanceId])
          expect(of(members).some((member) => member.instanceId === name)).toBe(false);
      }
    });
  });

  it("sets no node active whose retirement began, and renames none of another's but by a person", () => {
    each(({ swarm }, plan) => {
      for (const { kind, nodeId, instanceId, risk } of plan.actions) {
        if (kind !== "activate-node" && kind !== "label-node") continue;
        const node = swarm.known ? swarm.value.nodes.find((one) => one.nodeId === nodeId) : undefined;
        expect(node?.state).toBe("ready");
        if (kind === "activate-node") expect(node?.retiring).toBe(false);
        if (node?.instanceId !== "" && node?.instanceId !== instanceId) expect(risk).toBe("person");
      }
    });
  });

  it("does nothing that a running flow is at", () => {
    each(({ flows, swarm }, plan, parts) => {
      if (!flows.known) expect(acts(plan)).toEqual([]);
      for (const { instanceId, service } of acts(plan)) {
        expect(parts.flows.filter((name) => instanceId && name.includes(instanceId))).toEqual([]);
        const facts = swarm.known && swarm.value.services.find(({ name }) => name === service);
        if (facts) expect(parts.flows).not.toContain(facts.labels["hive.roll.id"]);
      }
    });
  });

  it("does nothing to a manager that could cost the quorum", () => {
    each(({ members, swarm, agents, flows }, plan) => {
      const nodes = swarm.known ? swarm.value.nodes : [];
      const managers = nodes.filter(({ role }) => role === "manager");
      const memberOf = (id?: string) => of(members).find(({ instanceId }) => instanceId === id);
      const removed = plan.actions.filter(({ kind }) => kind === "remove-manager");
      expect(removed.length).toBeLessThan(2);
      for (const { nodeId, instanceId } of removed) {
        const node = managers.find((one) => one.nodeId === nodeId);
        expect(node).toMatchObject({ state: "down", reachability: expect.not.stringMatching(/^reachable$/) });
        expect([members.known, agents.known, flows.known]).toEqual([true, true, true]);
        expect(memberOf(instanceId)).toBeUndefined();
        expect(of(agents).some((one) => one.instanceId === instanceId && one.online)).toBe(false);
        expect(quorumOf(nodes).holds).toBe(true);
        expect(nodes.some(({ leader }) => leader)).toBe(true);
        expect(quorumAfter(nodes, [nodeId ?? ""]).holds).toBe(true);
      }
      for (const { kind, nodeId, instanceId, risk } of acts(plan)) {
        const role = memberOf(instanceId)?.role;
        if (kind === "promote-node") expect([role, risk]).toEqual(["manager", "person"]);
        // Nothing else is done to a manager's node, but that its host holds images.
        if (managers.some((one) => one.nodeId === nodeId))
          expect(["remove-manager", "hold-images"]).toContain(kind);
        // Flows of hooks mind the quorum by themselves; one that joins has no node yet. Who is behind the load balancer, and what a
        // worker's node is called, is nothing to the quorum.
        const its = managers.filter((one) => one.instanceId === instanceId);
        if (its.length > 0 && role !== "manager")
          expect([
            "remove-manager",
            "label-node",
            "hold-images",
            "register-instance",
            "deregister-instance",
          ]).toContain(kind);
        if (role === "manager")
          expect(["start-join", "start-retire", "join-instance", "promote-node", "hold-images"]).toContain(
            kind,
          );
        if (role === "manager" && kind === "join-instance") expect(its).toEqual([]);
      }
    });
  });

  it("takes nothing that could not be read for gone", () => {
    each((snapshot, plan) => {
      const kinds = new Set(acts(plan).map(({ kind }) => kind));
      const without = (part: keyof Snapshot, ...forbidden: ActionKind[]) => {
        if ((snapshot[part] as Known<unknown>).known) return;
        for (const kind of forbidden) expect(kinds.has(kind)).toBe(false);
        expect(plan.unknown).not.toEqual([]);
      };
      without(
        "members",
        "remove-ghost",
        "join-instance",
        "register-instance",
        "deregister-instance",
        "remove-manager",
        "promote-node",
        "hold-images",
      );
      without(
        "agents",
        "remove-ghost",
        "join-instance",
        "activate-node",
        "deregister-instance",
        "remove-manager",
        "hold-images",
      );
      without(
        "swarm",
        "join-instance",
        "register-instance",
        "deregister-instance",
        "roll-newest",
        "finish-roll",
        "remove-manager",
        "promote-node",
        "hold-images",
        "deploy-service",
        "set-replicas",
        "rotate-tokens",
      );
      without("stack", "deploy-service", "set-replicas");
      without("record", "rotate-tokens");
      without("paused");
      without("balancer", "register-instance", "deregister-instance");
      without("newest", "roll-newest");
    });
  });

  it("says of each action why, in one line, and leaves looks to people", () => {
    each((_snapshot, plan) => {
      for (const { kind, reason, risk, fact } of plan.actions) {
        expect(reason).toMatch(/^\S[^\n]{30,}$/);
        expect(reason).not.toMatch(/undefined|NaN|null/);
        expect(fact).not.toBe("");
        if (LOOKS.includes(kind)) expect(risk).toBe("person");
      }
    });
  });
});

describe("a plan that was applied", () => {
  /** Running flows end sometime; what they do is their own business, so here none runs. */
  const quiet = (parts: fc.Arbitrary<Parts>) => parts.map((each): Parts => ({ ...each, flows: [] }));
  const next = (parts: Parts): Plan => planRepair(snapshotOf(parts), CONFIG);

  it("leaves nothing to do but to look at", () => {
    fc.assert(
      fc.property(quiet(trulyNamed), (before) => {
        expect(acts(next(afterwards(before, next(before), { people: true })))).toEqual([]);
      }),
      times(1_500),
    );
  });

  it("as far as a schedule may leaves nothing that a schedule may", () => {
    fc.assert(
      fc.property(quiet(trulyNamed), (before) => {
        const after = next(afterwards(before, next(before), { people: false }));
        expect(acts(after).filter(({ risk }) => risk === "safe")).toEqual([]);
      }),
      times(1_500),
    );
  });

  it("where names are wrong leaves what a person was asked about, and that comes to an end", () => {
    fc.assert(
      fc.property(quiet(anyParts), fc.boolean(), (before, people) => {
        const may = (plan: Plan) => acts(plan).filter(({ risk }) => people || risk === "safe");
        let [world, plan] = [before, next(before)];
        for (let round = 0; may(plan).length > 0; round++) {
          expect(round).toBeLessThan(3);
          const asked = new Set(plan.actions.filter(({ risk }) => risk === "person").map((a) => a.subject));
          world = afterwards(world, plan, { people });
          plan = next(world);
          expect(may(plan).filter(({ subject }) => !asked.has(subject))).toEqual([]);
        }
      }),
      times(1_500),
    );
  });

  it("has done no harm: what served before serves still, unless its own hook took it away", () => {
    fc.assert(
      fc.property(quiet(anyParts), (before) => {
        const plan = planRepair(snapshotOf(before), CONFIG);
        const after = afterwards(before, plan, { people: false });
        const going = new Set(
          plan.actions.filter(({ kind }) => kind === "start-retire").map((a) => a.instanceId),
        );
        for (const node of before.nodes) {
          if (node.state !== "ready" || node.availability !== "active" || node.retiring) continue;
          if (node.instanceId && going.has(node.instanceId)) continue;
          expect(after.nodes.find(({ nodeId }) => nodeId === node.nodeId)?.availability).toBe("active");
        }
      }),
      times(1_000),
    );
  });
});
