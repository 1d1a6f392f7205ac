// What the parts of a join tell each other: as what the instance joins, how far it has come, and so what there is to undo.
import type { Config } from "../config/config.ts";
import type { NodeHint } from "./node.ts";
import type { Hold } from "./watch.ts";

export type Role = "manager" | "worker";

/** The group decides. */
const roleOf = ({ managerGroups }: Pick<Config, "managerGroups">, group: string): Role =>
  managerGroups.includes(group) ? "manager" : "worker";

export interface Joining extends NodeHint {
  readonly role: Role;
  /** It is in service: what served before is never taken down. */
  readonly serving: boolean;
  nodeId: string;
  /** Empty: the host was never reached. */
  address: string;
  /** This flow has registered it at the load balancer. */
  registered: boolean;
  /** This flow has made the node, and no manager has set it active. */
  unfinished: boolean;
  /** This host has formed the swarm, which lives and falls with it. */
  formed: boolean;
}

export const beginJoining = ({ world, lease }: Hold, serving: boolean): Joining => ({
  role: roleOf(world.config, lease.action.group),
  serving,
  nodeId: "",
  address: "",
  registered: false,
  unfinished: false,
  formed: false,
});
