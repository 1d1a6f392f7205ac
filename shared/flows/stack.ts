// The stack as Parameter Store has it.
import { readParameter } from "../aws/parameters.ts";
import { parseStack, type StackService } from "../swarm/stack.ts";
import type { CoreWorld } from "./world.ts";

/** To be called in a step. @returns [] when there is no parameter. @throws StackError when it holds no stack. */
export const readStack = async ({
  systemsManager,
  config,
}: Pick<CoreWorld, "systemsManager" | "config">): Promise<readonly StackService[]> => {
  const text = await readParameter(systemsManager, config.stackParameter);
  return text === undefined ? [] : parseStack(text, config.stack);
};
