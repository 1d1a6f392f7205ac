// The events that Run Command sends to EventBridge (facts S9).
import type { Publish } from "../../ports.ts";
import { type Account, instanceArn } from "../account.ts";
import { expiresAt } from "./describe-command.ts";
import { commandStatus, type Invocation } from "./invocation.ts";

/** One event for the invocation, and one for the command when that has changed its status too. */
export function commandEvents(publish: Publish, account: Account): (invocation: Invocation) => void {
  const told = new Map<string, string>();
  return (invocation) => {
    const { command, instanceId, status } = invocation;
    const requested = new Date(command.requestedAt).toISOString();
    publish({
      source: "aws.ssm",
      "detail-type": "EC2 Command Invocation Status-change Notification",
      resources: [instanceArn(account, instanceId)],
      detail: {
        "command-id": command.commandId,
        "document-name": command.document.name,
        "instance-id": instanceId,
        "requested-date-time": requested,
        status,
      },
    });
    const whole = commandStatus(command);
    if (told.get(command.commandId) === whole) return;
    told.set(command.commandId, whole);
    publish({
      source: "aws.ssm",
      "detail-type": "EC2 Command Status-change Notification",
      resources: [],
      detail: {
        "command-id": command.commandId,
        "document-name": command.document.name,
        "expire-after": new Date(expiresAt(command)).toISOString(),
        parameters: command.values,
        "requested-date-time": requested,
        status: whole,
      },
    });
  };
}
