// From the words of a command line to an exit code. Errors that a person can mend are said in words, all others are the tool's own.
import { AwsFailure } from "./aws/failure.ts";
import { type Command, type ExitCode, exitCode, type Tool } from "./command.ts";
import { commands as all } from "./commands/index.ts";
import { nearest, UsageError } from "./options.ts";
import { Impossible } from "./roll/go-back.ts";
import { PROGRAM, usage, usageOf } from "./usage.ts";

const HELP = ["help", "--help", "-h"];

export const run = async (
  words: readonly string[],
  tool: Tool,
  commands: readonly Command[] = all,
): Promise<ExitCode> => {
  const [name, ...rest] = words;
  try {
    if (name === undefined || HELP.includes(name)) {
      tool.stdout(help(rest, commands));
      return exitCode.done;
    }
    const command = find(name, commands);
    const perform = command.parse(rest);
    if (perform) return await perform(tool);
    tool.stdout(usageOf(command));
    return exitCode.done;
  } catch (error) {
    if (error instanceof UsageError) {
      const known = commands.some((command) => command.name === name);
      tool.stderr(`${error.message}\nSee ${PROGRAM} help${known ? ` ${name}` : ""}\n`);
      return exitCode.usage;
    }
    if (error instanceof AwsFailure || error instanceof Impossible) {
      tool.stderr(`${error.message}\n`);
      return error instanceof AwsFailure ? exitCode.aws : exitCode.trouble;
    }
    throw error;
  }
};

const help = ([name]: readonly string[], commands: readonly Command[]): string =>
  name === undefined || HELP.includes(name) ? usage(commands) : usageOf(find(name, commands));

const find = (name: string, commands: readonly Command[]): Command => {
  const found = commands.find((command) => command.name === name);
  if (found) return found;
  if (name.startsWith("-")) throw new UsageError(`The command comes first, and ${name} is none.`);
  const names = [...commands.map((command) => command.name), "help"];
  const meant = nearest(name, names);
  const ask = meant === undefined ? "" : ` Did you mean ${meant}?`;
  throw new UsageError(`There is no command ${JSON.stringify(name)}: there are ${names.join(", ")}.${ask}`);
};
