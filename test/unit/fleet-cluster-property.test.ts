// Of clusters of which everything may have drifted, managers, stack and replicas too: what is planned at all, what holds it, what several
// plans at once come to, and that it comes to an end.
import fc from "fast-check";
import type { Action, ActionKind, Plan } from "../../shared/fleet/actions.ts";
import { holdsFor } from "../../shared/fleet/guards.ts";
import { type PlanConfig, planRepair } from "../../shared/fleet/plan.ts";
import { quorumOf } from "../../shared/swarm/quorum.ts";
import { anyUnreadable } from "./fleet-any.ts";
import { anyCluster, anyConfig, trulyNamedCluster } from "./fleet-any-cluster.ts";
import { afterwards, applied, mayBeApplied } from "./fleet-model.ts";
import { type Parts, snapshotOf } from "./fleet-scene.ts";
import { settled } from "./fleet-scheduler.ts";
import { times } from "./times.ts";

const LOOKS: readonly ActionKind[] = ["look-at", "look-at-kept"];
const acts = ({ actions }: Plan): Action[] => actions.filter(({ kind }) => !LOOKS.includes(kind));

const each = (check: (parts: Parts, plan: Plan, config: PlanConfig) => void, numRuns = 1_500): void =>
  fc.assert(
    fc.property(anyCluster, anyConfig, (parts, config) => {
      check(parts, planRepair(snapshotOf(parts), config), config);
    }),
    times(numRuns),
  );

describe("of the stack", () => {
  it("a service is deployed only where none of its name is", () => {
    each(({ services, stack, record }, { actions }) => {
      for (const { service } of actions.filter(({ kind }) => kind === "deploy-service")) {
        expect(services.map(({ name }) => name)).not.toContain(service);
        expect(stack.map(({ name }) => name)).toContain(service);
        expect(record).not.toBeNull();
      }
    });
  });

  it("replicas are set of its own services alone, once, and of none that anybody is at", () => {
    each(({ services, stack, flows }, { actions }, config) => {
      const set = actions.filter(({ kind }) => kind === "set-replicas");
      expect(new Set(set.map(({ service }) => service)).size).toBe(set.length);
      for (const { service, replicas = Number.NaN } of set) {
        const facts = services.find(({ name }) => name === service);
        expect(stack.map(({ name }) => name)).toContain(service);
        expect(facts).toMatchObject({ mode: "replicated", reservedCpus: expect.any(Number) });
        expect(facts?.labels["hive.roll.id"]).toBeUndefined();
        expect(["completed", "none"]).toContain(facts?.update.state);
        expect(actions.filter((other) => other.service === service)).toHaveLength(1);
        expect(flows.filter((name) => name.startsWith("roll-hive-tomcat"))).toEqual([]);
        const policy = facts?.labels["hive.replicas"] ?? config.replicas;
        expect(["ahead", "follow"]).toContain(policy);
        expect(Number.isInteger(replicas) && replicas >= 1 && replicas !== facts?.replicas).toBe(true);
        if (policy === "ahead") expect(replicas).toBeGreaterThan(facts?.replicas ?? 0);
        else expect(flows.filter((name) => /^(join|retire)-/.test(name))).toEqual([]);
      }
    });
  });
});

describe("where there never was a swarm", () => {
  it("one manager at most is to form it, and no worker in service is made to join before", () => {
    each(({ record, members }, plan) => {
      if (record !== null) return;
      const joins = plan.actions.filter(({ kind }) => kind === "join-instance");
      expect(joins.length).toBeLessThan(2);
      for (const { instanceId } of joins) {
        expect(members.find((member) => member.instanceId === instanceId)?.role).toBe("manager");
        expect(plan.actions.filter(({ kind }) => kind === "start-join")).not.toContainEqual(
          expect.objectContaining({
            reason: expect.stringContaining("the first manager that comes forms it"),
          }),
        );
      }
      for (const kind of [
        "remove-manager",
        "promote-node",
        "deploy-service",
        "set-replicas",
        "rotate-tokens",
      ])
        expect(plan.actions.map((action) => action.kind)).not.toContain(kind);
    });
  });
});

describe("a plan is held", () => {
  it("altogether while it is paused, another repair is at it, or who is in the groups is unknown", () => {
    fc.assert(
      fc.property(anyCluster, anyUnreadable, anyConfig, (parts, unreadable, config) => {
        const snapshot = snapshotOf(parts, unreadable);
        const plan = planRepair(snapshot, config);
        const repairs =
          snapshot.flows.known && snapshot.flows.value.some(({ name }) => /^repair-/.test(name));
        const free =
          snapshot.paused.known &&
          snapshot.paused.value === null &&
          snapshot.members.known &&
          snapshot.flows.known &&
          !repairs;
        for (const action of plan.actions) {
          const holds = holdsFor(plan, action);
          if (!free) expect(holds).not.toEqual([]);
          if (!["start-join", "start-retire"].includes(action.kind)) expect(holds).toEqual(plan.holds);
          else if (free) expect(holds).toEqual([]);
        }
      }),
      times(1_500),
    );
  });

  it("while the swarm is silent or without quorum, but for flows of hooks", () => {
    each(({ nodes, record }, plan) => {
      const whole = nodes.some(({ leader }) => leader) && quorumOf(nodes).holds;
      if (record !== null && !whole) expect(plan.holds).not.toEqual([]);
    });
  });
});

/** Running flows end sometime; what they do is their own business, so here none runs. */
const quiet = (parts: fc.Arbitrary<Parts>) =>
  parts.map((each): Parts => settled({ ...each, flows: [], paused: null }));

/** What may come to be the thing to do once another thing was done. */
const FOLLOWING: readonly ActionKind[] = [
  // One at a time.
  "remove-manager",
  // A manager that lost its vote's margin, or a node that joined as a worker.
  "promote-node",
  // Of nodes that came, or went.
  "deploy-service",
  "set-replicas",
  // Not while anybody joins.
  "rotate-tokens",
];
const MOST_ROUNDS = 8;

describe("plans that are applied, one after the other", () => {
  const run = (
    before: Parts,
    config: PlanConfig,
    people: boolean,
    check: (plan: Plan, round: number) => void,
  ) => {
    let world = before;
    for (let round = 0; ; round++) {
      const plan = planRepair(snapshotOf(world), config);
      const todo = mayBeApplied(plan, { people, heeding: true }).filter(({ kind }) => !LOOKS.includes(kind));
      check(plan, round);
      if (todo.length === 0) return world;
      expect(round).toBeLessThan(MOST_ROUNDS);
      world = settled(afterwards(world, plan, { people, heeding: true }));
    }
  };

  it("leave nothing to do that is not held, and what they leave meanwhile follows from what was done", () => {
    fc.assert(
      fc.property(quiet(trulyNamedCluster), anyConfig, fc.boolean(), (before, config, people) => {
        let [first, held] = [true, false];
        run(before, config, people, (plan) => {
          if (!first && before.record !== null && !held)
            for (const { kind, risk } of acts(plan))
              if (people || risk === "safe") expect(FOLLOWING).toContain(kind);
          first = false;
          held ||= plan.holds.length > 0;
        });
      }),
      times(1_500),
    );
  });

  it("come to an end also where names are wrong", () => {
    fc.assert(
      fc.property(quiet(anyCluster), anyConfig, fc.boolean(), (before, config, people) => {
        run(before, config, people, () => {});
      }),
      times(1_000),
    );
  });

  it("never lose the quorum, nor a node whose instance is in service and healthy", () => {
    fc.assert(
      fc.property(quiet(trulyNamedCluster), anyConfig, (before, config) => {
        const after = run(before, config, false, () => {});
        if (quorumOf(before.nodes).holds) expect(quorumOf(after.nodes).holds).toBe(true);
        const serving = before.members.filter(
          ({ lifecycleState, healthy }) => lifecycleState === "InService" && healthy,
        );
        for (const { instanceId } of serving)
          for (const node of before.nodes)
            if (node.instanceId === instanceId && node.state === "ready")
              expect(after.nodes.map(({ nodeId }) => nodeId)).toContain(node.nodeId);
      }),
      times(1_000),
    );
  });
});

describe("several plans at once, of one world or of one that is older, each read in part", () => {
  it("never lose the quorum at any moment, and never end with two swarms", () => {
    fc.assert(
      fc.property(
        quiet(anyCluster),
        fc.array(fc.tuple(anyUnreadable, anyConfig), { minLength: 2, maxLength: 3 }),
        fc.infiniteStream(fc.nat()),
        fc.boolean(),
        (before, looks, numbers, people) => {
          const plan = (world: Parts, [unreadable, config]: (typeof looks)[number]): Plan =>
            planRepair(snapshotOf(world, unreadable), config);
          const first = looks.map((one) => plan(before, one));
          const [one, other] = looks;
          // Of the world as the first plan leaves it, while the others are still at it.
          const later =
            first[0] && one && other
              ? [plan(afterwards(before, first[0], { people, heeding: true }), other)]
              : [];
          const queue = [...first, ...later].flatMap((each) => mayBeApplied(each, { people, heeding: true }));
          let world = before;
          while (queue.length > 0) {
            const [action] = queue.splice((numbers.next().value ?? 0) % queue.length, 1);
            if (!action) break;
            const held = quorumOf(world.nodes).holds;
            world = applied(world, action);
            if (held) expect(quorumOf(world.nodes).holds).toBe(true);
            expect(world.nodes.filter(({ leader }) => leader).length).toBeLessThan(2);
          }
        },
      ),
      times(1_500),
    );
  });
});
