// Watches what every process on this machine shows to everybody: its arguments, and its environment. Run as a program; prints
// all that it saw, as JSON, when its standard input ends. A process that lives for less than a sample is missed, so there are
// many samples.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface ProcessSamples {
  /** Each command line once, arguments separated by spaces. */
  commandLines: string[];
  /** Each environment once, variables separated by newlines. */
  environments: string[];
}

export const program = fileURLToPath(import.meta.url);

const PAUSE_MILLISECONDS = 4;

const watch = (): void => {
  const commandLines = new Set<string>();
  const environments = new Set<string>();
  const first = process.pid;
  const look = (sinceStart: boolean): void => {
    for (const entry of readdirSync("/proc")) {
      const pid = Number(entry);
      // Those that were there before are looked at once, at the end.
      if (!Number.isInteger(pid) || pid === first || (sinceStart && pid < first)) continue;
      try {
        const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        if (sinceStart && commandLines.has(commandLine)) continue;
        commandLines.add(commandLine);
        environments.add(readFileSync(`/proc/${pid}/environ`, "utf8").replaceAll("\0", "\n"));
      } catch {
        // It has ended in between.
      }
    }
  };
  const timer = setInterval(() => look(true), PAUSE_MILLISECONDS);
  process.stdin.resume().on("end", () => {
    clearInterval(timer);
    look(false);
    const samples: ProcessSamples = { commandLines: [...commandLines], environments: [...environments] };
    process.stdout.write(JSON.stringify(samples));
  });
};

if (process.argv[1] === program) watch();
