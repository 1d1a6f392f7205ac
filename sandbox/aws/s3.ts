// Just enough of S3 to keep what a host rescued: objects as files below one directory, a folder for each bucket.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { AwsError, type ServiceModel } from "../ports.ts";

interface ObjectInput {
  Bucket: string;
  Key: string;
}

interface PutInput extends ObjectInput {
  Body: Uint8Array;
}

interface ListInput {
  Bucket: string;
  Prefix?: string;
}

export interface StoredObject {
  Key: string;
  Size: number;
  LastModified: Date;
  ETag: string;
}

/** @param directory Made when first needed. Buckets need not be created. */
export const s3Model = ({ directory }: { directory: string }): ServiceModel => {
  const fileOf = ({ Bucket, Key }: ObjectInput): string =>
    join(bucketDirectory(directory, Bucket), encodeKey(Key));

  const describe = async (input: ObjectInput): Promise<StoredObject & { Body: Uint8Array }> => {
    const file = fileOf(input);
    try {
      const [body, info] = await Promise.all([readFile(file), stat(file)]);
      return { Key: input.Key, Size: body.length, LastModified: info.mtime, ETag: etag(body), Body: body };
    } catch (error) {
      if (isMissing(error))
        throw new AwsError("NoSuchKey", `The specified key does not exist: ${input.Key}`, 404);
      throw error;
    }
  };

  return {
    signingName: "s3",
    operations: {
      PutObject: async (input: PutInput) => {
        const file = fileOf(input);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(`${file}.part`, input.Body);
        await rename(`${file}.part`, file);
        return { ETag: etag(input.Body) };
      },
      GetObject: async (input: ObjectInput) => {
        const { Body, Size, LastModified, ETag } = await describe(input);
        return { Body, ContentLength: Size, LastModified, ETag };
      },
      HeadObject: async (input: ObjectInput) => {
        const { Size, LastModified, ETag } = await describe(input);
        return { ContentLength: Size, LastModified, ETag };
      },
      DeleteObject: async (input: ObjectInput) => {
        await rm(fileOf(input), { force: true });
        return {};
      },
      ListObjectsV2: async ({ Bucket, Prefix = "" }: ListInput) => {
        const keys = (await keysBelow(bucketDirectory(directory, Bucket))).filter((key) =>
          key.startsWith(Prefix),
        );
        const Contents: StoredObject[] = [];
        for (const Key of keys.sort()) {
          const { Body: _, ...object } = await describe({ Bucket, Key });
          Contents.push(object);
        }
        return {
          Name: Bucket,
          Prefix,
          KeyCount: Contents.length,
          MaxKeys: Contents.length,
          IsTruncated: false,
          Contents,
        };
      },
    },
  };
};

const bucketDirectory = (directory: string, bucket: string): string => {
  if (!/^[a-z0-9][a-z0-9.-]{1,62}$/.test(bucket)) {
    throw new AwsError("InvalidBucketName", `The specified bucket is not valid: ${bucket}`);
  }
  return join(directory, bucket);
};

/** Every part of a key is encoded, so that `..` and empty parts stay names and never leave the bucket. */
const encodeKey = (key: string): string =>
  key
    .split("/")
    .map((part) => `_${encodeURIComponent(part)}`)
    .join("/");

const decodeKey = (path: string): string =>
  path
    .split("/")
    .map((part) => decodeURIComponent(part.slice(1)))
    .join("/");

const keysBelow = async (directory: string): Promise<string[]> => {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && !entry.name.endsWith(".part"))
      .map((entry) => decodeKey(relative(directory, join(entry.parentPath, entry.name))));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
};

const etag = (body: Uint8Array): string => `"${createHash("md5").update(body).digest("hex")}"`;

const isMissing = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && error.code === "ENOENT";
