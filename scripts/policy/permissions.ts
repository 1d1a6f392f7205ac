// Nobody may everything: no action with an asterisk, no policy of AWS's own, nothing for everybody.
import { isObject, type Json, type JsonObject, members, objects, ofTypes, type Rule } from "./template.ts";

const statementsOf = (document: Json | undefined): JsonObject[] =>
  objects(document).flatMap(({ Statement }) => objects(Statement));

/** To the account itself: without it a key could never be managed again. */
const isAccount = (principal: Json | undefined): boolean =>
  isObject(principal) && /:iam::.*:root/.test(JSON.stringify(principal.AWS ?? ""));

const isEverybody = (principal: Json | undefined): boolean =>
  principal === "*" || (isObject(principal) && members(principal.AWS).includes("*"));

const judge = (id: string, statement: JsonObject, ofKey: boolean): string[] => {
  if (statement.Effect !== "Allow") return [];
  const { Action, NotAction, NotResource, Principal, Condition } = statement;
  const problems: string[] = [];
  for (const action of members(Action))
    if (String(action).includes("*") && !(ofKey && action === "kms:*" && isAccount(Principal)))
      problems.push(`${id}: allows ${action}; name the actions that are needed`);
  if (NotAction !== undefined || NotResource !== undefined)
    problems.push(`${id}: allows all but what it names; name what is needed`);
  if (isEverybody(Principal) && Condition === undefined)
    problems.push(`${id}: allows everybody; name the principal`);
  return problems;
};

export const permissions: Rule = (template) => {
  const problems: string[] = [];
  for (const [id, properties] of ofTypes(template, "AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group")) {
    for (const policy of members(properties.ManagedPolicyArns))
      problems.push(
        `${id}: has the policy ${JSON.stringify(policy)}, which allows more than is needed and changes without us; write its statements out`,
      );
    const documents = objects(properties.Policies).map(({ PolicyDocument }) => PolicyDocument);
    for (const document of [...documents, properties.AssumeRolePolicyDocument])
      problems.push(...statementsOf(document).flatMap((statement) => judge(id, statement, false)));
  }
  for (const [id, { Properties = {}, Type }] of Object.entries(template.Resources)) {
    const { PolicyDocument, KeyPolicy, Statement } = Properties;
    const bare = Type === "AWS::Events::EventBusPolicy" ? objects(Statement) : [];
    for (const statement of [...statementsOf(PolicyDocument), ...bare])
      problems.push(...judge(id, statement, false));
    for (const statement of statementsOf(KeyPolicy)) problems.push(...judge(id, statement, true));
  }
  return problems;
};
