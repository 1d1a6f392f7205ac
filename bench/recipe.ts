// The runbook that a person would follow: the documents that a flow really sent, with the parameters that it really sent, as one
// script after the other. Nothing in between: no Lambda, no Run Command, no durable wait.
import { documentContent } from "../documents/resources.ts";
import type { SentCommand } from "./calls.ts";

export interface RecipeStep {
  /** Without the stack's prefix: `join-host`. */
  document: string;
  on: "host" | "manager";
  parameters: Readonly<Record<string, string>>;
}

/**
 * @param sent by a flow that had nothing to do twice, so that the recipe has each document once
 * @param names of all documents, without prefix
 */
export const recipeOf = (
  sent: readonly SentCommand[],
  worker: string,
  names: readonly string[],
): RecipeStep[] => {
  const steps = sent.map(({ document, instanceId, parameters }): RecipeStep => {
    const name = names.find((each) => document.endsWith(`-${each}`));
    if (name === undefined)
      throw new Error(`The flow sent ${document}, which is none of ${names.join(", ")}`);
    return { document: name, on: instanceId === worker ? "host" : "manager", parameters };
  });
  return steps.filter(
    ({ document }, index) => steps.findIndex((step) => step.document === document) === index,
  );
};

/** What is another for each machine: who it is to EC2 and to the swarm, and the time. */
export interface Identity {
  instanceId: string;
  nodeId: string;
  address: string;
  now: string;
}

export const parametersFor = (
  { parameters }: RecipeStep,
  identity: Identity,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name,
      Object.hasOwn(identity, name) ? identity[name as keyof Identity] : value,
    ]),
  );

const quoted = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;

/** The document's script with its parameters set inside, as the agent would hand them over from outside. */
export const scriptOf = (document: string, parameters: Readonly<Record<string, string>>): string => {
  const [step] = documentContent(document).mainSteps;
  const [interpreter = "#!/bin/sh", ...lines] = step?.inputs.runCommand ?? [];
  const exports = Object.entries(parameters).map(([name, value]) => `export SSM_${name}=${quoted(value)}`);
  return [interpreter, ...exports, ...lines].join("\n");
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
