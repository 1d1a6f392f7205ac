// Checks the packaged template, and those that are deployed as they stand, against CloudFormation's own resource database:
// unknown types, unknown and missing properties, wrong kinds of values, references to nothing; and against our own rules
// (scripts/policy/). Offline, in about a second.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { loadAwsServiceSpec } from "@aws-cdk/aws-service-spec";
import { REGISTRY_TEMPLATE_FILE } from "../sandbox/template/registry-template.ts";
import { TEMPLATE_FILE } from "../sandbox/template/template.ts";
import { parseYamlTemplate } from "../sandbox/template/yaml.ts";
import { policyProblems } from "./policy/rules.ts";
import type { Template as PolicyTemplate } from "./policy/template.ts";

type Database = Awaited<ReturnType<typeof loadAwsServiceSpec>>;
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
interface Template {
  Resources: Record<string, { Type: string; Properties?: Json; DependsOn?: string | string[] }>;
  Parameters?: Record<string, Json>;
}

/** What the database says of a property's type, as far as it is checked here. */
interface PropertyType {
  type: string;
  element?: PropertyType;
  types?: PropertyType[];
  reference?: { $ref: string };
}
type Properties = Record<string, { type: PropertyType; required?: boolean }>;

const isObject = (value: Json): value is { [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `{ Ref: … }`, `{ "Fn::…": … }`: what it stands for is known only at deployment. */
const isIntrinsic = (value: Json): boolean =>
  isObject(value) &&
  Object.keys(value).length === 1 &&
  /^(Ref|Fn::|Condition)/.test(Object.keys(value)[0] ?? "");

class Checker {
  readonly problems: string[] = [];
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  properties(value: Json, known: Properties, path: string): void {
    if (!isObject(value)) {
      this.problems.push(`${path}: an object is wanted`);
      return;
    }
    for (const [name, member] of Object.entries(value)) {
      const property = known[name];
      if (property) this.value(member, property.type, `${path}.${name}`);
      else this.problems.push(`${path}.${name}: unknown property`);
    }
    for (const [name, property] of Object.entries(known)) {
      if (property.required && !(name in value)) this.problems.push(`${path}.${name}: required, and missing`);
    }
  }

  value(value: Json, type: PropertyType, path: string): void {
    if (isIntrinsic(value)) return;
    const want = (ok: boolean): void => {
      if (!ok)
        this.problems.push(`${path}: ${type.type} is wanted, not ${JSON.stringify(value).slice(0, 60)}`);
    };
    switch (type.type) {
      case "string":
        want(typeof value !== "object");
        break;
      case "integer":
      case "number":
        want(!Number.isNaN(Number(value)));
        break;
      case "boolean":
        want([true, false, "true", "false"].includes(value as boolean));
        break;
      case "array":
      case "map":
        this.#items(value, type, path, want);
        break;
      case "ref": {
        const definition = this.#database.get("typeDefinition", type.reference?.$ref ?? "");
        this.properties(value, definition.properties as Properties, path);
        break;
      }
      case "union":
        this.#union(value, type.types ?? [], path);
    }
  }

  #items(value: Json, type: PropertyType, path: string, want: (ok: boolean) => void): void {
    want(type.type === "array" ? Array.isArray(value) : isObject(value));
    if (typeof value !== "object" || value === null || !type.element) return;
    for (const [key, item] of Object.entries(value)) this.value(item, type.element, `${path}.${key}`);
  }

  #union(value: Json, types: readonly PropertyType[], path: string): void {
    const fits = types.some((type) => {
      const alone = new Checker(this.#database);
      alone.value(value, type, path);
      return alone.problems.length === 0;
    });
    if (!fits) this.problems.push(`${path}: fits none of the kinds that are allowed here`);
  }
}

const danglingReferences = (template: Template): string[] => {
  const known = new Set([...Object.keys(template.Resources), ...Object.keys(template.Parameters ?? {})]);
  const problems: string[] = [];
  const missing = (what: string, name: string): void => {
    if (!known.has(name)) problems.push(`${what} ${name}: there is no such resource`);
  };
  JSON.stringify(template.Resources, (key, value) => {
    if (key === "Ref" && typeof value === "string" && !value.startsWith("AWS::")) missing("Ref", value);
    if (key === "Fn::GetAtt") missing("Fn::GetAtt", String([value].flat()[0]).split(".")[0] ?? "");
    if (key === "DependsOn") for (const name of [value].flat()) missing("DependsOn", String(name));
    if (key === "Fn::Sub") {
      const [text, own = {}] = [value].flat() as [string, object?];
      for (const [, name = ""] of String(text).matchAll(/\$\{([A-Za-z0-9]+)(?:\.[^}]*)?\}/g))
        if (!Object.hasOwn(own, name)) missing("Fn::Sub", name);
    }
    return value;
  });
  return problems;
};

/** @returns everything that is wrong, one line each; empty: the template is sound. */
export const validateTemplate = async (template: Template): Promise<string[]> => {
  const database = await loadAwsServiceSpec();
  const checker = new Checker(database);
  for (const [id, resource] of Object.entries(template.Resources)) {
    const [found] = database.lookup("resource", "cloudFormationType", "equals", resource.Type);
    if (found) checker.properties(resource.Properties ?? {}, found.properties as Properties, id);
    else checker.problems.push(`${id}: unknown type ${resource.Type}`);
  }
  return [...checker.problems, ...danglingReferences(template)];
};

const readFile = (file: string): Template => {
  const text = readFileSync(file, "utf8");
  return (file.endsWith(".yml") ? parseYamlTemplate(text) : JSON.parse(text)) as Template;
};

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const named = process.argv.slice(2);
  const standing = [REGISTRY_TEMPLATE_FILE, "cluster/registry.yml"];
  const files = named.length > 0 ? named : [`.serverless/${TEMPLATE_FILE}`, ...standing];
  for (const file of files) {
    const template = readFile(file);
    const problems = [...(await validateTemplate(template)), ...policyProblems(template as PolicyTemplate)];
    for (const problem of problems) console.error(problem);
    console.log(`${file}: ${Object.keys(template.Resources).length} resources, ${problems.length} problems`);
    if (problems.length > 0) process.exitCode = 1;
  }
}
