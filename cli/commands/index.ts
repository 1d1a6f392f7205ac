// All commands of the tool, in the order of the help.
import type { Command } from "../command.ts";
import { history } from "./history.ts";
import { roll } from "./roll.ts";
import { rollback } from "./rollback.ts";

export const commands: readonly Command[] = [roll, rollback, history];
