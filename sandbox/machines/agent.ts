// What the SSM agent of an instance does with a command: write the script to a file, run it, collect the output.

import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { ScriptResult, ScriptRun } from "../ports.ts";
import type { Instance } from "./instance.ts";

const inCgroup = fileURLToPath(new URL("./in-cgroup.sh", import.meta.url));

/** Far above the 24,000 characters that Systems Manager keeps, so that memory is bounded and no output is missed. */
const outputLimitBytes = 2 * 1024 * 1024;
/** What a script leaves running may hold its output open; the agent waits for the script, not for that. */
const outputGraceMilliseconds = 200;

// $1 is the directory, the script comes on standard input. The agent runs `sh -c <file>`, so that a first line
// with `#!` is honoured; the script itself reads nothing.
const writeAndRun =
  'umask 077; mkdir -p "$1"; cat >"$1/_script.sh"; chmod 700 "$1/_script.sh"; cd "$1"; exec sh -c "$1/_script.sh" </dev/null';

/** How a run ended: by itself, by its time limit, or because the caller gave up. */
export type AgentOutcome = { kind: "ended"; result: ScriptResult } | { kind: "aborted" };

/**
 * Runs a script inside an instance. On a time limit and on an abort the whole process group is killed.
 * @param environment what the script sees besides the agent's own variables; nothing of this process's leaks in
 */
export function runScript(
  instance: Instance,
  run: ScriptRun,
  environment: Record<string, string>,
): Promise<AgentOutcome> {
  const directory = `/var/lib/amazon/ssm/${instance.instanceId}/document/orchestration/${run.commandId}/script`;
  const namespaces = [`--target=${instance.pid}`, "--mount", "--uts", "--ipc", "--net", "--pid"];
  const shell = ["sh", "-c", writeAndRun, "agent", directory];
  const child = spawn(inCgroup, [instance.cgroup.processes, "nsenter", ...namespaces, "--", ...shell], {
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...agentEnvironment, ...environment, ...run.environment },
  });
  // A machine that dies meanwhile closes the pipe; that shows in how the script ends.
  child.stdin?.on("error", () => {});
  child.stdin?.end(run.script);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);

  return new Promise((done, failed) => {
    let stop: "timeLimit" | "aborted" | undefined;
    const end = (why: "timeLimit" | "aborted") => {
      stop ??= why;
      killGroup(child);
    };
    const abort = () => end("aborted");
    const timer = setTimeout(() => end("timeLimit"), run.executionTimeoutSeconds * 1000);
    const finish = () => {
      clearTimeout(timer);
      run.signal.removeEventListener("abort", abort);
    };
    run.signal.addEventListener("abort", abort);
    if (run.signal.aborted) abort();
    child.once("error", (cause) => {
      finish();
      failed(new Error(`Could not run ${run.document} on ${instance.instanceId}`, { cause }));
    });
    child.once("exit", (code, signal) => {
      finish();
      const answer = () => {
        const exitCode = code ?? 128 + (signalNumbers[signal ?? ""] ?? 0);
        const timedOut = stop === "timeLimit";
        if (stop === "aborted") done({ kind: "aborted" });
        else done({ kind: "ended", result: { exitCode, stdout: stdout(), stderr: stderr(), timedOut } });
      };
      const grace = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, outputGraceMilliseconds);
      child.once("close", () => {
        clearTimeout(grace);
        answer();
      });
    });
  });
}

const agentEnvironment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LANG: "C.UTF-8",
};

const signalNumbers: Record<string, number> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15 };

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
  }
}

/** Keeps the beginning of a stream, as Systems Manager does, and reads on so that the writer never blocks. */
function collect(stream: Readable | null): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on("data", (chunk: Buffer) => {
    if (bytes < outputLimitBytes) chunks.push(chunk.subarray(0, outputLimitBytes - bytes));
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
