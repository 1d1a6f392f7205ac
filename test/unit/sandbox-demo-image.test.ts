// The demo image: the same bytes each time, another digest for each version and variant, and a script that stops as a lame duck.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { sandboxStack } from "../../sandbox/cloud/stack.ts";
import { buildDemoImage, type DemoImageOptions } from "../../sandbox/registry/demo-image.ts";

interface Configuration {
  config: { Env: string[]; Healthcheck: { StartPeriod?: number } };
}
const configurationOf = async (options?: DemoImageOptions): Promise<Configuration["config"]> =>
  (JSON.parse((await buildDemoImage(options)).configuration.toString()) as Configuration).config;

describe("the demo image", () => {
  it("has the same digest each time, and another one in another version, variant or manner of stopping", async () => {
    const digests = await Promise.all(
      [
        {},
        { version: "1.0.0", variant: "good" as const },
        { version: "1.1.0" },
        { variant: "exits" as const },
        { variant: "never-healthy" as const },
        { variant: "slow-start" as const },
        { lameDuckSeconds: 5 },
      ].map(async (options) => (await buildDemoImage(options)).digest),
    );
    expect(digests[0]).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(digests[1]).toBe(digests[0]);
    expect(new Set(digests).size).toBe(6);
  });

  it("says in its environment what it is, and gives a slow start the time it takes", async () => {
    const slow = await configurationOf({ version: "2.0.0", variant: "slow-start", startSeconds: 5 });
    expect(slow.Env).toEqual([
      "PATH=/bin",
      "VERSION=2.0.0",
      "VARIANT=slow-start",
      "LAME_DUCK=2",
      "START_SECONDS=5",
      "STOP_CODE=0",
    ]);
    expect(slow.Healthcheck.StartPeriod).toBe(10_000_000_000);
    expect((await configurationOf()).Healthcheck).not.toHaveProperty("StartPeriod");
  });

  it("is given more time to stop than it takes", () => {
    const { web } = sandboxStack({ replicas: 1, viz: false }).services;
    // Two seconds as a lame duck, and eight for what is under way.
    expect(Number(/^(\d+)s$/.exec(String(web?.stop_grace_period))?.[1])).toBeGreaterThan(2 + 8);
  });
});

describe("the script of its container", () => {
  const directory = mkdtempSync(join(tmpdir(), "hive-demo-image-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  /** With its directories moved into one of ours, and a web server that notes when it ends. */
  const start = (variant: string, more: Record<string, string> = {}) => {
    const home = mkdtempSync(join(directory, "root-"));
    for (const name of ["www", "logs", "bin"]) mkdirSync(join(home, name));
    writeFileSync(join(home, "www/health"), "healthy\n");
    const put = (name: string, lines: string[]) =>
      writeFileSync(join(home, "bin", name), `#!/bin/sh\n${lines.join("\n")}\n`, { mode: 0o755 });
    put("httpd", [
      "trap 'echo stopped >>\"$HOME_/log\"; exit 0' TERM",
      'echo $$ >"$HOME_/pid"; echo serving >>"$HOME_/log"',
      "while :; do sleep 0.05; done",
    ]);
    put("pidof", ['kill -0 "$(cat "$HOME_/pid")" 2>/dev/null']);
    const script = readFileSync("sandbox/registry/demo-image/service.sh", "utf8")
      .replaceAll("/www", join(home, "www"))
      .replaceAll("/logs", join(home, "logs"));
    writeFileSync(join(home, "service.sh"), script, { mode: 0o755 });
    const environment = {
      VERSION: "9.9.9",
      VARIANT: variant,
      LAME_DUCK: "0.6",
      START_SECONDS: "0.3",
      STOP_CODE: "0",
      ...more,
    };
    const child = spawn("/bin/sh", [join(home, "service.sh")], {
      detached: true,
      env: { PATH: `${home}/bin:${process.env.PATH}`, HOME_: home, ...environment },
    });
    // With the container's first process all others end.
    const ended = new Promise<number | null>((done) =>
      child.once("exit", (code) => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
        } catch {
          // Nothing was left.
        }
        done(code);
      }),
    );
    const read = (name: string): string =>
      execFileSync("sh", ["-c", `cat "${home}/${name}" 2>/dev/null || true`]).toString();
    return { child, ended, output: text(child.stdout), read, isHealthy: () => read("www/health") !== "" };
  };
  const soon = async (condition: () => boolean): Promise<void> => {
    const deadline = Date.now() + 5000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error("Waited 5 s in vain");
      await new Promise((done) => setTimeout(done, 20));
    }
  };

  it("fails its health path at once when it is stopped, and serves on for a while", async () => {
    const { child, ended, read, isHealthy } = start("good");
    await soon(() => read("log") === "serving\n");
    expect(isHealthy()).toBe(true);
    const at = Date.now();
    child.kill("SIGTERM");
    await soon(() => !isHealthy());
    expect(Date.now() - at).toBeLessThan(500);
    expect(read("log")).toBe("serving\n");
    expect(await ended).toBe(0);
    expect(Date.now() - at).toBeGreaterThanOrEqual(600);
    expect(read("log")).toBe("serving\nstopped\n");
  });

  it("exits with code 3 after two lines, in the variant that does", async () => {
    const { ended, output, read } = start("exits");
    expect(await ended).toBe(3);
    expect(await output).toBe(
      "hive-web 9.9.9: reading its configuration\nhive-web 9.9.9: no database answers at db.internal:5432\n",
    );
    expect(read("log")).toBe("");
  });

  it("runs without a health path, in the variant that is never healthy", async () => {
    const { child, ended, read, isHealthy } = start("never-healthy", { STOP_CODE: "143" });
    await soon(() => read("log") === "serving\n");
    expect(isHealthy()).toBe(false);
    child.kill("SIGTERM");
    expect(await ended).toBe(143);
  });

  it("serves only after a while, in the variant that is slow; stopped before, it is gone at once", async () => {
    const slow = start("slow-start");
    await new Promise((done) => setTimeout(done, 150));
    expect(slow.read("log")).toBe("");
    await soon(() => slow.read("log") === "serving\n");
    slow.child.kill("SIGTERM");
    expect(await slow.ended).toBe(0);

    const stopped = start("slow-start", { START_SECONDS: "5" });
    await new Promise((done) => setTimeout(done, 150));
    const at = Date.now();
    stopped.child.kill("SIGTERM");
    expect(await stopped.ended).toBe(0);
    expect(Date.now() - at).toBeLessThan(2000);
    expect(stopped.read("log")).toBe("");
  });
});
