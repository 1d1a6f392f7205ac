// Rolls and repairs that are under way: a pause does not stop them. It is asked first, since a pause where nothing is deployed would be
// one that nobody obeys.
import { runningExecutions } from "../../shared/aws/executions.ts";
import { attempt } from "../aws/failure.ts";
import type { Deployment } from "../deployment.ts";

/** @returns their names. @throws AwsFailure where there is no such function */
export const underWay = async (deployment: Deployment): Promise<string[]> => {
  const { lambda, rollFunction, repairFunction, regionName } = deployment;
  const names: string[] = [];
  for (const what of [rollFunction, repairFunction]) {
    const about = {
      doing: "list what is under way in",
      what,
      region: regionName,
      permission: "lambda:ListDurableExecutionsByFunction",
    };
    const running = await attempt(about, () => runningExecutions(lambda, what));
    names.push(...running.map(({ name }) => name));
  }
  return names.sort();
};
