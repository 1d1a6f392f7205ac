// `resume`: rolls begin and repairs are applied again.
import { commandLine } from "../again.ts";
import { defineCommand, exitCode } from "../command.ts";
import { openDeployment } from "../deployment.ts";
import { deletePause, readStanding } from "../pause/parameter.ts";
import { afterwards, bullets, whose } from "../pause/words.ts";
import { json as asJson } from "../terminal/text.ts";

export const resume = defineCommand({
  name: "resume",
  takes: [],
  summary: "end the pause",
  about: `Rolls begin and repairs are applied again. Pushes that were refused meanwhile
are not rolled by this: the next plan has them, and repair rolls them.

A cluster that is not paused is as it should be: it ends with 0.`,
  options: {},
  run: async (_words, { cluster, stage, region, json }, tool) => {
    const progress = tool.progress("stderr");
    const deployment = await openDeployment(tool, { cluster, stage, region });
    progress.doing(`${deployment.pauseParameter} is read`);
    tool.whenInterrupted(
      `It may be paused still. This says whether:\n  ${commandLine(["status"], { cluster, stage, region })}`,
    );
    const before = await readStanding(deployment);
    const changed = before.paused && (await deletePause(deployment));
    progress.clear();
    const place = { cluster, region: deployment.regionName };
    if (json) tool.stdout(asJson({ ...place, paused: false, changed, ...(changed ? { before } : {}) }));
    else if (changed)
      tool.stdout(
        `Cluster ${cluster} in ${place.region} goes on. It was ${whose(before)}\n${bullets(afterwards(commandLine(["plan"], { cluster, stage, region })))}`,
      );
    else tool.stdout(`Cluster ${cluster} in ${place.region} is not paused.\n`);
    return exitCode.done;
  },
});
