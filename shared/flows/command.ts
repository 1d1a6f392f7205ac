// A document is sent to instances, and called back when nobody waits for it any more.
import { errorText } from "../aws/errors.ts";
import { cancelCommand, sendCommand } from "../aws/run-command.ts";
import type { InstanceId } from "../identifiers.ts";
import { versionToSend } from "./document-version.ts";
import type { Flow } from "./flow.ts";
import type { CoreWorld } from "./world.ts";

/** Delivery is quick on a host that is Online; one that takes longer than this is not answering. */
export const DELIVERY_SECONDS = 60;

interface Document {
  /** Name without the stack's prefix: `join-host`. */
  document: string;
  parameters: Readonly<Record<string, string>>;
  executionSeconds: number;
}

/** @returns the command's id. @throws what AWS answers: InvalidInstanceId when one of them has no registered agent. */
export const sendDocument = async (
  flow: Flow,
  world: CoreWorld,
  instanceIds: readonly InstanceId[],
  { document, parameters, executionSeconds }: Document,
): Promise<string> => {
  const name = world.config.documentPrefix + document;
  const commandId = await sendCommand(world.systemsManager, {
    document: name,
    version: await versionToSend(world, name, flow.name),
    instanceIds,
    parameters,
    deliverySeconds: DELIVERY_SECONDS,
    executionSeconds,
    comment: flow.name,
  });
  world.log.info("command sent", { flow: flow.name, document, target: instanceIds.join(" "), commandId });
  return commandId;
};

/** It must not run later, when nobody waits for it any more. Best effort: an agent that is gone refuses the cancelling too. */
export const cancelDocument = async (
  flow: Flow,
  world: CoreWorld,
  instanceIds: readonly InstanceId[],
  commandId: string,
): Promise<void> => {
  try {
    await cancelCommand(world.systemsManager, commandId, instanceIds);
  } catch (error) {
    const target = instanceIds.join(" ");
    world.log.warn("command not cancelled", {
      flow: flow.name,
      target,
      commandId,
      cause: errorText(error),
    });
  }
};
