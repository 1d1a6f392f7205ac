// The help, put together from what each command says of itself.
import { type Command, commonOptions } from "./command.ts";
import type { OptionTable } from "./options.ts";

/** As it is typed in the project's directory; without -s npm prints two lines of its own. */
export const PROGRAM = "npm run -s hive-swarm --";

const columns = (lines: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...lines.map(([left]) => left.length));
  return lines.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
};

const optionLines = (options: OptionTable): string =>
  columns(
    Object.entries(options).map(([name, { short, value, help }]) => [
      `${short ? `-${short}, ` : ""}--${name}${value ? ` ${value}` : ""}`,
      help,
    ]),
  );

const EXIT_CODES = columns([
  ["0", "as asked: a roll converged, was skipped or planned (a dry run); repaired;"],
  ["", "retired with its logs; paused; resumed; plan: nothing to do"],
  ["1", "not so: rolled back, rollback failed, stalled, refused or superseded;"],
  ["", "failed, left, kept or only shown; plan: something is to do, or could not"],
  ["", "be judged"],
  ["2", "the command line is wrong"],
  ["3", "AWS refused: what, on what, why and what to do about it is said"],
  ["4", "the tool itself is at fault"],
  ["130", "Ctrl-C; what was begun goes on all the same"],
]);

export const usage = (commands: readonly Command[]): string => `The operator's command line.

  ${PROGRAM} COMMAND …

Commands:
${columns([
  ...commands.map(({ name, takes, summary }): [string, string] => [[name, ...takes].join(" "), summary]),
  ["help [COMMAND]", "say how a command is used"],
])}

Each of them takes:
${optionLines(commonOptions)}

It ends with:
${EXIT_CODES}
`;

export const usageOf = ({ name, takes, summary, about, options }: Command): string => `${name}: ${summary}

  ${PROGRAM} ${[name, ...takes].join(" ")} …

${about}

Options:
${optionLines({ ...options, ...commonOptions })}
`;
