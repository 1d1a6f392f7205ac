// Has `repair` do what a person was shown, follows it and the flows that it starts, and says what became of each.
import { unlessLost } from "../again.ts";
import { requestRepair } from "../aws/dispatch.ts";
import { AwsFailure } from "../aws/failure.ts";
import type { Tool } from "../command.ts";
import type { Deployment } from "../deployment.ts";
import { followAll, type Tale, tale } from "../follow/follow.ts";
import { instanceNarrator } from "../instance/steps.ts";
import { rollNarrator } from "../roll/steps.ts";
import type { Progress } from "../terminal/progress.ts";
import { plain } from "../terminal/text.ts";
import { type Applied, type PlannedAction, parseApplied } from "./report.ts";
import { type Result, resultOf } from "./results.ts";
import { repairNarrator } from "./steps.ts";

export interface Repaired {
  /** The repair's execution. */
  name: string;
  results: Result[];
}

/** @param goesOn what a person is told who stops following. @throws AwsFailure */
export const performRepair = async (
  tool: Tool,
  deployment: Deployment,
  actions: readonly PlannedAction[],
  goesOn: string,
  progress: Progress,
): Promise<Repaired> => {
  const { dispatchFunction, repairFunction, rollFunction, regionName } = deployment;
  tool.whenInterrupted(`A repair may have begun. ${goesOn}`);
  progress.doing(`${dispatchFunction} in ${regionName} is asked`);
  const since = tool.now();
  const asked = actions.map(({ kind, subject }) => ({ kind, subject }));
  const dispatched = await requestRepair(deployment, { actions: asked });
  if ("ignored" in dispatched)
    throw new AwsFailure(
      `${dispatchFunction} in ${regionName} began no repair: ${plain(dispatched.ignored)}.\n` +
        "Is what is deployed as new as this tool?",
    );
  const name = "started" in dispatched ? dispatched.started : dispatched.joined;
  const afterwards = `What was begun goes on without this tool. ${goesOn}`;
  tool.whenInterrupted(afterwards);
  progress.title(`Repair ${plain(name)} began: ${actions.length} to do`);
  progress.countFrom(since);
  return await unlessLost(afterwards, async () => {
    const repair = tale({ name, functionName: repairFunction, what: "repair", label: "" }, repairNarrator);
    const ending = (await followAll(tool, deployment, [repair], since, progress)).get(name);
    const applied = ending?.kind === "succeeded" ? parseApplied(ending.result) : undefined;
    if (!applied) {
      const because =
        ending === undefined || ending.kind === "succeeded"
          ? "reported something else than it should"
          : `${ending.kind}: ${plain(ending.because)}`;
      throw new AwsFailure(
        `${repairFunction} in ${regionName} (${name}) ${because}\n` +
          `Its log group /aws/lambda/${repairFunction} has the rest.`,
      );
    }
    const tales = startedBy(deployment, applied);
    const endings = await followAll(tool, deployment, tales, since, progress);
    return { name, results: applied.map((view) => resultOf(view, endings, rollFunction)) };
  });
};

/** The flows that were started, each once. */
const startedBy = ({ rollFunction }: Deployment, applied: readonly Applied[]): Tale[] => {
  const flows = new Map<string, Tale>();
  for (const { flow, function: functionName, subject } of applied)
    if (flow !== undefined && functionName !== undefined) {
      const about = { name: flow, functionName, label: subject, what: "flow" };
      flows.set(
        flow,
        functionName === rollFunction ? tale(about, rollNarrator) : tale(about, instanceNarrator),
      );
    }
  return [...flows.values()];
};
