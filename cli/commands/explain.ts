// `explain`: why an instance still waits, since when, until when, and what would end it.
import { defineCommand, exitCode } from "../command.ts";
import { openDeployment } from "../deployment.ts";
import { explainPage, explainRows, titleOf } from "../instance/explain-page.ts";
import { actionsOf, gatherFacts, type InstanceFacts } from "../instance/facts.ts";
import { parseInstance } from "../instance/parse.ts";
import { Impossible } from "../roll/go-back.ts";
import { json as asJson } from "../terminal/text.ts";

export const explain = defineCommand({
  name: "explain",
  takes: ["INSTANCE"],
  summary: "say why it still waits, and what would end that",
  about: `Its lifecycle state and hooks (until when, and what the group does then), the
flow that is at it (which step, since when, why, when it looks again), what it
has of swarm and load balancer, and what a repair would do. Nothing is changed.

It works for instances in service, kept ones, managers, and ones that are gone.
Of an id that nothing is known of it says so, and ends with 1.`,
  options: {},
  run: async ([word = ""], { cluster, stage, region, json }, tool) => {
    const instanceId = parseInstance(word);
    const progress = tool.progress("stderr");
    const deployment = await openDeployment(tool, { cluster, stage, region });
    const facts = await gatherFacts(tool, deployment, instanceId, progress);
    const title = titleOf(facts);
    if (title === undefined)
      throw new Impossible(
        `Nothing is known of ${instanceId} in cluster ${cluster} in ${deployment.regionName}: no Auto Scaling group, no node, no SSM agent, no place at the load balancer, and no flow of the last days (AWS keeps them for seven).\n` +
          "Is it of another region, or was it mistyped? status shows the instances of the cluster.",
      );
    const rows = explainRows(facts);
    if (json) tool.stdout(asJson({ cluster, region: deployment.regionName, title, ...forPrograms(facts) }));
    else tool.stdout(`${explainPage(title, rows, tool.columns)}\n`);
    return exitCode.done;
  },
});

const forPrograms = ({ instanceId, member, group, running, past, report, now }: InstanceFacts) => ({
  instanceId,
  at: new Date(now).toISOString(),
  member: member ?? null,
  group: group ?? null,
  running: running ?? null,
  past: past ?? null,
  actions: actionsOf(report, instanceId),
  holds: report.plan.holds,
});
