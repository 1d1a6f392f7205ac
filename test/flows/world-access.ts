// IAM in force in the cloud in memory: every function and every instance has the role that the packaged template gives it, and what is
// used of it is written down for the report over the whole run (docs/testing.md).
import { type Call, type Interceptor, OPERATOR } from "../../sandbox/aws/handle.ts";
import { type Access, createAccess } from "../../sandbox/iam/access.ts";
import type { Facts } from "../../sandbox/iam/facts.ts";
import { type Grant, withoutGrants } from "../../sandbox/iam/grants.ts";
import { recorder } from "../../sandbox/iam/uses.ts";
import type { CheckpointHooks } from "../../sandbox/lambda/execution.ts";
import { sandboxAccount as account } from "../../sandbox/models/account.ts";
import type { AutoScaling } from "../../sandbox/models/auto-scaling/auto-scaling.ts";
import type { SimulatedMachines } from "../../sandbox/simulated/machines.ts";
import { readTemplate } from "../../sandbox/template/template.ts";
import type { Template } from "../../sandbox/template/types.ts";

const templates = new Map<string, Template>();

/** As it would be deployed with these settings: a bucket is one of the functions and a permission of the machines. Read once. */
const packagedTemplate = ({ RESCUE_BUCKET = "", BACKUP_BUCKET = "" }: Readonly<Record<string, string>>) => {
  const key = `${RESCUE_BUCKET} ${BACKUP_BUCKET}`;
  const template =
    templates.get(key) ??
    readTemplate(".serverless", {
      account: account.id,
      region: account.region,
      parameters: { Groups: "create", RescueBucket: RESCUE_BUCKET, BackupBucket: BACKUP_BUCKET },
    });
  templates.set(key, template);
  return template;
};

export interface WorldAccess {
  /** With what the roles lack. */
  access: Access;
  /** Whether the roles lack it now: from the beginning, unless a scene says otherwise. */
  lacking: boolean;
  interceptor: Interceptor;
  /** The SDK's own calls go past the handle; their permission is asked for all the same. */
  checkpoints: CheckpointHooks;
  judgeHost: SimulatedMachines["authorize"];
}

/** @param without permissions that the roles lack; nothing: they are as packaged. */
export const worldAccess = (
  settings: Readonly<Record<string, string>>,
  parts: () => { autoScaling: AutoScaling },
  without?: (grant: Grant) => boolean,
): WorldAccess => {
  const template = packagedTemplate(settings);
  const tags = { "hive-swarm:cluster": "hive" };
  const facts: Facts = {
    instance: (instanceId) => {
      const { autoScaling } = parts();
      const launched = autoScaling.history().find((change) => change.instanceId === instanceId);
      return launched && { group: launched.group, tags };
    },
    byTag: () => [],
  };
  const record = recorder();
  const whole = createAccess({ template, account, facts, recorder: record });
  // What is refused for want of a permission that a test took away is no refusal of the roles as they are.
  const access =
    without === undefined
      ? whole
      : createAccess({
          template: { ...template, roles: template.roles.map((role) => withoutGrants(role, without)) },
          account,
          facts,
          recorder: { ...record, refused: () => {} },
        });
  const inForce = (): Access => (self.lacking ? access : whole);
  const authorize = (call: Call): void => inForce().authorize(call);
  const self: WorldAccess = {
    access,
    lacking: true,
    interceptor: async (call, next) => await inForce().interceptor(call, next),
    checkpoints: {
      before: ({ arn, functionName }) =>
        authorize({
          service: "lambda",
          operation: "CheckpointDurableExecution",
          input: { DurableExecutionArn: arn },
          caller: { ...OPERATOR, principal: `function:${functionName}` },
        }),
    },
    judgeHost: (instanceId, { service, operation, input, region }) =>
      authorize({
        service,
        operation,
        input,
        caller: {
          accessKeyId: instanceId,
          principal: `instance:${instanceId}`,
          ...(region !== undefined && { region }),
        },
      }),
  };
  return self;
};
