// The runbook that a person would follow: the documents that a flow really sent, with the parameters that it really sent, as one
// script after the other. Nothing in between: no Lambda, no Run Command, no durable wait.
import { join } from "node:path";
import { names } from "../sandbox/cloud/configuration.ts";
import { defaults } from "../sandbox/machines/options.ts";
import { type CommandDocument, parseDocument } from "../sandbox/models/systems-manager/document.ts";
import { checkParameters, render } from "../sandbox/models/systems-manager/parameters.ts";
import { PACKAGE_DIRECTORY } from "../sandbox/template/packaging.ts";
import { readTemplate } from "../sandbox/template/template.ts";
import type { SentCommand } from "./calls.ts";

export interface RecipeStep {
  document: CommandDocument;
  on: "host" | "manager";
  parameters: Readonly<Record<string, string>>;
}

/** As they are packaged, which is what the flows send; by full name. */
export const packagedDocuments = (projectDirectory: string): ReadonlyMap<string, CommandDocument> => {
  const { account, region } = names;
  const { documents, stackName } = readTemplate(join(projectDirectory, PACKAGE_DIRECTORY), {
    account,
    region,
  });
  return new Map(
    documents.map(({ name, content }) => [
      name,
      parseDocument(name, name.replace(`${stackName}-`, ""), "1", content),
    ]),
  );
};

/** @param sent by a flow that had nothing to do twice: the recipe has each document once */
export const recipeOf = (
  sent: readonly SentCommand[],
  worker: string,
  documents: ReadonlyMap<string, CommandDocument>,
): RecipeStep[] => {
  const once = sent.filter(
    ({ document }, index) => sent.findIndex((each) => each.document === document) === index,
  );
  return once.map(({ document: name, instanceId, parameters }): RecipeStep => {
    const document = documents.get(name);
    if (document) return { document, on: instanceId === worker ? "host" : "manager", parameters };
    throw new Error(`The flow sent ${name}, which is none of ${[...documents.keys()].join(", ")}`);
  });
};

/** What is another for each machine: who it is to EC2 and to the swarm, and the time. */
export interface Identity {
  instanceId: string;
  nodeId: string;
  address: string;
  now: string;
}

const quoted = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;

/** The step's script for that machine, with its parameters set inside, as the agent would hand them over from outside. */
export const scriptFor = ({ document, parameters }: RecipeStep, identity: Identity) => {
  const values = Object.entries(parameters).map(([name, value]) => [
    name,
    [Object.hasOwn(identity, name) ? identity[name as keyof Identity] : value],
  ]);
  const checked = checkParameters(document, Object.fromEntries(values));
  const { script, environment, executionTimeoutSeconds } = render(document, checked, defaults.agentVersion);
  const [interpreter = "", ...lines] = script.split("\n");
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(value)}`);
  return { script: [interpreter, ...exports, ...lines].join("\n"), seconds: executionTimeoutSeconds };
};

/** Scripts print one JSON line first. */
export const answerOf = (stdout: string): Record<string, unknown> => {
  const [line = ""] = stdout.split("\n");
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === "object" && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // Told below, with what was printed.
  }
  throw new Error(`A script printed no JSON first, but ${JSON.stringify(line.slice(0, 200))}`);
};
