import { readFileSync } from "node:fs";
import type { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import fc from "fast-check";
import { readConfig } from "../../shared/config/config.ts";
import { parseEvent } from "../../shared/events/parse.ts";
import { dispatch } from "../../shared/flows/dispatch.ts";
import { parseRollRequest } from "../../shared/flows/roll-request.ts";
import { environment } from "../environment.ts";
import { awsError, clientThat } from "./aws-client.ts";
import { times } from "./times.ts";

const sample = (name: string) => JSON.parse(readFileSync(`events/${name}.json`, "utf8"));
const push = (changes: Record<string, unknown> = {}) => {
  const event = sample("image-push");
  return { ...event, detail: { ...event.detail, ...changes } };
};
const request = (changes: Record<string, unknown> = {}) => {
  const event = sample("roll-request");
  return { ...event, detail: { ...event.detail, ...changes } };
};
const digest: string = push().detail["image-digest"];

type Executions = Record<string, "RUNNING" | "SUCCEEDED" | "FAILED" | "STOPPED" | "TIMED_OUT">;

interface Scene {
  executions?: Executions;
  settings?: Record<string, string>;
  invoke?: unknown;
}

const dispatched = async (event: unknown, { executions = {}, settings = {}, invoke = {} }: Scene = {}) => {
  const lambda = clientThat<LambdaClient>({
    ListDurableExecutionsByFunction: ({ DurableExecutionName: name }: { DurableExecutionName: string }) => ({
      // The list is by prefix where it is not exact: a name that only begins so is another's.
      DurableExecutions: Object.entries(executions)
        .filter(([each]) => each.startsWith(name))
        .map(([each, Status]) => ({ DurableExecutionName: each, Status })),
    }),
    Invoke: invoke,
  });
  const told: { message: string; fields: Record<string, unknown> }[] = [];
  const tell = (message: string, fields: Record<string, unknown>) => void told.push({ message, fields });
  const dispatcher = {
    // No roll asks Auto Scaling anything.
    autoScaling: clientThat<AutoScalingClient>({}).client,
    lambda: lambda.client,
    config: readConfig({ ...environment, ...settings }),
    functions: {
      join: "join-node",
      retire: "retire-node",
      roll: "roll-service",
      plan: "plan",
      repair: "repair",
      backup: "backup-swarm",
    },
    now: () => 0,
    log: { info: tell, warn: tell, error: tell },
  };
  const result = await dispatch(dispatcher, parseEvent(event));
  const starts = lambda.asked.filter(({ operation }) => operation === "Invoke").map(({ input }) => input);
  return { result, starts, told, asked: lambda.asked };
};

/** Name and payload of the one start that an event leads to. */
const startOf = async (event: unknown, scene: Scene = {}): Promise<{ name: string; payload: string }> => {
  const [start, ...others] = (await dispatched(event, scene)).starts;
  expect(others).toEqual([]);
  return { name: String(start?.DurableExecutionName), payload: String(start?.Payload) };
};

describe("a push", () => {
  const name = `roll-hive-tomcat-${digest.slice(7, 23)}-0`;

  it("starts the roll of its digest, with a payload of repository and digest alone", async () => {
    const { result, starts, told } = await dispatched(push());
    expect(result).toEqual({ started: name, function: "roll-service" });
    expect(starts).toEqual([
      {
        FunctionName: "roll-service",
        Qualifier: "durable",
        InvocationType: "Event",
        DurableExecutionName: name,
        Payload: JSON.stringify({ trigger: "push", repository: "hive-tomcat", digest }),
      },
    ]);
    expect(told).toEqual([
      { message: "flow started", fields: { trigger: "push", repository: "hive-tomcat", flow: name } },
    ]);
  });

  it("of 1.4.2 and then latest with one digest arrives at the same roll", async () => {
    const [version, latest] = await Promise.all(
      ["1.4.2", "latest"].map((tag) => startOf(push({ "image-tag": tag }))),
    );
    expect(version).toEqual(latest);
  });

  it("of another digest, or to another repository, is another roll", async () => {
    const starts = await Promise.all(
      [
        push(),
        push({ "image-digest": `sha256:${"0".repeat(64)}` }),
        push({ "repository-name": "hive-x" }),
      ].map((event) => startOf(event)),
    );
    expect(new Set(starts.map((start) => start.name)).size).toBe(3);
    expect(new Set(starts.map(({ payload }) => payload)).size).toBe(3);
  });

  it("that comes again joins the roll that runs", async () => {
    const { result, starts, told } = await dispatched(push(), { executions: { [name]: "RUNNING" } });
    expect(result).toEqual({ joined: name, function: "roll-service" });
    expect(starts.map((start) => start.DurableExecutionName)).toEqual([name]);
    expect(told.map(({ message }) => message)).toEqual(["event joined a running flow"]);
  });

  it.each(["SUCCEEDED", "FAILED", "STOPPED", "TIMED_OUT"] as const)(
    "that comes again when its roll has %s counts on, and leaves it to the new roll whether there is work",
    async (status) => {
      const executions: Executions = { [name]: status, [name.replace(/0$/, "1")]: status };
      const { result } = await dispatched(push(), { executions });
      expect(result).toEqual({ started: name.replace(/0$/, "2"), function: "roll-service" });
    },
  );

  it("is not taken for a roll whose name only begins like its own", async () => {
    const { result } = await dispatched(push(), { executions: { [`${name}0`]: "RUNNING" } });
    expect(result).toHaveProperty("started", name);
  });

  it("is an error when its name is taken with another payload, so that it comes again", async () => {
    const invoke = awsError("DurableExecutionAlreadyStartedException");
    await expect(dispatched(push(), { invoke })).rejects.toThrow("DurableExecutionAlreadyStartedException");
  });

  it.each([
    [
      "another team's repository",
      { "repository-name": "other-tomcat" },
      /repository other-tomcat is not ours/,
    ],
    ["a repository that only contains our name", { "repository-name": "my/hive-tomcat" }, /is not ours/],
    ["a tag that rolls nothing", { "image-tag": "dev" }, /tag dev of hive-tomcat rolls nothing/],
    ["a tag that begins like one that rolls", { "image-tag": "latest-arm64" }, /rolls nothing/],
    ["no tag", { "image-tag": "" }, /push without a tag to hive-tomcat: no image that could be rolled/],
    ["a deletion", { "action-type": "DELETE" }, /DELETE SUCCESS in hive-tomcat: no image/],
    ["a failure", { result: "FAILURE" }, /PUSH FAILURE in hive-tomcat: no image/],
  ])("of %s is ignored, the reason is logged, and nothing is asked", async (_what, changes, because) => {
    const { result, asked, told } = await dispatched(push(changes));
    expect(result).toEqual({ ignored: expect.stringMatching(because) });
    expect(asked).toEqual([]);
    const kind = parseEvent(push(changes)).kind;
    const fields = { trigger: kind, because: (result as { ignored: string }).ignored };
    expect(told).toEqual([{ message: "event ignored", fields }]);
  });

  it("rolls by the policy that is configured", async () => {
    const settings = { ROLL_REPOSITORIES: "hive-tomcat,team/*", ROLL_TAGS: "release-.*" };
    const of = async (repository: string, tag: string) =>
      "started" in
      (await dispatched(push({ "repository-name": repository, "image-tag": tag }), { settings })).result;
    expect(await of("hive-tomcat", "release-7")).toBe(true);
    expect(await of("team/a/b", "release-7")).toBe(true);
    expect(await of("hive-tomcat", "latest")).toBe(false);
    expect(await of("hive-tomcat2", "release-7")).toBe(false);
  });
});

describe("a person's request", () => {
  it("starts a roll with all that was said, under a name of its own", async () => {
    const { result, starts, told } = await dispatched(request());
    const [start] = starts;
    const name = String(start?.DurableExecutionName);
    expect(name).toMatch(/^roll-by-hand-[0-9a-f]{16}-0$/);
    expect(result).toEqual({ started: name, function: "roll-service" });
    expect(JSON.parse(String(start?.Payload))).toEqual({
      trigger: "person",
      ...request().detail,
      dryRun: false,
    });
    expect(told).toEqual([
      { message: "flow started", fields: { trigger: "roll-by-hand", repository: "hive-tomcat", flow: name } },
    ]);
  });

  it("needs no tag that rolls, but a repository that is ours", async () => {
    expect((await dispatched(request({ image: "old-build" }))).result).toHaveProperty("started");
    const { result, asked } = await dispatched(request({ repository: "other" }));
    expect(result).toEqual({ ignored: "repository other is not ours" });
    expect(asked).toEqual([]);
  });

  it("that is said twice, in whatever order, arrives at the same roll; said otherwise it is another one", async () => {
    const { detail } = request();
    const turned = Object.fromEntries(Object.entries(detail).reverse());
    const [first, again, other, dry] = await Promise.all(
      [detail, turned, { ...detail, why: "" }, { ...detail, dryRun: true }].map((said) =>
        startOf({ ...request(), detail: said }),
      ),
    );
    expect(again).toEqual(first);
    expect(new Set([first?.name, other?.name, dry?.name]).size).toBe(3);
  });

  it("for what was rolled by hand before counts on", async () => {
    const { name } = await startOf(request());
    const again = await startOf(request(), { executions: { [name]: "SUCCEEDED" } });
    expect(again.name).toBe(name.replace(/0$/, "1"));
  });
});

describe("the name of a roll", () => {
  /** As ECR's API defines it. */
  const repository = fc
    .oneof(
      fc.stringMatching(/^[a-z0-9]+([._-][a-z0-9]+)*$/),
      fc.stringMatching(/^([a-z0-9]+([._-][a-z0-9]+)*\/)*[a-z0-9]+([._-][a-z0-9]+)*$/),
      fc.integer({ min: 2, max: 256 }).map((length) => "a".repeat(length)),
    )
    .filter((name) => name.length >= 2 && name.length <= 256);
  const anyDigest = fc.stringMatching(/^sha256:[0-9a-f]{64}$/);
  const settings = { ROLL_REPOSITORIES: "*" };

  it("is one that Lambda takes, with a thousand counted on, for every repository that ECR takes", async () => {
    await fc.assert(
      fc.asyncProperty(repository, anyDigest, async (name, image) => {
        const ended = { "repository-name": name, "image-digest": image };
        const started = await startOf(push(ended), { settings });
        const last = started.name.replace(/0$/, "999");
        for (const each of [started.name, last]) expect(each).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        expect(parseRollRequest(JSON.parse(started.payload))).toEqual({
          trigger: "push",
          repository: name,
          digest: image,
        });
      }),
      times(1_000),
    );
  });

  it("is different for different repositories with the same image", async () => {
    const near = fc.constantFrom(
      "a/b",
      "a-b",
      "a.b",
      "a_b",
      "a/b/c",
      "a-b-c",
      `${"x".repeat(30)}y`,
      "x".repeat(31),
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(repository, near), fc.oneof(repository, near), async (one, other) => {
        fc.pre(one !== other);
        const [left, right] = await Promise.all(
          [one, other].map((name) => startOf(push({ "repository-name": name }), { settings })),
        );
        expect(left?.name).not.toBe(right?.name);
        expect(left?.payload).not.toBe(right?.payload);
      }),
      times(1_000),
    );
  });

  it.each([
    ["hive-tomcat", "roll-hive-tomcat-"],
    ["a".repeat(30), `roll-${"a".repeat(30)}-`],
    ["a".repeat(31), `roll-${"a".repeat(20)}-61c60b48-`],
    ["team/hive_web.v2", "roll-team-hive-web-v2-"],
  ])("of %s can be read: %s", async (name, beginning) => {
    const started = await startOf(push({ "repository-name": name }), { settings });
    expect(started.name.slice(0, beginning.length)).toBe(beginning);
  });

  it("of a person's request is one that Lambda takes, whatever was said", async () => {
    const said = fc.record({
      repository,
      image: fc.oneof(anyDigest, fc.stringMatching(/^\w[\w.-]{0,127}$/)),
      service: fc.oneof(fc.constant(""), fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/)),
      why: fc.string({ unit: "binary", maxLength: 500 }).filter((text) => text.length <= 500),
      dryRun: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(said, async (detail) => {
        const started = await startOf({ ...request(), detail }, { settings });
        expect(started.name).toMatch(/^roll-by-hand-[0-9a-f]{16}-0$/);
        expect(parseRollRequest(JSON.parse(started.payload))).toEqual({ trigger: "person", ...detail });
      }),
    );
  });
});
