// What a person writes → the request that dispatch takes, with the same rules as there, and better words.
import type * as z from "zod/mini";
import { DIGEST_TEXT, REPOSITORY_NAME, SERVICE_NAME, TAG } from "../../shared/events/names.ts";
import { UsageError } from "../options.ts";

const fits = (schema: z.ZodMiniType, text: string): boolean => schema.safeParse(text).success;

/** `hive-tomcat:1.4.2`, `team/hive-tomcat@sha256:…`; of `name:1.4.2@sha256:…` the digest counts. @throws UsageError */
export const parseReference = (text: string): { repository: string; image: string } => {
  const at = text.indexOf("@");
  const named = at === -1 ? text : text.slice(0, at);
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const repository = colon === -1 ? named : named.slice(0, colon);
  const tag = colon === -1 ? undefined : named.slice(colon + 1);
  const image = at === -1 ? tag : text.slice(at + 1);
  const said = JSON.stringify(text);
  const [host = "", ...path] = repository.split("/");
  if (path.length > 0 && /:|\.amazonaws\.com(\.cn)?$/.test(host))
    throw new UsageError(`${said} names a registry; the swarm has its own: leave ${host}/ away.`);
  if (!fits(REPOSITORY_NAME, repository))
    throw new UsageError(
      `${said}: ${JSON.stringify(repository)} is not the name of a repository, such as hive-tomcat.`,
    );
  if (image === undefined)
    throw new UsageError(`${said} says no version: write ${repository}:1.4.2, or ${repository}@sha256:….`);
  if (tag !== undefined && !fits(TAG, tag))
    throw new UsageError(`${said}: ${JSON.stringify(tag)} is not a tag, such as 1.4.2.`);
  if (at !== -1 && !fits(DIGEST_TEXT, image))
    throw new UsageError(`${said}: behind the @ stands sha256: and 64 digits of 0-9a-f.`);
  return { repository, image };
};

/** @throws UsageError */
export const parseService = (text: string): string => {
  if (fits(SERVICE_NAME, text)) return text;
  throw new UsageError(`${JSON.stringify(text)} is not the name of a service, such as hive-web.`);
};

const MOST_WHY = 500;

/** @throws UsageError */
export const parseWhy = (text: string): string => {
  if (text.length <= MOST_WHY) return text;
  throw new UsageError(`--why takes ${MOST_WHY} characters at most, not ${text.length}.`);
};
