// All commands of the tool, in the order of the help.
import type { Command } from "../command.ts";
import { explain } from "./explain.ts";
import { history } from "./history.ts";
import { pause } from "./pause.ts";
import { plan } from "./plan.ts";
import { repair } from "./repair.ts";
import { resume } from "./resume.ts";
import { retire } from "./retire.ts";
import { roll } from "./roll.ts";
import { rollback } from "./rollback.ts";
import { status } from "./status.ts";

export const commands: readonly Command[] = [
  status,
  explain,
  plan,
  repair,
  retire,
  roll,
  rollback,
  history,
  pause,
  resume,
];
