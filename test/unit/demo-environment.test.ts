// `.sandbox/env` is sourced by real shells: what they hold afterwards is what was meant.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sourceCommand, writeEnvironment } from "../../sandbox/cli/environment.ts";

const directory = mkdtempSync(join(tmpdir(), "hive env's-"));
afterAll(() => rmSync(directory, { recursive: true }));

const facts = {
  stateDirectory: join(directory, ".sandbox"),
  awsPort: 4567,
  elbPort: 8080,
  accessKeyId: "AKIASANDBOX",
  secretAccessKey: "sand'box $HOME",
  region: "ap-northeast-1",
  workerGroup: "hive-workers",
  managerGroup: "hive-managers",
  joinHook: "join",
  retireHook: "retire",
  loadBalancer: "hive",
  registry: "10.78.0.1:5000",
};

describe.each(["sh", "bash"])(".sandbox/env in %s", (shell) => {
  const run = (script: string, env: NodeJS.ProcessEnv = { PATH: process.env.PATH }): string =>
    execFileSync(shell, ["-e", "-c", script, shell, writeEnvironment(facts)], {
      encoding: "utf8",
      env,
      stdio: "pipe",
    });

  it("sets the endpoint, the keys exactly as they are, the region and the names", () => {
    const shown = run(
      '. "$1"; printf "%s|" "$AWS_ENDPOINT_URL" "$AWS_SECRET_ACCESS_KEY" "$AWS_REGION" "$AWS_DEFAULT_REGION" "$AWS_PAGER" "$HIVE_JOIN_HOOK" "$HIVE_ELB_URL"',
    );
    expect(shown).toBe(
      "http://127.0.0.1:4567|sand'box $HOME|ap-northeast-1|ap-northeast-1||join|http://127.0.0.1:8080|",
    );
  });

  it("exports them to the programs that the shell starts, and drops a real account's profile", () => {
    const shown = run('. "$1"; env | grep -c -e ^AWS_ENDPOINT_URL= -e ^HIVE_WORKER_GROUP= -e ^AWS_PROFILE=', {
      PATH: process.env.PATH,
      AWS_PROFILE: "production",
    });
    expect(shown.trim()).toBe("2");
  });

  it("puts an aws first on the path that goes to the endpoint, once, however often it is sourced", () => {
    const shown = run('. "$1"; first=$PATH; . "$1"; [ "$first" = "$PATH" ]; command -v aws');
    expect(shown.trim()).toBe(join(facts.stateDirectory, "bin/aws"));
  });
});

describe("the command that sources it", () => {
  it.each(["sh", "bash"])("works as it is printed, in %s, wherever the clone stands", (shell) => {
    const command = sourceCommand(writeEnvironment(facts));
    const shown = execFileSync(shell, ["-e", "-c", `${command}; echo "$HIVE_WORKER_GROUP"`], {
      encoding: "utf8",
    });
    expect(shown).toBe("hive-workers\n");
  });

  it("is plain where nothing needs quotes", () => {
    expect(sourceCommand("/srv/hive-swarm/.sandbox/env")).toBe(". /srv/hive-swarm/.sandbox/env");
  });
});

describe("the aws in front of the real one", () => {
  it("hands every argument on, with the endpoint before them", () => {
    const real = join(directory, "the real aws's");
    writeFileSync(real, '#!/bin/sh\nprintf "<%s>" "$@"\n', { mode: 0o755 });
    const file = writeEnvironment(facts, real);
    const shown = execFileSync("sh", ["-c", '. "$1"; aws s3 ls "b c"', "sh", file], { encoding: "utf8" });
    expect(shown).toBe("<--endpoint-url><http://127.0.0.1:4567><s3><ls><b c>");
  });

  it("refuses to run without an endpoint: the real AWS must never be meant by accident", () => {
    writeEnvironment(facts);
    const run = () =>
      execFileSync(join(facts.stateDirectory, "bin/aws"), ["s3", "ls"], { env: {}, stdio: "pipe" });
    expect(run).toThrow("source .sandbox/env first");
  });
});
