// `pause`: no roll begins and no repair is applied until `resume`.
import type { Pause } from "../../shared/fleet/pause.ts";
import { commandLine } from "../again.ts";
import { defineCommand, exitCode } from "../command.ts";
import { openDeployment } from "../deployment.ts";
import { UsageError } from "../options.ts";
import { readStanding, type Standing, writePause } from "../pause/parameter.ts";
import { underWay } from "../pause/under-way.ts";
import { bullets, whilePaused, whose } from "../pause/words.ts";
import { parseWhy } from "../roll/request.ts";
import { json as asJson, plain } from "../terminal/text.ts";

export const pause = defineCommand({
  name: "pause",
  takes: [],
  summary: "begin no roll and apply no repair, until resume",
  about: `One switch for the whole cluster. Pushes are refused and told so, repairs are
not applied, neither by the schedule nor by a person. What is under way goes on
to its end, and instances join and retire as ever: their hooks would run out.

A cluster that is paused already stays as it is: by whom, since when and why
is said, and it ends with 1.`,
  options: {
    why: { type: "string", default: "", value: "TEXT", help: "for whoever meets the pause (needed)" },
  },
  run: async (_words, { cluster, stage, region, why, json }, tool) => {
    const reason = plain(parseWhy(why));
    if (reason === "")
      throw new UsageError(
        'pause needs --why TEXT, such as --why "moving the registry": others will meet it.',
      );
    const progress = tool.progress("stderr");
    const deployment = await openDeployment(tool, { cluster, stage, region });
    progress.doing("rolls and repairs that are under way are looked for");
    const going = await underWay(deployment);
    progress.doing(`${deployment.pauseParameter} is written`);
    tool.whenInterrupted(
      `It may be paused. This says whether:\n  ${commandLine(["status"], { cluster, stage, region })}`,
    );
    const wanted: Pause = { why: reason, by: tool.person, at: new Date(tool.now()).toISOString() };
    const written = await writePause(deployment, wanted);
    const standing: Standing = written ? { paused: true, pause: wanted } : await readStanding(deployment);
    progress.clear();
    const place = { cluster, region: deployment.regionName };
    if (json) tool.stdout(asJson({ ...place, ...standing, changed: written, underWay: going }));
    else if (written)
      tool.stdout(
        `Cluster ${cluster} in ${place.region} is paused: ${reason}\n${bullets(whilePaused(going))}` +
          `It ends with:\n  ${commandLine(["resume"], { cluster, stage, region })}\n`,
      );
    else tool.stderr(`${already(cluster, standing)}\n`);
    return written ? exitCode.done : exitCode.trouble;
  },
});

const already = (cluster: string, standing: Standing): string =>
  standing.paused
    ? `Cluster ${cluster} was ${"pause" in standing ? "" : "paused: "}${whose(standing)}\nThat pause stays as it is.`
    : `Cluster ${cluster} was paused, and somebody has ended that pause just now: say pause again, if there is to be one.`;
