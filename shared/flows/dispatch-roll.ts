// From a push, or a person's request, to the roll of exactly that image. Whether it is the newest, and whether anything runs it, is
// the roll's own business: that is asked when it begins, and not when an event arrives.
import { createHash } from "node:crypto";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { Config } from "../config/config.ts";
import type { ImagePush } from "../events/push.ts";
import type { RollByHand } from "../events/roll-request.ts";
import { isOurs } from "../rolls/tag-policy.ts";
import type { RollRequest } from "./roll-request.ts";
import { type Dispatched, nameFor, startFlow } from "./start.ts";
import type { Log } from "./world.ts";

export interface RollDispatcher {
  lambda: LambdaClient;
  config: Pick<Config, "repositories" | "rollTags" | "versionTags">;
  functions: { roll: string };
  log: Log;
}

export const dispatchRoll = async (
  dispatcher: RollDispatcher,
  trigger: ImagePush | RollByHand,
): Promise<Dispatched> => {
  const { config, functions, lambda, log } = dispatcher;
  const ignore = (because: string): Dispatched => {
    log.info("event ignored", { trigger: trigger.kind, because });
    return { ignored: because };
  };
  if (trigger.kind === "image-action") return ignore(`${trigger.what}: no image that could be rolled`);
  const { repository } = trigger;
  if (!isOurs(config, repository)) return ignore(`repository ${repository} is not ours`);
  if (trigger.kind === "push" && !config.rollTags.test(trigger.tag))
    return ignore(`tag ${trigger.tag} of ${repository} rolls nothing`);

  const request: RollRequest = requestOf(trigger);
  const name = await nameFor(lambda, functions.roll, namePrefix(request));
  return await startFlow({ lambda, log }, functions.roll, name, request, {
    trigger: trigger.kind,
    repository,
  });
};

const requestOf = (trigger: Extract<ImagePush, { kind: "push" }> | RollByHand): RollRequest => {
  if (trigger.kind === "push")
    return { trigger: "push", repository: trigger.repository, digest: trigger.digest };
  const { kind: _kind, ...asked } = trigger;
  return { trigger: "person", ...asked };
};

const hash = (text: string, length: number): string =>
  createHash("sha256").update(text).digest("hex").slice(0, length);

/** An execution's name has 64 characters of `[A-Za-z0-9-_]`; this leaves room for the count. */
export const namePrefix = (request: RollRequest): string => {
  if (request.trigger === "person") return `roll-by-hand-${hash(JSON.stringify(request), 16)}`;
  const { repository, digest, service } = request;
  const image = `roll-${readable(repository)}-${digest.slice(7, 23)}`;
  return service === undefined ? image : `${image}-${hash(service, 6)}`;
};

/** The repository as it is, where a name can hold it. */
const readable = (repository: string): string =>
  /^[a-z0-9-]{1,30}$/.test(repository)
    ? repository
    : `${repository.replace(/[^a-z0-9]+/g, "-").slice(0, 20)}-${hash(repository, 8)}`;
