// Packages the template that the sandbox provisions itself from: with the whole infrastructure in it.
import { packageCommand } from "../sandbox/template/packaging.ts";
import { run } from "./run.ts";

process.exitCode = run("package for the sandbox", "serverless", packageCommand()) ? 0 : 1;
