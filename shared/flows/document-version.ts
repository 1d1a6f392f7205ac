// Which version of a document a function sends: the one that was deployed with it. A flow goes on with the function's version that it began
// with, for two days if need be, and must not meet a document that was written for the next one (facts S11).
import type { SSMClient } from "@aws-sdk/client-ssm";
import { versionOf } from "../aws/documents.ts";
import { errorCode, errorText } from "../aws/errors.ts";
import type { CoreWorld } from "./world.ts";

/** A version's number and content never change, so each is looked for once in the life of a function's process, found or not. */
const known = new WeakMap<SSMClient, Map<string, string>>();

/**
 * @param document with the stack's prefix
 * @param flow its name, for the log
 * @returns a number; `$LATEST` where the version is not found, since newer documents take what older functions send
 *   (docs/decisions.md); undefined where no revision is configured
 * @throws what AWS answers for what passes by itself, such as throttling
 */
export const versionToSend = async (
  world: CoreWorld,
  document: string,
  flow: string,
): Promise<string | undefined> => {
  const { documentsRevision: revision } = world.config;
  if (revision === undefined) return undefined;
  const versions = known.get(world.systemsManager) ?? new Map<string, string>();
  known.set(world.systemsManager, versions);
  const version = versions.get(document) ?? (await lookFor(world, { document, flow, revision }));
  versions.set(document, version);
  return version;
};

const lookFor = async (
  world: CoreWorld,
  told: { document: string; flow: string; revision: string },
): Promise<string> => {
  try {
    const found = await versionOf(world.systemsManager, told.document, told.revision);
    if (found !== undefined) return found;
    world.log.warn("document version not found, the newest is sent", told);
  } catch (error) {
    // A machine is not held up for want of a permission to look.
    if (errorCode(error) !== "AccessDeniedException") throw error;
    world.log.warn("document version not found, the newest is sent", { ...told, cause: errorText(error) });
  }
  return "$LATEST";
};
