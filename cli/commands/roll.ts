// `roll`: the services that run a repository, to one of its images.
import { defineCommand } from "../command.ts";
import { openDeployment } from "../deployment.ts";
import { performRoll } from "../roll/perform.ts";
import { parseReference, parseService, parseWhy } from "../roll/request.ts";

export const roll = defineCommand({
  name: "roll",
  takes: ["REPOSITORY:VERSION"],
  summary: "roll the services that run it, and follow the roll",
  about: `REPOSITORY:VERSION is a tag or a digest, without the registry:
  hive-tomcat:1.4.2
  hive-tomcat@sha256:0123…

Each service ends with exactly this image on every task, or back on the one
before with the cause named. A person's roll may go to an older image. Given
again while the roll is under way, the same command follows it.`,
  options: {
    service: {
      type: "string",
      value: "NAME",
      help: "this service alone (default all that run the repository)",
    },
    why: { type: "string", default: "", value: "TEXT", help: "for the history" },
    "dry-run": { type: "boolean", default: false, help: "say what would be done, and do nothing" },
  },
  run: async ([reference = ""], values, tool) => {
    const { cluster, stage, region, service, why, json } = values;
    const request = {
      ...parseReference(reference),
      service: service === undefined ? "" : parseService(service),
      why: parseWhy(why),
      dryRun: values["dry-run"],
    };
    const place = { cluster, stage, region };
    const progress = tool.progress(json ? "stderr" : "stdout");
    const deployment = await openDeployment(tool, place);
    return await performRoll(tool, deployment, request, { json, place }, progress);
  },
});
