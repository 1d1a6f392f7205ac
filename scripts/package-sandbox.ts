// Packages the template that the sandbox provisions itself from: with the whole infrastructure in it. The packager works in `.serverless`
// whatever it is told and clears it away, so the operator's own package is put aside meanwhile.
import { existsSync, renameSync, rmSync } from "node:fs";
import { packageCommand } from "../sandbox/template/packaging.ts";
import { run } from "./run.ts";

const OPERATORS = ".serverless";
const ASIDE = ".serverless-aside";

rmSync(ASIDE, { recursive: true, force: true });
if (existsSync(OPERATORS)) renameSync(OPERATORS, ASIDE);
try {
  process.exitCode = run("package for the sandbox", "serverless", packageCommand()) ? 0 : 1;
} finally {
  rmSync(OPERATORS, { recursive: true, force: true });
  if (existsSync(ASIDE)) renameSync(ASIDE, OPERATORS);
}
