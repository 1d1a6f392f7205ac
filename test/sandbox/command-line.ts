// Programs as a person starts them: in processes of their own, judged by what they print and how they end.
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

const projectDirectory = resolve(import.meta.dirname, "../..");
const ASK_AGAIN_MILLISECONDS = 500;

/** jest's own options for Node are not for the programs that it starts. */
const environmentWith = (directory: string): NodeJS.ProcessEnv => {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  return { ...inherited, HIVE_SANDBOX_DIRECTORY: directory };
};

const runIn = (directory: string, command: string, words: readonly string[]): Promise<Ended> =>
  new Promise((done, failed) => {
    const child = spawn(command, words, {
      cwd: projectDirectory,
      env: environmentWith(directory),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
      });
    }
    child.once("error", failed);
    child.once("close", (code) => done({ code, ...said }));
  });

/** `node FILE WORDS…`, as npm's scripts have it. */
export const program = (directory: string, file: string, ...words: string[]): Promise<Ended> =>
  runIn(directory, process.execPath, [file, ...words]);

/** `npm run sandbox -- WORDS…` */
export const sandbox = (directory: string, ...words: string[]): Promise<Ended> =>
  program(directory, "sandbox/cli.ts", ...words);

/** @returns what the script printed, in a shell that sourced the sandbox's `env`. @throws when the script fails */
export const shell = async (directory: string, script: string): Promise<string> => {
  const sourced = `set -eu; . "$1"; ${script}`;
  const { code, stdout, stderr } = await runIn(directory, "sh", [
    "-c",
    sourced,
    "sh",
    join(directory, "env"),
  ]);
  if (code === 0) return stdout;
  throw new Error(`\`${script}\` ended with ${code}:\n${stdout}${stderr}`);
};

/** @returns the answer of `aws WORDS`. */
export const aws = async <Answer>(directory: string, words: string): Promise<Answer> =>
  JSON.parse(await shell(directory, `aws --output json ${words}`)) as Answer;

/** Asks until the answer is as wanted. The test's own time limit ends it otherwise. */
export const until = async <Answer>(
  ask: () => Promise<Answer>,
  wanted: (answer: Answer) => boolean,
): Promise<Answer> => {
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    await delay(ASK_AGAIN_MILLISECONDS);
  }
};
