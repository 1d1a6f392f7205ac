// Hive's image on a real swarm: released by the pipeline's own script, rolled, and served through the load balancer while the group
// shrinks; every request is counted, and every line that one of them logged.
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { files } from "../../sandbox/cloud/configuration.ts";
import { shippedLines, writtenLines } from "../../sandbox/cloud/log-lines.ts";
import { startLoad } from "../../sandbox/demo/load.ts";
import { rollSettings, running, service } from "./rolls.ts";
import { endedHook, withSandbox } from "./support.ts";
import { buildWar, importBase, release, tomcatService } from "./tomcats.ts";

const WORKERS = 2;
/** So many Javas start at once without a health check of a machine of two cores failing for want of time. */
const MOST_WORKERS = 6;
const SCALE_INS = 10;

describe("Hive's image in the swarm", () => {
  const sandbox = withSandbox({
    workers: WORKERS,
    viz: false,
    services: { web: tomcatService },
    retryDelaysSeconds: [1, 1],
    // The load balancer's two checks, half a second apart, and one more: two workers, and one of them always answers.
    settings: { ...rollSettings, ROLL_DELAY_SECONDS: "2" },
  });
  /** Whose engine the pipeline uses: a manager's, which no scale-in takes away. */
  let pipeline: string;

  beforeAll(async () => {
    pipeline = (await sandbox().managers())[0]?.instanceId ?? "";
    await importBase(sandbox(), pipeline);
  });

  const failures: string[] = [];
  const load = () => {
    const { hostname, port } = new URL(sandbox().url);
    return startLoad({
      host: hostname,
      port: Number(port),
      path: (number) => `/Hive/work?n=${number}`,
      answers: (body) => /^[0-9a-f]{12}\n$/.test(body),
      ratePerSecond: 40,
      maximumInFlight: 20,
      timeoutMilliseconds: 15_000,
      onFailure: (reason) => failures.push(`${new Date().toISOString()} ${reason}`),
    });
  };
  const versionServed = async () => {
    const response = await fetch(`${sandbox().url}/Hive/work?n=version`);
    await response.text();
    return response.headers.get("x-version");
  };
  /** The group grows, and loses one machine after the other. @returns those that went */
  const upAndDown = async (): Promise<string[]> => {
    await sandbox().scale(MOST_WORKERS);
    await sandbox().settled(MOST_WORKERS, 200);
    const all = (await sandbox().workers()).map(({ instanceId }) => instanceId);
    for (let workers = MOST_WORKERS - 1; workers >= 1; workers--) {
      await sandbox().scale(workers);
      // The next ones go while this one is on its way: three at a time.
      const gone = async () => (await sandbox().workers()).length <= workers + 2;
      await sandbox().until(`one of the scale-ins before the one to ${workers}`, gone, 90);
    }
    await sandbox().settled(1, 90);
    const [left] = await sandbox().workers();
    return all.filter((instanceId) => instanceId !== left?.instanceId);
  };
  const images = async () =>
    Object.keys(await running(sandbox())).map((image) => /:([^:@]+)@/.exec(image)?.[1]);

  it("is built, tested, pushed and rolled by one call of the pipeline's script, and answers through the load balancer", async () => {
    const war = await buildWar(sandbox(), { version: "2.0.0" });
    const { code, stderr } = await release(
      sandbox(),
      pipeline,
      "--version",
      "2.0.0",
      "--war",
      war,
      "release",
    );
    expect(stderr).toMatch(/smoke test of .*:2\.0\.0: passed/);
    expect(stderr).toMatch(/hive_web runs hive-tomcat:2\.0\.0, after/);
    expect(code).toBe(0);
    expect(await images()).toEqual(["2.0.0"]);
    expect(await versionServed()).toBe("2.0.0");
  });

  it("is refused under a version that was released before", async () => {
    const before = (await service(sandbox())).Version.Index;
    const war = await buildWar(sandbox(), { version: "2.0.0" });
    for (const words of [["--war", war, "release"], ["push"]]) {
      const { code, stderr } = await release(sandbox(), pipeline, "--version", "2.0.0", ...words);
      expect(stderr).toMatch(
        /hive-tomcat:2\.0\.0 is released already: sha256:[0-9a-f]{64} .*choose the next one/,
      );
      expect(code).toBe(1);
    }
    expect((await service(sandbox())).Version.Index).toBe(before);
  });

  it("is not built of an application that would log for Tomcat a second time", async () => {
    const war = await buildWar(sandbox(), { version: "2.0.1" });
    const classes = join(sandbox().stateDirectory, "more", "WEB-INF", "classes");
    await mkdir(classes, { recursive: true });
    await writeFile(join(classes, "logging.properties"), "handlers = java.util.logging.ConsoleHandler\n");
    const more = ["-C", join(sandbox().stateDirectory, "more"), "."];
    await promisify(execFile)("jar", ["--update", "--file", war, ...more]);
    const { code, stderr, stdout } = await release(
      sandbox(),
      pipeline,
      "--version",
      "2.0.1",
      "--war",
      war,
      "build",
    );
    expect(stdout + stderr).toMatch(/take it out, the image's own counts/);
    expect(code).toBe(1);
  });

  it("that passes its smoke test and fails in the swarm is rolled back, and fails the pipeline with the reason", async () => {
    const war = await buildWar(sandbox(), { version: "2.1.0", asksDatabase: true });
    const { code, stderr } = await release(
      sandbox(),
      pipeline,
      "--version",
      "2.1.0",
      "--war",
      war,
      "release",
    );
    expect(stderr).toMatch(/smoke test of .*:2\.1\.0: passed/);
    expect(stderr).toMatch(/hive_web to hive-tomcat:2\.1\.0: rolled back\. start-failed: .*exit code 1/);
    expect(stderr).toMatch(/no database answers at 127\.0\.0\.1:5432/);
    expect(code).toBe(1);
    expect(await images()).toEqual(["2.0.0"]);
    expect(await versionServed()).toBe("2.0.0");
  });

  it("loses no request and no line while it is rolled and the group is scaled in ten times", async () => {
    const requests = load();
    const retired: string[] = [];
    try {
      const war = await buildWar(sandbox(), { version: "2.2.0" });
      const { code, stderr } = await release(
        sandbox(),
        pipeline,
        ...["--version", "2.2.0", "--war", war, "build", "push", "latest", "await"],
      );
      expect([code, stderr]).toEqual([0, expect.stringMatching(/hive_web runs hive-tomcat:2\.2\.0/)]);
      while (retired.length < SCALE_INS) retired.push(...(await upAndDown()));
    } finally {
      await requests.stop();
    }
    const { sent, failed, reasons, slowestMilliseconds } = requests.counts();
    console.log(
      `${sent} requests, ${failed} failed ${JSON.stringify(reasons)}, slowest ${slowestMilliseconds} ms`,
    );
    if (failed > 0) console.log([...failures.slice(0, 3), "…", ...failures.slice(-3)].join("\n"));
    expect({ failed, reasons }).toEqual({ failed: 0, reasons: {} });
    expect(sent).toBeGreaterThan(1_000);
    expect(new Set(retired).size).toBe(SCALE_INS);
    for (const instanceId of retired)
      expect(await endedHook(sandbox(), instanceId, "retire")).toMatchObject({
        result: "CONTINUE",
        completions: 1,
      });

    // Each request wrote one line, wherever it was answered; each line arrived as often as it was written.
    const numbers = (lines: string[]) => {
      const counts = new Map<number, number>();
      for (const line of lines) {
        const number = / request (\d+)$/.exec(line)?.[1];
        if (number) counts.set(Number(number), (counts.get(Number(number)) ?? 0) + 1);
      }
      return [...counts].sort(([one], [other]) => one - other);
    };
    const wanted = Array.from({ length: sent }, (_, index) => [index + 1, 1]);
    expect(numbers(writtenLines(sandbox().stateDirectory).map(({ text }) => text))).toEqual(wanted);
    await sandbox().until(
      "every line at the collector",
      () => {
        expect(numbers(shippedLines(join(sandbox().stateDirectory, files.collected)))).toEqual(wanted);
        return true;
      },
      30,
    );
  }, 900_000);
});
