// Names that come from outside, each with the form that Docker and ECR give them: nothing else goes any further.
import * as z from "zod/mini";
import { type Digest, isDigest } from "../identifiers.ts";

/** Of a repository in ECR: `hive-tomcat`, `team/hive-tomcat`. */
export const REPOSITORY_NAME = z
  .string()
  .check(
    z.minLength(2),
    z.maxLength(256),
    z.regex(/^[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/, "not the name of a repository"),
  );

export const TAG = z.string().check(z.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/, "not a tag"));

export const DIGEST_TEXT = z.pipe(
  z.string().check(z.refine(isDigest, "not a digest sha256:…")),
  // Checked just above; zod's types do not carry the brand.
  z.transform((text: string) => text as Digest),
);

export const SERVICE_NAME = z
  .string()
  .check(z.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, "not the name of a service"));
