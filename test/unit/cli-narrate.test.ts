// From the events of an execution to what a person is told: what the flows on virtual time seldom show (test/flows/command-line.test.ts
// has the rest).
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { Event } from "@aws-sdk/client-lambda";
import { narrate, noStory, type Story } from "../../cli/roll/narrate.ts";
import { steps } from "../../cli/roll/steps.ts";
import type { ServiceFacts } from "../../shared/swarm/services.ts";
import { stepNames } from "../flows/step-names.ts";
import { factsOf, failureOf, imageOf, markerLabels, NEW, OLD } from "./rolls-facts.ts";

const BEGAN = Date.UTC(2026, 1, 1, 10);

/** An event of a step, so many seconds after the execution began. */
const event = (seconds: number, EventType: string, Name: string, details: object = {}): Event =>
  ({ EventId: 1, EventTimestamp: new Date(BEGAN + seconds * 1000), EventType, Name, ...details }) as Event;

const began = event(0, "ExecutionStarted", "roll-1");

/** A wait that has ended, with the state that shared/flows/watch.ts stores. */
const ended = (seconds: number, name: string, end: object): Event =>
  event(seconds, "StepSucceeded", name, {
    StepSucceededDetails: { Result: { Payload: JSON.stringify({ state: { because: "", looks: 1, end } }) } },
  });

const answered = (seconds: number, name: string, answer: object): Event =>
  ended(seconds, name, { done: { kind: "answered", stdout: JSON.stringify(answer) } });

const gz = (value: object): string => gzipSync(JSON.stringify(value)).toString("base64");
const rolling = (changes: Partial<ServiceFacts>): ServiceFacts =>
  factsOf({ name: "hive-web", image: NEW, labels: markerLabels(), ...changes });

const tell = (events: readonly Event[]) => {
  let story: Story = noStory;
  const lines: string[] = [];
  for (const each of [began, ...events]) {
    const next = narrate(story, each);
    story = next.story;
    lines.push(
      ...next.told.map(({ seconds, text, tone }) => `${seconds} ${tone === "bad" ? "! " : ""}${text}`),
    );
  }
  return { lines, story };
};

const tasksOf = (running: number, moving: number, pending = 0): ServiceFacts["tasks"] => [
  { image: NEW, state: "running", placed: true, count: running },
  { image: OLD, state: "running", placed: true, count: moving },
  { image: NEW, state: "pending", placed: false, count: pending },
];

describe("every step of the flow", () => {
  const sources = readdirSync("shared/flows")
    .filter((file) => file.startsWith("roll"))
    .map((file) => readFileSync(`shared/flows/${file}`, "utf8"))
    .join("\n");

  it("is known by its name", async () => {
    const names = (await stepNames()).filter((name) => sources.includes(`"${name}"`));
    expect(Object.keys(steps).sort()).toEqual(names.sort());
  });
});

describe("tasks", () => {
  it("are told when their number is new, and only then", () => {
    const look = (seconds: number, facts: ServiceFacts) =>
      answered(seconds, "watch tasks", { outcome: "seen", gz: gz(facts) });
    const { lines, story } = tell([
      look(20, rolling({ tasks: tasksOf(0, 5) })),
      look(40, rolling({ tasks: tasksOf(2, 3) })),
      look(60, rolling({ tasks: tasksOf(2, 3) })),
      look(80, rolling({ tasks: tasksOf(4, 0, 1) })),
      event(81, "StepStarted", "watch tasks"),
    ]);
    expect(lines).toEqual([
      "20 hive-web: 0 of 5 tasks run 1.4.2",
      "40 hive-web: 2 of 5 tasks run 1.4.2",
      "80 hive-web: 4 of 4 tasks run 1.4.2, 1 more has no place",
    ]);
    expect(story.doing).toBe("tasks are watched: hive-web: 4 of 4 tasks run 1.4.2, 1 more has no place");
  });

  it("that failed are told once, with their last lines and nothing that a terminal would obey", () => {
    const failure = failureOf({ lines: "\u001b[2Jout of\nmemory \u202e" });
    const look = (seconds: number) =>
      answered(seconds, "watch tasks", { outcome: "seen", gz: gz(rolling({ failures: [failure] })) });
    const { lines } = tell([look(20), look(40)]);
    expect(lines.filter((line) => line.includes("failed"))).toEqual([
      `20 ! hive-web: task ${failure.task} on ${failure.instance} failed: task: non-zero exit (1); its last lines: out of memory`,
    ]);
  });

  it.each([
    [{ unhealthy: true, probe: "503\n" }, "host: it was stopped as unhealthy: 503"],
    [{ oomKilled: true, exitCode: 137 }, "host: it was killed: out of memory"],
    [{ exitCode: 3, error: "no such file" }, "host: its container ended with exit code 3: no such file"],
  ])("that failed are explained by their host: %j", (facts, said) => {
    const answer = {
      outcome: "seen",
      exitCode: 0,
      oomKilled: false,
      error: "",
      unhealthy: false,
      probe: "",
      lines: "",
    };
    expect(tell([answered(30, "explain task", { ...answer, ...facts })]).lines).toEqual([`30 ! ${said}`]);
    expect(tell([answered(30, "explain task", { outcome: "gone" })]).lines).toEqual([]);
  });

  it("on the way back are counted by the image before", () => {
    const labels = markerLabels({ "hive.roll.phase": "back", "hive.roll.cause": "unhealthy" });
    const facts = rolling({ image: OLD, labels, tasks: tasksOf(1, 2) });
    expect(tell([answered(50, "set image back", { outcome: "done", gz: gz(facts) })]).lines).toEqual([
      "50 hive-web: going back to 1.4.1 (unhealthy)",
      "50 hive-web: 2 of 3 tasks run 1.4.1",
    ]);
  });
});

describe("hosts", () => {
  const hosts = ["i-0123456789abcdef0", "i-0123456789abcdef1", "i-0123456789abcdef2"];
  const survey = (seconds: number, workers: string[], unlabelled = 0) =>
    answered(seconds, "survey services", { gz: gz({ services: [factsOf()], workers, unlabelled }) });

  it("are counted, and each that does not hold the image is named with its cause", () => {
    const trouble = { instanceId: hosts[1], silent: false, cause: "pull: no space left on device" };
    const { lines } = tell([
      survey(1, hosts, 1),
      ended(9, "hosts hold image", { done: [trouble] }),
      survey(19, hosts),
      ended(22, "hosts hold image", { done: [] }),
    ]);
    expect(lines).toEqual([
      "1 run by shop_hive-tomcat (1.4.1); 3 workers",
      "1 ! 1 worker without our label: nobody can have them pull the image",
      "9 ! hosts hold the image: 2 of 3",
      `9 ! ${hosts[1]}: pull: no space left on device`,
      "19 run by shop_hive-tomcat (1.4.1); 3 workers",
      "22 hosts hold the image: 3 of 3",
    ]);
  });

  it("that became active meanwhile are asked alone", () => {
    const facts = rolling({ image: OLD });
    const { lines } = tell([
      survey(1, hosts),
      answered(9, "set image", { outcome: "new-hosts", hosts: "i-0123456789abcdef3", gz: gz(facts) }),
      ended(11, "hosts hold image", { done: [] }),
    ]);
    expect(lines.slice(1)).toEqual([
      "9 hive-web: 1 worker became active meanwhile, and must hold the image first",
      "11 hosts hold the image: 1 of 1",
    ]);
  });
});

describe("a write", () => {
  const write = (name: string, answer: object) => tell([answered(5, name, answer)]).lines;

  it.each([
    ["begin roll", "changed", "5 hive-web: another roll began in between; it is decided anew"],
    ["end roll", "lost", "5 ! hive-web: another roll has taken over"],
    ["end roll", "no-service", "5 ! the service was removed"],
  ])("%s that was %s says so", (name, outcome, said) => {
    expect(write(name, { outcome, gz: gz(rolling({})) })).toEqual([said]);
  });

  it.each([
    ["shrink service", "5 hive-web: shrunk to the 3 replicas that have a place"],
    ["resume update", "5 hive-web: update woken: it had paused for tasks that went with their node"],
  ])("%s is told with the tasks after it", (name, said) => {
    expect(write(name, { outcome: "done", gz: gz(rolling({})) })).toEqual([
      said,
      "5 hive-web: 3 of 3 tasks run 1.4.2",
    ]);
  });

  it("to a service that runs on every node speaks of no replicas", () => {
    const facts = rolling({
      mode: "global",
      replicas: null,
      labels: markerLabels({ "hive.roll.replicas": "", "hive.roll.slots": "" }),
    });
    expect(write("begin roll", { outcome: "done", gz: gz(facts) })).toEqual([
      "5 hive-web: roll begun, 1.4.1 → 1.4.2",
    ]);
    expect(write("end roll", { outcome: "done", gz: gz(facts) })).toEqual([
      "5 hive-web: roll ended on 1.4.2",
    ]);
  });
});

describe("what goes wrong on the way", () => {
  it("is told: a step that failed for good, one that is tried again, and an invocation that broke off", () => {
    const error = { Error: { Payload: { ErrorMessage: "ThrottlingException: Rate exceeded" } } };
    const { lines } = tell([
      event(1, "StepFailed", "publish outcome", {
        StepFailedDetails: { ...error, RetryDetails: { NextAttemptDelaySeconds: 2 } },
      }),
      event(3, "StepFailed", "publish outcome", { StepFailedDetails: { ...error, RetryDetails: {} } }),
      event(4, "InvocationCompleted", "", {
        InvocationCompletedDetails: { Error: { Payload: { ErrorMessage: "Runtime exited" } } },
      }),
      ended(5, "watch tasks", { failed: "no-one" }),
      ended(6, "begin roll", { late: "no manager is online" }),
      ended(7, "end roll", { done: { kind: "refused", step: "update", cause: "name conflicts" } }),
    ]);
    expect(lines).toEqual([
      "1 publish outcome: ThrottlingException: Rate exceeded; again in 2 s",
      "3 ! publish outcome: ThrottlingException: Rate exceeded",
      "4 the function was interrupted, and goes on where it was: Runtime exited",
      "5 ! watch tasks: no-one",
      "6 ! begin roll: not done when its time was up: no manager is online",
      "7 ! manager: name conflicts",
    ]);
  });

  it("is told of a registry that refuses", () => {
    const cause = {
      code: "credentials",
      text: "DescribeImages of hive-tomcat in us-east-1: AccessDeniedException",
    };
    const end = { done: { kind: "refused", image: imageOf("", "2"), because: "nothing was changed", cause } };
    expect(tell([ended(1, "resolve image", end)]).lines).toEqual([`1 ! refused: ${cause.text}`]);
  });

  it.each([
    ["left out", undefined],
    ["cut off", '{"state":{"because":"","end":{"done":{"kind":"ans'],
    ["of another version", '{"outcome":"done"}'],
    ["still open", '{"state":{"because":"runs on i-1 since 3 s"}}'],
  ])("is nothing where a result is %s", (_what, Payload) => {
    const details = { StepSucceededDetails: { Result: { Payload } } };
    expect(tell([event(1, "StepSucceeded", "watch tasks", details)]).lines).toEqual([]);
  });

  it("says that an answer cannot be read where that is so", () => {
    const { lines } = tell([answered(1, "watch tasks", { outcome: "seen", gz: "AAAA" })]);
    expect(lines).toEqual([expect.stringContaining("1 ! manager: answered something else than it should")]);
  });
});

describe("the end of an execution", () => {
  it.each([
    ["ExecutionSucceeded", { Result: { Payload: "{}" } }, { kind: "succeeded", result: "{}" }],
    ["ExecutionFailed", { Error: { Payload: { ErrorMessage: "no" } } }, { kind: "failed", because: "no" }],
    ["ExecutionTimedOut", {}, { kind: "timed out", because: "no error was given" }],
    [
      "ExecutionStopped",
      { Error: { Payload: { ErrorType: "StopRequested" } } },
      { kind: "stopped", because: "StopRequested" },
    ],
  ])("%s is known", (type, details, ending) => {
    expect(tell([event(9, type, "roll-1", { [`${type}Details`]: details })]).story.ending).toEqual(ending);
  });
});

it("an event of a kind that is not known changes nothing", () => {
  const { lines, story } = tell([event(1, "ChainedInvokeStarted", "anything")]);
  expect(lines).toEqual([]);
  expect(story).toEqual({ ...noStory, startedAt: BEGAN });
});
