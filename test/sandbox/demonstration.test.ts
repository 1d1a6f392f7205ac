// `npm start -- --json`: its report, its exit code, and that it cleans up behind itself.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Report } from "../../sandbox/demo/report.ts";
import { program, sandbox } from "./command-line.ts";
import { controlGroupsOf, hostState, processesOf } from "./traces.ts";

const directory = mkdtempSync(join(tmpdir(), "hive-"));

afterAll(async () => {
  await sandbox(directory, "down");
  rmSync(directory, { recursive: true, force: true });
}, 60_000);

describe("the demonstration", () => {
  const before = hostState();
  let report: Report;

  it("ends well, and prints the report that it also keeps, and nothing else", async () => {
    const { code, stdout, stderr } = await program(directory, "sandbox/demo/main.ts", "--json");
    report = JSON.parse(stdout) as Report;
    expect({ code, stderr, broken: report.broken }).toEqual({ code: 0, stderr: "", broken: [] });
    expect(JSON.parse(readFileSync(join(directory, "report.json"), "utf8"))).toEqual(report);
  }, 240_000);

  it("counts every request and every log line", () => {
    expect(report.requests.failed).toBe(0);
    expect(report.requests.sent).toBeGreaterThan(500);
    expect(report.logLines.written).toBeGreaterThanOrEqual(report.requests.sent);
    expect(report.logLines.shipped).toBe(report.logLines.written);
  });

  it("tells each lifecycle hook: three launches and two terminations, each completed once", () => {
    const sorted = report.hooks.map(({ hook, transition }) => `${hook} ${transition}`).sort();
    const launch = "join autoscaling:EC2_INSTANCE_LAUNCHING";
    const termination = "retire autoscaling:EC2_INSTANCE_TERMINATING";
    expect(sorted).toEqual([launch, launch, launch, termination, termination]);
    for (const hook of report.hooks) {
      expect(hook).toMatchObject({ result: "CONTINUE", completions: 1 });
      expect(hook.instanceId).toMatch(/^i-0[0-9a-f]{16}$/);
      expect(hook.seconds).toBeGreaterThan(0);
    }
  });

  it("tells how long each step of each flow took", () => {
    expect(report.flows.map(({ status }) => status)).toEqual(report.flows.map(() => "SUCCEEDED"));
    for (const { instanceId, hook, seconds } of report.hooks) {
      const flow = report.flows.find(({ name }) => name.startsWith(`${hook}-${instanceId}`));
      expect(flow?.steps.length).toBeGreaterThan(3);
      for (const step of flow?.steps ?? []) {
        expect(step.name).not.toBe("");
        expect(step.seconds).toBeGreaterThanOrEqual(0);
        expect(step.seconds).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
      }
    }
  });

  it("leaves nothing behind", () => {
    expect(processesOf(directory)).toEqual([]);
    expect(controlGroupsOf(directory)).toEqual([]);
    expect(hostState()).toEqual(before);
  });
});
