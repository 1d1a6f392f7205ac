// A day of whoever operates a swarm, with the command line alone, on a real one: what is wrong, why something waits, put it right, take
// a machine out, pause. What it prints is what docs/command-line.md shows (RECORD=1 writes it there).
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { writeEnvironmentOf } from "../../sandbox/cli/environment.ts";
import { names } from "../../sandbox/cloud/configuration.ts";
import type { EngineNode } from "../../sandbox/cloud/engine.ts";
import { record, writeRecordings } from "./recording.ts";
import { manager, rollSettings } from "./rolls.ts";
import { withSandbox, workerIn } from "./support.ts";

const projectDirectory = resolve(import.meta.dirname, "../..");

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

describe("an operator's day", () => {
  const sandbox = withSandbox({ managers: 3, workers: 2, settings: rollSettings });
  afterAll(writeRecordings);

  const hiveSwarm = (...words: string[]): Promise<Ended> =>
    new Promise((done, failed) => {
      const { NODE_OPTIONS: _, ...env } = process.env;
      const script = `. "$1"; shift; exec npm run -s hive-swarm -- "$@"`;
      const environment = writeEnvironmentOf(sandbox().stateDirectory);
      const child = spawn("sh", ["-c", script, "sh", environment, ...words], { cwd: projectDirectory, env });
      const said = { stdout: "", stderr: "" };
      for (const name of ["stdout", "stderr"] as const)
        child[name].setEncoding("utf8").on("data", (text: string) => {
          said[name] += text;
        });
      child.once("error", failed);
      child.once("close", (code) => done({ code, ...said }));
    });
  /** As a person, and for the page. */
  const typed = async (name: string, ...words: string[]): Promise<Ended> => {
    const ended = await hiveSwarm(...words);
    record(name, words, ended);
    return ended;
  };
  const drainedByHand = async (): Promise<string> => {
    const engine = await manager(sandbox());
    const nodes = await engine.get<EngineNode[]>("/nodes");
    const node = nodes.find(({ Spec }) => Spec.Role === "worker" && Spec.Availability === "active");
    await engine.post(`/nodes/${node?.ID}/update?version=${node?.Version.Index}`, {
      ...node?.Spec,
      Availability: "drain",
    });
    return node?.Spec.Labels?.[names.instanceLabel] ?? "";
  };

  it("sees the cluster, and that nothing is wrong", async () => {
    expect((await typed("status", "status")).code).toBe(0);
    expect(await typed("plan-calm", "plan")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Nothing to do."),
    });
  });

  it("finds out why a machine waits whose event was lost, and what a person drained, and has both put right", async () => {
    const drained = await drainedByHand();
    await sandbox().control.disturbEvents({ detailType: "launch", deliveries: [] });
    await sandbox().scale(3);
    const launched = await workerIn(sandbox(), "Pending:Wait");
    await sandbox().control.disturbEvents(null);

    const why = await typed("explain-lost", "explain", launched);
    expect(why.code).toBe(0);
    expect(why.stdout).toMatch(/^At it +nobody: no flow runs for it/m);
    expect(why.stdout).toMatch(/^Repair +would start-join \(safe\)/m);

    const offered = await typed("repair-shown", "repair");
    expect(offered.code).toBe(1);
    expect(offered.stdout).toMatch(/To do these 2:\n.* repair --apply\n$/);

    const repaired = await typed("repair-applied", "repair", "--apply");
    expect(repaired.stderr).toBe("");
    expect(repaired.stdout).toMatch(new RegExp(`^start-join +${launched} +done +joined as node `, "m"));
    expect(repaired.stdout).toMatch(new RegExp(`^activate-node +${drained} +done +`, "m"));
    expect(repaired.code).toBe(0);
    expect((await hiveSwarm("plan")).code).toBe(0);
  });

  it("takes a machine out, and meanwhile sees how far that is", async () => {
    const [worker] = await sandbox().workers();
    const id = worker?.instanceId ?? "";
    expect((await typed("retire-shown", "retire", id, "--decrement")).code).toBe(1);
    const retiring = typed("retire-applied", "retire", id, "--decrement", "--apply");
    await sandbox().until(`the retirement of ${id}`, async () =>
      (await sandbox().control.status()).runningFlows.includes(`retire-${id}-0`),
    );
    await delay(2_000);
    const why = await typed("explain-retiring", "explain", id);
    expect(why.stdout).toMatch(new RegExp(`^At it +retire-${id}-0, since `, "m"));
    const retired = await retiring;
    expect(retired.stdout).toMatch(new RegExp(`\n${id}: retired, logs: shipped\n$`));
    expect(retired.code).toBe(0);
    expect((await typed("explain-gone", "explain", id)).stdout).toMatch(
      /^Before +retire-\S+ ended .*: retired/m,
    );
  });

  it("pauses, and while it is so no roll begins and no repair is applied", async () => {
    await drainedByHand();
    expect((await typed("pause", "pause", "--why", "moving the registry")).code).toBe(0);
    expect((await typed("pause-again", "pause", "--why", "me too")).code).toBe(1);
    const refused = await typed("roll-paused", "roll", "hive-web:1.0.0");
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain("paused: rolls are paused since");
    const held = await typed("repair-paused", "repair", "--apply");
    expect(held.code).toBe(1);
    expect(held.stdout).toContain("PAUSED, no roll begins and no repair is applied: paused since");
    expect((await typed("resume", "resume")).code).toBe(0);
    expect((await hiveSwarm("repair", "--apply")).code).toBe(0);
  });
});
