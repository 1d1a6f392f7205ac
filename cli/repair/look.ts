// Has `plan` look at the whole cluster, and waits for what it found. It takes seconds, and changes nothing.
import { requestPlan } from "../aws/dispatch.ts";
import { executionEnd, findExecutionArn } from "../aws/executions.ts";
import { AwsFailure } from "../aws/failure.ts";
import type { Tool } from "../command.ts";
import type { Deployment } from "../deployment.ts";
import type { Progress } from "../terminal/progress.ts";
import { plain } from "../terminal/text.ts";
import { parseReport, type Report } from "./report.ts";

const LOOK_EVERY_MILLIS = 1_000;
/** A throttled flow looks again for minutes; this is past every wait of its own. */
const PATIENCE_MILLIS = 3_600_000;

/** @throws AwsFailure */
export const lookAtCluster = async (
  tool: Tool,
  deployment: Deployment,
  progress: Progress,
): Promise<Report> => {
  const { planFunction, dispatchFunction, regionName } = deployment;
  tool.whenInterrupted("Nothing was changed.");
  progress.doing(`${dispatchFunction} in ${regionName} is asked`);
  const dispatched = await requestPlan(deployment);
  if ("ignored" in dispatched)
    throw new AwsFailure(
      `${dispatchFunction} in ${regionName} did not look: ${plain(dispatched.ignored)}.\n` +
        "Is what is deployed as new as this tool?",
    );
  const name = "started" in dispatched ? dispatched.started : dispatched.joined;
  progress.doing(`groups, swarm, load balancer and registry are looked at (${name})`);
  const arn = await findExecutionArn(deployment, planFunction, name, tool);
  const result = await resultOf(tool, deployment, name, arn);
  progress.clear();
  const report = parseReport(result);
  if (report) return report;
  throw new AwsFailure(
    `${planFunction} in ${regionName} (${name}) reported something else than it should: ${plain(result).slice(0, 300)}\n` +
      "Is what is deployed as new as this tool?",
  );
};

const resultOf = async (tool: Tool, deployment: Deployment, name: string, arn: string): Promise<string> => {
  const { planFunction, regionName } = deployment;
  const until = tool.now() + PATIENCE_MILLIS;
  for (;;) {
    const end = await executionEnd(deployment, planFunction, arn);
    if (end?.succeeded) return end.result;
    if (end || tool.now() > until)
      throw new AwsFailure(
        `${planFunction} in ${regionName} (${name}) ${end ? `failed: ${plain(end.because)}` : "has not ended after an hour"}\n` +
          `Its log group /aws/lambda/${planFunction} has the rest.`,
      );
    await tool.pause(LOOK_EVERY_MILLIS);
  }
};
