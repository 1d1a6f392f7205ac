// The steps of a look at the cluster and of what is applied after it (shared/flows/plan.ts, repair*.ts, apply/*.ts) by name.
import * as z from "zod/mini";
import { mendNodesAnswer } from "../../shared/swarm/answers.ts";
import type { Narrator } from "../follow/narrate.ts";
import { bad, type News, type Step, told } from "../follow/news.ts";
import { documentAnswer } from "../follow/step-result.ts";
import { plain } from "../terminal/text.ts";
import { appliedView } from "./report.ts";

const LOOKING = "the cluster is looked at";

const views = z.union([
  z.array(appliedView),
  z.pipe(
    appliedView,
    z.transform((one: z.infer<typeof appliedView>) => [one]),
  ),
]);

/** What a step says became of actions. */
const becameOf = (result: unknown): News[] => {
  const parsed = views.safeParse(result);
  if (!parsed.success) return [];
  return parsed.data.map(({ kind, subject, result: came, details }) => {
    const text = `${kind} ${subject}: ${came}, ${plain(details)}`;
    return came === "failed" ? bad(text) : told(text);
  });
};

/** By the edits: which node, and what of it. */
const nodesMended = (value: unknown): News[] => {
  const answer = documentAnswer(value, mendNodesAnswer);
  if ("failed" in answer) return [bad(`nodes could not be mended: ${answer.failed}`)];
  return answer.edits.map(({ edit, outcome, details }) => {
    const [what = "", nodeId = ""] = edit.split("/");
    const text = `${what} node ${nodeId}: ${outcome}${details && `, ${details}`}`;
    return outcome === "refused" ? bad(text) : told(text);
  });
};

const applying = (doing: string): Step<null> => ({ doing, tellAll: becameOf });

const bySurvey = "a manager is asked for nodes and services";

export const repairSteps: Readonly<Record<string, Step<null>>> = {
  "look begins": { doing: LOOKING },
  "read flows": { doing: "flows under way are read" },
  "read groups": { doing: "groups are read" },
  "read agents": { doing: "SSM agents are read" },
  "read load balancer": { doing: "the load balancer is read" },
  "read record": { doing: "it is read whether a swarm was formed" },
  "read pause": { doing: "it is read whether repairs are paused" },
  "read stack": { doing: "the stack is read" },
  "survey begins": { doing: bySurvey },
  "survey cluster": { doing: bySurvey },
  "read newest images": { doing: "the registry is read" },
  "read flows again": { doing: "flows under way are read again" },
  "apply begins": { doing: "what was asked for is applied" },
  "name flows": { doing: "flows of instances are looked for" },
  "start flows": applying("flows of instances are started"),
  "name roll": { doing: "rolls are looked for" },
  "start roll": applying("rolls are started"),
  "mend nodes": { doing: "a manager mends nodes", tell: (value) => [nodesMended(value), null] },
  "is the manager gone": { doing: "it is found out whether a manager's machine is gone" },
  "remove dead manager": { doing: "a manager demotes and removes a dead one" },
  "register instances": applying("instances are registered at the load balancer"),
  "deregister instances": applying("instances are taken out of the load balancer"),
  "hosts hold what the stack needs": { doing: "hosts pull what services need" },
  "choose image": { doing: "the registry is asked which image is to run" },
  "note what the service needs": { doing: "what the service needs is kept for whoever joins" },
  "deploy service": { doing: "a manager deploys a service" },
  "set replicas": { doing: "a manager sets replicas" },
  "rotate tokens": { doing: "a manager makes new join tokens, and stores them" },
  "record tokens": { doing: "it is written down when they were made" },
  report: { doing: "the plan is told" },
  "report applied": { doing: "what became of it is told" },
};

export const repairNarrator: Narrator<null> = { steps: repairSteps, nothingKnown: null };
