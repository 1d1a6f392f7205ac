// The real filebeat, where this machine has one: HIVE_FILEBEAT=DIRECTORY (docs/sandbox.md, "filebeat"), or else the path.

import { delimiter, join, resolve } from "node:path";
import { executable } from "../executable.ts";

/**
 * @returns the program; undefined where there is none, and the stand-in has to do
 * @throws when HIVE_FILEBEAT names a directory without one: whoever set it would take the stand-in's word for filebeat's
 */
export const realFilebeat = (
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined => {
  const given = environment.HIVE_FILEBEAT;
  if (given) {
    const program = join(resolve(given), "filebeat");
    if (executable(program)) return program;
    throw new Error(
      `There is no program filebeat in HIVE_FILEBEAT=${given}; \`npm run filebeat\` fetches one`,
    );
  }
  return (environment.PATH ?? "")
    .split(delimiter)
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, "filebeat"))
    .find(executable);
};

/** Its log to standard error. Strict permissions are for a file that others could write; the clone's owner need not be root. */
export const realArguments = ["--strict.perms=false", "-e"] as const;
