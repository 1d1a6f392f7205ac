// What a command of the tool is. A new one is a file in commands/ and a line in commands/index.ts: its name, its help and its
// options stand beside what it does.
import type { Clients } from "./aws/clients.ts";
import { type OptionTable, readWords, UsageError, type Values } from "./options.ts";
import type { Progress } from "./terminal/progress.ts";

/** How the tool ends, for scripts. */
export const exitCode = {
  /** All converged, was skipped, or is planned. */
  done: 0,
  /** Something was not brought to where it was to be. */
  trouble: 1,
  usage: 2,
  /** AWS did not do what was asked. */
  aws: 3,
  /** The tool itself is at fault. */
  bug: 4,
  /** Ctrl-C: 128 and the number of the signal, as shells expect. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** What a command acts with: handed in, so that tests need no AWS, no terminal and no time. */
export interface Tool {
  /** For what was asked for. */
  stdout(text: string): void;
  stderr(text: string): void;
  /** Columns of the terminal that shows standard output; undefined: a file or a program reads it. */
  columns: number | undefined;
  /** What is under way, on standard output for people, on standard error where that is for programs. */
  progress(where: "stdout" | "stderr"): Progress;
  /** @param region undefined: the one of the environment or the profile */
  clients(region: string | undefined): Clients;
  /** Epoch milliseconds. */
  now(): number;
  pause(milliseconds: number): Promise<void>;
  /** Who acts, as this machine knows it: for whoever reads it later. */
  person: string;
  /** What a person has to know who ends the tool now. */
  whenInterrupted(lastWord: string): void;
}

/** Options that every command takes. */
export const commonOptions = {
  cluster: { type: "string", default: "hive", value: "NAME", help: "default hive" },
  stage: {
    type: "string",
    default: "dev",
    value: "NAME",
    help: "default dev",
  },
  region: {
    type: "string",
    value: "REGION",
    help: "default AWS_REGION, or the profile's",
  },
  json: { type: "boolean", default: false, help: "one JSON document on standard output, for programs" },
  help: { type: "boolean", default: false, short: "h", help: "say how the command is used" },
} as const satisfies OptionTable;

export interface Definition<Options extends OptionTable> {
  name: string;
  /** Words that must be given, as the help shows them: `["SERVICE"]`. */
  takes: readonly string[];
  /** One line. */
  summary: string;
  /** The rest of its help. */
  about: string;
  options: Options;
  run(
    words: readonly string[],
    values: Values<Options & typeof commonOptions>,
    tool: Tool,
  ): Promise<ExitCode>;
}

export interface Command {
  name: string;
  takes: readonly string[];
  summary: string;
  about: string;
  options: OptionTable;
  /** @throws UsageError; undefined: its help is asked for. */
  parse(words: readonly string[]): ((tool: Tool) => Promise<ExitCode>) | undefined;
}

export const defineCommand = <const Options extends OptionTable>(
  definition: Definition<Options>,
): Command => {
  const { name, takes, options } = definition;
  const all = { ...options, ...commonOptions };
  return {
    ...definition,
    parse: (words) => {
      if (words.includes("--help") || words.includes("-h")) return undefined;
      const { positionals, values } = readWords(words, all);
      if (positionals.length !== takes.length) throw new UsageError(wrongNumber(name, takes, positionals));
      return (tool) => definition.run(positionals, values, tool);
    },
  };
};

const wrongNumber = (name: string, takes: readonly string[], given: readonly string[]): string => {
  const missing = takes.slice(given.length);
  if (missing.length > 0) return `${name} needs ${missing.join(" and ")}.`;
  const surplus = given.slice(takes.length).map((word) => JSON.stringify(word));
  return `${name} takes ${takes.join(" ")} and no more: what is ${surplus.join(" ")}? (A text with spaces goes in quotes.)`;
};
