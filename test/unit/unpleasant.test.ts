// The switchboard of AWS's unpleasant sides: what each switch does, and that it can be taken back.
import type { Call } from "../../sandbox/aws/handle.ts";
import { defaultLimits, type Limits } from "../../sandbox/models/systems-manager/types.ts";
import { disturbance, everyEventLost } from "../../sandbox/unpleasant/events.ts";
import { pleasant } from "../../sandbox/unpleasant/sides.ts";
import { Throttling } from "../../sandbox/unpleasant/throttling.ts";
import { Unpleasant } from "../../sandbox/unpleasant/unpleasant.ts";

const call = (principal: string, service = "ssm", operation = "SendCommand"): Call => ({
  service,
  operation,
  input: {},
  caller: { accessKeyId: "key", principal },
});

describe("throttling", () => {
  const results = async (throttling: Throttling, times: number, asked: Call): Promise<string> => {
    let seen = "";
    for (let time = 0; time < times; time++) {
      const answer = throttling.intercept(asked, async () => "answered");
      seen += await answer.then(
        () => "+",
        () => "-",
      );
    }
    return seen;
  };

  it("refuses each caller's first calls of each operation, and a share of the later ones", async () => {
    const throttling = new Throttling();
    throttling.set(2, 3);
    expect(await results(throttling, 9, call("function:join-node"))).toBe("--++-++-+");
    expect(await results(throttling, 3, call("function:retire-node"))).toBe("--+");
    expect(await results(throttling, 3, call("function:join-node", "ssm", "CancelCommand"))).toBe("--+");
    throttling.set(0, 0);
    expect(await results(throttling, 3, call("function:join-node"))).toBe("+++");
  });

  it("lets the operator through", async () => {
    const throttling = new Throttling();
    throttling.set(5, 1);
    expect(await results(throttling, 3, call("operator"))).toBe("+++");
  });

  it.each([
    ["autoscaling", "Throttling", 400],
    ["ssm", "ThrottlingException", 400],
    ["lambda", "TooManyRequestsException", 429],
    ["s3", "SlowDown", 503],
  ])("is said by %s as %s", async (service, code, status) => {
    const throttling = new Throttling();
    throttling.set(1, 0);
    const refused = throttling.intercept(call("instance:i-0", service), async () => "answered");
    await expect(refused).rejects.toMatchObject({ code, status });
  });
});

describe("disturbed events", () => {
  const source = "aws.autoscaling";
  const launch = { source, "detail-type": "EC2 Instance-launch Lifecycle Action" };
  const terminate = { source, "detail-type": "EC2 Instance-terminate Lifecycle Action" };

  it("are lost, late or doubled as told, only those that are meant, and only so many", () => {
    const deliveries = disturbance({ detailType: "terminate", deliveries: [0, 500], times: 2 });
    expect([launch, terminate, terminate, terminate].map(deliveries)).toEqual([[0], [0, 500], [0, 500], [0]]);
    expect(disturbance({ deliveries: [] })(launch)).toEqual([]);
  });

  it("are lost all of them where AWS reports them, and what the project asks of itself arrives", () => {
    const push = { source: "aws.ecr", "detail-type": "ECR Image Action" };
    const asked = { source: "hive-swarm", "detail-type": "Repair Requested" };
    expect([launch, push, asked, terminate].map(disturbance(everyEventLost))).toEqual([[], [], [0], []]);
  });

  it("overtake each other when the deliveries take turns", () => {
    const deliveries = disturbance({ deliveries: [[9_000], [0]] });
    expect([launch, terminate, launch].map(deliveries)).toEqual([[9_000], [0], [9_000]]);
  });
});

describe("the switchboard", () => {
  const setUp = () => {
    const faults = { staleReadsMs: 0, transientNoActiveActionMs: 0 };
    const limits: Limits = { ...defaultLimits };
    const throttling = new Throttling();
    const refusals = { left: 0 };
    const bus: { deliveries?: unknown } = {};
    const unpleasant = new Unpleasant({
      throttling,
      refusals,
      autoScaling: { faults },
      systemsManager: { limits },
      disturbEvents: (deliveries) => {
        bus.deliveries = deliveries;
      },
    });
    return { faults, limits, throttling, refusals, bus, unpleasant };
  };

  it("turns what it is told to, leaves the rest, and takes all of it back", () => {
    const { faults, limits, throttling, refusals, bus, unpleasant } = setUp();
    unpleasant.set({ staleReadsMs: 1, throttleFirst: 2, unreported: { document: "join-host", times: 3 } });
    const inForce = unpleasant.set({
      noActiveActionMs: 4,
      invocationUnknownMs: 5,
      commandsAtATime: 6,
      outputCharacters: 7,
      events: { deliveries: [] },
      refusedDeliveries: 8,
    });
    expect(inForce).toEqual({
      throttleFirst: 2,
      throttleEvery: 0,
      invocationUnknownMs: 5,
      noActiveActionMs: 4,
      staleReadsMs: 1,
      unreported: { document: "join-host", times: 3 },
      commandsAtATime: 6,
      outputCharacters: 7,
      events: { deliveries: [] },
      refusedDeliveries: 8,
    });
    expect(faults).toEqual({ staleReadsMs: 1, transientNoActiveActionMs: 4 });
    expect(limits).toMatchObject({
      invocationVisibleAfterMs: 5,
      concurrentCommands: 6,
      outputCharacters: 7,
      unreported: { document: "join-host", times: 3 },
    });
    expect([throttling.first, refusals.left, typeof bus.deliveries]).toEqual([2, 8, "function"]);

    expect(unpleasant.set(null)).toEqual(pleasant);
    expect(faults).toEqual({ staleReadsMs: 0, transientNoActiveActionMs: 0 });
    expect(limits).toEqual(defaultLimits);
    expect([throttling.first, refusals.left, bus.deliveries]).toEqual([0, 0, undefined]);
  });

  it("does not begin to count anew when another side is switched", () => {
    const { limits, refusals, unpleasant } = setUp();
    unpleasant.set({ unreported: { document: "join-host", times: 3 }, refusedDeliveries: 2 });
    if (limits.unreported) limits.unreported.times = 1;
    refusals.left = 0;
    unpleasant.set({ staleReadsMs: 1 });
    expect([limits.unreported?.times, refusals.left]).toEqual([1, 0]);
  });
});
