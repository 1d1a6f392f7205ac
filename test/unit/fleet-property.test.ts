// Whatever state a cluster is in: a plan is the same however it was read, never harms what lives or what somebody is at, and leaves
// nothing to do once it was applied.
import fc from "fast-check";
import type { Action, ActionKind, Plan } from "../../shared/fleet/actions.ts";
import { planRepair } from "../../shared/fleet/plan.ts";
import type { Known, Snapshot } from "../../shared/fleet/snapshot.ts";
import { anyParts, anyUnreadable, trulyNamed } from "./fleet-any.ts";
import { afterwards } from "./fleet-model.ts";
import { CONFIG, type Parts, snapshotOf } from "./fleet-scene.ts";
import { times } from "./times.ts";

const LOOKS: readonly ActionKind[] = ["look-at", "look-at-kept"];
const acts = ({ actions }: Plan): Action[] => actions.filter(({ kind }) => !LOOKS.includes(kind));

const each = (check: (snapshot: Snapshot, plan: Plan, parts: Parts) => void, numRuns = 1_000): void =>
  fc.assert(
    fc.property(anyParts, anyUnreadable, (parts, unreadable) => {
      const snapshot = snapshotOf(parts, unreadable);
      check(snapshot, planRepair(snapshot, CONFIG), parts);
    }),
    times(numRuns),
  );

const of = <T>(part: Known<readonly T[]>): readonly T[] => (part.known ? part.value : []);

describe("a plan", () => {
  it("has all its actions: none is planned by no cluster", () => {
    const kinds = new Set(
      fc
        .sample(anyParts, 3_000)
        .flatMap((parts) => planRepair(snapshotOf(parts), CONFIG).actions.map(({ kind }) => kind)),
    );
    expect(kinds.size).toBe(12);
  });

  it("is the same for the same cluster, in whatever order it was read, and plain data", () => {
    fc.assert(
      fc.property(anyParts, anyUnreadable, fc.infiniteStream(fc.nat()), (parts, unreadable, numbers) => {
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
    each(({ members, swarm }, plan) => {
      const managers = swarm.known ? swarm.value.nodes.filter(({ role }) => role === "manager") : [];
      const names = new Set<string | undefined>([
        ...managers.flatMap(({ nodeId, instanceId }) => [nodeId, instanceId || "none"]),
        ...of(members)
          .filter(({ role }) => role === "manager")
          .map(({ instanceId }) => instanceId),
      ]);
      for (const { kind, nodeId, instanceId } of acts(plan)) {
        expect(names.has(nodeId)).toBe(false);
        // A worker's label, and who is behind the load balancer, are nothing to the quorum.
        if (!["label-node", "register-instance", "deregister-instance"].includes(kind))
          expect(names.has(instanceId)).toBe(false);
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
      without("members", "remove-ghost", "join-instance", "register-instance", "deregister-instance");
      without("agents", "remove-ghost", "join-instance", "activate-node", "deregister-instance");
      without(
        "swarm",
        "join-instance",
        "register-instance",
        "deregister-instance",
        "roll-newest",
        "finish-roll",
      );
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
