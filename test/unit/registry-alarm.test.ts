// The alarm of the stack in the registry's region: by a push that cannot be forwarded, and by nothing else.

import { VirtualClock } from "../../sandbox/clock.ts";
import { readAlarms } from "../../sandbox/cloud/alarms.ts";
import { EventBus } from "../../sandbox/events/event-bus.ts";
import { createRegistryBus } from "../../sandbox/events/registry-bus.ts";
import { sandboxAccount, sandboxRegistry } from "../../sandbox/models/account.ts";
import { CloudWatch } from "../../sandbox/models/cloud-watch/cloud-watch.ts";
import { ContainerRegistry } from "../../sandbox/models/registry/container-registry.ts";
import { readRegistryTemplate } from "../../sandbox/template/registry-template.ts";

const STACK = "hive-swarm-dev-registry-events";
const ALARM = `${STACK}-registry-dead-letters`;

/** Some pushes, one a minute, and half an hour. @param forwards whether the rule's role may */
const pushes = async (forwards: boolean) => {
  const clock = new VirtualClock();
  const letters: { queue: string; at: number }[] = [];
  const whole = readRegistryTemplate(".", {
    account: sandboxRegistry.id,
    region: sandboxRegistry.region,
    stackName: STACK,
  });
  const roles = forwards ? whole.roles : whole.roles.map((role) => ({ ...role, policies: [] }));
  const common = (region: string) => ({
    clock,
    account: sandboxAccount.id,
    region,
    deadLetter: (queue: string) => void letters.push({ queue, at: clock.now() }),
    onEvent: () => {},
  });
  const home = new EventBus({ ...common(sandboxAccount.region), rules: [], deliver: () => {} });
  const bus = createRegistryBus({ ...common(sandboxRegistry.region), template: { ...whole, roles }, home });
  const registry = new ContainerRegistry({ clock, publish: bus.publish });
  const begins = clock.now();
  for (const digit of ["a", "b", "c"]) {
    registry.push({ repository: "hive-web", tag: digit, digest: `sha256:${digit.repeat(64)}` });
    await clock.advance(60_000);
  }
  await clock.advance(1_800_000);

  const { alarms } = readAlarms(".", "hive-swarm-dev");
  const cloudWatch = new CloudWatch({ alarms: alarms.filter(({ name }) => name === ALARM), filters: [] });
  for (const { arn, name } of whole.queues) {
    const sentAt = letters.filter(({ queue }) => queue === arn).map(({ at }) => at);
    cloudWatch.putQueue(name, sentAt, begins, clock.now());
  }
  return { letters, changes: cloudWatch.changes(begins, clock.now()) };
};

it("goes off by pushes that could not be forwarded, for as long as they lie in the queue", async () => {
  const { letters, changes } = await pushes(false);
  expect(letters).toHaveLength(3);
  expect(changes.map(({ alarm, state }) => [alarm, state])).toEqual([[ALARM, "ALARM"]]);
});

it("is quiet where they are", async () => {
  expect(await pushes(true)).toEqual({ letters: [], changes: [] });
});
