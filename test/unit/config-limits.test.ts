import { ConfigError, readConfig } from "../../shared/config/config.ts";
import { environment } from "../environment.ts";

const problemsOf = (changes: Record<string, string | undefined>): readonly string[] => {
  try {
    readConfig({ ...environment, ...changes });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

const many = (length: number, character = "a") => character.repeat(length);

/** Of each setting the values at the edge that are taken, and those just beyond it. */
const edges: [name: string, taken: string[], refused: string[]][] = [
  [
    "CLUSTER",
    ["h", "h2-x", many(31)],
    ["", "2h", "-h", "Hive", "h_x", many(32), " hive", "hive ", "hi ve", "x\nhive"],
  ],
  ["WORKER_GROUPS", ["a", "a,b", " a , b ", "A b:/@._-", many(255)], ["", ",", "a,b;c", many(256), "$(a)"]],
  ["MANAGER_GROUPS", ["a", "a,,b"], ["", " ", "a'b"]],
  ["LAUNCH_HOOK", ["j", "a/b.c-d_1", many(255)], ["", many(256), "a b", "$join", "join;"]],
  ["TERMINATE_HOOK", ["r", many(255)], ["", many(256), " retire", "retire "]],
  ["LOAD_BALANCER", ["", "h", "Hive-1", many(32)], [many(33), "a_b", " hive", "hive "]],
  [
    "REGISTRY",
    ["r", "10.78.0.1:5000", many(200), `${many(200)}:65535`],
    ["", many(201), "r:", "r:123456", "R", "r/x", "http://r", "r:5000/x"],
  ],
  [
    "REGISTRY_REGION",
    ["us-east-1", "us-gov-west-1"],
    ["", "us-1", "us-east-", "us-east-12", "US-east-1", "xus-east-1"],
  ],
  ["WORKER_TOKEN_PARAMETER", ["/a", `/${many(200)}`], ["", "/", "a", `/${many(201)}`, "/a b", "x/a"]],
  ["SERVICES_PARAMETER", ["/a", `/${many(200)}`], ["", "/", "a", `/${many(201)}`, "/a$", "x/a"]],
  ["DOCUMENT_PREFIX", ["a", "a.b_c-", many(100)], ["", many(101), "a b", "/a", "a/"]],
  ["DOCUMENTS_REVISION", ["", "0123456789ab"], ["0", "0123456789abc", "0123456789AB", " 0123456789ab"]],
  [
    "LOG_GLOBS",
    ["/a", "/var/log/*/?.log /srv/x_y-z.log"],
    ["", "/", "a", "/a  /b", "/a /", "/a b", " /a", "/a ", "/a;b", "/$(a)", "/a /b;"],
  ],
  ["FILEBEAT_DATA", ["/a", `/${many(200)}`], ["", "/", "a/b", `/${many(201)}`, "/a b", "x/a"]],
  [
    "FILEBEAT_HTTP",
    ["", "localhost:5066", "h:1", "h:65535"],
    ["h", "h:", "h:123456", ":5066", "h:5066/", "a b:1", "http://h:1"],
  ],
  ["SCAN_INTERVAL_SECONDS", ["1", "300"], ["", "0", "301", "1.5", "ten"]],
  ["UNSHIPPED", ["retain", "continue"], ["", "Retain", "keep"]],
  ["RETAIN_CAP", ["0", "100"], ["", "-1", "101", "0.5"]],
  ["RESCUE_BUCKET", ["", "abc", many(63), "a.b-c"], ["ab", many(64), "-abc", "Abc", "a_bc", " abc", "abc "]],
  ["JOIN_DEADLINE_SECONDS", ["30", "172800"], ["", "29", "172801", "soon"]],
  ["RETIRE_DEADLINE_SECONDS", ["52", "172800"], ["", "29", "51", "172801", "1e"]],
  ["JOIN_HEARTBEAT_SECONDS", ["360", "7200"], ["", "29", "359", "7201", "hour"]],
  ["RETIRE_HEARTBEAT_SECONDS", ["360", "7200"], ["", "29", "359", "7201", "1.5"]],
  ["DRAINING_SECONDS", ["1", "3600"], ["", "0", "3601", "never"]],
  ["STOP_GRACE_SECONDS", ["1", "3600"], ["", "0", "3601", "60s"]],
  ["REPAIR_MOST_PERCENT", ["1", "100"], ["", "0", "101", "30%"]],
  ["STEP_METRICS", ["yes", "no"], ["", "true", "maybe"]],
  ["MANAGER_TOKEN_PARAMETER", ["/a", `/${many(200)}`], ["", "/", "a", `/${many(201)}`, "/a b", "x/a"]],
  ["SWARM_PARAMETER", ["/a", `/${many(200)}`], ["", "/", "a", `/${many(201)}`, "/a$", "x/a"]],
  ["PAUSE_PARAMETER", ["/a", `/${many(200)}`], ["", "/", "a", `/${many(201)}`, "/a;", "x/a"]],
  ["STACK_PARAMETER", ["/a", `/${many(200)}`], ["", "/", "a", `/${many(201)}`, "/a b", "x/a"]],
  ["STACK", ["h", "h2-x", many(31)], ["", "2h", "-h", "Hive", "h_x", many(32), "hive "]],
  ["REPLICAS", ["ahead", "follow", "off"], ["", "Ahead", "none"]],
  ["REPLICAS_AHEAD", ["1", "1000"], ["", "0", "1001", "1.5"]],
  ["TOKEN_ROTATE_DAYS", ["0", "3650"], ["", "-1", "3651", "x"]],
  [
    "ADDRESS_POOL",
    ["172.30.0.0/16", "10.0.0.0/8", "192.168.0.0/24"],
    ["", "172.30.0.0", "172.30.0.0/7", "172.30.0.0/25", "a.b.c.d/16", "172.30.0.0/16 "],
  ],
  ["BACKUP_BUCKET", ["", "abc", many(63), "a.b-c"], ["ab", many(64), "-abc", "Abc", "a_bc", " abc", "abc "]],
  [
    "ROLL_REPOSITORIES",
    ["a", "*", "hive-*,team/hive_b.c, * ", "0*", many(256)],
    ["", " , ", "-a", "/a", "Hive", "a,b c", "a;b", "$(a)", many(257)],
  ],
  [
    "ROLL_TAGS",
    ["latest", ".*", "a|b", "v?[0-9]+([.][0-9]+)*", "(?<name>a)"],
    ["", "(", "[", "*", "a)|(b", "\\"],
  ],
  ["VERSION_TAGS", ["1", "[0-9.]+"], ["", ")", "a{2,1}", "(?<a", "x)|(?:y"]],
  ["HISTORY_PREFIX", ["/a", `/${many(200)}`], ["", "/", "a", `/${many(201)}`, "/a b", "x/a", "/a$"]],
  ["ROLL_PARALLELISM", ["1", "1000"], ["", "0", "1001", "1.5", "all"]],
  ["ROLL_DELAY_SECONDS", ["0", "3600"], ["", "-1", "3601", "0.1"]],
  ["ROLL_MONITOR_SECONDS", ["1", "3600"], ["", "0", "3601", "5s"]],
  ["ROLL_MINIMUM_RUNNING", ["0", "10000"], ["", "-1", "10001", "half"]],
  ["ROLL_SETTLE_SECONDS", ["0", "600"], ["", "-1", "601", "5.5"]],
  ["ROLL_STALL_SECONDS", ["10", "86400"], ["", "9", "86401", "NaN"]],
  ["ROLL_DEADLINE_SECONDS", ["60", "86400"], ["", "59", "86401", "Infinity"]],
];

/** Room for the edges of the settings that must leave each other room. */
const roomy = {
  ROLL_MONITOR_SECONDS: "1",
  ROLL_STALL_SECONDS: "86400",
  JOIN_HEARTBEAT_SECONDS: "1800",
  RETIRE_DEADLINE_SECONDS: "8000",
  DRAINING_SECONDS: "1",
  STOP_GRACE_SECONDS: "1",
};

describe("a setting", () => {
  it.each(edges)("%s takes %j", (name, taken) => {
    for (const value of taken)
      expect({ value, problems: problemsOf({ ...roomy, [name]: value }) }).toEqual({ value, problems: [] });
  });

  const beyond = edges.map(([name, , refused]) => [name, refused] as const);
  it.each(beyond)("%s refuses %j, and nothing else is wrong then", (name, refused) => {
    for (const value of refused) {
      const [problem = "was taken", ...others] = problemsOf({ ...roomy, [name]: value });
      expect({ value, problem, others }).toEqual({
        value,
        problem: expect.stringContaining(name),
        others: [],
      });
    }
  });

  it.each([
    ["CLUSTER", "Hive", 'CLUSTER is "Hive"; give it a value such as hive'],
    ["LOAD_BALANCER", "a b", 'LOAD_BALANCER is "a b"; give it a value such as hive'],
    ["WORKER_GROUPS", "", "WORKER_GROUPS is empty; name at least one group, such as hive-workers"],
    ["MANAGER_GROUPS", "", "MANAGER_GROUPS is empty; name at least one group, such as hive-managers"],
    ["MANAGER_GROUPS", "a,b$", 'MANAGER_GROUPS holds no group name: "b$"'],
    ["RETAIN_CAP", "many", 'RETAIN_CAP is "many"; give it a whole number from 0 to 100'],
    ["UNSHIPPED", "keep", 'UNSHIPPED is "keep"; choose retain, rescue or continue'],
    [
      "UNSHIPPED",
      "rescue",
      "UNSHIPPED is rescue and RESCUE_BUCKET is empty; name the bucket for the rescued ranges",
    ],
    ["ROLL_REPOSITORIES", "", "ROLL_REPOSITORIES is empty; name at least one repository, such as hive-*"],
    ["ROLL_REPOSITORIES", "a,B", 'ROLL_REPOSITORIES holds no repository name: "B"'],
    ["ROLL_TAGS", "", "ROLL_TAGS is empty; give it a regular expression such as latest|v?[0-9]+([.][0-9]+)*"],
    [
      "VERSION_TAGS",
      "(",
      "VERSION_TAGS is no regular expression: Invalid regular expression: /(/: Unterminated group; give it one such as v?[0-9]+([.][0-9]+)*",
    ],
    ["HISTORY_PREFIX", "a", 'HISTORY_PREFIX is "a"; give it a value such as /hive-swarm/hive/rolls'],
    [
      "ROLL_STALL_SECONDS",
      "10",
      "ROLL_STALL_SECONDS is 10, and every roll would fail: give it more than ROLL_DELAY_SECONDS (0) and ROLL_MONITOR_SECONDS (10)",
    ],
    [
      "ROLL_DELAY_SECONDS",
      "300",
      "ROLL_STALL_SECONDS is 300, and every roll would fail: give it more than ROLL_DELAY_SECONDS (300) and ROLL_MONITOR_SECONDS (10)",
    ],
    [
      "JOIN_DEADLINE_SECONDS",
      "90001",
      "JOIN_DEADLINE_SECONDS is 90001, and its hook ends by itself after 90000 s (100 heartbeats of 900 s, 48 hours at most): lower it, or raise JOIN_HEARTBEAT_SECONDS",
    ],
    [
      "JOIN_HEARTBEAT_SECONDS",
      "60",
      "JOIN_HEARTBEAT_SECONDS is 60, and the hook of a machine whose event was lost would end before the next repair: give it 360 or more",
    ],
    [
      "RETIRE_HEARTBEAT_SECONDS",
      "300",
      "RETIRE_HEARTBEAT_SECONDS is 300, and the hook of a machine whose event was lost would end before the next repair: give it 360 or more",
    ],
    [
      "DRAINING_SECONDS",
      "1500",
      "DRAINING_SECONDS is 1500, and a retirement has 1500 s for everything: lower the load balancer's draining, or raise RETIRE_DEADLINE_SECONDS",
    ],
    [
      "STOP_GRACE_SECONDS",
      "1600",
      "STOP_GRACE_SECONDS is 1600, and a retirement has 1500 s for everything: lower the stack's stop_grace_period, or raise RETIRE_DEADLINE_SECONDS",
    ],
    [
      "RETIRE_DEADLINE_SECONDS",
      "139",
      "RETIRE_DEADLINE_SECONDS is 139, and no retirement could keep it: connections may drain for 30 s (DRAINING_SECONDS), containers stop for 60 s (STOP_GRACE_SECONDS), and the proof that their logs were shipped takes up to 50 s (SCAN_INTERVAL_SECONDS); give it 140 or more",
    ],
    ["ROLL_DELAY_SECONDS", "long", 'ROLL_DELAY_SECONDS is "long"; give it a whole number from 0 to 3600'],
  ])("%s=%j is a problem, told with its remedy", (name, value, problem) => {
    expect(problemsOf({ [name]: value })).toEqual([problem]);
  });

  it("that makes several budgets impossible is told once for each of them", () => {
    expect(
      problemsOf({
        RETIRE_DEADLINE_SECONDS: "20000",
        RETIRE_HEARTBEAT_SECONDS: "90",
        JOIN_DEADLINE_SECONDS: "172800",
      }),
    ).toEqual([
      expect.stringMatching(/^JOIN_DEADLINE_SECONDS is 172800, .* 90000 s/),
      expect.stringMatching(/^RETIRE_DEADLINE_SECONDS is 20000, .* 9000 s/),
      expect.stringMatching(/^RETIRE_HEARTBEAT_SECONDS is 90, /),
    ]);
    // Just possible, each of them.
    expect(problemsOf({ RETIRE_DEADLINE_SECONDS: "140", JOIN_DEADLINE_SECONDS: "90000" })).toEqual([]);
  });

  it("that is missing is told as the empty text", () => {
    for (const name of ["CLUSTER", "UNSHIPPED", "RETAIN_CAP"])
      expect(problemsOf({ [name]: undefined })[0]).toContain(`${name} is ""`);
    for (const name of ["WORKER_GROUPS", "ROLL_REPOSITORIES", "ROLL_TAGS", "VERSION_TAGS"])
      expect(problemsOf({ [name]: undefined })).toEqual(problemsOf({ [name]: "" }));
  });

  it("has a remedy that is taken itself", () => {
    const examples = edges.flatMap(([name]) =>
      // No name, no number, and no regular expression.
      [...(problemsOf({ [name]: "\u0000(" })[0]?.matchAll(/such as (.+)$/g) ?? [])].map(
        ([, example = ""]) => [name, example],
      ),
    );
    expect(examples).toHaveLength(24);
    expect(problemsOf(Object.fromEntries(examples))).toEqual([]);
  });
});

describe("the error of a wrong configuration", () => {
  it("has all problems in its message, each on its line, and a name of its own", () => {
    const read = () => readConfig({ ...environment, CLUSTER: "", RETAIN_CAP: "" });
    expect(read).toThrow(/environment of the function\) is wrong:\n- CLUSTER .*\n- RETAIN_CAP [^\n]*$/);
    expect(read).toThrow(expect.objectContaining({ name: "ConfigError" }));
  });
});

describe("a right configuration", () => {
  it("is each setting under its own name", () => {
    expect(readConfig({ ...environment, RESCUE_BUCKET: "kept" })).toEqual({
      cluster: "hive",
      workerGroups: ["hive-workers"],
      managerGroups: ["hive-managers"],
      launchHook: "join",
      stepMetrics: true,
      terminateHook: "retire",
      loadBalancer: "hive",
      registry: "123456789012.dkr.ecr.us-east-1.amazonaws.com",
      registryRegion: "us-east-1",
      workerTokenParameter: "/hive-swarm/hive/join-token/worker",
      servicesParameter: "/hive-swarm/hive/services",
      documentPrefix: "hive-swarm-dev-",
      documentsRevision: undefined,
      logGlobs: "/var/log/hive/*/*.log",
      filebeatData: "/var/lib/filebeat",
      filebeatHttp: "127.0.0.1:5066",
      scanIntervalSeconds: 10,
      unshipped: "retain",
      retainCap: 2,
      rescueBucket: "kept",
      joinDeadlineSeconds: 900,
      retireDeadlineSeconds: 1500,
      mostTouchedPercent: 30,
      joinHeartbeatSeconds: 900,
      retireHeartbeatSeconds: 1800,
      drainingSeconds: 30,
      stopGraceSeconds: 60,
      managerTokenParameter: "/hive-swarm/hive/join-token/manager",
      swarmParameter: "/hive-swarm/hive/swarm",
      pauseParameter: "/hive-swarm/hive/pause",
      stack: "hive",
      stackParameter: "/hive-swarm/hive/stack",
      replicas: "ahead",
      replicasAhead: 2,
      tokenDays: 0,
      addressPool: "172.30.0.0/16",
      backupBucket: undefined,
      repositories: ["hive-*"],
      rollTags: /^(?:latest|v?[0-9]+([.][0-9]+)*)$/,
      versionTags: /^(?:v?[0-9]+([.][0-9]+)*([-_.][0-9A-Za-z]+)*)$/,
      historyPrefix: "/hive-swarm/hive/rolls",
      rollParallelism: 1,
      rollDelaySeconds: 0,
      rollMonitorSeconds: 10,
      rollMinimumRunning: 0,
      rollSettleSeconds: 5,
      rollStallSeconds: 300,
      rollDeadlineSeconds: 7200,
    });
  });
});
