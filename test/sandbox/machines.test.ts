// The sandbox's machines, registry and load balancer, for real: root, Linux and the Debian packages are needed.

import { type ChildProcess, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cgroupName } from "../../sandbox/machines/cgroups.ts";
import { accessKeyOf, instanceOfAccessKey } from "../../sandbox/machines/metadata.ts";
import { findRoot, inCloud, type RootHandle, startRoot, stopRoot } from "../../sandbox/machines/root.ts";
import type { ScriptResult } from "../../sandbox/ports.ts";
import { RegistryTokens } from "../../sandbox/registry/tokens.ts";
import type { Actions } from "./machines/inside.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));
const manager = "i-0aaaaaaaaaaaaaaa1";
const worker = "i-0bbbbbbbbbbbbbbb2";

describe("the machines of a sandbox", () => {
  const state = mkdtempSync(join(tmpdir(), "hive-machines-"));
  let root: RootHandle;
  let inside: ChildProcess;
  let call: <Name extends keyof Actions>(
    name: Name,
    ...input: Parameters<Actions[Name]>
  ) => Promise<Awaited<ReturnType<Actions[Name]>>>;

  const run = async (instanceId: string, script: string, environment = {}): Promise<ScriptResult> => {
    const result = await call("run", instanceId, script, environment);
    if (typeof result === "string") throw new Error(`${instanceId} did not answer \`${script}\``);
    return result;
  };

  beforeAll(async () => {
    root = await startRoot(state, { dieWithParent: true });
    const program = join(project, "test/sandbox/machines/inside.ts");
    inside = inCloud(root, [process.execPath, program, state, project], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    call = caller(inside);
    await new Promise((ready) => inside.once("message", ready));
    await Promise.all([call("start", manager), call("start", worker)]);
  });

  afterAll(async () => {
    await stopRoot(state);
    rmSync(state, { recursive: true, force: true });
  });

  it("answer by their agent before Docker is up, and say when boot has ended", async () => {
    expect(await call("agent", worker)).toMatchObject({
      online: true,
      address: expect.stringMatching(/^10\.78\.0\./),
    });
    const early = await run(worker, "cloud-init status; systemctl is-active docker");
    expect(early).toMatchObject({ exitCode: 3, stdout: "status: running\ninactive\n" });
    const late = await run(
      worker,
      "cloud-init status --wait && systemctl is-active docker && systemctl is-active filebeat",
    );
    expect(late).toMatchObject({ exitCode: 0, stdout: "status: done\nactive\nactive\n" });
  });

  it("give scripts the agent's environment and nothing of the cloud's, and honour their first line", async () => {
    const names = (await run(worker, "#!/usr/bin/env bash\ncompgen -e", { SSM_word: "a b" })).stdout.split(
      "\n",
    );
    expect(names).toEqual(expect.arrayContaining(["AWS_ENDPOINT_URL", "HOME", "LANG", "PATH", "SSM_word"]));
    expect(names.filter((name) => /NODE|JEST|HIVE/.test(name))).toEqual([]);
  });

  it("kill a script that exceeds its time", async () => {
    const result = await call("run", worker, "echo begun; sleep 600", {}, 120_000, 1);
    expect(result).toMatchObject({ timedOut: true, stdout: "begun\n" });
    expect((await run(worker, "pgrep -x sleep -a || true")).stdout).not.toContain("sleep 600");
  });

  it("tell who they are to those with a token only", async () => {
    const ask = (path: string) =>
      `curl -s -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/${path}`;
    const script = `token=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' \
      http://169.254.169.254/latest/api/token); ${ask("instance-id")}; echo; \
      ${ask("iam/security-credentials/hive-instance")} | grep AccessKeyId; \
      curl -s -o /dev/null -w '%{http_code}' http://169.254.169.254/latest/meta-data/instance-id`;
    const [id, key, withoutToken] = (await run(worker, script)).stdout.trim().split("\n");
    expect(id).toBe(worker);
    expect(key).toContain(accessKeyOf(worker));
    expect(withoutToken).toBe("401");
  });

  it("form a swarm, pull with a token, and serve through the load balancer, each request one log line", async () => {
    const { reference, password } = await call("push");
    const prepare = `printf %s "$SSM_password" | docker login --username AWS --password-stdin 10.78.0.1:5000 &&
      docker pull --quiet "$SSM_image"`;
    const variables = { SSM_password: password, SSM_image: reference };
    await Promise.all(
      [manager, worker].map((instance) => run(instance, `cloud-init status --wait; ${prepare}`, variables)),
    );
    const { stdout } = await run(
      manager,
      "docker swarm init --default-addr-pool 172.30.0.0/16 >/dev/null && docker swarm join-token --quiet worker",
    );
    const joined = await run(
      worker,
      'docker swarm join --token "$SSM_token" 10.78.0.10:2377 || docker swarm join --token "$SSM_token" 10.78.0.11:2377',
      {
        SSM_token: stdout.trim(),
      },
    );
    expect(joined.stdout).toContain("joined a swarm as a worker");
    const service = `docker service create --detach --name web --replicas 3 --publish mode=host,target=8080,published=8080 \
      --mount type=bind,source=/var/log/hive,target=/logs "$SSM_image"`;
    expect(await run(manager, service, variables)).toMatchObject({ exitCode: 0 });

    for (const instance of [manager, worker]) await call("register", instance);
    expect(await call("health", worker)).toBe("down");
    for (const instance of [manager, worker]) {
      while ((await call("health", instance)) !== "up") await new Promise((done) => setTimeout(done, 100));
    }
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => call("ask", `http://10.78.0.1/cgi-bin/work?n=r-${n}`)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(2);
    expect(
      logLines(state)
        .map((line) => line.split(" request ")[1])
        .sort(),
    ).toEqual(Array.from({ length: 20 }, (_, n) => `r-${n}`).sort());
    expect((await call("ask", "http://10.78.0.1/cgi-bin/work?n=a%0ab")).status).toBe(400);
  });

  it("answer nothing while they hang, and go on afterwards", async () => {
    await call("freeze", worker);
    const waiting = call("run", worker, "echo here");
    expect(await call("run", worker, "echo here", {}, 500)).toBe("silent");
    while ((await call("health", worker)) === "up") await new Promise((done) => setTimeout(done, 100));
    await call("thaw", worker);
    expect(await waiting).toMatchObject({ exitCode: 0, stdout: "here\n" });
  });

  it("answer nothing any more when the power was cut, even while they hang, and leave their logs when terminated", async () => {
    const running = call("run", worker, "sleep 600", {}, 1_500);
    await new Promise((done) => setTimeout(done, 200));
    await call("freeze", worker);
    await call("kill", worker);
    expect(await running).toBe("silent");
    expect(await call("agent", worker)).toMatchObject({ online: false });
    await call("terminate", worker);
    expect(await call("agent", worker)).toBeUndefined();
    expect(readdirSync(join(state, "instances", worker)).sort()).toEqual([
      "console.log",
      "dockerd.log",
      "log",
      "shipper.log",
    ]);
    expect(logLines(state)).toHaveLength(20);
  });

  it("have a registry that refuses no token, made-up tokens and old ones, each as ECR does", async () => {
    const url = "http://10.78.0.1:5000/v2/";
    expect(await call("ask", url)).toMatchObject({ status: 401 });
    expect(await call("ask", url, "valid")).toMatchObject({ status: 200 });
    expect(await call("ask", url, "expired")).toMatchObject({
      status: 403,
      text: expect.stringContaining("expired"),
    });
  });

  it("leave nothing on the machine after a crash of the cloud", async () => {
    await expect(call("crash")).rejects.toThrow("ended");
    expect(findRoot(state)).toEqual(root);
    await stopRoot(state);
    expect(findRoot(state)).toBeUndefined();
    const everything = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
    expect(everything.split("\n").filter((line) => line.includes(state))).toEqual([]);
    expect(readFileSync("/proc/mounts", "utf8")).not.toContain(state);
    expect(cgroups(cgroupName(state))).toEqual([]);
    expect(existsSync(join(state, "run"))).toBe(false);
    await stopRoot(state);
  });
});

describe("the keys of an instance's role", () => {
  it("name the instance, and only such keys do", () => {
    expect(accessKeyOf(worker)).toHaveLength(20);
    expect(instanceOfAccessKey(accessKeyOf(worker))).toBe(worker);
    expect(instanceOfAccessKey("AKIAOPERATOR")).toBeUndefined();
  });
});

describe("the registry's tokens", () => {
  it("overlap, end after their time, and cannot be made up", () => {
    let now = 0;
    const tokens = new RegistryTokens({ lifetimeSeconds: 60, now: () => now });
    const first = tokens.issue();
    now = 30_000;
    const second = tokens.issue();
    const header = (token: string) => `Basic ${token}`;
    expect(first.authorizationToken).not.toBe(second.authorizationToken);
    expect(tokens.check(header(first.authorizationToken)).verdict).toBe("valid");
    now = 60_000;
    expect(tokens.check(header(first.authorizationToken)).verdict).toBe("expired");
    expect(tokens.check(header(second.authorizationToken)).verdict).toBe("valid");
    const forged = Buffer.from(`AWS:${second.password.replace(/^\d+/, "9999999999999")}`).toString("base64");
    expect(tokens.check(header(forged)).verdict).toBe("unknown");
    expect(tokens.check(undefined).verdict).toBe("missing");
  });
});

/** Calls an action in the other process; rejects with its error. */
function caller(child: ChildProcess) {
  const waiting = new Map<number, PromiseWithResolvers<never>>();
  let calls = 0;
  child.on("message", ({ id, output, error }: { id: number; output: never; error?: string }) => {
    if (error === undefined) waiting.get(id)?.resolve(output);
    else waiting.get(id)?.reject(new Error(error));
  });
  child.once("exit", () => {
    for (const { reject } of waiting.values()) reject(new Error("The process inside the sandbox ended"));
  });
  return (name: string, ...input: unknown[]): Promise<never> => {
    const id = calls++;
    const answer = Promise.withResolvers<never>();
    waiting.set(id, answer);
    child.send({ id, name, input });
    return answer.promise;
  };
}

function logLines(state: string): string[] {
  return readdirSync(join(state, "instances"))
    .flatMap((instance) => {
      const logs = join(state, "instances", instance, "log");
      return readdirSync(logs).map((container) => join(logs, container, "access.log"));
    })
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, "utf8").trimEnd().split("\n"));
}

const cgroups = (name: string): string[] =>
  ["", ...readdirSync("/sys/fs/cgroup")]
    .map((hierarchy) => join("/sys/fs/cgroup", hierarchy, name))
    .filter((path) => existsSync(path));
