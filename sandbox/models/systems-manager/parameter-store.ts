// Parameter Store: what must outlive the swarm (join tokens, the record of the first init), in versions.
import { createHash } from "node:crypto";
import type * as Sdk from "@aws-sdk/client-ssm";
import type { Clock } from "../../clock.ts";
import { AwsError } from "../../ports.ts";
import { type Account, parameterArn } from "../account.ts";
import { page } from "../paging.ts";

interface Stored {
  name: string;
  type: Sdk.ParameterType;
  value: string;
  version: number;
  modifiedAt: number;
}

/** Of a parameter of the Standard tier. */
const MOST_BYTES = 4096;

export class ParameterStore {
  readonly #clock: Clock;
  readonly #account: Account;
  /** By name; oldest version first. */
  readonly #parameters = new Map<string, Stored[]>();

  constructor(clock: Clock, account: Account) {
    this.#clock = clock;
    this.#account = account;
  }

  put(input: Sdk.PutParameterRequest): Sdk.PutParameterResult {
    const { Name: name = "", Value: value = "", Overwrite: overwrite = false } = input;
    const versions = this.#parameters.get(name) ?? [];
    const last = versions.at(-1);
    if (!/^[\w./-]+$/.test(name)) {
      throw new AwsError("ValidationException", `Parameter name: can't be '${name}'`);
    }
    if (value === "") throw new AwsError("ValidationException", `Parameter ${name} must have a value.`);
    if (last && !overwrite) {
      throw new AwsError(
        "ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
      );
    }
    const type = input.Type ?? last?.type;
    if (type === undefined) {
      throw new AwsError("ValidationException", "A parameter type is required when you create a parameter.");
    }
    if (Buffer.byteLength(value) > MOST_BYTES) {
      throw new AwsError(
        "ValidationException",
        `Standard tier parameters support a maximum parameter value of ${MOST_BYTES} characters.`,
      );
    }
    if (input.AllowedPattern !== undefined && !new RegExp(input.AllowedPattern).test(value)) {
      throw new AwsError(
        "ParameterPatternMismatchException",
        `Parameter value, cannot be validated against allowedPattern: ${input.AllowedPattern}`,
      );
    }
    const version = (last?.version ?? 0) + 1;
    versions.push({ name, type, value, version, modifiedAt: this.#clock.now() });
    this.#parameters.set(name, versions);
    return { Version: version, Tier: "Standard" };
  }

  get(input: Sdk.GetParameterRequest): Sdk.GetParameterResult {
    const found = this.#find(input.Name ?? "");
    if (!found) throw new AwsError("ParameterNotFound", `Parameter ${input.Name} not found.`);
    return { Parameter: this.#describe(found, input.WithDecryption, input.Name) };
  }

  getMany(input: Sdk.GetParametersRequest): Sdk.GetParametersResult {
    const Parameters: Sdk.Parameter[] = [];
    const InvalidParameters: string[] = [];
    for (const name of new Set(input.Names)) {
      const found = this.#find(name);
      if (found) Parameters.push(this.#describe(found, input.WithDecryption, name));
      else InvalidParameters.push(name);
    }
    return { Parameters, InvalidParameters };
  }

  getByPath(input: Sdk.GetParametersByPathRequest): Sdk.GetParametersByPathResult {
    const path = `${(input.Path ?? "").replace(/\/$/, "")}/`;
    if (!path.startsWith("/")) {
      throw new AwsError("ValidationException", `The parameter path '${input.Path}' must begin with '/'.`);
    }
    const wanted = [...this.#parameters.values()]
      .flatMap((versions) => versions.at(-1) ?? [])
      .filter(
        ({ name }) => name.startsWith(path) && (input.Recursive || !name.slice(path.length).includes("/")),
      );
    const { items, nextToken } = page(wanted, input.MaxResults ?? 10, input.NextToken);
    return {
      Parameters: items.map((one) => this.#describe(one, input.WithDecryption)),
      ...(nextToken ? { NextToken: nextToken } : {}),
    };
  }

  delete(input: Sdk.DeleteParameterRequest): Sdk.DeleteParameterResult {
    if (!this.#parameters.delete(input.Name ?? "")) {
      throw new AwsError("ParameterNotFound", `Parameter ${input.Name} not found.`);
    }
    return {};
  }

  deleteMany(input: Sdk.DeleteParametersRequest): Sdk.DeleteParametersResult {
    const deleted = (input.Names ?? []).filter((name) => this.#parameters.delete(name));
    return {
      DeletedParameters: deleted,
      InvalidParameters: (input.Names ?? []).filter((name) => !deleted.includes(name)),
    };
  }

  /** `name`, `name:version`, or an ARN. */
  #find(reference: string): Stored | undefined {
    const plain = reference.replace(/^arn:aws:ssm:[^:]*:\d*:parameter/, "");
    const [name = "", version] = plain.split(":");
    const versions = this.#parameters.get(name) ?? this.#parameters.get(name.replace(/^\//, ""));
    if (version === undefined) return versions?.at(-1);
    const found = versions?.find((one) => String(one.version) === version);
    if (versions && !found) {
      throw new AwsError("ParameterVersionNotFound", `Version ${version} of parameter ${name} not found.`);
    }
    return found;
  }

  #describe(stored: Stored, decrypt: boolean | undefined, asked?: string): Sdk.Parameter {
    const selector = asked?.startsWith("arn:") ? undefined : /:\d+$/.exec(asked ?? "")?.[0];
    return {
      Name: stored.name,
      Type: stored.type,
      Value: stored.type === "SecureString" && !decrypt ? encrypted(stored) : stored.value,
      Version: stored.version,
      LastModifiedDate: new Date(stored.modifiedAt),
      ARN: parameterArn(this.#account, stored.name),
      DataType: "text",
      ...(selector ? { Selector: selector } : {}),
    };
  }
}

/** Stands for what the key service would have made of the value: says nothing about it. */
const encrypted = ({ name, version, value }: Stored): string =>
  `AQICAH${createHash("sha256").update(`${name}:${version}:${value}`).digest("base64")}`;
