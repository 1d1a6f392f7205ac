// The documents of the account and their versions (facts S11: a flow may outlive a deployment).
import type * as Sdk from "@aws-sdk/client-ssm";
import { AwsError } from "../../ports.ts";
import { type CommandDocument, parseDocument } from "./document.ts";
import type { DocumentConfig } from "./types.ts";

export class Documents {
  readonly #versions = new Map<string, CommandDocument[]>();
  readonly #owner: string;
  readonly #createdAt: Date;

  constructor(configs: readonly DocumentConfig[], owner: string, createdAt: number) {
    this.#owner = owner;
    this.#createdAt = new Date(createdAt);
    for (const config of configs) this.publish(config);
  }

  /** Adds a version, which is the default from now on. Answers its number. */
  publish(config: DocumentConfig): string {
    const versions = this.#versions.get(config.name) ?? [];
    const version = String(versions.length + 1);
    versions.push(parseDocument(config.name, config.shortName ?? config.name, version, config.content));
    this.#versions.set(config.name, versions);
    return version;
  }

  /** By name or ARN. @throws AwsError InvalidDocument, InvalidDocumentVersion. */
  find(nameOrArn: string | undefined, version = "$DEFAULT"): CommandDocument {
    const name = (nameOrArn ?? "").replace(/^arn:aws:ssm:[^:]*:\d*:document\//, "");
    const versions = this.#versions.get(name);
    if (!versions) {
      throw new AwsError("InvalidDocument", `Document with name ${name} does not exist.`);
    }
    const found =
      version === "$DEFAULT" || version === "$LATEST"
        ? versions.at(-1)
        : versions.find((one) => one.version === version);
    if (!found) {
      throw new AwsError("InvalidDocumentVersion", `Document ${name} has no version ${version}.`);
    }
    return found;
  }

  describe(input: Sdk.DescribeDocumentRequest): Sdk.DescribeDocumentResult {
    const document = this.find(input.Name, input.DocumentVersion);
    const latest = this.find(document.name).version;
    return {
      Document: {
        Name: document.name,
        Owner: this.#owner,
        CreatedDate: this.#createdAt,
        Status: "Active",
        DocumentVersion: document.version,
        Description: document.description,
        Parameters: Object.entries(document.parameters).map(([Name, parameter]) => ({
          Name,
          Type: parameter.type,
          Description: parameter.description ?? "",
          ...(parameter.default === undefined ? {} : { DefaultValue: String(parameter.default) }),
        })),
        PlatformTypes: ["Linux"],
        DocumentType: "Command",
        SchemaVersion: "2.2",
        LatestVersion: latest,
        DefaultVersion: latest,
        DocumentFormat: "JSON",
      },
    };
  }

  get(input: Sdk.GetDocumentRequest): Sdk.GetDocumentResult {
    const document = this.find(input.Name, input.DocumentVersion);
    return {
      Name: document.name,
      CreatedDate: this.#createdAt,
      DocumentVersion: document.version,
      Status: "Active",
      Content: document.text,
      DocumentType: "Command",
      DocumentFormat: "JSON",
    };
  }
}
