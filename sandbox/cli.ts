// `npm run sandbox -- up | status | push | down`.
import { parseArguments, SEE_USAGE, USAGE } from "./cli/arguments.ts";
import { down } from "./cli/down.ts";
import { unlessInterrupted } from "./cli/interruption.ts";
import { AlreadyUp } from "./cli/launch.ts";
import { UsageError } from "./cli/options.ts";
import { push } from "./cli/push.ts";
import { NotUp, status } from "./cli/status.ts";
import { up } from "./cli/up.ts";

const run = async (words: string[]): Promise<void> => {
  const given = parseArguments(words);
  switch (given.command) {
    case "up":
      return up(given);
    case "push":
      return push(given);
    case "status":
      return status(given);
    case "down":
      return down();
    case "help":
      process.stdout.write(USAGE);
  }
};

try {
  await run(process.argv.slice(2));
  process.exit(0);
} catch (error) {
  await unlessInterrupted();
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n${SEE_USAGE}\n`);
    process.exit(2);
  }
  // These say all there is to say; a stack would only hide it.
  const plain = error instanceof AlreadyUp || error instanceof NotUp;
  console.error(plain ? error.message : error);
  process.exit(1);
}
