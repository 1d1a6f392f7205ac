// An SSM document of schema 2.2 with one step `aws:runShellScript`: its parameters, and the script it becomes.

export interface DocumentParameter {
  type: "String" | "StringList";
  description?: string;
  default?: string | string[];
  allowedValues?: string[];
  allowedPattern?: string;
  minChars?: number;
  maxChars?: number;
  minItems?: number;
  maxItems?: number;
  interpolationType?: "ENV_VAR";
}

export interface CommandDocument {
  name: string;
  shortName: string;
  version: string;
  description: string;
  /** The JSON text, as GetDocument answers it. */
  text: string;
  parameters: Record<string, DocumentParameter>;
  /** The name of its step, under which invocations show their output. */
  step: string;
  runCommand: string[];
  timeoutSeconds: string | undefined;
}

type Json = Record<string, unknown>;

/** @throws Error that names the document and what is wrong with it; the service would answer InvalidDocumentContent. */
export function parseDocument(
  name: string,
  shortName: string,
  version: string,
  content: string | object,
): CommandDocument {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  const refuse = (why: string, cause?: unknown): Error =>
    new Error(`Document ${name} cannot be run: ${why}.`, { cause });
  const json = readJson(text, refuse);
  if (json.schemaVersion !== "2.2")
    throw refuse(`schemaVersion is '${json.schemaVersion}', only 2.2 is known`);
  const steps = Array.isArray(json.mainSteps) ? json.mainSteps : [];
  const [step] = steps;
  if (steps.length !== 1 || !isJson(step) || step.action !== "aws:runShellScript" || !isJson(step.inputs)) {
    throw refuse("it must have exactly one step, with action aws:runShellScript and inputs");
  }
  const { runCommand, timeoutSeconds } = step.inputs;
  if (!Array.isArray(runCommand) || !runCommand.every((line) => typeof line === "string")) {
    throw refuse("runCommand must be a list of lines");
  }
  const parameters: Record<string, DocumentParameter> = {};
  for (const [key, value] of Object.entries(isJson(json.parameters) ? json.parameters : {})) {
    if (!isParameter(value)) throw refuse(`parameter ${key} must have type String or StringList`);
    if (value.interpolationType === "ENV_VAR" && !/^[a-zA-Z][a-zA-Z0-9_]*$/.test(key)) {
      throw refuse(`no shell can read the variable SSM_${key}`);
    }
    parameters[key] = value;
  }
  return {
    name,
    shortName,
    version,
    description: String(json.description ?? ""),
    text,
    parameters,
    step: String(step.name),
    runCommand,
    timeoutSeconds: timeoutSeconds === undefined ? undefined : String(timeoutSeconds),
  };
}

function readJson(text: string, refuse: (why: string, cause?: unknown) => Error): Json {
  try {
    const json: unknown = JSON.parse(text);
    if (isJson(json)) return json;
  } catch (cause) {
    throw refuse("its content is no JSON", cause);
  }
  throw refuse("its content is no JSON object");
}

const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isParameter = (value: unknown): value is DocumentParameter =>
  isJson(value) && (value.type === "String" || value.type === "StringList");
