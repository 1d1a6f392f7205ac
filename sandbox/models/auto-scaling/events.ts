// The events that Auto Scaling sends to EventBridge, in the shapes of its event reference.
import type { Publish } from "../../ports.ts";
import { type Account, groupArn, instanceArn } from "../account.ts";
import type { OpenActivity } from "./activities.ts";
import type { ManagedInstance } from "./group.ts";
import type { HookConfig } from "./types.ts";

/** Where an instance comes from or goes to, in the words of the event reference (facts A9). */
export type Place = "EC2" | "AutoScalingGroup" | "WarmPool";

export interface Route {
  origin: Place;
  destination: Place;
}

export class Events {
  readonly #publish: Publish;
  readonly #account: Account;

  constructor(publish: Publish, account: Account) {
    this.#publish = publish;
    this.#account = account;
  }

  lifecycleAction(instance: ManagedInstance, hook: HookConfig, token: string, route: Route): void {
    const launch = hook.transition === "autoscaling:EC2_INSTANCE_LAUNCHING";
    this.#publish({
      source: "aws.autoscaling",
      "detail-type": `EC2 Instance-${launch ? "launch" : "terminate"} Lifecycle Action`,
      resources: [groupArn(this.#account, instance.group.config.name)],
      detail: {
        LifecycleActionToken: token,
        AutoScalingGroupName: instance.group.config.name,
        LifecycleHookName: hook.name,
        EC2InstanceId: instance.instanceId,
        LifecycleTransition: hook.transition,
        ...(hook.notificationMetadata === undefined
          ? {}
          : { NotificationMetadata: hook.notificationMetadata }),
        Origin: route.origin,
        Destination: route.destination,
      },
    });
  }

  /** `EC2 Instance Launch Successful` and its three relatives, published when an activity has ended. */
  activityEnded(
    instance: ManagedInstance,
    kind: "Launch" | "Terminate",
    activity: OpenActivity,
    route: Route,
  ): void {
    const successful = activity.StatusCode === "Successful";
    this.#publish({
      source: "aws.autoscaling",
      "detail-type": `EC2 Instance ${kind} ${successful ? "Successful" : "Unsuccessful"}`,
      resources: [
        groupArn(this.#account, instance.group.config.name),
        instanceArn(this.#account, instance.instanceId),
      ],
      detail: {
        // The event says InProgress where the activity has succeeded; so does the real one.
        StatusCode: successful ? "InProgress" : activity.StatusCode,
        Description: activity.Description,
        AutoScalingGroupName: instance.group.config.name,
        ActivityId: activity.ActivityId,
        RequestId: activity.ActivityId,
        StatusMessage: activity.StatusMessage ?? "",
        StartTime: activity.StartTime?.toISOString(),
        EndTime: activity.EndTime?.toISOString(),
        EC2InstanceId: instance.instanceId,
        Cause: activity.Cause,
        Details: { "Availability Zone": `${this.#account.region}a` },
        Origin: route.origin,
        Destination: route.destination,
      },
    });
  }
}
