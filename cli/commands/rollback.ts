// `rollback`: a service to an image of its history.
import type { HistoryEntry } from "../../shared/rolls/history.ts";
import { executionsUnderWay } from "../aws/executions.ts";
import { defineCommand } from "../command.ts";
import { openDeployment } from "../deployment.ts";
import { destination, Impossible } from "../roll/go-back.ts";
import { historyOf, noHistory } from "../roll/history.ts";
import { imageCell } from "../roll/image-names.ts";
import { performRoll } from "../roll/perform.ts";
import { parseService, parseWhy } from "../roll/request.ts";
import { otherRollOf } from "../roll/under-way.ts";

/** What ran before a roll that is under way is what ran at the end of the last one. */
const midway = (service: string, other: string, [last]: readonly HistoryEntry[]): string =>
  `${other} rolls ${service} right now, so that "the image before" would be a guess: say which one with --to.\n` +
  `Before it ran ${imageCell(last?.runs ?? "")}: --to 1`;

export const rollback = defineCommand({
  name: "rollback",
  takes: ["SERVICE"],
  summary: "roll it to an image of its history, and follow that",
  about: `Without --to, it goes to the image that ran before the one that runs now, as
the history has it; --to is needed while another roll of the service is under
way. A row is what ran at its end. It is a roll like any other, by digest, and
ends with that image on every task, or back on the one of now, the cause named.`,
  options: {
    to: {
      type: "string",
      value: "ROW|VERSION|DIGEST",
      help: "of `history`; of a digest its beginning does",
    },
    why: { type: "string", default: "", value: "TEXT", help: "for the history" },
    "dry-run": { type: "boolean", default: false, help: "say what would be done, and do nothing" },
  },
  run: async ([name = ""], values, tool) => {
    const { cluster, stage, region, to, why, json } = values;
    const service = parseService(name);
    const reason = parseWhy(why);
    const place = { cluster, stage, region };
    const progress = tool.progress(json ? "stderr" : "stdout");
    const deployment = await openDeployment(tool, place);
    progress.doing(`the history of ${service} is read`);
    const entries = await historyOf(deployment, service);
    if (entries.length === 0) throw new Impossible(noHistory(deployment, service));
    const { repository, digest, version, row } = destination(entries, to);
    const request = {
      repository,
      image: digest,
      service,
      why: reason || `rollback to ${version}`,
      dryRun: values["dry-run"],
    };
    if (to === undefined) {
      progress.doing("rolls that are under way are looked for");
      const other = otherRollOf(request, await executionsUnderWay(deployment));
      if (other !== undefined) throw new Impossible(midway(service, other, entries));
    }
    progress.title(`${service}: back to ${repository} ${version}, of row ${row} of its history`);
    return await performRoll(tool, deployment, request, { json, place }, progress);
  },
});
