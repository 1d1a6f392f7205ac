// The code that dispatch runs, put together as functions/dispatch/handler.ts does, in front of models that record every call; and texts
// that nobody should send.
import type { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import middy from "@middy/core";
import fc from "fast-check";
import { logFailure } from "../../functions/dispatch/log-failure.ts";
import { loadCatalogue } from "../../sandbox/aws/catalogue.ts";
import { type CallRecord, createHandle } from "../../sandbox/aws/handle.ts";
import { inProcessClient } from "../../sandbox/aws/in-process.ts";
import { VirtualClock } from "../../sandbox/clock.ts";
import { readConfig } from "../../shared/config/config.ts";
import { EventError } from "../../shared/events/error.ts";
import { parseEvent } from "../../shared/events/parse.ts";
import { dispatch } from "../../shared/flows/dispatch.ts";
import type { Dispatched } from "../../shared/flows/start.ts";
import { environment } from "../environment.ts";

export const OURS = "hive-workers";
const STATES = [
  "Pending",
  "Pending:Wait",
  "Pending:Proceed",
  "InService",
  "Standby",
  "Detached",
  "Terminating",
  "Terminating:Wait",
  "Terminating:Proceed",
  "Terminating:Retained",
  "Terminated",
  "Warmed:Pending:Wait",
  "Warmed:Running",
  "Warmed:Terminating:Wait",
  "Quarantined",
];
const idOf = (index: number): string => `i-0${index.toString(16).padStart(16, "0")}`;
/** One of ours and one of another team in every state. */
export const instances = STATES.flatMap((LifecycleState, index) => [
  { InstanceId: idOf(index), AutoScalingGroupName: OURS, LifecycleState },
  { InstanceId: idOf(100 + index), AutoScalingGroupName: "other-team", LifecycleState },
]);
export const known = instances.map(({ InstanceId }) => InstanceId);

const catalogue = await loadCatalogue(["autoscaling", "lambda"]);

export const setUp = () => {
  const calls: CallRecord[] = [];
  const records: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  const note = (level: string) => (message: string, fields: Record<string, unknown>) =>
    void records.push({ level, message, fields });
  const log = { info: note("info"), warn: note("warn"), error: note("error") };
  const handle = createHandle({
    clock: new VirtualClock(),
    catalogue,
    models: [
      {
        signingName: "autoscaling",
        operations: {
          DescribeAutoScalingInstances: ({ InstanceIds }: { InstanceIds: string[] }) => ({
            AutoScalingInstances: instances.filter(({ InstanceId }) => InstanceIds.includes(InstanceId)),
          }),
        },
      },
      {
        signingName: "lambda",
        operations: {
          ListDurableExecutionsByFunction: () => ({ DurableExecutions: [] }),
          Invoke: () => ({ StatusCode: 202 }),
        },
      },
    ],
    onCall: (record) => calls.push(record),
  });
  const caller = { accessKeyId: "dispatch", principal: "function:dispatch" };
  const dispatcher = {
    autoScaling: inProcessClient<AutoScalingClient>(handle, "autoscaling", caller, catalogue),
    lambda: inProcessClient<LambdaClient>(handle, "lambda", caller, catalogue),
    config: readConfig({ ...environment, WORKER_GROUPS: OURS }),
    functions: {
      join: "join-node",
      retire: "retire-node",
      roll: "roll-service",
      plan: "plan",
      repair: "repair",
      backup: "backup-swarm",
    },
    now: () => 0,
    log,
  };
  // As functions/dispatch/handler.ts puts it together.
  const handler = middy()
    .use(logFailure(log))
    .handler((event: unknown) => dispatch(dispatcher, parseEvent(event)));
  const send = async (event: unknown): Promise<{ answer: Dispatched } | { error: unknown }> => {
    try {
      return { answer: (await handler(event, {} as never)) as Dispatched };
    } catch (error) {
      return { error };
    }
  };
  return { calls, records, send };
};

/**
 * Ten thousand events, each refused with an error that says why, or ignored; those that look genuine are left out.
 * @returns the calls that were made for them
 */
export const refuseOrIgnore = async (
  events: fc.Arbitrary<unknown>,
  looksGenuine: (event: unknown) => boolean,
): Promise<readonly CallRecord[]> => {
  const { calls, records, send } = setUp();
  const seen = { refused: 0, ignored: 0 };
  await fc.assert(
    fc.asyncProperty(events, async (event) => {
      fc.pre(!looksGenuine(event));
      const outcome = await send(event);
      if ("error" in outcome) {
        seen.refused++;
        expect(outcome.error).toBeInstanceOf(EventError);
        expect((outcome.error as EventError).message).toMatch(
          /^Cannot understand this .+: .+ nothing was done\.$/s,
        );
        expect(records.at(-1)).toMatchObject({ level: "error", message: "event failed" });
      } else {
        seen.ignored++;
        expect(Object.keys(outcome.answer)).toEqual(["ignored"]);
        expect(records.at(-1)).toMatchObject({ level: "info", message: "event ignored" });
      }
      // Short enough for a log record, whatever came.
      expect(JSON.stringify(records.pop()).length).toBeLessThan(20_000);
    }),
    { numRuns: 10_000, maxSkipsPerRun: 10 },
  );
  expect(seen.refused + seen.ignored).toBe(10_000);
  // Both ends are really visited.
  expect(Math.min(seen.refused, seen.ignored)).toBeGreaterThan(1_000);
  return calls;
};

/** Text that a shell, a path, a JSON reader or a prototype could trip over, and near misses of what is expected. */
export const hostile = fc.oneof(
  { weight: 2, arbitrary: fc.string({ unit: "binary" }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "$(touch /tmp/owned)",
      "`touch /tmp/owned`",
      "'; touch /tmp/owned; '",
      '"; touch /tmp/owned; "',
      "a\ntouch /tmp/owned\n",
      "\u0000",
      "../../../../etc/passwd",
      "{{ ssm:/hive-swarm/hive/join-token/worker }}",
      "$AWS_SECRET_ACCESS_KEY",
      "__proto__",
      "constructor",
      "toString",
      "",
      " ",
      "*",
      "x".repeat(256),
      "x".repeat(100_000),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      `${OURS}\n`,
      ` ${OURS}`,
      OURS.toUpperCase(),
      `${OURS},other-team`,
      "other-team",
      "join\u0000",
      "Join",
      "join ",
      "retire;",
      `${idOf(3)}\n`,
      ` ${idOf(3)}`,
      idOf(3).toUpperCase(),
      `${idOf(3)} ${idOf(4)}`,
      "i-",
      "i-xyz",
      "mi-0123456789abcdef0",
      "aws.ecr",
      "ECR Image Action",
      "hive-tomcat\n",
      "hive-tomcat:latest",
      "hive-tomcat@sha256:",
      "hive-tomcat/../other",
      "Hive-tomcat",
      "hive-tomcаt", // its а is Cyrillic
      "hive-tomcat\u202e",
      "--label-add=hive.roll=false",
      "com.docker.swarm.id=x",
      `sha256:${"F".repeat(64)}`,
      `sha256:${"a".repeat(63)}`,
      `sha256:${"a".repeat(64)}\n`,
      `SHA256:${"a".repeat(64)}`,
      `sha512:${"a".repeat(64)}`,
      "latest ",
      "latest;reboot",
      "-latest",
      ".latest",
      '1.4.2"}',
      "x".repeat(129),
    ),
  },
);
export const junk = fc.oneof(hostile, fc.jsonValue({ maxDepth: 3 }), fc.constant(undefined));
export const orJunk = <T>(right: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: junk });

export const enveloped = <T>(sources: string[], types: string[], detail: fc.Arbitrary<T>) =>
  fc.record(
    {
      version: junk,
      id: junk,
      source: orJunk(fc.constantFrom(...sources)),
      "detail-type": orJunk(fc.constantFrom(...types)),
      account: junk,
      resources: junk,
      detail: orJunk(detail),
    },
    { requiredKeys: ["source", "detail-type", "detail"] },
  );
