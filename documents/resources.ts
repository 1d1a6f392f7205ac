// The SSM documents as CloudFormation resources: one AWS::SSM::Document per documents/<name>.sh, its parameters in
// <name>.json beside it. Read by serverless.yml at packaging time.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

interface DocumentFile {
  description: string;
  parameters: Record<string, unknown>;
}

const directory = new URL("./", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, directory), "utf8");

/** `join-host` → `JoinHostDocument`. */
const logicalId = (name: string): string =>
  `${name.replace(/(^|-)(.)/g, (_match, _dash, letter: string) => letter.toUpperCase())}Document`;

/** A document is one file for the agent, so `. lib/x.sh` is replaced by that file's text. */
export const inlineLibraries = (script: string): string =>
  script.replace(/^\. (lib\/[a-z-]+\.sh)$/gm, (_line, library: string) =>
    read(library)
      .replace(/^#!.*\n/, "")
      .trimEnd(),
  );

/** Systems Manager reads double braces as its own parameters and knows no escape for them (documents/lib/docker.sh). */
const withoutBraces = (name: string, script: string): string => {
  const line = script.split("\n").findIndex((text) => text.includes("{{"));
  if (line < 0) return script;
  throw new Error(
    `documents/${name}.sh: line ${line + 1} (libraries included) holds double braces; write << and >> through docker_format`,
  );
};

export const documentNames = (): string[] =>
  readdirSync(directory)
    .filter((file) => file.endsWith(".sh"))
    .map((file) => file.slice(0, -3))
    .sort();

/** The content of a document (schema 2.2), as SSM keeps it. Its description ends with the revision, by which its version is found. */
export const documentContent = (name: string) => {
  const content = unmarked(name);
  return { ...content, description: `${content.description} [${revision()}]` };
};

let known: string | undefined;

/**
 * Of all documents together: a function calls the versions that were deployed with it (shared/flows/document-version.ts). Not the name of
 * a version: that can be given once only, and a deployment that fails goes back to what had its name before.
 */
export const revision = (): string => {
  known ??= createHash("sha256")
    .update(JSON.stringify(documentNames().map((name) => [name, unmarked(name)])))
    .digest("hex")
    .slice(0, 12);
  return known;
};

const unmarked = (name: string) => {
  const { description, parameters } = JSON.parse(read(`${name}.json`)) as DocumentFile;
  return {
    schemaVersion: "2.2",
    description,
    parameters,
    mainSteps: [
      {
        action: "aws:runShellScript",
        name: "run",
        inputs: {
          timeoutSeconds: "{{ executionTimeout }}",
          runCommand: withoutBraces(name, inlineLibraries(read(`${name}.sh`))).split("\n"),
        },
      },
    ],
  };
};

/** The packager resolves `${…}` wherever it stands, in the scripts too: escaped here, it arrives as written. */
const escapeVariables = <T>(content: T): T =>
  JSON.parse(JSON.stringify(content).replaceAll("${", "\\\\${")) as T;

export const resources = () => ({
  Resources: Object.fromEntries(
    documentNames().map((name) => [
      logicalId(name),
      {
        Type: "AWS::SSM::Document",
        Properties: {
          Name: { "Fn::Join": ["-", [{ Ref: "AWS::StackName" }, name]] },
          DocumentType: "Command",
          DocumentFormat: "JSON",
          TargetType: "/AWS::EC2::Instance",
          UpdateMethod: "NewVersion",
          Content: escapeVariables(documentContent(name)),
        },
      },
    ]),
  ),
});
