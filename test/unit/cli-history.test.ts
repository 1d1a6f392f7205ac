// `history`: the rolls of a service as a table for people, and as JSON for programs.
import { historyEntry } from "../../shared/rolls/history.ts";
import type { RollOutcome } from "../../shared/rolls/outcome.ts";
import { awsError } from "./aws-client.ts";
import { hiveSwarm } from "./cli-tool.ts";
import { NEW, NEWER, OLD, outcomeOf } from "./rolls-facts.ts";

const ROLLS = [
  outcomeOf({}),
  outcomeOf({
    roll: "roll-by-hand-1-0",
    outcome: "rolled back",
    image: NEWER,
    from: NEW,
    because: "3 tasks run 1.4.2 again",
    cause: {
      code: "start-failed",
      text: "task q1 failed: task: non-zero exit (1)\nits last lines: \u001b[31mboom\u001b[0m",
    },
    trigger: "person",
    why: "the fix of the login",
    startedAt: "2026-02-02T11:30:00.000Z",
  }),
];

/** Parameter Store answers with the oldest version first, here one a page; the token of the last page is an empty string. */
const stored = (rolls: readonly RollOutcome[]) => ({
  GetParameterHistory: ({ NextToken }: { NextToken?: string }) => {
    if (NextToken === "") throw awsError("InvalidNextToken");
    const page = Number(NextToken ?? 0);
    const Parameters = rolls.slice(page, page + 1).map((roll) => ({ Value: historyEntry(roll) }));
    return { Parameters, NextToken: page + 1 < rolls.length ? String(page + 1) : "" };
  },
});

describe("history", () => {
  it("is a table, the newest first, a line for each roll where a program reads it", async () => {
    const { code, stdout, stderr, asked } = await hiveSwarm(["history", "hive-web"], {
      systemsManager: stored(ROLLS),
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(asked[0]?.input.Name).toBe("/hive-swarm/hive/rolls/hive-web");
    expect(stdout).toBe(
      [
        "Row  When (UTC)        Version  Outcome      Before → after  By      Why                   Cause",
        "1    2026-02-02 11:30  1.4.3    rolled back  1.4.2 → 1.4.2   person  the fix of the login  start-failed: task q1 failed: task: non-zero exit (1) its last lines: [31mboom [0m",
        "2    2026-02-01 10:00  1.4.2    converged    1.4.1 → 1.4.2   push    -",
        "",
      ].join("\n"),
    );
  });

  it("has reasons and causes below the rows on a terminal, and is no wider than that", async () => {
    const { stdout } = await hiveSwarm(["history", "hive-web"], {
      systemsManager: stored(ROLLS),
      columns: 80,
    });
    expect(stdout).toBe(
      [
        "Row  When (UTC)        Version  Outcome      Before → after  By",
        "1    2026-02-02 11:30  1.4.3    rolled back  1.4.2 → 1.4.2   person",
        '     "the fix of the login"',
        "     start-failed: task q1 failed: task: non-zero exit (1) its last lines:",
        "     [31mboom [0m",
        "2    2026-02-01 10:00  1.4.2    converged    1.4.1 → 1.4.2   push",
        "",
      ].join("\n"),
    );
  });

  it("is one JSON document with --json, with the same rows", async () => {
    const { stdout, stderr } = await hiveSwarm(["history", "hive-web", "--json", "--cluster", "other"], {
      systemsManager: stored(ROLLS),
    });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({
      cluster: "other",
      region: "ap-northeast-1",
      service: "hive-web",
      rolls: [
        { row: 1, outcome: "rolled back", image: NEWER, why: "the fix of the login" },
        { row: 2, outcome: "converged", image: NEW, from: OLD, seconds: 23.4 },
      ],
    });
  });

  it("of a service that was never rolled says so, and is no failure", async () => {
    const systemsManager = { GetParameterHistory: awsError("ParameterNotFound") };
    const people = await hiveSwarm(["history", "hive-wbe"], { systemsManager });
    expect(people).toMatchObject({ code: 0, stdout: "" });
    expect(people.stderr).toContain("/hive-swarm/hive/rolls/hive-wbe in ap-northeast-1 has no entry");
    const programs = await hiveSwarm(["history", "hive-wbe", "--json"], { systemsManager });
    expect(JSON.parse(programs.stdout)).toMatchObject({ rolls: [] });
  });
});

describe("rollback, where it cannot be", () => {
  it("says why, with 1, and asks for nothing", async () => {
    const none = await hiveSwarm(["rollback", "hive-web"], {
      systemsManager: { GetParameterHistory: awsError("ParameterNotFound") },
    });
    expect(none).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("has no entry") });
    const noRow = await hiveSwarm(["rollback", "hive-web", "--to", "7"], { systemsManager: stored(ROLLS) });
    expect(noRow).toMatchObject({ code: 1, stderr: expect.stringContaining("rows 1 to 2, and no row 7") });
    expect(new Set(noRow.asked.map(({ operation }) => operation))).toEqual(new Set(["GetParameterHistory"]));
  });
});
