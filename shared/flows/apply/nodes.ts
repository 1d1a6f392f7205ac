// Nodes are mended by a manager: many edits in one command, each checked there against the node as it is then.
import type { Action } from "../../fleet/actions.ts";
import { type AppliedView, applied } from "../../fleet/applied.ts";
import { mendNodesAnswer } from "../../swarm/answers.ts";
import { onManager } from "../manager.ts";
import { type Applier, attempt, portions, type RepairErrand } from "./errand.ts";

/** What the document takes. Each is some tenths of a second for the manager. */
const MOST_EDITS = 50;
const RUN_SECONDS = 60;

interface Edit {
  action: Action;
  edit: string;
}

export const mendNodes: Applier = async (errand, actions) => {
  const judged = actions.map((action) => ({ action, edit: editFor(errand, action) }));
  const all: AppliedView[] = judged
    .filter(({ edit }) => edit === undefined)
    .map(({ action }) =>
      applied(action, "failed", "the look does not tell the node, or where it is: plan again"),
    );
  const edits = judged.flatMap(({ action, edit }) => (edit === undefined ? [] : [{ action, edit }]));
  for (const some of portions(edits, MOST_EDITS))
    all.push(
      ...(await attempt(
        some.map(({ action }) => action),
        () => make(errand, some),
      )),
    );
  return all;
};

const editFor = ({ snapshot }: RepairErrand, { kind, nodeId, instanceId }: Action): string | undefined => {
  const node = snapshot.swarm.known
    ? snapshot.swarm.value.nodes.find((one) => one.nodeId === nodeId)
    : undefined;
  if (!node) return undefined;
  if (kind === "promote-node") return `promote/${node.nodeId}`;
  if (kind !== "label-node") return `remove/${node.nodeId}`;
  return instanceId === undefined || node.address === ""
    ? undefined
    : `label/${node.nodeId}/${instanceId}/${node.address}`;
};

/** Where it fails, a manager may have begun: the next repair asks again, and what is done is found to be so. */
const make = async (errand: RepairErrand, edits: readonly Edit[]): Promise<AppliedView[]> => {
  const answer = await onManager(errand, "mend nodes", mendNodesAnswer, {
    document: "mend-nodes",
    parameters: { edits: edits.map(({ edit }) => edit).join(" "), now: errand.snapshot.takenAt },
    executionSeconds: RUN_SECONDS,
    deadline: errand.lease.deadline,
  });
  const came = new Map(answer.edits.map((one) => [one.edit, one]));
  return edits.map(({ action, edit }) => viewOf(action, came.get(edit)));
};

const viewOf = (action: Action, came: { outcome: string; details: string } | undefined): AppliedView => {
  switch (came?.outcome) {
    case "done":
      return applied(action, "done", "");
    case "already":
      return applied(action, "done", "it was so already");
    case "refused":
      return applied(action, "not applied", `the node has changed since it was looked at: ${came.details}`);
    default:
      return applied(action, "failed", "the manager's answer does not mention it");
  }
};
