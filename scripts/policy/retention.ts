// Logs go some day, and what nobody could bring back does not go with a stack.
import { branches, ofTypes, type Rule } from "./template.ts";

/** What a stack's removal must not take along. */
const KEPT = ["AWS::ECR::Repository", "AWS::S3::Bucket"];
/** The packager's: what lies there is made anew by each packaging. */
const OF_THE_PACKAGER = "ServerlessDeploymentBucket";

export const retention: Rule = (template) => [
  ...ofTypes(template, "AWS::Logs::LogGroup")
    .filter(([, { RetentionInDays }]) => !branches(RetentionInDays).every((days) => Number(days) > 0))
    .map(([id]) => `${id}: keeps its logs for ever; set RetentionInDays`),
  ...Object.entries(template.Resources)
    .filter(([id, { Type }]) => KEPT.includes(Type) && id !== OF_THE_PACKAGER)
    .filter(([, { DeletionPolicy, UpdateReplacePolicy }]) =>
      [DeletionPolicy, UpdateReplacePolicy].some((policy) => policy !== "Retain"),
    )
    .map(
      ([id]) =>
        `${id}: would go with the stack, with all that is in it; set DeletionPolicy and UpdateReplacePolicy: Retain`,
    ),
];
