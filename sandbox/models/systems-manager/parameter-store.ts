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

const MOST_BYTES = { Standard: 4096, Advanced: 8192 } as const;
/** With one more, the oldest goes (unless it has a label, and there are none here). */
const MOST_VERSIONS = 100;
/** Of a page, unless the caller asks for fewer. */
const HISTORY_PAGE = 50;

/** Intelligent tiering takes the first that is large enough. */
const tierOf = (asked: Sdk.ParameterTier = "Standard", value: string): keyof typeof MOST_BYTES =>
  asked === "Advanced" || (asked === "Intelligent-Tiering" && Buffer.byteLength(value) > MOST_BYTES.Standard)
    ? "Advanced"
    : "Standard";

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
    const tier = tierOf(input.Tier, value);
    if (Buffer.byteLength(value) > MOST_BYTES[tier]) {
      throw new AwsError(
        "ValidationException",
        `${tier} tier parameters support a maximum parameter value of ${MOST_BYTES[tier]} characters.`,
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
    this.#parameters.set(name, versions.slice(-MOST_VERSIONS));
    return { Version: version, Tier: tier };
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

  /** All versions that are kept, the oldest first. The token of the last page is an empty string, as documented. */
  history(input: Sdk.GetParameterHistoryRequest): Sdk.GetParameterHistoryResult {
    const size = input.MaxResults ?? HISTORY_PAGE;
    if (size < 1 || size > HISTORY_PAGE) {
      throw new AwsError("ValidationException", `Value '${size}' at 'maxResults' must be between 1 and 50`);
    }
    const versions = this.#versions(input.Name ?? "");
    if (versions === undefined) throw new AwsError("ParameterNotFound", `Parameter ${input.Name} not found.`);
    const { items, nextToken = "" } = page(versions, size, input.NextToken);
    return {
      Parameters: items.map((stored) => {
        const { ARN: _, ...described } = this.#describe(stored, input.WithDecryption);
        return { ...described, Labels: [], Tier: "Standard", Policies: [] };
      }),
      NextToken: nextToken,
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

  /** @param reference name or ARN */
  #versions(reference: string): readonly Stored[] | undefined {
    const name = withoutArn(reference);
    return this.#parameters.get(name) ?? this.#parameters.get(name.replace(/^\//, ""));
  }

  /** `name`, `name:version`, or an ARN. */
  #find(reference: string): Stored | undefined {
    const [name = "", version] = withoutArn(reference).split(":");
    const versions = this.#versions(name);
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

const withoutArn = (reference: string): string => reference.replace(/^arn:aws:ssm:[^:]*:\d*:parameter/, "");

/** Stands for what the key service would have made of the value: says nothing about it. */
const encrypted = ({ name, version, value }: Stored): string =>
  `AQICAH${createHash("sha256").update(`${name}:${version}:${value}`).digest("base64")}`;
