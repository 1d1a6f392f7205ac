import { readFileSync } from "node:fs";
import fc from "fast-check";
import { EventError } from "../../shared/events/error.ts";
import { parseEvent } from "../../shared/events/parse.ts";
import { times } from "./times.ts";

const sample = (name: string) => JSON.parse(readFileSync(`events/${name}.json`, "utf8"));

describe("an event from EventBridge", () => {
  it("of a launch names group, hook and instance", () => {
    expect(parseEvent(sample("launch"))).toEqual({
      kind: "launch",
      group: "hive-workers",
      hook: "join",
      instanceId: "i-0123456789abcdef0",
    });
  });

  it("of a termination is told from a launch by its transition", () => {
    expect(parseEvent(sample("terminate"))).toMatchObject({ kind: "terminate", hook: "retire" });
  });

  it("of a Spot interruption names the instance alone", () => {
    expect(parseEvent(sample("spot-warning"))).toEqual({
      kind: "spot-warning",
      instanceId: "i-0123456789abcdef0",
    });
  });

  it("of a push names repository, digest and tag, whatever else ECR says", () => {
    expect(parseEvent(sample("image-push"))).toEqual({
      kind: "push",
      repository: "hive-tomcat",
      digest: "sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234cafe",
      tag: "latest",
    });
  });

  it("of a person who wants a roll names repository and image, and what else was said", () => {
    expect(parseEvent(sample("roll-request"))).toEqual({
      kind: "roll-by-hand",
      repository: "hive-tomcat",
      image: "1.4.1",
      service: "hive-tomcat",
      why: "1.4.2 answers slowly",
      dryRun: false,
    });
  });

  it.each([
    ["no object", 7],
    ["nothing", undefined],
    ["another source", { ...sample("launch"), source: "aws.ecr" }],
    ["a type that is a member of every object", { source: "", "detail-type": "", detail: {} }],
    ["no detail", { ...sample("launch"), detail: null }],
    [
      "a forged instance id",
      { ...sample("launch"), detail: { ...sample("launch").detail, EC2InstanceId: "i-0; rm -rf /" } },
    ],
    ["no group", { ...sample("launch"), detail: { ...sample("launch").detail, AutoScalingGroupName: "" } }],
    [
      "an unknown transition",
      { ...sample("launch"), detail: { ...sample("launch").detail, LifecycleTransition: "x" } },
    ],
  ])("with %s is refused with an error that says what is wrong", (_what, event) => {
    expect(() => parseEvent(event)).toThrow(EventError);
    expect(() => parseEvent(event)).toThrow(/Cannot understand this .*nothing was done/s);
  });

  it("is refused or understood, never anything else, whatever it is", () => {
    const detail = fc.record(
      {
        AutoScalingGroupName: fc.oneof(fc.string(), fc.constant("hive-workers")),
        LifecycleHookName: fc.string(),
        EC2InstanceId: fc.oneof(fc.string(), fc.constant("i-0123456789abcdef0")),
        LifecycleTransition: fc.oneof(fc.string(), fc.constant("autoscaling:EC2_INSTANCE_LAUNCHING")),
      },
      { requiredKeys: [] },
    );
    const event = fc.oneof(fc.jsonValue(), fc.record({ ...constants(sample("launch")), detail }));
    fc.assert(
      fc.property(event, (anything) => {
        try {
          expect(parseEvent(anything)).toHaveProperty(
            "instanceId",
            expect.stringMatching(/^i-[0-9a-f]{8,17}$/),
          );
        } catch (error) {
          expect(error).toBeInstanceOf(EventError);
        }
      }),
      times(2_000),
    );
  });
});

const constants = (record: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, fc.constant(value)]));
