// What a roll came to: whether all is well, what is said of it, and which rolls stand in the way of a way back.
import {
  exitCodeOf,
  type Intent,
  intentTable,
  type Outcome,
  outcomeTable,
  parseReport,
  reasons,
} from "../../cli/roll/report.ts";
import { otherRollOf } from "../../cli/roll/under-way.ts";
import type { Intent as FlowIntent } from "../../shared/flows/roll.ts";
import type { RollOutcome } from "../../shared/rolls/outcome.ts";
import { digestOf, NEW, OLD, outcomeOf } from "./rolls-facts.ts";

const outcome = (changes: Partial<RollOutcome> = {}): RollOutcome & Outcome =>
  outcomeOf({ seconds: 23.42, ...changes });

const intent = (does: FlowIntent["does"]): FlowIntent & Intent => ({
  service: "hive-web",
  does,
  because: "it runs another image",
  from: OLD,
  to: NEW,
});

describe("the report of a flow", () => {
  it("is read as the flow writes it", () => {
    const report = { outcomes: [outcome()], intents: [intent("roll")] };
    expect(parseReport(JSON.stringify(report))).toEqual(report);
  });

  it.each([undefined, "", "null", "{", '{"outcomes":[{}],"intents":[]}'])(
    "is none where it says %j",
    (text) => {
      expect(parseReport(text)).toBeUndefined();
    },
  );
});

describe("the exit code", () => {
  it.each(["converged", "skipped"] as const)("is 0 where all is well: %s", (result) => {
    expect(exitCodeOf({ outcomes: [outcome({ outcome: result })], intents: [] })).toBe(0);
  });

  it.each(["rolled back", "rollback failed", "superseded", "stalled", "refused"] as const)(
    "is 1 where one of several services is not: %s",
    (result) => {
      expect(exitCodeOf({ outcomes: [outcome(), outcome({ outcome: result })], intents: [] })).toBe(1);
    },
  );

  it("of a dry run is that of the roll that it stands for", () => {
    expect(exitCodeOf({ outcomes: [], intents: [intent("roll"), intent("skipped")] })).toBe(0);
    expect(exitCodeOf({ outcomes: [], intents: [intent("roll"), intent("refused")] })).toBe(1);
    expect(exitCodeOf({ outcomes: [], intents: [] })).toBe(1);
  });
});

describe("what is shown", () => {
  it("is a line for each service, and why below", () => {
    const back = outcome({
      service: "hive-api",
      outcome: "rolled back",
      runs: OLD,
      because: "3 tasks run 1.4.1 again",
      cause: {
        code: "start-failed",
        text: "task q1 failed: non-zero exit (3)\nboot\u001b[1m failed\u001b[0m",
      },
    });
    const outcomes = [
      outcome(),
      back,
      outcome({ service: "", outcome: "refused", from: "", runs: "", because: "nothing was changed" }),
    ];
    expect(outcomeTable(outcomes).split("\n")).toEqual([
      "Service   Outcome      Wanted  Before  Runs now  Seconds",
      "hive-web  converged    1.4.2   1.4.1   1.4.2     23.4",
      "hive-api  rolled back  1.4.2   1.4.1   1.4.1     23.4",
      "-         refused      1.4.2   -       -         23.4",
    ]);
    expect(reasons({ outcomes, intents: [] })).toEqual([
      "hive-web: 3 tasks run 1.4.2",
      "hive-api: 3 tasks run 1.4.1 again",
      "  start-failed: task q1 failed: non-zero exit (3)",
      "    boot failed",
      "hive-tomcat: nothing was changed",
    ]);
  });

  it("of a dry run is what would be", () => {
    const intents = [intent("roll"), { ...intent("skipped"), because: "its tasks run it already" }];
    expect(intentTable(intents).split("\n")).toEqual([
      "Service   Would be  Runs now  Wanted",
      "hive-web  rolled    1.4.1     1.4.2",
      "hive-web  skipped   1.4.1     1.4.2",
    ]);
    expect(reasons({ outcomes: [], intents })[1]).toBe("hive-web: its tasks run it already");
  });
});

describe("a roll that stands in the way of a guess", () => {
  const request = {
    repository: "hive-tomcat",
    image: digestOf("1"),
    service: "hive-web",
    why: "",
    dryRun: false,
  };
  const person = {
    trigger: "person",
    repository: "hive-tomcat",
    image: "1.4.3",
    service: "",
    why: "",
    dryRun: false,
  };
  const push = { trigger: "push", repository: "hive-tomcat", digest: digestOf("3") };
  const found = (payload: unknown) =>
    otherRollOf(request, [{ name: "roll-1", payload: JSON.stringify(payload) }]);

  it.each([
    ["a push", push],
    ["a person's, of all services", person],
    ["a person's, of this service", { ...person, service: "hive-web" }],
  ])("is %s to another image", (_what, payload) => {
    expect(found(payload)).toBe("roll-1");
  });

  it.each([
    ["a push of another repository", { ...push, repository: "hive-worker" }],
    ["of another service", { ...person, service: "hive-api" }],
    ["a dry run", { ...person, dryRun: true }],
    ["the very same way back", { ...person, image: digestOf("1"), service: "hive-web" }],
    ["a request that this tool does not know", { trigger: "moon" }],
  ])("is not %s", (_what, payload) => {
    expect(found(payload)).toBeUndefined();
  });
});
