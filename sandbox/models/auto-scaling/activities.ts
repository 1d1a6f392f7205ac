// Scaling activities: one for each launch and each termination, as DescribeScalingActivities shows them.
import type { Activity, ScalingActivityStatusCode } from "@aws-sdk/client-auto-scaling";
import type { Clock } from "../../clock.ts";
import { type Account, groupArn } from "../account.ts";
import { type Identifiers, uuid } from "../identifiers.ts";

export type OpenActivity = Activity & { ActivityId: string; AutoScalingGroupName: string };

export class Activities {
  readonly #clock: Clock;
  readonly #ids: Identifiers;
  readonly #account: Account;
  readonly #all: OpenActivity[] = [];

  constructor(clock: Clock, ids: Identifiers, account: Account) {
    this.#clock = clock;
    this.#ids = ids;
    this.#account = account;
  }

  begin(group: string, description: string, cause: string, code: ScalingActivityStatusCode): OpenActivity {
    const now = new Date(this.#clock.now());
    const activity: OpenActivity = {
      ActivityId: uuid(this.#ids),
      AutoScalingGroupName: group,
      AutoScalingGroupARN: groupArn(this.#account, group),
      Description: description,
      Cause: `At ${now.toISOString().replace(/\.\d+Z$/, "Z")} ${cause}.`,
      StartTime: now,
      StatusCode: code,
      Progress: 0,
      Details: JSON.stringify({ "Availability Zone": `${this.#account.region}a` }),
    };
    this.#all.push(activity);
    return activity;
  }

  step(activity: OpenActivity, code: ScalingActivityStatusCode, progress: number): void {
    activity.StatusCode = code;
    activity.Progress = progress;
  }

  end(activity: OpenActivity, code: "Successful" | "Failed" | "Cancelled", message?: string): void {
    activity.StatusCode = code;
    activity.Progress = 100;
    activity.EndTime = new Date(this.#clock.now());
    if (message) activity.StatusMessage = message;
  }

  /** Newest first, as the API answers. */
  list(): OpenActivity[] {
    return this.#all.toReversed();
  }
}
