// The flows that an instance has, or had: found by their names, which carry it.
import {
  type Execution,
  GetDurableExecutionCommand,
  ListDurableExecutionsByFunctionCommand,
} from "@aws-sdk/client-lambda";
import type { InstanceId } from "../../shared/identifiers.ts";
import { eventsAfter } from "../aws/executions.ts";
import { attempt } from "../aws/failure.ts";
import type { Deployment } from "../deployment.ts";
import { type End, endOfInstance } from "./ends.ts";
import { type FlowState, flowState } from "./flow-state.ts";

export type FlowKind = "join" | "retire";

export interface Flow {
  kind: FlowKind;
  name: string;
  functionName: string;
  arn: string;
  running: boolean;
  startedAt: number;
  endedAt?: number;
}

/** An instance that goes through a warm pool joins and retires several times. */
const MOST = 100;

const functionOf = (deployment: Deployment, kind: FlowKind): string =>
  kind === "join" ? deployment.joinFunction : deployment.retireFunction;

const asking = ({ regionName }: Deployment, doing: string, what: string, permission: string) => ({
  doing,
  what,
  region: regionName,
  permission,
});

/** Of one kind, the oldest first: the numbers of their names have no gaps. @throws AwsFailure */
export const flowsOf = async (
  deployment: Deployment,
  kind: FlowKind,
  instanceId: InstanceId,
  from = 0,
): Promise<Flow[]> => {
  const functionName = functionOf(deployment, kind);
  const about = asking(
    deployment,
    "list executions of",
    functionName,
    "lambda:ListDurableExecutionsByFunction",
  );
  const found: Flow[] = [];
  for (let count = from; count < MOST; count++) {
    const name = `${kind}-${instanceId}-${count}`;
    const { DurableExecutions = [] } = await attempt(about, () =>
      deployment.lambda.send(
        new ListDurableExecutionsByFunctionCommand({
          FunctionName: functionName,
          DurableExecutionName: name,
          MaxItems: 10,
        }),
      ),
    );
    const execution = DurableExecutions.find((each) => each.DurableExecutionName === name);
    if (!execution) break;
    found.push(viewOf(kind, functionName, name, execution));
  }
  return found;
};

const viewOf = (kind: FlowKind, functionName: string, name: string, execution: Execution): Flow => ({
  kind,
  name,
  functionName,
  arn: execution.DurableExecutionArn ?? "",
  running: execution.Status === "RUNNING",
  startedAt: new Date(execution.StartTimestamp ?? 0).getTime(),
  ...(execution.EndTimestamp ? { endedAt: new Date(execution.EndTimestamp).getTime() } : {}),
});

/** How far it has come. @throws AwsFailure */
export const stateOf = async (deployment: Deployment, { arn, functionName }: Flow): Promise<FlowState> =>
  flowState(
    await attempt(
      asking(
        deployment,
        "read the history of an execution of",
        functionName,
        "lambda:GetDurableExecutionHistory",
      ),
      () => eventsAfter(deployment, arn, 0),
    ),
  );

/** What it came to. @throws AwsFailure */
export const endOf = async (deployment: Deployment, { arn, functionName }: Flow): Promise<End> => {
  const {
    Status,
    Result,
    Error: error,
  } = await attempt(
    asking(deployment, "look at an execution of", functionName, "lambda:GetDurableExecution"),
    () => deployment.lambda.send(new GetDurableExecutionCommand({ DurableExecutionArn: arn })),
  );
  if (Status === "SUCCEEDED") return endOfInstance({ kind: "succeeded", result: Result });
  const because = error?.ErrorMessage ?? error?.ErrorType ?? "no error was given";
  return endOfInstance({ kind: "failed", because });
};
