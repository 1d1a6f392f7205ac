// How an instance ships its logs: the real filebeat where this machine has it, the project's stand-in otherwise;
// both with the project's own filebeat.yml.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { addresses, scanIntervalSeconds } from "./configuration.ts";

/** The command line, run in each instance as its unit `filebeat`. */
export const shipperCommand = (projectDirectory: string): string[] => [
  "env",
  `ELASTICSEARCH_HOSTS=${addresses.collector}`,
  `FILEBEAT_SCAN_INTERVAL=${scanIntervalSeconds}s`,
  ...(filebeat() ?? [process.execPath, join(projectDirectory, "sandbox/shipper/main.ts")]),
  "-c",
  join(projectDirectory, "cluster/filebeat.yml"),
];

/** What ships the logs, in words for people. */
export const shipperName = (): string =>
  filebeat()?.[0] ?? "the filebeat stand-in (filebeat is not installed)";

/** Strict permissions are for a file that others could write; the clone's owner need not be root. */
const filebeat = (): string[] | undefined => {
  const found = (process.env.PATH ?? "")
    .split(delimiter)
    .map((directory) => join(directory, "filebeat"))
    .find(executable);
  return found === undefined ? undefined : [found, "--strict.perms=false", "-e"];
};

const executable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};
