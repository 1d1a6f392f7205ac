// The versions of a document. SendCommand takes a version's number only, and only Systems Manager knows the numbers.
import { DescribeDocumentCommand, type DocumentDescription, type SSMClient } from "@aws-sdk/client-ssm";
import { errorCode } from "./errors.ts";

/** So many deployments back; a flow lasts two days at most. */
const LOOK_BACK = 30;

/** @returns the number of the newest version whose description ends with this revision; undefined: none of the last ones does. */
export const versionOf = async (
  client: SSMClient,
  name: string,
  revision: string,
): Promise<string | undefined> => {
  // Not the default one: CloudFormation may leave that behind (facts S11).
  const newest = await describe(client, name, "$LATEST");
  if (newest === undefined || has(newest, revision)) return newest?.DocumentVersion;
  const last = Number(newest.DocumentVersion);
  for (let version = last - 1; version > Math.max(0, last - LOOK_BACK); version--) {
    const found = await describe(client, name, String(version));
    if (found !== undefined && has(found, revision)) return found.DocumentVersion;
  }
  return undefined;
};

const describe = async (client: SSMClient, Name: string, DocumentVersion: string) => {
  try {
    return (await client.send(new DescribeDocumentCommand({ Name, DocumentVersion }))).Document;
  } catch (error) {
    // Somebody deleted that one.
    if (errorCode(error) === "InvalidDocumentVersion") return undefined;
    throw error;
  }
};

const has = ({ Description = "" }: DocumentDescription, revision: string): boolean =>
  Description.endsWith(`[${revision}]`);
