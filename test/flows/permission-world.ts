// The cloud in memory with roles that lack something.
import { revision } from "../../documents/resources.ts";
import type { Access } from "../../sandbox/iam/access.ts";
import type { Grant } from "../../sandbox/iam/grants.ts";
import { BACKUPS } from "./backups.ts";
import { createTestWorld, type TestWorld, type WorldOptions } from "./world.ts";

export const BUCKET = "hive-rescued-logs";

export interface PermissionWorld extends TestWorld {
  access: Access;
  /** Whether the roles lack it now: from the beginning, unless a scene says otherwise. */
  lacking: boolean;
}

/** @param without permissions that the roles lack. Both buckets are there, and so the permissions for them. */
export const permissionWorld = async (
  options: WorldOptions = {},
  without: (grant: Grant) => boolean = () => false,
): Promise<PermissionWorld> => {
  const buckets = { RESCUE_BUCKET: BUCKET, BACKUP_BUCKET: BACKUPS };
  // As deployed: a document is sent by version.
  const environment = { DOCUMENTS_REVISION: revision(), ...options.environment };
  const world = await createTestWorld({ ...options, environment, roles: { settings: buckets, without } });
  return Object.defineProperties(world, {
    access: { get: () => world.roles.access },
    lacking: {
      get: () => world.roles.lacking,
      set: (lacking: boolean) => {
        world.roles.lacking = lacking;
      },
    },
  }) as PermissionWorld;
};
