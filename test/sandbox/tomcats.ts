// Hive's real image in a sandbox: its base out of Debian's packages, the application that stands for Hive out of its source, the image by
// the project's Dockerfile or by the pipeline's script, and what one asks a container of it.
import { execFile, spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { cp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { writeEnvironmentOf } from "../../sandbox/cli/environment.ts";
import type { Sandbox } from "../../sandbox/cli/session.ts";
import { addresses, files, names } from "../../sandbox/cloud/configuration.ts";
import type { Ended } from "./command-line.ts";
import { docker } from "./docker-client.ts";

const execute = promisify(execFile);
const project = resolve(import.meta.dirname, "../..");
/** In place of the official image, with a JDK as well as without. */
const BASE = "tomcat-of-debian:latest";

/** As the official image sets it. */
const baseEnvironment = {
  PATH: "/usr/local/tomcat/bin:/opt/java/openjdk/bin:/usr/local/bin:/usr/bin:/bin",
  CATALINA_HOME: "/usr/local/tomcat",
  JAVA_HOME: "/opt/java/openjdk",
  LANG: "C.UTF-8",
};

/** Makes the base and gives it to an instance's engine. */
export const importBase = async (sandbox: Sandbox, on: string): Promise<void> => {
  const tar = join(sandbox.stateDirectory, "tomcat-base.tar");
  const made = spawn("bash", [join(project, "sandbox/tomcat/base.sh")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((done) => made.once("close", done));
  await pipeline(made.stdout, createWriteStream(tar));
  if ((await ended) !== 0) throw new Error(`sandbox/tomcat/base.sh ended with ${await ended}: see above`);
  const changes = Object.entries(baseEnvironment).flatMap(([name, value]) => [
    "--change",
    `ENV ${name}=${value}`,
  ]);
  await docker(sandbox, ["import", ...changes, "--change", "WORKDIR /usr/local/tomcat", tar, BASE], { on });
  rmSync(tar);
};

/** @returns the path of the WAR */
export const buildWar = async (
  sandbox: Sandbox,
  { version, asksDatabase = false }: { version: string; asksDatabase?: boolean },
): Promise<string> => {
  const war = join(sandbox.stateDirectory, `Hive-${version}.war`);
  const words = [war, "--version", version, ...(asksDatabase ? ["--asks-database"] : [])];
  await execute(join(project, "image/sample/build.sh"), words);
  return war;
};

/** The image alone, without the pipeline around it. */
export const buildImage = async (sandbox: Sandbox, on: string, tag: string, war: string): Promise<void> => {
  const context = mkdtempSync(join(tmpdir(), "hive-context-"));
  try {
    await cp(join(project, "image/hive-tomcat"), context, { recursive: true });
    await cp(war, join(context, "Hive.war"));
    const bases = ["--build-arg", `BASE=${BASE}`, "--build-arg", `BUILDER=${BASE}`];
    await docker(sandbox, ["build", ...bases, "--tag", tag, context], { on });
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
};

/** `image/release.sh WORDS…` as Jenkins calls it, with the engine of an instance and the AWS of the sandbox. */
export const release = (sandbox: Sandbox, on: string, ...words: string[]): Promise<Ended> => {
  const environment = writeEnvironmentOf(sandbox.stateDirectory);
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const where = ["--region", names.registryRegion, "--base", BASE, "--builder", BASE];
  const script = '. "$1"; shift; exec image/release.sh "$@"';
  return new Promise((done, failed) => {
    const child = spawn(
      "bash",
      ["-c", script, "bash", environment, ...where, "--service", names.service, ...words],
      {
        cwd: project,
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          ...inherited,
          DOCKER_BUILDKIT: "0",
          DOCKER_HOST: `unix://${join(sandbox.stateDirectory, "instances", on, "docker.sock")}`,
        },
      },
    );
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
      });
    }
    child.once("error", failed);
    child.once("close", (code) => done({ code, ...said }));
  });
};

/** The service of `cluster/stack.yml`, as far as a sandbox has room for it. It is called `web`, as the demo service that it replaces. */
export const tomcatService = {
  image: `${addresses.registry}/hive-tomcat`,
  networks: ["node"],
  ports: [{ target: addresses.servicePort, published: addresses.servicePort, protocol: "tcp", mode: "host" }],
  volumes: [
    { type: "bind", source: "/var/log/hive", target: "/usr/local/tomcat/logs" },
    // Of the demo image, which is what the repository holds before the first release.
    { type: "bind", source: "/var/log/hive", target: "/logs" },
  ],
  environment: {
    // The sandbox's load balancer needs two failed checks half a second apart.
    LAME_DUCK_SECONDS: "3",
    JAVA_OPTS: "-Xms32m -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1",
    // Nobody listens there: a version that asks for it must not come to serve.
    HIVE_DATABASE: "127.0.0.1:5432",
  },
  stop_grace_period: "40s",
  deploy: {
    replicas: 14,
    placement: { constraints: ["node.role==worker"] },
    resources: { reservations: { cpus: "1" } },
    restart_policy: { condition: "any", delay: "1s" },
    update_config: { parallelism: 1, failure_action: "pause", order: "stop-first" },
  },
};

/** A container of the image beside swarm, its logs where every container's are. */
export class Container {
  readonly id: string;
  readonly #sandbox: Sandbox;
  readonly #on: string;

  private constructor(sandbox: Sandbox, on: string, id: string) {
    this.#sandbox = sandbox;
    this.#on = on;
    this.id = id;
  }

  /** Resolves once it is healthy. */
  static async run(sandbox: Sandbox, on: string, image: string, options: string[] = []): Promise<Container> {
    const logs = ["--volume", "/var/log/hive:/usr/local/tomcat/logs"];
    const id = await docker(sandbox, ["run", "--detach", ...logs, ...options, image], { on });
    const container = new Container(sandbox, on, id);
    await sandbox.until(
      `container ${id.slice(0, 12)} to be healthy`,
      async () => (await container.state()).Health?.Status === "healthy",
      120,
    );
    return container;
  }

  /** Its host name, and so the name of its directory. */
  get host(): string {
    return this.id.slice(0, 12);
  }

  docker(...words: string[]): Promise<string> {
    return docker(this.#sandbox, words, { on: this.#on });
  }

  async state(): Promise<ContainerState> {
    return (
      await this.#sandbox.engine(this.#on).get<{ State: ContainerState }>(`/containers/${this.id}/json`)
    ).State;
  }

  /** Resolves with how it ended. */
  async ended(): Promise<ContainerState> {
    await this.docker("wait", this.id);
    return this.state();
  }

  /** From inside, whatever the answer is. */
  ask(path: string, seconds = 4): Promise<string> {
    return this.docker("exec", this.id, "hive-get", path, String(seconds)).catch(
      (error: Error) => error.message,
    );
  }

  /** Numbered requests one after the other, until the container answers no more. @returns the numbers that were answered */
  async load(prefix: string, most: number): Promise<string[]> {
    const script = `for i in $(seq 1 ${most}); do hive-get "/Hive/work?n=${prefix}-$i" >/dev/null || exit 0; echo "answered ${prefix}-$i"; done`;
    // The container's death ends the command as well, after it has said what was answered.
    const said = await this.docker("exec", this.id, "bash", "-c", script).catch(
      (error: Error) => error.message,
    );
    return [...said.matchAll(/^(?:.*: )?answered (\S+)$/gm)].map(([, number = ""]) => number);
  }

  /** Names and content of its files on the host. */
  files(): Record<string, string> {
    const directory = join(this.#sandbox.stateDirectory, "instances", this.#on, "log", this.host);
    const entries = readdirSync(directory).sort();
    return Object.fromEntries(entries.map((name) => [name, readFileSync(join(directory, name), "utf8")]));
  }

  /** The events that the collector has of its files. */
  collected(): { path: string; message: string }[] {
    const collected = readFileSync(join(this.#sandbox.stateDirectory, files.collected), "utf8");
    const events = collected.split("\n").filter(Boolean);
    return events
      .map((line) => JSON.parse(line) as { path: string; message: string })
      .filter(({ path }) => path.includes(`/${this.host}/`));
  }

  /** Waits until the collector has every line of its files: each once, and nothing else. */
  async shipped(): Promise<void> {
    const written = Object.values(this.files()).flatMap((text) => text.split("\n").filter(Boolean));
    await this.#sandbox.until(
      `all ${written.length} lines of ${this.host} at the collector`,
      () => {
        const lines = this.collected().flatMap(({ message }) => message.split("\n").filter(Boolean));
        expect(lines.sort()).toEqual(written.toSorted());
        return true;
      },
      30,
    );
  }
}

interface ContainerState {
  Running: boolean;
  ExitCode: number;
  OOMKilled: boolean;
  Health?: { Status: string };
}
