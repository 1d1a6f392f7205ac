// The default bus of the registry's region. ECR's events appear there and nowhere else (facts, "ECR"); the rule of
// cluster/registry-events.yml forwards those of our repositories to the bus of the swarm's region.

import { decide } from "../iam/evaluate.ts";
import { grantsOf } from "../iam/grants.ts";
import type { Recorder } from "../iam/uses.ts";
import { AwsError, type AwsEvent } from "../ports.ts";
import type { RuleTarget, Template } from "../template/types.ts";
import { EventBus, type EventBusOptions } from "./event-bus.ts";

export interface RegistryBusOptions extends Omit<EventBusOptions, "rules" | "deliver"> {
  /** `cluster/registry-events.yml`, as readRegistryTemplate answers it. */
  template: Pick<Template, "rules" | "roles">;
  /** The bus of the swarm's region. */
  home: EventBus;
  /** Told of what is used of the rule's role. */
  recorder?: Pick<Recorder, "used">;
}

export const createRegistryBus = ({ template, home, recorder, ...options }: RegistryBusOptions): EventBus =>
  new EventBus({
    ...options,
    rules: template.rules,
    deliver: (targetArn, event, target) => {
      expectAllowed(template, targetArn, event, target, { ...options, recorder });
      if (targetArn !== home.arn) {
        throw new AwsError("ResourceNotFoundException", `Event bus ${targetArn} does not exist.`);
      }
      // Whole, as it was: account, region, id and time are those of the registry.
      home.put(event);
    },
  });

/** Between regions EventBridge acts with the role of the target, and only with that. @throws AwsError */
const expectAllowed = (
  { roles }: Pick<Template, "roles">,
  resource: string,
  event: AwsEvent,
  { roleArn }: RuleTarget,
  {
    account,
    region,
    recorder,
  }: Pick<EventBusOptions, "account" | "region"> & { recorder: Pick<Recorder, "used"> | undefined },
): void => {
  const role = roles.find(({ arn }) => arn === roleArn);
  const context = { "events:source": event.source, "events:detail-type": event["detail-type"] };
  const arn = `arn:aws:sts::${account}:assumed-role/${role?.name ?? "none"}/events`;
  const request = { action: "events:PutEvents", resource, context };
  const decision = decide(role === undefined ? [] : grantsOf(role), request, { arn, account, region });
  if (decision.allowed) {
    recorder?.used(decision.by);
    return;
  }
  throw new AwsError(
    "NO_PERMISSIONS",
    `${arn} is not authorized to perform: events:PutEvents on resource: ${resource}`,
  );
};
