// The stack's compose file as CloudFormation resource: a parameter that holds it as JSON, checked as far as it can be before anybody
// deploys it. Read by serverless.yml at packaging time.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { parseImage } from "../shared/rolls/image.ts";
import { isOurs } from "../shared/rolls/tag-policy.ts";
import { type StackService, stackServices } from "../shared/swarm/stack.ts";

/** serverless.yml, custom.stack. */
export interface StackSettings {
  /** Of the project; `none`: there is no stack, and no parameter. */
  file: string;
  name: string;
  parameter: string;
  registry: string;
  /** Whose pushes roll services. */
  repositories: string;
  /** `${NAME}` in the file → value. */
  variables: Readonly<Record<string, string>>;
}

/** All that is wrong with the file. */
class StackFileError extends Error {
  constructor(file: string, problems: readonly string[]) {
    super(`The stack ${file} cannot be packaged:\n${problems.map((problem) => `- ${problem}`).join("\n")}`);
    this.name = "StackFileError";
  }
}

/** Of a parameter of the advanced tier; Parameter Store itself takes the standard one up to 4,096. */
const MOST_BYTES = 8_192;

interface Packager {
  resolveConfigurationProperty(path: readonly string[]): Promise<unknown>;
}

export const resources = async ({ resolveConfigurationProperty }: Packager) => {
  const settings = (await resolveConfigurationProperty(["custom", "stack"])) as StackSettings;
  if (settings.file === "none") return { Resources: {} };
  const Value = stackValue(settings, readFileSync(new URL(`../${settings.file}`, import.meta.url), "utf8"));
  return {
    Resources: {
      StackParameter: {
        Type: "AWS::SSM::Parameter",
        Properties: {
          Name: settings.parameter,
          Type: "String",
          // Standard while it fits, advanced once it does not: which cannot be taken back, so that nobody has to remember.
          Tier: "Intelligent-Tiering",
          Description: `The stack ${settings.name}, a compose file as JSON; what exists is never deployed over`,
          Value: escapeVariables(Value),
        },
      },
    },
  };
};

/** The file as the parameter's value. @throws StackFileError with all that is wrong with it. */
export const stackValue = (settings: StackSettings, text: string): string => {
  const { file, name, variables } = settings;
  const problems: string[] = [];
  let compose: unknown;
  let services: StackService[] = [];
  try {
    compose = withVariables(parse(text), variables, problems);
    services = stackServices(compose, name);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  const value = parameterValue(compose);
  const bytes = Buffer.byteLength(value);
  if (bytes > MOST_BYTES)
    problems.push(
      `it takes ${bytes} bytes as JSON, and a parameter holds ${MOST_BYTES}: make it smaller, or make two stacks of it`,
    );
  problems.push(...services.flatMap((service) => imageProblems(settings, service)));
  if (services.length > 0)
    problems.push(...nameProblems(settings, compose as Compose), ...fileProblems(compose as Compose));
  if (problems.length > 0) throw new StackFileError(file, problems);
  return value;
};

/** Docker itself would put in what stands in a manager's environment: nothing of ours. */
const withVariables = (
  value: unknown,
  variables: StackSettings["variables"],
  problems: string[],
): unknown => {
  if (Array.isArray(value)) return value.map((each) => withVariables(each, variables, problems));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, withVariables(each, variables, problems)]),
    );
  if (typeof value !== "string") return value;
  return value.replace(/\$\$|\$\{(\w+)\}|\$/g, (found, name: string | undefined) => {
    if (found === "$$") return found;
    const known = name === undefined ? undefined : variables[name];
    if (known !== undefined) return known;
    const names = Object.keys(variables).map((each) => `\${${each}}`);
    problems.push(
      `${JSON.stringify(value)} holds a dollar that names no variable: ${names.join(", ")} can be put in, and $$ is a dollar`,
    );
    return found;
  });
};

/** Parameter Store takes double braces for a reference to another parameter; JSON can write them otherwise. */
const parameterValue = (compose: unknown): string =>
  (JSON.stringify(compose) ?? "").replace(/"(?:[^"\\]|\\.)*"|\}(?=\})/g, (found) =>
    found === "}" ? "} " : found.replace(/\{(?=\{)/g, "\\u007b").replace(/\}(?=\})/g, "\\u007d"),
  );

/** The packager resolves `${…}` wherever it stands; a doubled dollar before braces is docker's. */
const escapeVariables = (value: string): string => value.replaceAll("${", "\\${");

/** What is ours is chosen by the tag policy, and pulled by hosts with the role of their kind. */
const imageProblems = (
  { registry, repositories }: StackSettings,
  { name, image, managersOnly, workersOnly }: StackService,
): string[] => {
  const { repository, tag, digest } = parseImage(image);
  if (!repository.startsWith(`${registry}/`)) return [];
  const short = repository.slice(registry.length + 1);
  const policy = { repositories: repositories.split(","), rollTags: /^$/, versionTags: /^$/ };
  return [
    ...(tag !== undefined && digest === undefined
      ? [
          `${name}: ${image} names a tag: write the repository alone, the tag policy chooses what runs; or a digest`,
        ]
      : []),
    ...(digest === undefined && !isOurs(policy, short)
      ? [
          `${name}: the repository ${short} is none of ${repositories}, of which images are chosen and pulled: add it to the param repositories`,
        ]
      : []),
    ...(managersOnly || workersOnly
      ? []
      : [
          `${name}: say where it runs, and so who holds its image: placement.constraints [node.role == worker] or [node.role == manager]`,
        ]),
  ];
};

interface Compose {
  services: Record<string, Record<string, unknown>>;
  configs?: Record<string, Record<string, unknown>>;
  secrets?: Record<string, Record<string, unknown>>;
}

const nameProblems = ({ name: stack }: StackSettings, { services }: Compose): string[] =>
  Object.keys(services).flatMap((name) => [
    ...(/^[a-z0-9][a-z0-9_-]*$/.test(name)
      ? []
      : [`${name}: a service's name has small letters, digits, dashes and underscores`]),
    // Docker's own limit for a service.
    ...(`${stack}_${name}`.length > 63
      ? [`${name}: ${stack}_${name} is longer than the 63 characters that swarm takes`]
      : []),
  ]);

/** It is read on a manager, from standard input: there are no files beside it. */
const fileProblems = ({ services, configs = {}, secrets = {} }: Compose): string[] => [
  ...Object.entries(services).flatMap(([name, service]) =>
    ["build", "env_file", "extends"]
      .filter((key) => key in service)
      .map((key) => `${name}: ${key} needs a file beside this one, and a manager has none`),
  ),
  ...Object.entries({ ...configs, ...secrets })
    .filter(([, { external }]) => !external)
    .map(([name]) => `${name}: a config or secret is created by hand, and named here as external: true`),
];
