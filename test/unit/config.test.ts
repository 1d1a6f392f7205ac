import { ConfigError, readConfig } from "../../shared/config/config.ts";
import { environment } from "../environment.ts";

describe("the configuration", () => {
  it("is read from the environment, with no load balancer and no HTTP endpoint where their names are empty", () => {
    const config = readConfig({
      ...environment,
      LOAD_BALANCER: "",
      FILEBEAT_HTTP: "",
      WORKER_GROUPS: "a, b",
    });
    expect(config).toMatchObject({
      cluster: "hive",
      workerGroups: ["a", "b"],
      retainCap: 2,
      unshipped: "retain",
    });
    expect(config.loadBalancer).toBeUndefined();
    expect(config.filebeatHttp).toBeUndefined();
  });

  it.each([
    ["CLUSTER", "Hive!"],
    ["WORKER_GROUPS", " , "],
    ["MANAGER_GROUPS", ""],
    ["LAUNCH_HOOK", "$(join)"],
    ["TERMINATE_HOOK", ""],
    ["LOAD_BALANCER", "a b"],
    ["REGISTRY", "https://example.com/x"],
    ["REGISTRY_REGION", "Tokyo"],
    ["WORKER_TOKEN_PARAMETER", "token"],
    ["SERVICES_PARAMETER", "/a b"],
    ["DOCUMENT_PREFIX", "a/b"],
    ["LOG_GLOBS", "/var/log; reboot"],
    ["FILEBEAT_DATA", "var"],
    ["FILEBEAT_HTTP", "localhost"],
    ["SCAN_INTERVAL_SECONDS", "0"],
    ["UNSHIPPED", "forget"],
    ["RETAIN_CAP", "-1"],
    ["RETAIN_CAP", "1.5"],
    ["JOIN_DEADLINE_SECONDS", "5"],
    ["RETIRE_DEADLINE_SECONDS", "soon"],
    ["ROLL_REPOSITORIES", "hive-tomcat:latest"],
    ["ROLL_TAGS", "latest|("],
    ["VERSION_TAGS", ""],
    ["HISTORY_PREFIX", "rolls"],
    ["ROLL_PARALLELISM", "0"],
    ["ROLL_DELAY_SECONDS", "-1"],
    ["ROLL_MONITOR_SECONDS", "0"],
    ["ROLL_MINIMUM_RUNNING", "most"],
    ["ROLL_SETTLE_SECONDS", "1000"],
    ["ROLL_STALL_SECONDS", "5"],
    ["ROLL_DEADLINE_SECONDS", "5"],
  ])("with %s=%j is refused, naming the variable and a value that would do", (name, value) => {
    expect(() => readConfig({ ...environment, [name]: value })).toThrow(new RegExp(name));
  });

  it("reports every problem at once", () => {
    try {
      readConfig({});
      throw new Error("was accepted");
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).problems.length).toBeGreaterThanOrEqual(12);
    }
  });

  it.each([
    ["latest", true],
    ["1.4.2", true],
    ["v2", true],
    ["latest-arm64", false],
    ["not-latest", false],
    ["1.4.2-rc1", false],
    ["", false],
    ["latest\n", false],
  ])("has expressions that must match the whole of a tag: %j rolls: %s", (tag, rolls) => {
    expect(readConfig(environment).rollTags.test(tag)).toBe(rolls);
    // Nothing is remembered from one tag to the next.
    expect(readConfig(environment).rollTags.test(tag)).toBe(rolls);
  });

  it("with the policy rescue needs a bucket", () => {
    expect(() => readConfig({ ...environment, UNSHIPPED: "rescue" })).toThrow(/RESCUE_BUCKET/);
    expect(readConfig({ ...environment, UNSHIPPED: "rescue", RESCUE_BUCKET: "kept-logs" }).rescueBucket).toBe(
      "kept-logs",
    );
  });
});
