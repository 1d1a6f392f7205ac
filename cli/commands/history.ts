// `history`: what was rolled on a service, when, by whom, and what it came to.
import { defineCommand, exitCode } from "../command.ts";
import { openDeployment } from "../deployment.ts";
import { historyLines, historyOf, historyPage, noHistory } from "../roll/history.ts";
import { parseService } from "../roll/request.ts";
import { json as asJson } from "../terminal/text.ts";

export const history = defineCommand({
  name: "history",
  takes: ["SERVICE"],
  summary: "show its rolls, the newest first",
  about: `Parameter Store keeps the last hundred. Rolls that had nothing to do are not
among them. \`rollback --to\` takes the number of a row.`,
  options: {},
  run: async ([name = ""], { cluster, stage, region, json }, tool) => {
    const service = parseService(name);
    const progress = tool.progress("stderr");
    const deployment = await openDeployment(tool, { cluster, stage, region });
    progress.doing(`the history of ${service} is read`);
    const entries = await historyOf(deployment, service);
    progress.clear();
    const rows = entries.map((entry, index) => ({ row: index + 1, ...entry }));
    if (json) tool.stdout(asJson({ cluster, region: deployment.regionName, service, rolls: rows }));
    else if (rows.length === 0) tool.stderr(`${noHistory(deployment, service)}\n`);
    else if (tool.columns === undefined) tool.stdout(`${historyLines(entries)}\n`);
    else tool.stdout(`${historyPage(entries, tool.columns)}\n`);
    return exitCode.done;
  },
});
