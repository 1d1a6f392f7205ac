// What the parts of the Systems Manager model share.
import type { Clock } from "../../clock.ts";
import type { Account } from "../account.ts";
import type { Identifiers } from "../identifiers.ts";
import type { Agents } from "./agents.ts";
import type { Documents } from "./documents.ts";
import type { CommandState } from "./invocation.ts";
import type { ParameterStore } from "./parameter-store.ts";
import type { Limits } from "./types.ts";

export interface Parts {
  clock: Clock;
  ids: Identifiers;
  account: Account;
  limits: Limits;
  agents: Agents;
  documents: Documents;
  parameters: ParameterStore;
  /** By id, oldest first. */
  commands: Map<string, CommandState>;
  /** Instances by a target's or filter's key: `InstanceIds`, or `tag:KEY`. */
  select: (key: string, values: readonly string[]) => readonly string[];
}
