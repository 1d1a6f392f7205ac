// Managers whose machines are gone: each gives up its vote, as far as the quorum can do without it, and then its node is removed. One
// after the other: each changes what the next one may.
import { describeMembers } from "../../aws/auto-scaling.ts";
import { describeAgents } from "../../aws/run-command.ts";
import type { Action } from "../../fleet/actions.ts";
import { type AppliedView, applied } from "../../fleet/applied.ts";
import type { InstanceId } from "../../identifiers.ts";
import { demoteAnswer } from "../../swarm/answers.ts";
import { whyHeld } from "../demote.ts";
import { onManager } from "../manager.ts";
import type { RepairWorld } from "../world.ts";
import { type Applier, attempt, each, type RepairErrand } from "./errand.ts";
import { mendNodes } from "./nodes.ts";

/** For so long the script waits for the vote to go. */
const WAIT_SECONDS = 40;
const RUN_SECONDS = 60;

export const removeManagers: Applier = async (errand, actions) => {
  const views = await each(actions, (action) => attempt([action], () => removeOne(errand, action)));
  return views.flat();
};

const removeOne = async (errand: RepairErrand, action: Action): Promise<AppliedView[]> => {
  const { flow, world, lease } = errand;
  const { instanceId, nodeId } = action;
  if (instanceId === undefined || nodeId === undefined)
    return [applied(action, "failed", "the look does not tell whose node it is: plan again")];
  // The document demotes a manager that lives just as well.
  const lives = await flow.step("is the manager gone", () => signOfLife(world, instanceId));
  if (lives) return [applied(action, "not applied", lives)];
  const answer = await onManager(errand, "remove dead manager", demoteAnswer, {
    document: "demote-node",
    parameters: { instanceId, nodeId, address: "", waitSeconds: String(WAIT_SECONDS) },
    executionSeconds: RUN_SECONDS,
    waitsSeconds: WAIT_SECONDS,
    deadline: lease.deadline,
  });
  const held = whyHeld(answer);
  if (held !== undefined) return [applied(action, "not applied", held)];
  return await mendNodes(errand, [action]);
};

const signOfLife = async (
  { autoScaling, systemsManager }: RepairWorld,
  instanceId: InstanceId,
): Promise<string> => {
  const member = (await describeMembers(autoScaling, [instanceId])).get(instanceId);
  if (member) return `group ${member.group} knows the instance again (${member.lifecycleState})`;
  const [agent] = await describeAgents(systemsManager, [instanceId]);
  return agent?.online ? "its SSM agent answers again" : "";
};
