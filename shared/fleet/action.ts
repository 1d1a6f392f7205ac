// How the planner's parts write their actions: each kind with the fact behind it, unless a case rests on another one.
import type { InstanceId } from "../identifiers.ts";
import type { Action, ActionKind } from "./actions.ts";
import type { NodeView } from "./snapshot.ts";

/** In the order of a plan: what others rest on comes first, as names do, by which flows find nodes. */
const FACTS: Readonly<Record<ActionKind, string>> = {
  "label-node": "D19",
  "start-retire": "A1",
  // A dead one's vote would count against each manager that comes.
  "remove-manager": "D20",
  "start-join": "A1",
  "finish-roll": "D1",
  "remove-ghost": "D10",
  "activate-node": "D8",
  "join-instance": "A12",
  "promote-node": "D9",
  "deregister-instance": "Classic ELB",
  "register-instance": "A10",
  "hold-images": "D7",
  "roll-newest": "ECR",
  "deploy-service": "D15",
  "set-replicas": "D24",
  "rotate-tokens": "S7",
  "look-at-kept": "A4",
  "look-at": "A12",
};

const ORDER = Object.keys(FACTS);

export interface About {
  instanceId?: InstanceId | undefined;
  node?: NodeView | undefined;
  service?: string | undefined;
  replicas?: number | undefined;
}

/** Safe, unless it is said to be for a person. */
export const action = (
  kind: ActionKind,
  { instanceId, node, service, replicas }: About,
  reason: string,
  options: { forPerson?: boolean; fact?: string } = {},
): Action => ({
  kind,
  subject: service ?? instanceId ?? (node ? `node ${node.nodeId}` : "swarm"),
  ...(instanceId === undefined ? {} : { instanceId }),
  ...(node === undefined ? {} : { nodeId: node.nodeId }),
  ...(service === undefined ? {} : { service }),
  ...(replicas === undefined ? {} : { replicas }),
  reason,
  fact: options.fact ?? FACTS[kind],
  risk: options.forPerson ? "person" : "safe",
});

export const lookAt = (about: About, fact: string, reason: string): Action =>
  action("look-at", about, reason, { forPerson: true, fact });

export const inOrder = (actions: readonly Action[]): Action[] => {
  const key = ({ kind, subject, nodeId = "", reason }: Action): string =>
    `${String(ORDER.indexOf(kind)).padStart(2, "0")} ${subject} ${nodeId} ${reason}`;
  return [...actions].sort((one, other) => (key(one) < key(other) ? -1 : 1));
};
