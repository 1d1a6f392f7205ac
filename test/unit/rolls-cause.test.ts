import { causeOf, codeOf, explainedCause, isGuilty, pullCause } from "../../shared/rolls/cause.ts";
import { factsOf, failureOf, markerLabels, NEW, OLD } from "./rolls-facts.ts";

const HOST = "i-0123456789abcdef0";

describe("what the engine says of a task", () => {
  it.each([
    ["task: non-zero exit (1)", "start-failed"],
    ["task: non-zero exit (137): dockerexec: unhealthy container", "unhealthy"],
    ["starting container failed: dockerexec: unhealthy container", "unhealthy"],
    [`No such image: ${NEW}`, "image-missing"],
    [
      'starting container failed: OCI runtime create failed: container_linux.go:380: starting container process caused: exec: "/start.sh": permission denied: unknown',
      "start-failed",
    ],
    [
      'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/start.sh": permission denied: unknown',
      "start-failed",
    ],
    [
      'starting container failed: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "catalina": executable file not found in $PATH: unknown',
      "start-failed",
    ],
    ["starting container failed: network shop_default not found", "start-failed"],
    ["standard_init_linux.go:228: exec user process caused: exec format error", "start-failed"],
    [
      "starting container failed: driver failed programming external connectivity on endpoint shop.1.x: Bind for 0.0.0.0:8080 failed: port is already allocated",
      "port-taken",
    ],
    [
      "starting container failed: driver failed programming external connectivity on endpoint shop.1.x: Error starting userland proxy: listen tcp4 0.0.0.0:8080: bind: address already in use",
      "port-taken",
    ],
    [
      'invalid mount config for type "bind": bind source path does not exist: /var/log/hive/tomcat',
      "mount-missing",
    ],
    ["no suitable node (insufficient resources on 3 nodes)", "no-capacity"],
    [
      "no suitable node (scheduling constraints not satisfied on 1 node; insufficient resources on 2 nodes)",
      "no-capacity",
    ],
    ["no suitable node (2 nodes not available for new tasks)", "no-capacity"],
    ["no suitable node (host-mode port already in use on 1 node)", "port-taken"],
    [
      "starting container failed: error creating overlay mount to /var/lib/docker/overlay2/x/merged: no space left on device",
      "disk-full",
    ],
    // What managers say of a task that is complete: nothing that would name the cause (its host knows more).
    ["ended by itself (a container that is stopped as unhealthy and ends cleanly looks the same)", undefined],
    ["context deadline exceeded", undefined],
    ["", undefined],
  ])("%j is %s", (text, code) => {
    expect(codeOf(text)).toBe(code);
  });
});

describe("what a host says of its pull", () => {
  it.each([
    [
      `pull: ${NEW}: manifest for ${NEW} not found: manifest unknown: Requested image not found`,
      "image-missing",
    ],
    [
      `pull: ${NEW}: pull access denied for hive-tomcat, repository does not exist or may require 'docker login': denied: Your Authorization Token has expired. Reauthenticate and try again.`,
      "credentials",
    ],
    [`pull: ${NEW}: no basic auth credentials`, "credentials"],
    [
      "login: An error occurred (AccessDeniedException) when calling the GetAuthorizationToken operation: User: arn:aws:sts::123456789012:assumed-role/hive-worker/i-0 is not authorized to perform: ecr:GetAuthorizationToken",
      "credentials",
    ],
    [`pull: ${NEW}: write /var/lib/docker/tmp/GetImageBlob1: no space left on device`, "disk-full"],
    [`pull: ${NEW}: dial tcp 10.0.0.2:443: i/o timeout`, "unknown"],
    // It pulls, and starts nothing.
    ["script: task: non-zero exit (1)", "unknown"],
  ])("%j is %s, with the host before it", (text, code) => {
    expect(pullCause(HOST, text)).toEqual({ code, text: `${HOST}: ${text}` });
  });
});

describe("what a host says of a task that failed", () => {
  const cause = { code: "start-failed", text: "task t1 is complete" } as const;
  const failure = failureOf({ task: "t1", lines: "from the managers" });
  const seen = {
    outcome: "seen",
    exitCode: 0,
    oomKilled: false,
    unhealthy: false,
    probe: "",
    error: "",
    lines: "last words\n",
  } as const;

  it("is the cause where the container was stopped as unhealthy, with the words of the health check", () => {
    expect(explainedCause(cause, failure, { ...seen, unhealthy: true, probe: " refused\n" })).toEqual({
      code: "unhealthy",
      text: `task t1 on ${HOST} was stopped as unhealthy; its health check says: refused; its last lines: last words`,
    });
    expect(explainedCause(cause, failure, { ...seen, unhealthy: true, probe: " ", oomKilled: true })).toEqual(
      {
        code: "unhealthy",
        text: `task t1 on ${HOST} was stopped as unhealthy; its health check fails; its last lines: last words`,
      },
    );
  });

  it("is that it ran out of memory, or its exit code and the daemon's words", () => {
    expect(explainedCause(cause, failure, { ...seen, oomKilled: true, exitCode: 137 })).toEqual({
      code: "out-of-memory",
      text: `task t1 on ${HOST} was killed: out of memory, exit code 137; its last lines: last words`,
    });
    expect(explainedCause(cause, failure, { ...seen, exitCode: 3, error: "no such file" })).toEqual({
      code: "start-failed",
      text: `task t1 on ${HOST} ended with exit code 3: no such file; its last lines: last words`,
    });
  });

  it("has the words and the lines that managers had where the host has none", () => {
    expect(explainedCause(cause, failure, { ...seen, lines: "" }).text).toBe(
      `task t1 on ${HOST} ended with exit code 0: task: non-zero exit (1); its last lines: from the managers`,
    );
    expect(explainedCause(cause, failureOf({ task: "t1" }), { ...seen, lines: "" }).text).toBe(
      `task t1 on ${HOST} ended with exit code 0: task: non-zero exit (1)`,
    );
  });

  it("is nothing where the container is gone", () => {
    expect(explainedCause(cause, failure, { outcome: "gone" })).toBe(cause);
  });
});

describe("a failure of a task", () => {
  it.each([
    ["ready", "active", true],
    ["ready", "drain", false],
    ["ready", "pause", false],
    ["down", "active", false],
    ["unknown", "active", false],
    ["disconnected", "active", false],
    ["", "", false],
  ])("on a node that is %j and %j is the task's own: %s", (node, availability, guilty) => {
    expect(isGuilty(failureOf({ node, availability }))).toBe(guilty);
  });
});

describe("the cause of a roll that does not go on", () => {
  const otherwise = { code: "no-progress", text: "nobody knows" } as const;
  const facts = (changes: Parameters<typeof factsOf>[0]) =>
    factsOf({ image: NEW, labels: markerLabels(), ...changes });

  it("is the newest failure that is a task's own, with all that is known of it", () => {
    const failures = [
      failureOf({ task: "t1", node: "down", error: "no such image: x" }),
      failureOf({ task: "t2", error: "task: non-zero exit (3)", exitCode: 3, lines: " boom\nbang \n" }),
      failureOf({ task: "t3" }),
    ];
    expect(causeOf(facts({ failures }), otherwise)).toEqual({
      code: "start-failed",
      text: `task t2 on ${HOST} is failed: task: non-zero exit (3), exit code 3; its last lines: boom\nbang`,
    });
  });

  it("says no exit code and no lines where there are none, and no host where its node has no label", () => {
    for (const exitCode of [null, 0]) {
      const failures = [
        failureOf({
          task: "t1",
          state: "rejected",
          error: `No such image: ${NEW}`,
          exitCode,
          instance: "",
          lines: " \n",
        }),
      ];
      expect(causeOf(facts({ failures }), otherwise)).toEqual({
        code: "image-missing",
        text: `task t1 on a node without label is rejected: No such image: ${NEW}`,
      });
    }
  });

  it("is a start that failed where the engine says nothing known", () => {
    const failures = [failureOf({ error: "something new" })];
    expect(causeOf(facts({ failures }), otherwise).code).toBe("start-failed");
  });

  it("is a health check that does not pass while tasks of the image only start", () => {
    const tasks = [{ image: NEW, state: "starting", placed: true, count: 1 }];
    const waiting = ["no suitable node (insufficient resources on 3 nodes)"];
    expect(causeOf(facts({ tasks, waiting }), otherwise)).toEqual({
      code: "unhealthy",
      text: "tasks start, and their health check does not pass",
    });
  });

  it("is what tasks wait for, where none of the image starts", () => {
    const tasks = [
      { image: OLD, state: "starting", placed: true, count: 1 },
      { image: NEW, state: "preparing", placed: true, count: 1 },
    ];
    const waiting = ["no suitable node (insufficient resources on 3 nodes)", "second"];
    expect(causeOf(facts({ tasks, waiting }), otherwise)).toEqual({ code: "no-capacity", text: waiting[0] });
    expect(causeOf(facts({ tasks, waiting: ["something new"] }), otherwise)).toEqual({
      code: "no-progress",
      text: "something new",
    });
  });

  it("is what the asker knows, where the tasks say nothing, and failures went with their nodes", () => {
    const failures = [failureOf({ node: "down" }), failureOf({ availability: "drain" })];
    expect(causeOf(facts({ failures }), otherwise)).toBe(otherwise);
  });
});
