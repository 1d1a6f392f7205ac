// Fetches Debian trixie's Docker engine into `.engines/` and prints where it is, for `npm run sandbox -- up --engine`.
import { join } from "node:path";
import { fetchEngine, trixie } from "../sandbox/machines/engine-packages.ts";

try {
  const cache = join(import.meta.dirname, "../.engines");
  const { directory, version } = await fetchEngine(trixie, cache, console.error);
  console.error(`Docker ${version}`);
  console.log(directory);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
