// The operator's command line against a real swarm, as a person types it in a shell that sourced the sandbox's env.
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { writeEnvironmentOf } from "../../sandbox/cli/environment.ts";
import { names } from "../../sandbox/cloud/configuration.ts";
import type { EngineNode } from "../../sandbox/cloud/engine.ts";
import { expectAtRest, manager, outcomeFor, rollSettings, service } from "./rolls.ts";
import { withSandbox, workerIn } from "./support.ts";

const REPLICAS = 6;
const projectDirectory = resolve(import.meta.dirname, "../..");

describe("hive-swarm", () => {
  const sandbox = withSandbox({ workers: 2, replicas: REPLICAS, settings: rollSettings });

  const hiveSwarm = (...words: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> =>
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
  const now = async () => (await service(sandbox())).Spec.TaskTemplate.ContainerSpec.Image;

  it("says what a roll would do, and does nothing", async () => {
    const { Version } = await service(sandbox());
    const { code, stdout } = await hiveSwarm("roll", "hive-web:1.0.0", "--dry-run");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining("Nothing was done: it was a dry run."),
    });
    expect((await service(sandbox())).Version.Index).toBe(Version.Index);
  });

  it("rolls to a version that was pushed, told task by task, and back again, with the reason in the history", async () => {
    const first = await now();
    const { digest, image } = await sandbox().push({ version: "1.1.0" });
    await outcomeFor(sandbox(), digest);
    const back = await hiveSwarm("rollback", names.service, "--why", "slow pages");
    expect(back.code).toBe(0);
    expect(back.stdout + back.stderr).toMatch(/[01] of 2 tasks run 1\.0\.0.*2 of 2 tasks run 1\.0\.0/s);
    await expectAtRest(sandbox(), first, REPLICAS);
    const forward = await hiveSwarm("roll", "hive-web:1.1.0", "--json");
    expect(forward.code).toBe(0);
    expect(JSON.parse(forward.stdout)).toMatchObject({ outcomes: [{ outcome: "converged", runs: image }] });
    await expectAtRest(sandbox(), image, REPLICAS);
    const { stdout } = await hiveSwarm("history", names.service, "--json");
    const { rolls } = JSON.parse(stdout) as { rolls: Record<string, unknown>[] };
    expect(rolls.map(({ outcome, trigger, why }) => ({ outcome, trigger, why }))).toEqual([
      { outcome: "converged", trigger: "person", why: "" },
      { outcome: "converged", trigger: "person", why: "slow pages" },
      { outcome: "converged", trigger: "push", why: "" },
    ]);
  });

  it("ends with 1 where the image was rolled back, and with 2 and a hint where the words are wrong", async () => {
    const before = await now();
    const { digest } = await sandbox().push({
      version: "1.2.0",
      variant: "exits",
      tags: ["not-rolled-1.2.0"],
    });
    const { code, stdout } = await hiveSwarm("roll", `hive-web@${digest}`);
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: expect.stringMatching(/rolled back.*exit code 3/s),
    });
    await expectAtRest(sandbox(), before, REPLICAS);
    const wrong = await hiveSwarm("rol", "hive-web:1.0.0");
    expect({ code: wrong.code, stderr: wrong.stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/roll/),
    });
  });

  it("plans nothing where all is well; names what a person drained and what an event lost, and changes neither", async () => {
    const calm = await hiveSwarm("plan");
    expect({ code: calm.code, stdout: calm.stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining("Nothing to do."),
    });
    const engine = await manager(sandbox());
    const nodes = await engine.get<EngineNode[]>("/nodes");
    const node = nodes.find(({ Spec }) => Spec.Role === "worker");
    await engine.post(`/nodes/${node?.ID}/update?version=${node?.Version.Index}`, {
      ...node?.Spec,
      Availability: "drain",
    });
    await sandbox().control.disturbEvents({ detailType: "launch", deliveries: [] });
    await sandbox().scale(3);
    const launched = await workerIn(sandbox(), "Pending:Wait");
    const before = (await sandbox().control.commands()).length;
    const { code, stdout } = await hiveSwarm("plan", "--json");
    const { plan } = JSON.parse(stdout) as { plan: { actions: { kind: string; subject: string }[] } };
    expect({ code, actions: plan.actions.map(({ kind, subject }) => [kind, subject]) }).toEqual({
      code: 1,
      actions: [
        ["start-join", launched],
        ["activate-node", node?.Spec.Labels?.[names.instanceLabel]],
      ],
    });
    const sent = (await sandbox().control.commands()).slice(before);
    expect(sent.map(({ document }) => document)).toEqual(["survey-cluster"]);
    expect((await engine.get<EngineNode>(`/nodes/${node?.ID}`)).Spec.Availability).toBe("drain");
  });
});
