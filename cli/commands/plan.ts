// `plan`: what is wrong with the cluster, and what would put it right.
import { commandLine } from "../again.ts";
import { defineCommand } from "../command.ts";
import { openDeployment } from "../deployment.ts";
import { pauseLines } from "../pause/picture.ts";
import { lookAtCluster } from "../repair/look.ts";
import { exitCodeOf, planPage } from "../repair/plan-page.ts";
import { json as asJson, plain } from "../terminal/text.ts";

export const plan = defineCommand({
  name: "plan",
  takes: [],
  summary: "say what is wrong, and what would put it right",
  about: `Groups, swarm, load balancer, registry and flows are looked at, and nothing is
changed. Each action has its reason, the fact behind it (docs/facts.md), and
whether it is safe to do by itself or a person has to decide.

It ends with 0 when there is nothing to do, and with 1 when there is something,
or when something could not be judged; in that it is like \`diff\`.`,
  options: {},
  run: async (_words, { cluster, stage, region, json }, tool) => {
    const progress = tool.progress("stderr");
    const deployment = await openDeployment(tool, { cluster, stage, region });
    const { plan, picture, raw } = await lookAtCluster(tool, deployment, progress);
    const place = { cluster, region: deployment.regionName };
    if (json) tool.stdout(asJson({ ...place, plan: raw.plan }));
    else
      tool.stdout(
        `Cluster ${cluster} in ${place.region} at ${plain(plan.takenAt)}\n\n${pauseLines(picture, commandLine(["resume"], { cluster, stage, region }))}${planPage(plan)}\n`,
      );
    return exitCodeOf(plan);
  },
});
