// The cloud in memory with IAM in force: every function and every instance has the role that the packaged template gives it.
import { OPERATOR } from "../../sandbox/aws/handle.ts";
import { type Access, createAccess } from "../../sandbox/iam/access.ts";
import { type Grant, withoutGrants } from "../../sandbox/iam/grants.ts";
import type { CheckpointHooks } from "../../sandbox/lambda/execution.ts";
import { sandboxAccount } from "../../sandbox/models/account.ts";
import { readTemplate } from "../../sandbox/template/template.ts";
import type { Template } from "../../sandbox/template/types.ts";
import { createTestWorld, type TestWorld, type WorldOptions } from "./world.ts";

export const BUCKET = "hive-rescued-logs";

/** As it would be deployed with a bucket for what was not shipped. */
const packagedTemplate = (): Template =>
  readTemplate(".serverless", {
    account: sandboxAccount.id,
    region: sandboxAccount.region,
    parameters: { RescueBucket: BUCKET },
  });

export interface PermissionWorld extends TestWorld {
  access: Access;
}

/** @param without permissions that the roles lack. */
export const permissionWorld = async (
  options: WorldOptions = {},
  without: (grant: Grant) => boolean = () => false,
): Promise<PermissionWorld> => {
  const template = packagedTemplate();
  const tags = { "hive-swarm:cluster": "hive" };
  let world: TestWorld | undefined;
  const access = createAccess({
    template: { ...template, roles: template.roles.map((role) => withoutGrants(role, without)) },
    account: sandboxAccount,
    facts: {
      instance: (instanceId) => {
        const launched = world?.autoScaling.history().find((change) => change.instanceId === instanceId);
        return launched && world && { ...world.autoScaling.traits(launched.group), tags };
      },
      byTag: () => [],
    },
  });
  /** The SDK's own calls go past the handle here; their permission is asked for all the same. */
  const checkpoint = (functionName: string): CheckpointHooks => ({
    before: ({ arn }) =>
      access.authorize({
        service: "lambda",
        operation: "CheckpointDurableExecution",
        input: { DurableExecutionArn: arn },
        caller: { ...OPERATOR, principal: `function:${functionName}` },
      }),
  });
  world = await createTestWorld({
    ...options,
    hooks: { "join-node": checkpoint("join-node"), "retire-node": checkpoint("retire-node") },
    interceptors: [access.interceptor, ...(options.interceptors ?? [])],
  });
  world.machines.authorize = (instanceId, { service, operation, input }) =>
    access.authorize({
      service,
      operation,
      input,
      caller: { accessKeyId: instanceId, principal: `instance:${instanceId}` },
    });
  return Object.assign(world, { access });
};
