// How an instance ships its logs: the real filebeat where this machine has it, the project's stand-in otherwise;
// both with the project's own filebeat.yml.
import { dirname, join } from "node:path";
import type { RealMachinesOptions } from "../machines/options.ts";
import { realArguments, realFilebeat } from "../shipper/real.ts";
import { addresses, scanIntervalSeconds } from "./configuration.ts";

/** The command line, run in each instance as its unit `filebeat`, and the directory of its program. */
export const shipperOf = (
  projectDirectory: string,
): Pick<RealMachinesOptions, "shipper" | "shipperDirectory"> => {
  const real = realFilebeat();
  const shipper = [
    "env",
    `ELASTICSEARCH_HOSTS=${addresses.collector}`,
    `FILEBEAT_SCAN_INTERVAL=${scanIntervalSeconds}s`,
    ...(real === undefined
      ? [process.execPath, join(projectDirectory, "sandbox/shipper/main.ts")]
      : [real, ...realArguments]),
    "-c",
    join(projectDirectory, "cluster/filebeat.yml"),
  ];
  return real === undefined ? { shipper } : { shipper, shipperDirectory: dirname(real) };
};

/** What ships the logs, in words for people. */
export const shipperName = (): string =>
  realFilebeat() ?? "the filebeat stand-in (filebeat is not installed)";
