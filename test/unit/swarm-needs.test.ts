import type { SSMClient } from "@aws-sdk/client-ssm";
import * as answers from "../../shared/swarm/answers.ts";
import { readNeeds, sameNeeds, writeNeeds } from "../../shared/swarm/needs.ts";
import { awsError, clientThat } from "./aws-client.ts";

const needs = { images: ["r/hive:1@sha256:ab"], directories: ["/var/log/hive"] };
const nothing = { images: [], directories: [] };
const config = { servicesParameter: "/hive-swarm/hive/services" };

const read = (Value: string | undefined) => {
  const { client } = clientThat<SSMClient>({ GetParameter: { Parameter: { Value } } });
  return readNeeds({ systemsManager: client, config });
};

describe("what a host will need, as the last join left it", () => {
  it("is read from the cluster's parameter", async () => {
    const { client, asked } = clientThat<SSMClient>({
      GetParameter: { Parameter: { Value: JSON.stringify(needs) } },
    });
    expect(await readNeeds({ systemsManager: client, config })).toEqual(needs);
    expect(asked[0]?.input).toMatchObject({ Name: config.servicesParameter });
  });

  it.each([undefined, "", "not json", "[]", "null", '{"images":[]}', '{"images":[1],"directories":[]}'])(
    "is nothing when the parameter holds %j",
    async (text) => {
      expect(await read(text)).toEqual(nothing);
    },
  );

  it("is nothing when nobody ever left it, and unknown when AWS refuses", async () => {
    const never = clientThat<SSMClient>({ GetParameter: awsError("ParameterNotFound") });
    expect(await readNeeds({ systemsManager: never.client, config })).toEqual(nothing);
    const refused = clientThat<SSMClient>({ GetParameter: awsError("AccessDeniedException") });
    await expect(readNeeds({ systemsManager: refused.client, config })).rejects.toThrow("AccessDenied");
  });

  it("is written where it fits into a parameter, and otherwise not", async () => {
    const empty = JSON.stringify({ images: [""], directories: [] }).length;
    for (const [length, writes] of [
      [4_096, 1],
      [4_097, 0],
    ] as const) {
      const { client, asked } = clientThat<SSMClient>({ PutParameter: {} });
      const long = { images: ["x".repeat(length - empty)], directories: [] };
      await writeNeeds({ systemsManager: client, config }, long);
      expect(asked).toHaveLength(writes);
      if (writes > 0)
        expect(asked[0]?.input).toMatchObject({
          Name: config.servicesParameter,
          Value: JSON.stringify(long),
        });
    }
  });

  it("is the same in any order, and another with one more, one less or another one", () => {
    const two = { images: ["a", "b"], directories: ["/a", "/b"] };
    expect(sameNeeds(two, { images: ["b", "a"], directories: ["/b", "/a"] })).toBe(true);
    for (const images of [["a"], ["a", "b", "c"], ["a", "c"]]) {
      expect(sameNeeds(two, { ...two, images })).toBe(false);
      expect(sameNeeds({ ...two, images }, two)).toBe(false);
      expect(sameNeeds(two, { ...two, directories: images.map((name) => `/${name}`) })).toBe(false);
    }
  });
});

describe("the first line of each document", () => {
  it.each([
    [
      answers.joinHostAnswer,
      { outcome: "joined", nodeId: "n", joined: "now", pulled: 1 },
      { joined: "perhaps" },
    ],
    [
      answers.joinHostAnswer,
      { outcome: "joined", nodeId: "n", joined: "already", pulled: 0 },
      { nodeId: undefined },
    ],
    [answers.joinHostAnswer, { outcome: "prepared", pulled: 2 }, { pulled: "2" }],
    [answers.joinHostAnswer, { outcome: "retiring" }, { outcome: "Retiring" }],
    [answers.activateAnswer, { outcome: "unknown-node" }, { outcome: "unknown" }],
    [answers.activateAnswer, { outcome: "retiring" }, { outcome: "" }],
    [answers.awaitTasksAnswer, { running: 1 }, { running: "1" }],
    [
      answers.beginRetireAnswer,
      { swarm: "active", nodeId: "n", interruptedAt: "" },
      { interruptedAt: undefined },
    ],
    [answers.leaveAnswer, { left: true, was: "active" }, { left: false }],
    [answers.restartAnswer, { restarted: true }, { restarted: false }],
  ] as [answers.AnswerSchema<unknown>, object, object][])(
    "%# is read as it is, and nothing else",
    (schema, right, wrong) => {
      const answer = (value: object) =>
        answers.parseAnswer(schema, "a-document", `${JSON.stringify(value)}\n`);
      expect(answer(right)).toEqual(right);
      expect(() => answer({ ...right, ...wrong })).toThrow(/something else than it should/);
    },
  );

  it("has its lists as words between spaces", () => {
    const line = (value: object) => JSON.stringify(value);
    expect(
      answers.parseAnswer(answers.drainAnswer, "d", line({ nodeIds: "a  b ", activeSince: "" })),
    ).toMatchObject({ nodeIds: ["a", "b"], activeSince: "" });
    expect(answers.parseAnswer(answers.removeAnswer, "d", line({ removed: "" }))).toEqual({ removed: [] });
    const changed = { outcome: "changed", images: "r/a", directories: "/a /b" };
    expect(answers.parseAnswer(answers.activateAnswer, "d", line(changed))).toEqual({
      outcome: "changed",
      images: ["r/a"],
      directories: ["/a", "/b"],
    });
  });

  it("that cannot be read is shown, but no more than its beginning", () => {
    const answer = () => answers.parseAnswer(answers.leaveAnswer, "leave", "x".repeat(1_000));
    expect(answer).toThrow(`${"x".repeat(200)}"`);
    expect(answer).not.toThrow("x".repeat(201));
    expect(answer).toThrow(expect.objectContaining({ name: "AnswerError", document: "leave" }));
  });

  it("that reports a failure without a cause reports none", () => {
    expect(answers.reportedFailure('{"failed":{"step":"pull"}}')).toBeUndefined();
    expect(answers.reportedFailure('{"failed":null}')).toBeUndefined();
  });
});
