// Facts of a service as watch-service tells them: three tasks of one image, each on a worker, and nothing under way.
import type { RollOutcome } from "../../shared/rolls/outcome.ts";
import type { ServiceFacts, TaskFailure } from "../../shared/swarm/services.ts";

const REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/hive-tomcat";

export const digestOf = (character: string): string => `sha256:${character.repeat(64)}`;
/** @param character of the digest, the same for the same image. */
export const imageOf = (version: string, character: string): string =>
  `${REPOSITORY}${version && `:${version}`}@${digestOf(character)}`;

export const OLD = imageOf("1.4.1", "1");
export const NEW = imageOf("1.4.2", "2");
export const NEWER = imageOf("1.4.3", "3");

export const factsOf = (changes: Partial<ServiceFacts> = {}): ServiceFacts => ({
  id: "w3kq1p0c8m2r5t7y9u1i3o5pa",
  name: "shop_hive-tomcat",
  mode: "replicated",
  replicas: 3,
  image: OLD,
  managersOnly: false,
  reservedCpus: 0,
  labels: {},
  update: { state: "none", message: "", startedAt: "" },
  monitorSeconds: 10,
  tasks: [{ image: changes.image ?? OLD, state: "running", placed: true, count: 3 }],
  stopping: 0,
  youngest: 3_600,
  failed: 0,
  failures: [],
  waiting: [],
  ...changes,
});

export const ROLL = "roll-hive-tomcat-2222222222222222-0";

/** What a push came to that went well. */
export const outcomeOf = (changes: Partial<RollOutcome> = {}): RollOutcome => ({
  roll: ROLL,
  outcome: "converged",
  service: "hive-web",
  repository: "hive-tomcat",
  image: NEW,
  version: "1.4.2",
  from: OLD,
  runs: NEW,
  because: "3 tasks run 1.4.2",
  trigger: "push",
  why: "",
  startedAt: "2026-02-01T10:00:00.000Z",
  seconds: 23.4,
  ...changes,
});

/** The labels of a roll to NEW from OLD. */
export const markerLabels = (changes: Record<string, string> = {}): Record<string, string> => ({
  "hive.roll.id": ROLL,
  "hive.roll.image": NEW,
  "hive.roll.from": OLD,
  "hive.roll.replicas": "3",
  "hive.roll.slots": "3",
  "hive.roll.phase": "forward",
  "hive.roll.since": "2026-02-01T10:00:00.000Z",
  "hive.roll.seen": "2026-02-01T09:59:00.000Z",
  ...changes,
});

/** A task of the new image that came to nothing on a worker that is there. */
export const failureOf = (changes: Partial<TaskFailure> = {}): TaskFailure => ({
  task: "q1w2e3r4t5y6u7i8o9p0a1s2d",
  state: "failed",
  container: "0".repeat(64),
  error: "task: non-zero exit (1)",
  exitCode: 1,
  instance: "i-0123456789abcdef0",
  node: "ready",
  availability: "active",
  lines: "",
  ...changes,
});
