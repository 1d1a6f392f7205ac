// Lifecycle hooks that wait, and no flow is at them: the event was lost, or the answer to it was. The flow is started, and finds out.
import { action, lookAt } from "./action.ts";
import type { Action } from "./actions.ts";
import type { Picture } from "./picture.ts";
import type { Member, Role } from "./snapshot.ts";

/** The hook of a launch into a warm pool and that of a return to it wait in the same state. */
const POOL = "Warmed:Pending:Wait";

export const planHooks = (picture: Picture): Action[] =>
  [...(picture.members?.values() ?? [])]
    .filter(({ lifecycleState }) => lifecycleState.endsWith(":Wait"))
    .flatMap((member) => hook(picture, member));

const hook = (picture: Picture, member: Member): Action[] => {
  const { instanceId, lifecycleState: state, group, role } = member;
  // Without the running flows nobody knows whether one is at it.
  if (!picture.busy || picture.busy.has(instanceId)) return [];
  const nodes = picture.nodesOf.get(instanceId) ?? [];
  const manager = nodes.find((node) => node.role === "manager");
  if (manager && role === "worker")
    return [
      lookAt(
        { instanceId, node: manager },
        "D9",
        `waits in ${state}, and its node ${manager.nodeId} is a manager although group ${group} has workers: demote it first (docker node demote ${manager.nodeId}), see that the quorum holds; the hook's flow is planned then`,
      ),
    ];
  if (state === POOL && !picture.nodes) return [];
  const launching = state.startsWith("Pending") || (state === POOL && nodes.length === 0);
  const seen = `waits in ${state} and no flow is at it: its event was lost, or its hook's completion was`;
  if (launching) return [action("start-join", { instanceId }, `${seen}; ${joining(picture, member)}`)];
  if (state.includes("Terminating") || state === POOL)
    return [action("start-retire", { instanceId }, `${seen}; ${RETURN[state] ?? RETIRE[role]}`)];
  return [];
};

const joining = ({ formed }: Picture, { role, lifecycleState }: Member): string => {
  if (lifecycleState === POOL) return "it is in no swarm, so it is prepared for the warm pool";
  if (formed) return role === "manager" ? "it joins as a manager" : "it is joined";
  return role === "manager"
    ? "no swarm was ever formed: the first manager that comes forms it, and any other joins"
    : "no swarm was ever formed: it joins as soon as a manager has formed it";
};

const RETIRE: Readonly<Record<Role, string>> = {
  worker: "it is drained, its logs are shipped, and it leaves",
  manager:
    "it is demoted as soon as the quorum can do without it, drained, its logs are shipped, and it leaves",
};
const RETURN: Readonly<Record<string, string>> = {
  [POOL]: "it is still in the swarm, so it returns to the warm pool: drained, logs shipped, out of the swarm",
};
