import { parseEvent } from "../../shared/events/parse.ts";

const lifecycle = {
  source: "aws.autoscaling",
  "detail-type": "EC2 Instance-launch Lifecycle Action",
  detail: {
    AutoScalingGroupName: "hive-workers",
    LifecycleHookName: "join",
    EC2InstanceId: "i-0123456789abcdef0",
    LifecycleTransition: "autoscaling:EC2_INSTANCE_LAUNCHING",
  },
};
const spot = {
  source: "aws.ec2",
  "detail-type": "EC2 Spot Instance Interruption Warning",
  detail: { "instance-id": "i-0123456789abcdef0" },
};

const refusal = (event: unknown): Error => {
  try {
    parseEvent(event);
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("was understood");
};

describe("the error of an event that is not understood", () => {
  it.each([
    ["the event itself", 7, /^Cannot understand this event: event: /],
    ["a member of the event", { ...lifecycle, source: 7 }, /^Cannot understand this event: source: /],
    [
      "a member of a lifecycle event",
      { ...lifecycle, detail: { ...lifecycle.detail, EC2InstanceId: "i-1" } },
      /^Cannot understand this lifecycle event: EC2InstanceId: /,
    ],
    ["a lifecycle event without detail", { ...lifecycle, detail: "x" }, /lifecycle event: event: /],
    [
      "a member of a Spot warning",
      { ...spot, detail: { "instance-id": "i-1" } },
      /^Cannot understand this Spot interruption warning: instance-id: /,
    ],
    [
      "a kind that starts no flow",
      { ...lifecycle, source: "aws.ecr" },
      /this event: no flow starts on "aws\.ecr\/EC2 Instance-launch Lifecycle Action"/,
    ],
  ])("names %s, and has a name of its own", (_what, event, message) => {
    const error = refusal(event);
    expect(error.message).toMatch(message);
    expect(error.name).toBe("EventError");
  });

  it("names all members that are wrong", () => {
    const detail = { ...lifecycle.detail, AutoScalingGroupName: "", LifecycleHookName: "x".repeat(256) };
    const { message } = refusal({ ...lifecycle, detail });
    expect(message).toMatch(/AutoScalingGroupName: [^;]+; LifecycleHookName: /);
  });

  it("is short, however long the event is", () => {
    const kind = refusal({ ...lifecycle, source: "x".repeat(10_000) }).message;
    expect(kind).toContain("x".repeat(120));
    expect(kind).not.toContain("x".repeat(121));
    const transition = "y".repeat(10_000);
    const detail = { ...lifecycle.detail, LifecycleTransition: transition, EC2InstanceId: transition };
    expect(refusal({ ...lifecycle, detail }).message.length).toBeLessThan(700);
  });

  it.each(["AutoScalingGroupName", "LifecycleHookName"])(
    "comes with a %s of 256 characters, not 255",
    (name) => {
      const named = (length: number) => ({
        ...lifecycle,
        detail: { ...lifecycle.detail, [name]: "x".repeat(length) },
      });
      expect(() => parseEvent(named(256))).toThrow(name);
      expect(() => parseEvent(named(0))).toThrow(name);
      expect(parseEvent(named(255)).kind).toBe("launch");
      expect(parseEvent(named(1)).kind).toBe("launch");
    },
  );
});
