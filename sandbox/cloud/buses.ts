// EventBridge's two default buses: that of the swarm's region with the rules of the packaged template, and that of the registry's
// region with those of cluster/registry-events.yml, where ECR's events appear.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { type Delivery, EventBus } from "../events/event-bus.ts";
import { createRegistryBus } from "../events/registry-bus.ts";
import { recorder } from "../iam/uses.ts";
import type { AwsEvent } from "../ports.ts";
import type { Template } from "../template/types.ts";
import { files, names } from "./configuration.ts";

export interface BusesOptions {
  clock: Clock;
  stateDirectory: string;
  template: Template;
  registryTemplate: Template;
  /** To a function or an alias. */
  deliver: (targetArn: string, event: AwsEvent) => void;
  deadLetter: (queueArn: string, body: string, attributes: Record<string, string>) => void;
  trouble: (text: string, error: unknown) => void;
}

/** A line of `events.jsonl`: an event, and the region of the bus that saw it. A forwarded one is seen by both. */
export interface EventRecord extends AwsEvent {
  bus: string;
  /** Matched by a rule, and by an unpleasant side delivered to nobody. */
  lost?: true;
}

export const startBuses = (options: BusesOptions): { bus: EventBus; registryBus: EventBus } => {
  const { clock, template, registryTemplate, deliver, deadLetter, trouble } = options;
  const file = join(options.stateDirectory, files.events);
  const onDelivery = ({ event, outcome, error }: Delivery): void => {
    if (outcome !== "delivered") trouble(`an event was not delivered (${event["detail-type"]})`, error);
  };
  const common = (region: string) => ({
    clock,
    account: names.account,
    region,
    deadLetter,
    onDelivery,
    onEvent: (event: AwsEvent, lost: boolean) => {
      const record: EventRecord = { ...event, bus: region, ...(lost && { lost }) };
      appendFileSync(file, `${JSON.stringify(record)}\n`);
    },
  });
  const bus = new EventBus({ ...common(names.region), rules: template.rules, deliver });
  const registryBus = createRegistryBus({
    ...common(names.registryRegion),
    template: registryTemplate,
    home: bus,
    recorder: recorder(),
  });
  return { bus, registryBus };
};
