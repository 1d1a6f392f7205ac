// The cloud in memory with IAM in force: every function and every instance has the role that the packaged template gives it.
import { OPERATOR } from "../../sandbox/aws/handle.ts";
import { type Access, createAccess } from "../../sandbox/iam/access.ts";
import type { Facts } from "../../sandbox/iam/facts.ts";
import { type Grant, withoutGrants } from "../../sandbox/iam/grants.ts";
import type { CheckpointHooks } from "../../sandbox/lambda/execution.ts";
import { sandboxAccount } from "../../sandbox/models/account.ts";
import { readTemplate } from "../../sandbox/template/template.ts";
import type { Template } from "../../sandbox/template/types.ts";
import { BACKUPS } from "./backups.ts";
import { createTestWorld, type TestWorld, type WorldOptions } from "./world.ts";

export const BUCKET = "hive-rescued-logs";

/** As it would be deployed with groups, and with buckets for what was not shipped and for the state of the swarm. */
const packagedTemplate = (): Template =>
  readTemplate(".serverless", {
    account: sandboxAccount.id,
    region: sandboxAccount.region,
    parameters: { Groups: "create", RescueBucket: BUCKET, BackupBucket: BACKUPS },
  });

export interface PermissionWorld extends TestWorld {
  /** With what the roles lack. */
  access: Access;
  /** Whether the roles lack it now: from the beginning, unless a scene says otherwise. */
  lacking: boolean;
}

/** @param without permissions that the roles lack. */
export const permissionWorld = async (
  options: WorldOptions = {},
  without: (grant: Grant) => boolean = () => false,
): Promise<PermissionWorld> => {
  const template = packagedTemplate();
  const tags = { "hive-swarm:cluster": "hive" };
  let world: TestWorld | undefined;
  let permissions: PermissionWorld | undefined;
  const facts: Facts = {
    instance: (instanceId) => {
      const launched = world?.autoScaling.history().find((change) => change.instanceId === instanceId);
      return launched && { group: launched.group, tags };
    },
    byTag: () => [],
  };
  const account = sandboxAccount;
  const whole = createAccess({ template, account, facts });
  const roles = template.roles.map((role) => withoutGrants(role, without));
  const access = createAccess({ template: { ...template, roles }, account, facts });
  const inForce = (): Access => (permissions?.lacking === false ? whole : access);
  /** The SDK's own calls go past the handle here; their permission is asked for all the same. */
  const checkpoint = (functionName: string): CheckpointHooks => ({
    before: ({ arn }) =>
      inForce().authorize({
        service: "lambda",
        operation: "CheckpointDurableExecution",
        input: { DurableExecutionArn: arn },
        caller: { ...OPERATOR, principal: `function:${functionName}` },
      }),
  });
  world = await createTestWorld({
    ...options,
    hooks: {
      "join-node": checkpoint("join-node"),
      "retire-node": checkpoint("retire-node"),
      "roll-service": checkpoint("roll-service"),
      plan: checkpoint("plan"),
      repair: checkpoint("repair"),
      "backup-swarm": checkpoint("backup-swarm"),
    },
    interceptors: [
      async (call, next) => await inForce().interceptor(call, next),
      ...(options.interceptors ?? []),
    ],
  });
  world.machines.authorize = (instanceId, { service, operation, input, region }) =>
    inForce().authorize({
      service,
      operation,
      input,
      caller: {
        accessKeyId: instanceId,
        principal: `instance:${instanceId}`,
        ...(region !== undefined && { region }),
      },
    });
  permissions = Object.assign(world, { access, lacking: true });
  return permissions;
};
