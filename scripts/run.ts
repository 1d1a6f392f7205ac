// Runs commands one after the other for `npm run check` and `npm test`: what runs and how long it took is always shown.
import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";

const bin = join(import.meta.dirname, "..", "node_modules", ".bin");

/** The project's own tools (and its Node 24) come first, whatever the machine has. */
export const environment = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` };

/** @returns true when the command ended with 0. Its output goes where ours goes. */
export const run = (
  title: string,
  command: string,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): boolean => {
  console.log(`\n▶ ${title}`);
  const started = Date.now();
  const { status, error, signal } = spawnSync(command, args, {
    stdio: "inherit",
    env: { ...environment, ...more },
  });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  const ok = status === 0;
  const why = error
    ? `: ${error.message}`
    : signal
      ? `: ended by ${signal}`
      : ok
        ? ""
        : `: exit code ${status}`;
  console.log(`${ok ? "✔" : "✖"} ${title} (${seconds} s)${why}`);
  return ok;
};
