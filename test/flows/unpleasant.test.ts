// Every unpleasant side of AWS, alone and all together: joins and retirements end as they do without.
import { createHash } from "node:crypto";
import type { Interceptor } from "../../sandbox/aws/handle.ts";
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError, type AwsEvent } from "../../sandbox/ports.ts";
import type { Sides } from "../../sandbox/unpleasant/sides.ts";
import { Throttling } from "../../sandbox/unpleasant/throttling.ts";
import { Unpleasant } from "../../sandbox/unpleasant/unpleasant.ts";
import { joinOutcome, launch, retireOutcome } from "./scenes.ts";
import {
  createTestWorld,
  type Expected,
  hive,
  problemsOf,
  resultOf,
  type TestWorld,
  TOKEN_PARAMETER,
  type WorldOptions,
} from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

/** Sides of AWS, and of the clients that meet them. */
interface Scene extends Partial<Sides> {
  /** Of the flows' clients, where it is not the SDK's three. */
  attempts?: number;
}

const isThrottled = (error: unknown): boolean =>
  error instanceof AwsError && /Throttl|TooMany/.test(error.code);

/** What the SDK's clients do by themselves, and the in-process ones do not: three attempts, and six as dispatch sets it. */
const sdkAttempts =
  (flows = 3): Interceptor =>
  async (call, next) => {
    const attempts = call.caller.principal === "function:dispatch" ? 6 : flows;
    for (let attempt = 1; ; attempt++) {
      try {
        return await next(call);
      } catch (error) {
        if (!isThrottled(error) || attempt === attempts) throw error;
      }
    }
  };

type Deliveries = (event: AwsEvent) => readonly number[];

/** The world asks `bus.deliver` for each event that it has just noted; instead of an answer, the event goes as it is told. */
const disturbBus = (world: TestWorld, deliveries: Deliveries | undefined): void => {
  Object.defineProperty(world.bus, "deliver", {
    configurable: true,
    get: () => {
      const event = world.events.at(-1);
      if (deliveries === undefined || event?.detail.AutoScalingGroupName !== "hive-workers") return true;
      for (const delay of deliveries(event)) world.clock.after(delay, () => world.deliver(event));
      return false;
    },
  });
};

const createUnpleasantWorld = async ({ attempts, ...sides }: Scene, options: WorldOptions = {}) => {
  const throttling = new Throttling();
  const interceptors = [...(options.interceptors ?? []), sdkAttempts(attempts), throttling.intercept];
  const world = await createTestWorld({ ...options, interceptors });
  const { autoScaling, systemsManager } = world;
  const disturbEvents = (deliveries: Deliveries | undefined) => disturbBus(world, deliveries);
  new Unpleasant({ throttling, autoScaling, systemsManager, disturbEvents, refusals: { left: 0 } }).set(
    sides,
  );
  return world;
};

const commandOf = /^command (\S+) on \S+ is (InProgress|Cancelling)$/;

/** But for the command whose end nobody heard of, all is as it should be. */
const expectTidy = (world: TestWorld, { unreported }: Partial<Sides>, expected?: Expected): void => {
  const unheard = (problem: string): boolean =>
    unreported?.document !== undefined && commandOf.exec(problem)?.[1] === unreported.document;
  expect(problemsOf(world, expected).filter((problem) => !unheard(problem))).toEqual([]);
};

/** Sides with which the same instance joins, and later goes with all its logs shipped. */
const harmless: Readonly<Record<string, Scene>> = {
  "every API throttles the first calls of everybody": { throttleFirst: 5 },
  // Of two calls in one look, each second one would be the same, for ever.
  "every API throttles each third call, and no client of a flow tries again by itself": {
    throttleEvery: 3,
    attempts: 1,
  },
  "a command is unknown for five seconds after it was sent": { invocationUnknownMs: 5_000 },
  "no lifecycle action is active at first": { noActiveActionMs: 45_000 },
  "describing shows the states of eight seconds ago": { staleReadsMs: 8_000 },
  "events are late": { events: { deliveries: [45_000] } },
  "events come three times": { events: { deliveries: [0, 10, 20_000] } },
  "events overtake each other": { events: { deliveries: [[9_000], [0], [4_000, 0]] } },
  "an agent runs one command at a time": { commandsAtATime: 1 },
  "the end of an activation is never reported": { unreported: { document: "activate-node", times: 1 } },
  "the end of a drain is never reported": { unreported: { document: "drain-node", times: 1 } },
  "the end of a removal is never reported": { unreported: { document: "remove-node", times: 1 } },
  "the end of a leave is never reported": { unreported: { document: "leave-swarm", times: 1 } },
};

const together: Partial<Sides> = {
  throttleFirst: 4,
  throttleEvery: 4,
  invocationUnknownMs: 2_000,
  noActiveActionMs: 30_000,
  staleReadsMs: 6_000,
  unreported: { document: "activate-node", times: 1 },
  commandsAtATime: 2,
  events: { deliveries: [[9_000, 12_000], [0, 300], [4_000]] },
};

describe.each([...Object.entries(harmless), ["all of it comes together", together] as const])(
  "while %s",
  (_what, sides) => {
    it.each(["attached", "not attached"] as const)(
      "an instance joins and retires as ever; the load balancer is %s",
      async (loadBalancer) => {
        const world = await createUnpleasantWorld(sides, { loadBalancer });
        const id = await launch(world);
        await world.rest();
        expectTidy(world, sides);
        expect(world.members()).toEqual([{ id, state: "InService" }]);
        expect(joinOutcome(world, id)).toMatchObject({ outcome: "joined", tasks: 1 });
        expect(resultOf(world, id, "join")).toBe("CONTINUE");

        await world.after(100);
        await world.desire(0);
        await world.rest();
        expectTidy(world, sides);
        expect(world.members()).toEqual([]);
        expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
        expect(resultOf(world, id, "retire")).toBe("CONTINUE");
        expect(world.machines.hosts.has(id)).toBe(false);
      },
    );

    it.each([1, 6, 9, 14])("a termination %i s after the launch leaves nothing behind", async (seconds) => {
      const world = await createUnpleasantWorld(sides);
      const id = await launch(world);
      await world.after(seconds);
      world.terminate(id);
      await world.rest();
      expectTidy(world, sides);
      expect(world.members()).toEqual([]);
      expect(resultOf(world, id, "retire")).toBe("CONTINUE");
    });

    it("eight join at once, and go at once", async () => {
      const world = await createUnpleasantWorld(sides, { services: [hive({ replicas: 20 })], managers: 1 });
      await world.desire(8);
      await world.rest();
      expectTidy(world, sides);
      expect(world.members().map(({ state }) => state)).toEqual(Array(8).fill("InService"));
      await world.desire(0);
      await world.rest();
      expectTidy(world, sides);
      expect(world.members()).toEqual([]);
      const outcomes = world.executions().filter(({ name }) => name.startsWith("retire-"));
      expect(outcomes.map(({ result }) => JSON.parse(result ?? "null").logs)).toEqual(
        Array(8).fill("shipped"),
      );
    });
  },
);

describe("a host whose agent reports nothing any more", () => {
  it.each(["join-host", "await-tasks"])(
    "does not serve: when the end of %s stays unknown it is replaced",
    async (document) => {
      const sides = { unreported: { document, times: 1 } };
      const world = await createUnpleasantWorld(sides);
      const id = await launch(world);
      await world.rest();
      expectTidy(world, sides);
      expect(joinOutcome(world, id)).toMatchObject({ outcome: "abandoned" });
      expect(resultOf(world, id, "join")).toBe("ABANDON");
      expect(world.members().map(({ state }) => state)).toEqual(["InService"]);
      expect(world.state(id)).toBeUndefined();
    },
  );

  it("is sampled again when the end of log-state stays unknown", async () => {
    const sides = { unreported: { document: "log-state", times: 1 } };
    const world = await createUnpleasantWorld(sides);
    const id = await launch(world);
    await world.rest();
    await world.after(100);
    await world.desire(0);
    await world.rest();
    expectTidy(world, sides);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
  });

  it("is asked again when the end of begin-retire stays unknown", async () => {
    const sides = { unreported: { document: "begin-retire", times: 1 } };
    const world = await createUnpleasantWorld(sides);
    const id = await launch(world);
    await world.rest();
    await world.after(100);
    await world.desire(0);
    await world.rest();
    expectTidy(world, sides);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
  });

  it("is kept with its logs when it answers nothing at all, and that is said", async () => {
    const sides = { unreported: { document: "begin-retire", times: 9 } };
    const world = await createUnpleasantWorld(sides);
    const id = await launch(world);
    await world.rest();
    await world.after(100);
    await world.desire(0);
    await world.rest();
    expectTidy(world, sides);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retained" });
    expect(world.logged("retire: logs were not shipped").map(({ level }) => level)).toEqual(["error"]);
  });
});

describe("throttling that no client overcomes", () => {
  it("reaches the flows, which ask again", async () => {
    const reached = new Set<string>();
    const watch: Interceptor = async (call, next) => {
      try {
        return await next(call);
      } catch (error) {
        if (isThrottled(error)) reached.add(call.caller.principal);
        throw error;
      }
    };
    const sides = { throttleEvery: 3, attempts: 1 };
    const world = await createUnpleasantWorld(sides, { interceptors: [watch] });
    const id = await launch(world);
    await world.rest();
    await world.after(100);
    await world.desire(0);
    await world.rest();
    expectTidy(world, sides);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
    expect([...reached]).toEqual(expect.arrayContaining(["function:join-node", "function:retire-node"]));
  });
});

describe("output that is cut", () => {
  // The simulated log-state packs nothing: what the real one leaves out to fit is in test/unit/log-state-script.test.ts.
  it("is never taken for logs that were shipped, though all were: the machine is kept", async () => {
    const world = await createUnpleasantWorld({}, { environment: { RETIRE_DEADLINE_SECONDS: "300" } });
    const id = await launch(world);
    await world.rest();
    const { logs } = world.machines.host(id);
    for (let file = 0; file < 600; file++) {
      const directory = createHash("sha256").update(String(file)).digest("hex").slice(0, 12);
      logs.begin(`/var/log/hive/${directory}/app.log`);
      logs.end(`/var/log/hive/${directory}/app.log`);
    }
    await world.after(100);
    await world.desire(0);
    await world.rest();
    expect(logs.backlog()).toBe(0);
    const [sample] = world.commands("log-state");
    const named = { CommandId: sample?.commandId, InstanceId: id };
    const answer = await world.operator("ssm", "GetCommandInvocation", named);
    expect((answer as { StandardOutputContent: string }).StandardOutputContent).toHaveLength(24_000);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retained" });
    expect(world.members()).toEqual([{ id, state: "Terminating:Retained" }]);
  });
});

describe("an event that is lost", () => {
  it("of a launch lets the hook time out, and the replacement joins", async () => {
    const sides: Partial<Sides> = { events: { detailType: "launch", deliveries: [], times: 1 } };
    const world = await createUnpleasantWorld(sides);
    const id = await launch(world);
    await world.rest();
    expect(world.hook(id, "join")).toMatchObject({ by: "timeout", result: "ABANDON", completions: 0 });
    expectTidy(world, sides, { notCompleted: [id] });
    expect(world.members().map(({ state }) => state)).toEqual(["InService"]);
  });

  it("of a termination can be sent again for as long as the hook waits", async () => {
    const sides: Partial<Sides> = { events: { detailType: "terminate", deliveries: [], times: 1 } };
    const world = await createUnpleasantWorld(sides);
    const id = await launch(world);
    await world.rest();
    await world.desire(0);
    await world.after(240);
    expect(world.state(id)).toBe("Terminating:Wait");
    world.deliver(world.events.at(-1));
    await world.rest();
    expectTidy(world, sides);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
  });
});

describe("a host that joins", () => {
  it("reads the token again when it was rotated meanwhile, and needs no second command for it", async () => {
    const world = await createTestWorld();
    const stale = world.machines.swarm.workerToken;
    world.machines.swarm.workerToken = "SWMTKN-1-rotated";
    const id = await launch(world);
    // The first of its two commands pulls and joins; by then the token is not stored yet.
    await world.until(() => world.commands("join-host").some(({ status }) => status === "InProgress"));
    await world.after(7);
    expect(world.parameter(TOKEN_PARAMETER)).toBe(stale);
    world.putParameter(TOKEN_PARAMETER, "SWMTKN-1-rotated", "SecureString");
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(resultOf(world, id, "join")).toBe("CONTINUE");
    expect(world.commands("join-host").map(({ status }) => status)).toEqual(["Success", "Success"]);
  });

  it("is abandoned with that cause when its agent is older than it says", async () => {
    const boast: Interceptor = async (call, next) => {
      const output = await next(call);
      if (call.operation !== "DescribeInstanceInformation") return output;
      const { InstanceInformationList = [] } = output as { InstanceInformationList?: object[] };
      const AgentVersion = "3.3.3000.0";
      return { InstanceInformationList: InstanceInformationList.map((one) => ({ ...one, AgentVersion })) };
    };
    const world = await createTestWorld({ interceptors: [boast] });
    world.machines.next = { ...world.machines.next, agentVersion: "3.3.2745.0" };
    const id = await launch(world);
    await world.until(() => world.hook(id, "join").endedAt !== undefined);
    world.machines.next = { ...world.machines.next, agentVersion: "3.3.3000.0" };
    await world.rest();
    expect(joinOutcome(world, id)).toMatchObject({ outcome: "abandoned", step: "join host" });
    expect(joinOutcome(world, id).cause).toContain("agent too old");
    expect(resultOf(world, id, "join")).toBe("ABANDON");
    expect(world.state(id)).toBeUndefined();
    expect(world.members().map(({ state }) => state)).toEqual(["InService"]);
  });
});

it("a side that does not exist is refused, with the names of those that do", async () => {
  const misspelt = { throtleFirst: 1 } as Partial<Sides>;
  await expect(createUnpleasantWorld(misspelt)).rejects.toThrow(/throtleFirst.*throttleFirst, throttleEvery/);
});
