// Everything that can be known without running the project: format, lint, types, shell scripts, template, dead code.
import { readdirSync, readFileSync } from "node:fs";
import { ensurePackages } from "../sandbox/machines/packages.ts";
import { run } from "./run.ts";

/** Shell scripts, wherever they stand: by their name, or by their first line. */
const scripts = (directory: string): string[] =>
  readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) return scripts(path);
    return entry.name.endsWith(".sh") || startsAsShell(path) ? [path] : [];
  });

const startsAsShell = (path: string): boolean => /^#!\/bin\/(ba)?sh\n/.test(readFileSync(path, "latin1"));

await ensurePackages(console.log, ["shellcheck"]);
const shell = ["cluster", "documents", "image", "sandbox"].flatMap(scripts);

const results = [
  run("format and lint", "biome", ["check", "--error-on-warnings", "."]),
  run("types", "tsc", ["--noEmit", "-p", "."]),
  run("shell scripts", "shellcheck", ["-x", "--source-path=SCRIPTDIR", ...shell, ".ci/run"]),
  run("package", "node", ["scripts/build.ts"]) && run("template", "serverless", ["package"]),
  run("templates against CloudFormation's database and our rules", "node", ["scripts/validate-template.ts"]),
  run("dead code and unused dependencies", "knip", []),
];
process.exitCode = results.every(Boolean) ? 0 : 1;
