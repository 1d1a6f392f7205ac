// The steps of a look at the cluster and of what is applied after it (shared/flows/plan.ts, repair*.ts, apply/*.ts) by name.
import * as z from "zod/mini";
import type { Narrator } from "../follow/narrate.ts";
import { bad, type News, type Step, told } from "../follow/news.ts";
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

const applying = (doing: string): Step<null> => ({ doing, tellAll: becameOf });

const bySurvey = "a manager is asked for nodes and services";

export const repairSteps: Readonly<Record<string, Step<null>>> = {
  "look begins": { doing: LOOKING },
  "read flows": { doing: "flows under way are read" },
  "read groups": { doing: "groups are read" },
  "read agents": { doing: "SSM agents are read" },
  "read load balancer": { doing: "the load balancer is read" },
  "survey begins": { doing: bySurvey },
  "survey cluster": { doing: bySurvey },
  "read newest images": { doing: "the registry is read" },
  "read flows again": { doing: "flows under way are read again" },
  "apply begins": { doing: "what was asked for is applied" },
  "name flows": { doing: "flows of instances are looked for" },
  "start flows": applying("flows of instances are started"),
  "name roll": { doing: "rolls are looked for" },
  "start roll": applying("rolls are started"),
  "report applied": { doing: "what became of it is told" },
};

export const repairNarrator: Narrator<null> = { steps: repairSteps, nothingKnown: null };
