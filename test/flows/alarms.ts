// The alarms and the dashboard of the packaged template, over what the functions of a world really told.
import { readFileSync } from "node:fs";
import { sandboxAccount } from "../../sandbox/models/account.ts";
import { type Change, CloudWatch } from "../../sandbox/models/cloud-watch/cloud-watch.ts";
import { type Monitoring, readMonitoring } from "../../sandbox/template/monitoring.ts";
import { TEMPLATE_FILE } from "../../sandbox/template/template.ts";
import type { TestWorld } from "./world.ts";

const STACK = "hive-swarm-dev";

export const monitoring: Monitoring = readMonitoring(
  JSON.parse(readFileSync(`.serverless/${TEMPLATE_FILE}`, "utf8")),
  { account: sandboxAccount.id, region: sandboxAccount.region, stackName: STACK },
);

/** CloudWatch, with all that was told until now. */
export const cloudWatchOf = (world: TestWorld): CloudWatch => {
  const cloudWatch = new CloudWatch(monitoring);
  for (const { function: name, line, at } of world.lines)
    cloudWatch.take({ logGroup: `/aws/lambda/${STACK}-${name}`, line, at });
  const [begins = 0, now] = [world.lines[0]?.at, world.clock.now()];
  // The one queue that functions and rules have; the world's own template has a name for it, this one leaves it to CloudFormation.
  cloudWatch.putQueue(
    `${STACK}-DeadLetters`,
    world.letters.map(({ at }) => at),
    begins,
    now,
  );
  return cloudWatch;
};

/** `roll-rolled-back`, without the stack's name. */
export const shortName = (alarm: string): string => alarm.slice(STACK.length + 1);

/** How alarms changed since then. Before the first repair nothing is known, and one alarm says so. */
export const changesSince = (world: TestWorld, since: number): Change[] =>
  cloudWatchOf(world)
    .changes(since, world.clock.now())
    .map((change) => ({ ...change, alarm: shortName(change.alarm) }));

/** The alarms that went off since then. */
export const firedSince = (world: TestWorld, since: number): string[] => [
  ...new Set(
    changesSince(world, since)
      .filter(({ state }) => state === "ALARM")
      .map(({ alarm }) => alarm),
  ),
];
