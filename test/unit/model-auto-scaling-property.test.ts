// Whatever is done to a group, in whatever order: no hook is completed twice, and it comes back to its capacity.
import fc from "fast-check";
import { sleep } from "../../sandbox/clock.ts";
import { fixture, GROUP } from "./model-auto-scaling-fixture.ts";
import { refusal } from "./model-fakes.ts";

type Fixture = ReturnType<typeof fixture>;

const hook = fc.constantFrom("join" as const, "retire" as const);
const which = fc.nat({ max: 7 });
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("desire" as const), count: fc.nat({ max: 5 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("continue" as const), which, hook }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("abandon" as const), which, hook }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("heartbeat" as const), which, hook }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("terminate" as const), which, decrement: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fail a start" as const) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat({ max: 90_000 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take({ model, clock, machines, api, desire, complete, heartbeat }: Fixture, next: Step) {
  const ids = model.instanceIds();
  const target = "which" in next ? (ids[next.which % Math.max(1, ids.length)] ?? "i-0") : "";
  switch (next.do) {
    case "desire":
      return desire(next.count);
    case "continue":
      return refusal(() => complete(target, next.hook));
    case "abandon":
      return refusal(() => complete(target, next.hook, "ABANDON"));
    case "heartbeat":
      return refusal(() => heartbeat(target, next.hook));
    case "terminate":
      return refusal(() =>
        api.TerminateInstanceInAutoScalingGroup({
          InstanceId: target,
          ShouldDecrementDesiredCapacity: next.decrement,
        }),
      );
    case "kill":
      return machines.kill(target);
    case "fail a start":
      machines.failingStarts = 1;
      return;
    case "wait":
      return clock.advance(next.ms);
  }
}

/** Answers every hook with CONTINUE until the group is at rest, and ends what was retained. */
async function settle({ clock, states, complete, api, inState }: Fixture) {
  for (let round = 0; round < 40; round++) {
    await clock.advance(10_000);
    for (const [id, state] of states()) {
      if (state === "Pending:Wait") complete(id, "join");
      if (state === "Terminating:Wait") complete(id, "retire");
    }
    for (const InstanceId of inState("Terminating:Retained")) {
      api.TerminateInstanceInAutoScalingGroup({ InstanceId, ShouldDecrementDesiredCapacity: false });
    }
  }
}

const FOLLOWS: Record<string, string[]> = {
  Pending: ["Pending:Wait", "Terminating", "Terminated"],
  "Pending:Wait": ["Pending:Proceed", "Terminating"],
  "Pending:Proceed": ["InService", "Terminating"],
  InService: ["Terminating"],
  Terminating: ["Terminating:Wait", "Terminated"],
  "Terminating:Wait": ["Terminating:Proceed", "Terminating:Retained"],
  "Terminating:Retained": ["Terminating:Proceed"],
  "Terminating:Proceed": ["Terminated"],
};

it.each(["retain" as const, "terminate" as const])(
  "completes no hook twice and comes back to desired capacity (%s)",
  async (terminateHookAbandon) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.boolean(),
        fc.boolean(),
        async (steps, attached, slow) => {
          const f = fixture({ terminateHookAbandon, loadBalancerNames: attached ? ["hive"] : [] });
          if (slow) {
            f.machines.startDelay = () => sleep(f.clock, 30_000);
            f.elb.registerDelay = () => sleep(f.clock, 5_000);
          }
          f.model.start();
          for (const next of steps) await take(f, next);
          await settle(f);

          const [group] =
            f.api.DescribeAutoScalingGroups({ AutoScalingGroupNames: [GROUP] }).AutoScalingGroups ?? [];
          expect(f.inState("InService")).toHaveLength(group?.DesiredCapacity ?? -1);
          expect(f.states()).toHaveLength(group?.DesiredCapacity ?? -1);
          expect([...f.machines.machines.keys()].toSorted()).toEqual(f.model.instanceIds().toSorted());

          const seen = new Set<string>();
          for (const record of f.model.hooks()) {
            expect(record.completions).toBe(record.by === "call" ? 1 : 0);
            expect(record.endedAt).toBeDefined();
            const once = `${record.instanceId} ${record.hook}`;
            expect(seen.has(once)).toBe(false);
            seen.add(once);
          }
          for (const { from, to } of f.model.history()) {
            expect(from === undefined ? ["Pending"] : FOLLOWS[from]).toContain(to);
          }
          // Registered at the load balancer: exactly those in service.
          const registered = new Set<string>();
          for (const call of f.elb.calls) {
            const [what, id = ""] = call.split(" ");
            if (what === "register") registered.add(id);
            else registered.delete(id);
          }
          expect([...registered].toSorted()).toEqual(attached ? f.inState("InService").toSorted() : []);
          f.model.stop();
        },
      ),
      { numRuns: 150 },
    );
  },
  60_000,
);
