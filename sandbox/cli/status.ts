// `status`: what is running, as a table or as JSON.
import { join } from "node:path";
import { files, names } from "../cloud/configuration.ts";
import type { Status } from "../cloud/status.ts";
import { findRoot } from "../machines/root.ts";
import { table } from "../terminal/table.ts";
import { controlAt } from "./control.ts";
import { defaultStateDirectory } from "./launch.ts";

/** There is nothing to show. */
export class NotUp extends Error {}

export const status = async ({ json }: { json: boolean }): Promise<void> => {
  if (findRoot(defaultStateDirectory) === undefined) {
    throw new NotUp(`No sandbox is up in ${defaultStateDirectory}. Start one: npm run sandbox -- up`);
  }
  const current = await controlAt(join(defaultStateDirectory, files.control))
    .status()
    .catch((cause: unknown) => {
      const log = join(defaultStateDirectory, files.log);
      const advice = `See ${log}; then: npm run sandbox -- down`;
      throw new NotUp(`The sandbox's machines run, but its cloud does not answer. ${advice}`, { cause });
    });
  console.log(json ? JSON.stringify(current, undefined, 2) : describe(current));
};

const describe = (current: Status): string => {
  const rows = current.instances.map(({ instanceId, group, lifecycleState, agent, node, ...rest }) => [
    instanceId,
    group,
    rest.address,
    lifecycleState,
    agent,
    node === undefined ? "not in the swarm" : `${node.state}, ${node.availability}`,
    rest.runningTasks,
    rest.balancer?.state ?? "",
  ]);
  const head = ["Instance", "Group", "Address", "Lifecycle", "Agent", "Swarm node", "Tasks", "Load balancer"];
  const desired = `${names.workerGroup} wants ${current.desired[names.workerGroup] ?? 0}`;
  const flows = current.runningFlows.length === 0 ? "none" : current.runningFlows.join(", ");
  return [
    table(head, rows),
    "",
    `${desired}; ${current.pendingTasks} tasks wait for room; ${current.shippedLines} log lines shipped; flows under way: ${flows}`,
  ].join("\n");
};
