// How long a fresh process of Node takes to load a function's bundle, over the same with an empty bundle: what a cold start adds
// that is ours. The whole process is timed, from its start to its end.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addresses, names } from "../sandbox/cloud/configuration.ts";
import { PACKAGE_DIRECTORY } from "../sandbox/template/packaging.ts";
import { readTemplate } from "../sandbox/template/template.ts";
import type { FunctionDefinition } from "../sandbox/template/types.ts";
import { type Spread, spreadOf } from "./statistics.ts";

export interface FunctionMeasured {
  bytes: number;
  startup: Spread;
  emptyStartup: Spread;
}

const EMPTY_BUNDLE = "export const handler=async()=>{};\n";

export const measureFunctions = async (
  projectDirectory: string,
  repetitions: number,
): Promise<Record<string, FunctionMeasured>> => {
  const { functions, stackName } = readTemplate(join(projectDirectory, PACKAGE_DIRECTORY), {
    account: names.account,
    region: names.region,
  });
  const directory = mkdtempSync(join(tmpdir(), "hive-bench-"));
  try {
    const empty = join(directory, "empty.mjs");
    writeFileSync(empty, EMPTY_BUNDLE);
    const measured: Record<string, FunctionMeasured> = {};
    const each = functions.map((definition) => {
      const file = join(projectDirectory, definition.handler.replace(/\.\w+$/, ".mjs"));
      return {
        name: definition.name.replace(`${stackName}-`, ""),
        file,
        environment: environmentOf(definition),
        full: [] as number[],
        bare: [] as number[],
      };
    });
    // One round more than is counted: the first reads the files from the disk.
    for (let round = 0; round <= repetitions; round++) {
      for (const { file, environment, full, bare } of each) {
        const [one, other] = [await runOnce(file, environment), await runOnce(empty, environment)];
        if (round === 0) continue;
        full.push(one);
        bare.push(other);
      }
    }
    for (const { name, file, full, bare } of each) {
      measured[name] = {
        bytes: statSync(file).size,
        startup: spreadOf(full),
        emptyStartup: spreadOf(bare),
      };
    }
    return measured;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

const environmentOf = ({ name, environment }: FunctionDefinition): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  ...environment,
  AWS_REGION: names.region,
  AWS_LAMBDA_FUNCTION_NAME: name,
  AWS_ACCESS_KEY_ID: "AKIAHIVEBENCH0000000",
  AWS_SECRET_ACCESS_KEY: "opens-nothing",
  AWS_ENDPOINT_URL: addresses.aws,
});

/** Milliseconds. @throws when the process fails, with what it said. */
const runOnce = (file: string, env: NodeJS.ProcessEnv): Promise<number> =>
  new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, [file], { env, stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      const milliseconds = performance.now() - started;
      if (code === 0) resolve(milliseconds);
      else reject(new Error(`node ${file} ended with ${code ?? signal}: ${errors.slice(-2_000)}`));
    });
  });
