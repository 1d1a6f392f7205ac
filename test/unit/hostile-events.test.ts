// Ten thousand events that nobody should have sent, through the code that dispatch runs: each is refused with an error that
// says why, or explicitly ignored; none makes a call that changes anything.
import fc from "fast-check";
import { EventError } from "../../shared/events/error.ts";
import { parseRequest } from "../../shared/flows/request.ts";
import {
  enveloped,
  hostile,
  instances,
  junk,
  known,
  OURS,
  orJunk,
  refuseOrIgnore,
  setUp,
} from "./hostile-dispatch.ts";

const lifecycleDetail = fc.record(
  {
    AutoScalingGroupName: orJunk(fc.constantFrom(OURS, "other-team")),
    LifecycleHookName: orJunk(fc.constantFrom("join", "retire", "somebody-elses")),
    EC2InstanceId: orJunk(fc.constantFrom(...known, "i-0fffffffffffffff9")),
    LifecycleTransition: orJunk(
      fc.constantFrom(
        "autoscaling:EC2_INSTANCE_LAUNCHING",
        "autoscaling:EC2_INSTANCE_TERMINATING",
        "autoscaling:TEST_NOTIFICATION",
      ),
    ),
    LifecycleActionToken: junk,
    NotificationMetadata: junk,
    Origin: junk,
    Destination: junk,
  },
  {
    requiredKeys: ["AutoScalingGroupName", "LifecycleHookName", "EC2InstanceId", "LifecycleTransition"],
  },
);
const spotDetail = fc.record(
  { "instance-id": orJunk(fc.constantFrom(...known)), "instance-action": junk },
  { requiredKeys: ["instance-id"] },
);
const anyEvent = fc.oneof(
  { weight: 1, arbitrary: fc.jsonValue() },
  {
    weight: 6,
    arbitrary: enveloped(
      ["aws.autoscaling"],
      ["EC2 Instance-launch Lifecycle Action", "EC2 Instance-terminate Lifecycle Action"],
      lifecycleDetail,
    ),
  },
  {
    weight: 2,
    arbitrary: enveloped(["aws.ec2"], ["EC2 Spot Instance Interruption Warning"], spotDetail),
  },
);

type Text = Record<string, unknown>;
const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** What looks right in every member that counts: those are the flows' to judge, by the instance's own state. */
const looksGenuine = (event: unknown): boolean => {
  const { source, "detail-type": type = "", detail } = (event ?? {}) as Text;
  const { AutoScalingGroupName, LifecycleHookName, LifecycleTransition, EC2InstanceId, ...rest } = (detail ??
    {}) as Text;
  if (source === "aws.ec2") {
    const index = known.indexOf(text(rest["instance-id"]));
    return (
      type === "EC2 Spot Instance Interruption Warning" && instances[index]?.AutoScalingGroupName === OURS
    );
  }
  const hooks = new Map<unknown, string>([
    ["autoscaling:EC2_INSTANCE_LAUNCHING", "join"],
    ["autoscaling:EC2_INSTANCE_TERMINATING", "retire"],
  ]);
  return (
    source === "aws.autoscaling" &&
    /^EC2 Instance-(launch|terminate) Lifecycle Action$/.test(text(type)) &&
    hooks.has(LifecycleTransition) &&
    LifecycleHookName === hooks.get(LifecycleTransition) &&
    (instances.some((one) => one.InstanceId === EC2InstanceId && one.AutoScalingGroupName === OURS) ||
      (AutoScalingGroupName === OURS && EC2InstanceId === "i-0fffffffffffffff9"))
  );
};

describe("an event that nobody should have sent", () => {
  it("is refused with an error that says why, or ignored, ten thousand times; nothing is ever changed", async () => {
    const calls = await refuseOrIgnore(anyEvent, looksGenuine);
    expect(new Set(calls.map(({ operation }) => operation))).toEqual(
      new Set(["DescribeAutoScalingInstances"]),
    );
  }, 60_000);
});

describe("an event that looks genuine, whoever sent it", () => {
  it("changes nothing but that the one flow of the instance is started, with nothing of the event in its payload", async () => {
    const genuine = fc.record({
      source: fc.constant("aws.autoscaling"),
      "detail-type": fc.constant("EC2 Instance-terminate Lifecycle Action"),
      account: hostile,
      resources: fc.array(hostile),
      detail: fc.record({
        AutoScalingGroupName: fc.oneof(
          fc.constant(OURS),
          hostile.filter((text) => text !== "" && text.length < 256),
        ),
        LifecycleHookName: fc.constant("retire"),
        EC2InstanceId: fc.constantFrom(...known),
        LifecycleTransition: fc.constant("autoscaling:EC2_INSTANCE_TERMINATING"),
        LifecycleActionToken: hostile,
        NotificationMetadata: hostile,
      }),
    });
    await fc.assert(
      fc.asyncProperty(genuine, async (event) => {
        const { calls, send } = setUp();
        const outcome = await send(event);
        expect(outcome).toHaveProperty("answer");
        const writes = calls.filter(({ operation }) => !/^(Describe|List)/.test(operation));
        const instanceId = event.detail.EC2InstanceId;
        const member = instances.find((one) => one.InstanceId === instanceId);
        if ("answer" in outcome && "ignored" in outcome.answer) {
          expect(writes).toEqual([]);
          return;
        }
        expect(member?.AutoScalingGroupName).toBe(OURS);
        expect(writes.map(({ input }) => input)).toEqual([
          {
            FunctionName: "retire-node",
            Qualifier: "durable",
            InvocationType: "Event",
            DurableExecutionName: `retire-${instanceId}-0`,
            Payload: JSON.stringify({ group: OURS, hook: "retire", instanceId }),
          },
        ]);
      }),
      { numRuns: 1_000 },
    );
  }, 60_000);
});

describe("a request that somebody starts a flow with by hand", () => {
  it("is refused, or names an instance; never anything else", () => {
    const request = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          group: orJunk(fc.constant(OURS)),
          hook: orJunk(fc.constant("retire")),
          instanceId: orJunk(fc.constantFrom(...known)),
          token: junk,
        },
        { requiredKeys: ["group", "hook", "instanceId"] },
      ),
      fc.record({
        group: orJunk(fc.constant(OURS)),
        instanceId: orJunk(fc.constantFrom(...known)),
        inService: orJunk(fc.constant(true)),
      }),
    );
    const seen = { refused: 0, taken: 0 };
    fc.assert(
      fc.property(request, (payload) => {
        try {
          expect(known).toContain(parseRequest(payload).instanceId);
          seen.taken++;
        } catch (error) {
          expect(error).toBeInstanceOf(EventError);
          seen.refused++;
        }
      }),
      { numRuns: 2_000 },
    );
    expect(Math.min(seen.refused, seen.taken)).toBeGreaterThan(100);
  });
});
