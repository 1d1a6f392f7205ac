// The bundles and the packaged template that the cloud runs: made anew when a source is newer than they are.
import { spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { PACKAGE_DIRECTORY } from "../template/packaging.ts";
import { TEMPLATE_FILE } from "../template/template.ts";

const SOURCES = [
  "functions",
  "shared",
  "documents",
  "cluster",
  "scripts",
  "sandbox/template/packaging.ts",
  "serverless.yml",
  "package-lock.json",
];

/** @throws with the build's own output when it fails. */
export const ensurePackaged = async (
  projectDirectory: string,
  log: (line: string) => void,
): Promise<void> => {
  if (isPackaged(projectDirectory)) return;
  log("Building the functions and packaging them (npm run package:sandbox)");
  await run("npm", ["run", "--silent", "package:sandbox"], projectDirectory);
};

/** Whether every output is there and newer than every source. */
export const isPackaged = (projectDirectory: string): boolean => {
  const template = modifiedAt(join(projectDirectory, PACKAGE_DIRECTORY, TEMPLATE_FILE));
  const bundles = filesBelow(join(projectDirectory, "dist")).filter((file) => file.endsWith(".mjs"));
  if (template === undefined || bundles.length === 0) return false;
  const outputs = [template, ...bundles.map((file) => modifiedAt(file) ?? 0)];
  const sources = SOURCES.flatMap((name) => filesBelow(join(projectDirectory, name)));
  return Math.min(...outputs) >= Math.max(...sources.map((file) => modifiedAt(file) ?? 0));
};

const modifiedAt = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.mtimeMs;

/** The file itself, or all files of a directory. */
const filesBelow = (path: string): string[] => {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  if (!found.isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
};

const run = (command: string, words: string[], cwd: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output = (output + text).slice(-8_000);
      });
    }
    child.once("error", (cause) => reject(new Error(`Could not run ${command}`, { cause })));
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`\`${command} ${words.join(" ")}\` failed with ${code}:\n${output.trim()}`));
    });
  });
