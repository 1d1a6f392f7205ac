// Has a group terminate one of its instances, and follows its retirement to the end.
import { TerminateInstanceInAutoScalingGroupCommand } from "@aws-sdk/client-auto-scaling";
import type { InstanceId } from "../../shared/identifiers.ts";
import { attempt } from "../aws/failure.ts";
import type { Tool } from "../command.ts";
import type { Deployment } from "../deployment.ts";
import { follow } from "../follow/follow.ts";
import type { Progress } from "../terminal/progress.ts";
import { type End, endOfInstance } from "./ends.ts";
import type { InstanceFacts } from "./facts.ts";
import { type Flow, flowsOf } from "./flows.ts";
import { readMember } from "./group.ts";
import { instanceNarrator } from "./steps.ts";

/** Connections drain before the hook begins, for up to the load balancer's draining time; then comes its event. */
const MOST_SECONDS_TO_FLOW = 900;
/** A kept instance, and one without a hook, only have to be shut down. */
const MOST_SECONDS_TO_END = 900;
const LOOK_EVERY_MILLIS = 2_000;

/** @throws AwsFailure */
export const terminate = async (
  { autoScaling, regionName }: Deployment,
  instanceId: InstanceId,
  decrement: boolean,
): Promise<void> => {
  const about = {
    doing: "terminate",
    what: instanceId,
    region: regionName,
    permission: "autoscaling:TerminateInstanceInAutoScalingGroup",
  };
  await attempt(about, () =>
    autoScaling.send(
      new TerminateInstanceInAutoScalingGroupCommand({
        InstanceId: instanceId,
        ShouldDecrementDesiredCapacity: decrement,
      }),
    ),
  );
};

/** How a termination ended, with the flow that was at it where there was one. */
export interface Retired extends End {
  flow?: string;
}

/** @throws AwsFailure */
export const followRetirement = async (
  tool: Tool,
  deployment: Deployment,
  { instanceId, member }: InstanceFacts,
  since: number,
  progress: Progress,
): Promise<Retired> => {
  progress.countFrom(since);
  const kept = member?.lifecycleState === "Terminating:Retained";
  const flow = kept ? "none" : await nextFlow(tool, deployment, instanceId, since, progress);
  if (flow === "gone" || flow === "none") return await gone(tool, deployment, instanceId, flow, progress);
  if (flow === undefined)
    return {
      standing: "bad",
      words: `no flow has begun for it within ${MOST_SECONDS_TO_FLOW / 60} minutes: its event was lost, or waits; repair starts one`,
    };
  progress.title(`Its retirement ${flow.name} is under way`);
  const about = { name: flow.name, functionName: flow.functionName, what: "retirement" };
  return {
    ...endOfInstance(await follow(tool, deployment, about, instanceNarrator, progress)),
    flow: flow.name,
  };
};

/** The retirement that runs, or that has ended since; `gone`: the instance is, and there was none. */
const nextFlow = async (
  tool: Tool,
  deployment: Deployment,
  instanceId: InstanceId,
  since: number,
  progress: Progress,
): Promise<Flow | "gone" | undefined> => {
  progress.doing("its flow is waited for: it leaves its group's load balancer first");
  let from = 0;
  while (tool.now() - since < MOST_SECONDS_TO_FLOW * 1000) {
    const flows = await flowsOf(deployment, "retire", instanceId, from);
    // AWS counts by its own clock.
    const current = flows.find(({ running, startedAt }) => running || startedAt >= since - 60_000);
    if (current) return current;
    from += flows.length;
    if ((await readMember(deployment, instanceId)) === undefined) return "gone";
    await tool.pause(LOOK_EVERY_MILLIS);
  }
  return undefined;
};

const gone = async (
  tool: Tool,
  deployment: Deployment,
  instanceId: InstanceId,
  seen: "gone" | "none",
  progress: Progress,
): Promise<Retired> => {
  const without = "terminated, without a retirement";
  if (seen === "gone")
    return { standing: "bad", words: `${without}: its group has no hook, or its event was lost` };
  progress.doing("its end is waited for");
  const since = tool.now();
  while (tool.now() - since < MOST_SECONDS_TO_END * 1000) {
    if ((await readMember(deployment, instanceId)) === undefined)
      return { standing: "good", words: "terminated; nothing of it is left" };
    await tool.pause(LOOK_EVERY_MILLIS);
  }
  return { standing: "left", words: "its group still knows it: explain says in which state" };
};
