// `status`: what is running, as a table or as JSON.
import { join } from "node:path";
import { table } from "../../cli/terminal/table.ts";
import { files } from "../cloud/configuration.ts";
import type { InstanceStatus, Status } from "../cloud/status.ts";
import { findRoot } from "../machines/root.ts";
import { controlAt } from "./control.ts";
import { defaultStateDirectory } from "./launch.ts";

/** There is nothing to show. */
export class NotUp extends Error {}

/** @throws NotUp */
export const requireUp = (): void => {
  if (findRoot(defaultStateDirectory) === undefined) {
    throw new NotUp(`No sandbox is up in ${defaultStateDirectory}. Start one: npm run sandbox -- up`);
  }
};

export const status = async ({ json }: { json: boolean }): Promise<void> => {
  requireUp();
  const current = await controlAt(join(defaultStateDirectory, files.control))
    .status()
    .catch((cause: unknown) => {
      const log = join(defaultStateDirectory, files.log);
      const advice = `See ${log}; then: npm run sandbox -- down`;
      throw new NotUp(`The sandbox's machines run, but its cloud does not answer. ${advice}`, { cause });
    });
  console.log(json ? JSON.stringify(current, undefined, 2) : inWords(current));
};

/** For people, in 80 columns; `--json` has everything. */
export const inWords = ({ instances, desired, ...current }: Status): string =>
  [
    ...Object.entries(desired).map(([group, wanted]) =>
      [
        `${group}: ${wanted} wanted`,
        groupTable(instances.filter((instance) => instance.group === group)),
        "",
      ].join("\n"),
    ),
    `Tasks that wait for room  ${current.pendingTasks}`,
    `Log lines shipped         ${current.shippedLines}`,
    `Flows under way           ${current.runningFlows.join("\n                          ") || "none"}`,
  ].join("\n");

const HEAD = ["Instance", "Lifecycle", "Agent", "Node", "Tasks", "Balancer"];

const groupTable = (instances: InstanceStatus[]): string =>
  table(
    HEAD,
    instances.map(({ instanceId, lifecycleState, agent, node, runningTasks, balancer }) => [
      instanceId,
      lifecycleState,
      agent === "ConnectionLost" ? "lost" : agent,
      node === undefined ? "none" : node.state === "ready" ? node.availability : node.state,
      runningTasks,
      balancer?.state ?? "",
    ]),
  );
