// Which version of a document carries a revision, asked of Systems Manager call by call.
import type { SSMClient } from "@aws-sdk/client-ssm";
import { versionOf } from "../../shared/aws/documents.ts";
import { awsError, clientThat } from "./aws-client.ts";

const REVISION = "0123456789ab";

/** A document with these descriptions of its versions, 1 first; an error instead is thrown. */
const withVersions = (...descriptions: (string | Error)[]) =>
  clientThat<SSMClient>({
    DescribeDocument: ({ DocumentVersion }: { DocumentVersion: string }) => {
      const number = DocumentVersion === "$LATEST" ? descriptions.length : Number(DocumentVersion);
      const found = descriptions[number - 1] ?? awsError("InvalidDocumentVersion");
      if (found instanceof Error) return found;
      return { Document: { Description: found, DocumentVersion: String(number) } };
    },
  });

const asked = ({ asked }: ReturnType<typeof withVersions>) =>
  asked.map(({ input: { DocumentVersion } }) => DocumentVersion);

describe("the version of a revision", () => {
  it("is the newest one, in one call, whatever the default is", async () => {
    const document = withVersions("Old [ba9876543210]", `New [${REVISION}]`);
    expect(await versionOf(document.client, "d", REVISION)).toBe("2");
    expect(document.asked).toEqual([
      { operation: "DescribeDocument", input: { Name: "d", DocumentVersion: "$LATEST" } },
    ]);
  });

  it("is looked for from the newest to the oldest, past those that were deleted", async () => {
    const deleted = awsError("InvalidDocumentVersion");
    const document = withVersions(`[${REVISION}]`, `It [${REVISION}]`, deleted, "[ba9876543210]");
    expect(await versionOf(document.client, "d", REVISION)).toBe("2");
    expect(asked(document)).toEqual(["$LATEST", "3", "2"]);
  });

  it.each([
    ["has it elsewhere", `[${REVISION}] before`],
    ["has it without its marks", REVISION],
    ["has no description", ""],
  ])("is none that %s", async (_what, description) => {
    const document = withVersions(description);
    expect(await versionOf(document.client, "d", REVISION)).toBeUndefined();
    expect(asked(document)).toEqual(["$LATEST"]);
  });

  it("is looked for in the last thirty", async () => {
    const others = (count: number) => Array.from({ length: count }, () => "[ba9876543210]");
    expect(await versionOf(withVersions(`[${REVISION}]`, ...others(29)).client, "d", REVISION)).toBe("1");
    const older = withVersions(`[${REVISION}]`, ...others(30));
    expect(await versionOf(older.client, "d", REVISION)).toBeUndefined();
    expect(older.asked).toHaveLength(30);
  });

  it("is unknown where the look fails: that is thrown", async () => {
    const document = withVersions(awsError("ThrottlingException"));
    await expect(versionOf(document.client, "d", REVISION)).rejects.toThrow("ThrottlingException");
  });
});
