// All layers of tests in one command: units, flows on virtual time, and the real swarm. `npm test -- unit flows` runs the named
// layers alone, `npm test -- unit logs-reduction` of them the files whose path contains one of the words that follow. What can be known without running is the business of `npm run check`.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RECORD_DIRECTORY } from "../sandbox/iam/uses.ts";
import {
  ensurePackages,
  everyPackage,
  imagePackages,
  type PackageName,
} from "../sandbox/machines/packages.ts";
import { LAYERS, type Layer, recordOf, WHOLE } from "./layers.ts";
import { run } from "./run.ts";

/** The real swarm needs every package; of the other layers only the units run programs, those of the documents' scripts. */
const PACKAGES: Record<Layer, readonly PackageName[]> = {
  sandbox: [...everyPackage, ...imagePackages],
  unit: ["curl", "jq", "busybox-static", "shellcheck"],
  flows: [],
};

/** Also where there are but two processors; and two swarms at once, each in namespaces of its own, wait far more than they work. */
const WORKERS = "--maxWorkers=2";
/** Each test told as it ends. */
const LIVE = ["--reporters=<rootDir>/scripts/live-reporter.js", "--reporters=summary"];

const isLayer = (word: string): boolean => LAYERS.some((layer) => layer === word);
const asked = process.argv.slice(2);
const firstFile = asked.findIndex((word) => !isLayer(word));
const files = firstFile === -1 ? [] : asked.slice(firstFile);
if (firstFile === 0) {
  console.error(
    `There is no layer ${asked[0]}; there are ${LAYERS.join(", ")}. Files are named after their layer.`,
  );
  process.exit(2);
}
const layers = asked.length > 0 ? LAYERS.filter((layer) => asked.includes(layer)) : LAYERS;

await ensurePackages(
  console.log,
  layers.flatMap((layer) => PACKAGES[layer]),
);
const options = { NODE_OPTIONS: "--experimental-vm-modules --disable-warning=ExperimentalWarning" };
// Always: tests of permissions and documents read the packaged template, and must not judge yesterday's.
const packaged =
  run("bundles", "node", ["scripts/build.ts"]) &&
  run("package", "serverless", ["package"]) &&
  run("package for the sandbox", "node", ["scripts/package-sandbox.ts"]);

const named = files.length > 0 ? ["--testPathPatterns", ...files] : [];
const runLayer = (layer: Layer, more: NodeJS.ProcessEnv): boolean =>
  run(
    `tests: ${layer}`,
    "jest",
    ["--selectProjects", layer, WORKERS, ...(layer === "sandbox" ? LIVE : []), ...named],
    { ...options, ...more },
  );

/** With a record of what was used of the roles' permissions. */
const runWhole = (layer: Layer): boolean => {
  const directory = recordOf(layer);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const ok = runLayer(layer, { [RECORD_DIRECTORY]: directory });
  writeFileSync(join(directory, WHOLE), "");
  return ok;
};

const results = (packaged ? layers : []).map((layer) =>
  files.length > 0 ? runLayer(layer, {}) : runWhole(layer),
);
// What a part of the tests does not need another part may: then `npm run permissions` shows it to whoever asks.
if (packaged && asked.length === 0)
  results.push(run("permissions that no test needs", "node", ["scripts/permissions.ts"]));
process.exitCode = packaged && results.every(Boolean) ? 0 : 1;
