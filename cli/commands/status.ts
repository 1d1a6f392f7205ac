// `status`: the cluster as it is.
import { commandLine } from "../again.ts";
import { defineCommand, exitCode } from "../command.ts";
import { openDeployment } from "../deployment.ts";
import { pauseLines } from "../pause/picture.ts";
import { lookAtCluster } from "../repair/look.ts";
import { statusPage } from "../repair/status-page.ts";
import { json as asJson, plain } from "../terminal/text.ts";

export const status = defineCommand({
  name: "status",
  takes: [],
  summary: "show groups, nodes, load balancer, services, flows",
  about: `All of it at one moment, and nothing is changed. What could not be read is said
to be unknown, with the reason. What is wrong with it: \`plan\`.`,
  options: {},
  run: async (_words, { cluster, stage, region, json }, tool) => {
    const progress = tool.progress("stderr");
    const deployment = await openDeployment(tool, { cluster, stage, region });
    const { picture, raw } = await lookAtCluster(tool, deployment, progress);
    const place = { cluster, region: deployment.regionName };
    if (json) tool.stdout(asJson({ ...place, snapshot: raw.snapshot }));
    else
      tool.stdout(
        `Cluster ${cluster} in ${place.region} at ${plain(picture.takenAt)}\n\n${pauseLines(picture, commandLine(["resume"], { cluster, stage, region }))}${statusPage(picture)}\n`,
      );
    return exitCode.done;
  },
});
