// A command's parameters: checked as the service checks them, then handed to the script as the agent does.
import { AwsError } from "../../ports.ts";
import type { CommandDocument, DocumentParameter } from "./document.ts";

/** The API's form: each value is a list, also that of a String. */
export type ParameterValues = Record<string, string[]>;

/** @throws AwsError InvalidParameters, naming the parameter. Answers the values with the defaults filled in. */
export function checkParameters(
  document: CommandDocument,
  given: ParameterValues | undefined,
): ParameterValues {
  for (const name of Object.keys(given ?? {})) {
    if (!(name in document.parameters)) {
      throw invalid(document, `it has no parameter named ${name}`);
    }
  }
  const checked: ParameterValues = {};
  for (const [name, parameter] of Object.entries(document.parameters)) {
    const values =
      given?.[name] ?? (parameter.default === undefined ? undefined : [parameter.default].flat());
    if (values === undefined) throw invalid(document, `parameter ${name} is required`);
    const refusal = refused(parameter, values);
    if (refusal) throw invalid(document, `parameter ${name} ${refusal}`);
    checked[name] = values;
  }
  return checked;
}

const invalid = (document: CommandDocument, why: string) =>
  new AwsError("InvalidParameters", `The parameters do not fit document ${document.name}: ${why}.`);

function refused(parameter: DocumentParameter, values: string[]): string | undefined {
  if (parameter.type === "String" && values.length !== 1) return "is a String and takes exactly one value";
  if (values.length < (parameter.minItems ?? 0)) return `needs at least ${parameter.minItems} values`;
  if (values.length > (parameter.maxItems ?? Number.POSITIVE_INFINITY)) {
    return `takes at most ${parameter.maxItems} values`;
  }
  // Searched for, not matched in full: a pattern without ^ and $ lets more through than it seems to.
  const pattern = parameter.allowedPattern === undefined ? undefined : new RegExp(parameter.allowedPattern);
  for (const value of values) {
    if (typeof value !== "string") return "must be text";
    if (pattern && !pattern.test(value)) return `does not match the pattern ${parameter.allowedPattern}`;
    if (parameter.allowedValues && !parameter.allowedValues.includes(value)) {
      return `must be one of ${parameter.allowedValues.join(", ")}`;
    }
    if (value.length < (parameter.minChars ?? 0)) return `needs at least ${parameter.minChars} characters`;
    if (value.length > (parameter.maxChars ?? Number.POSITIVE_INFINITY)) {
      return `takes at most ${parameter.maxChars} characters`;
    }
  }
  return undefined;
}

/** The first agent that knows ENV_VAR; older ones paste the text in, and leave the variable unset (facts S8). */
const ENV_VAR_SINCE = [3, 3, 2746, 0];

const DEFAULT_EXECUTION_TIMEOUT_SECONDS = 3600;

export interface Rendered {
  script: string;
  environment: Record<string, string>;
  executionTimeoutSeconds: number;
}

/** What an agent of that version makes of a document and its values. */
export function render(document: CommandDocument, values: ParameterValues, agentVersion: string): Rendered {
  const knowsEnvVar = atLeast(agentVersion, ENV_VAR_SINCE);
  const byEnvironment = (name: string) =>
    knowsEnvVar && document.parameters[name]?.interpolationType === "ENV_VAR";
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (byEnvironment(name)) environment[`SSM_${name}`] = value.join(" ");
  }
  const pasted = (name: string) => (byEnvironment(name) ? undefined : values[name]);
  const timeout = Number(paste(document.timeoutSeconds ?? "", (name) => values[name]));
  return {
    script: document.runCommand.flatMap((line) => lines(line, pasted)).join("\n"),
    environment,
    executionTimeoutSeconds: timeout > 0 ? timeout : DEFAULT_EXECUTION_TIMEOUT_SECONDS,
  };
}

type Lookup = (name: string) => string[] | undefined;

const PLACEHOLDER = /\{\{\s*([\w-]+)\s*\}\}/g;

/** A line that is nothing but a list's placeholder becomes the list's lines. */
function lines(line: string, values: Lookup): string[] {
  const whole = /^\s*\{\{\s*([\w-]+)\s*\}\}\s*$/.exec(line);
  return (whole?.[1] && values(whole[1])) || [paste(line, values)];
}

const paste = (text: string, values: Lookup): string =>
  text.replace(PLACEHOLDER, (placeholder, name: string) => values(name)?.join(" ") ?? placeholder);

function atLeast(version: string, least: readonly number[]): boolean {
  const parts = version.split(".").map(Number);
  for (const [index, wanted] of least.entries()) {
    const part = parts[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
