// `npm run -s hive-swarm -- COMMAND …`: the operator's command line. Here is only what a process has: words, streams, signals, and a
// code to end with.
import { hostname, userInfo } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { type Clients, createClients } from "./aws/clients.ts";
import { exitCode, type Tool } from "./command.ts";
import { personOf } from "./person.ts";
import { run } from "./run.ts";
import { createProgress, type Progress } from "./terminal/progress.ts";

const TICK_MILLIS = 250;

let opened: Clients | undefined;
let shown: Progress | undefined;
let lastWord: string | undefined;

const tool: Tool = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => {
    shown?.clear();
    process.stderr.write(text);
  },
  columns: process.stdout.isTTY ? process.stdout.columns : undefined,
  progress: (where) => {
    const stream = process[where];
    shown = createProgress({
      write: (text) => void stream.write(text),
      now: Date.now,
      columns: () => (stream.isTTY ? stream.columns : undefined),
    });
    // Alone it keeps no program running.
    setInterval(() => shown?.tick(), TICK_MILLIS).unref();
    return shown;
  },
  clients: (region) => {
    opened = createClients(region, process.env);
    return opened;
  },
  now: Date.now,
  pause: (milliseconds) => delay(milliseconds),
  person: personOf(process.env, { userName: () => userInfo().username, hostName: hostname }),
  whenInterrupted: (text) => {
    lastWord = text;
  },
};

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    shown?.clear();
    process.stderr.write(lastWord === undefined ? "\nInterrupted.\n" : `\n${lastWord}\n`);
    process.exit(exitCode.interrupted);
  });

// Whoever read the output has read enough, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCode.done);
  throw error;
});

try {
  process.exitCode = await run(process.argv.slice(2), tool);
} catch (error) {
  shown?.clear();
  console.error(error);
  process.exitCode = exitCode.bug;
} finally {
  opened?.destroy();
  shown?.doing("");
}
