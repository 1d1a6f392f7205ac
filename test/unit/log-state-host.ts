// A host made of a temporary directory, on which documents/log-state.sh is really run.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { inlineLibraries } from "../../documents/resources.ts";
import { type LogState, parseLogState } from "../../shared/logs/index.ts";

const script = inlineLibraries(
  readFileSync(new URL("../../documents/log-state.sh", import.meta.url), "utf8"),
);

export type Parameters = Partial<
  Record<"logGlobs" | "filebeatData" | "filebeatHttp" | "settleSeconds" | "waitContainersSeconds", string>
>;

export class TestHost {
  readonly directory: string;
  readonly data: string;
  readonly #processes: ChildProcess[] = [];

  constructor(directory = TestHost.makeDirectory()) {
    this.directory = directory;
    this.data = join(directory, "data");
    this.docker("exit 0");
    writeFileSync(join(this.directory, "log-state.sh"), script);
  }

  static makeDirectory(): string {
    return mkdtempSync(join(tmpdir(), "log-state-"));
  }

  /** What `docker` does on this host, as shell text. */
  docker(text: string): void {
    const path = join(this.directory, "bin", "docker");
    this.write("bin/docker", `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
  }

  /** Writes a file below the host's directory and tells what a registry would call it. */
  write(
    name: string,
    content: string | Buffer,
  ): { path: string; native: string; device: string; inode: string } {
    const path = join(this.directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    const { dev, ino } = statSync(path, { bigint: true });
    return { path, native: `${ino}-${dev}`, device: String(dev), inode: String(ino) };
  }

  /** An operation log of these entries: key, offset, source. */
  operations(...entries: (readonly [key: string, offset: number | null, source: string])[]): void {
    const lines = entries.map(
      ([k, offset, source], index) =>
        `${JSON.stringify({ op: "set", id: index + 1 })}\n${JSON.stringify({
          k,
          v: {
            ttl: -1,
            cursor: offset === null ? null : { offset },
            meta: { source, identifier_name: "native" },
          },
        })}\n`,
    );
    this.write("data/registry/filebeat/log.json", lines.join(""));
  }

  /** A process called `name` that opens files (`r` or `a`), reads those of `read` to their ends, and keeps them all. Resolves when it has. */
  async process(
    name: string,
    files: Readonly<Record<string, "r" | "a">>,
    read: readonly string[] = [],
  ): Promise<ChildProcess> {
    const program = `process.title = ${JSON.stringify(name)};
      for (const [path, mode] of Object.entries(${JSON.stringify(files)})) require("fs").openSync(path, mode);
      for (const path of ${JSON.stringify(read)}) require("fs").readFileSync(require("fs").openSync(path, "r"));
      console.log("open"); setInterval(() => {}, 1e6);`;
    const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    this.#processes.push(child);
    await once(child.stdout, "data");
    return child;
  }

  async output(parameters: Parameters = {}): Promise<string> {
    const values = {
      logGlobs: join(this.directory, "logs/*/*.log"),
      filebeatData: this.data,
      filebeatHttp: "off",
      settleSeconds: "0",
      waitContainersSeconds: "0",
      ...parameters,
    };
    const environment = Object.entries(values).map(([name, value]) => [`SSM_${name}`, value]);
    const { stdout } = await promisify(execFile)("bash", ["--norc", join(this.directory, "log-state.sh")], {
      env: { ...Object.fromEntries(environment), PATH: `${join(this.directory, "bin")}:${process.env.PATH}` },
    });
    return stdout;
  }

  async state(parameters: Parameters = {}): Promise<LogState> {
    return parseLogState(await this.output(parameters));
  }

  async close(): Promise<void> {
    for (const child of this.#processes.splice(0)) {
      const exited = child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined;
      child.kill("SIGKILL");
      await exited;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
