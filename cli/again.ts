// What a person is told who stops following, or has to: the command that goes on from there.
import { AwsFailure } from "./aws/failure.ts";
import type { Place } from "./deployment.ts";
import { shellWord } from "./terminal/text.ts";
import { PROGRAM } from "./usage.ts";

/** A command to be typed, with the place where this one was at. */
export const commandLine = (words: readonly string[], { cluster, stage, region }: Place): string => {
  const where = [
    ...(cluster === "hive" ? [] : ["--cluster", cluster]),
    ...(stage === "dev" ? [] : ["--stage", stage]),
    ...(region === undefined ? [] : ["--region", region]),
  ];
  return `${PROGRAM} ${[...words, ...where].map(shellWord).join(" ")}`;
};

/** What AWS refuses to whoever follows a flow is no end of the flow. @throws AwsFailure */
export const unlessLost = async <T>(goesOn: string, run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (cause) {
    if (!(cause instanceof AwsFailure)) throw cause;
    throw new AwsFailure(`${cause.message}\n${goesOn}`, { cause });
  }
};
