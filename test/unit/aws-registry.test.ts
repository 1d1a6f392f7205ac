import type { ECRClient } from "@aws-sdk/client-ecr";
import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { SSMClient } from "@aws-sdk/client-ssm";
import { isTransient } from "../../shared/aws/errors.ts";
import { publishEvent } from "../../shared/aws/event-bus.ts";
import { describeImages } from "../../shared/aws/images.ts";
import { readParameter, readVersions, writeParameter } from "../../shared/aws/parameters.ts";
import { awsError, clientThat } from "./aws-client.ts";

const digest = (character: string): string => `sha256:${character.repeat(64)}`;
const at = new Date("2026-02-01T10:00:00Z");
const REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

describe("the images of a repository", () => {
  const detail = (character: string, imageTags?: string[]) => ({
    imageDigest: digest(character),
    imagePushedAt: at,
    ...(imageTags ? { imageTags } : {}),
  });

  it("are asked of the registry's own account, a thousand at a time, until there are no more", async () => {
    const pages: Record<string, unknown> = {
      first: { imageDetails: [detail("1", ["1.4.1"])], nextToken: "second" },
      second: { imageDetails: [], nextToken: "third" },
      third: { imageDetails: [detail("2"), detail("3", ["1.4.2", "latest"])] },
    };
    const { client, asked } = clientThat<ECRClient>({
      DescribeImages: ({ nextToken = "first" }: { nextToken?: string }) => pages[nextToken],
    });
    expect(await describeImages(client, REGISTRY, "hive-tomcat")).toEqual([
      { digest: digest("1"), tags: ["1.4.1"], pushedAt: at },
      { digest: digest("2"), tags: [], pushedAt: at },
      { digest: digest("3"), tags: ["1.4.2", "latest"], pushedAt: at },
    ]);
    const question = { registryId: "123456789012", repositoryName: "hive-tomcat", maxResults: 1000 };
    expect(asked.map(({ input }) => input)).toEqual([
      { ...question, nextToken: undefined },
      { ...question, nextToken: "second" },
      { ...question, nextToken: "third" },
    ]);
  });

  it.each([
    "10.78.0.1:5000",
    "registry.example.com",
    "1234567890123.example.com",
    "x123456789012.dkr",
    "123456789012",
  ])("of the registry %s are asked without an account, which its name does not hold", async (registry) => {
    const { client, asked } = clientThat<ECRClient>({ DescribeImages: {} });
    expect(await describeImages(client, registry, "hive-tomcat")).toEqual([]);
    expect(asked[0]?.input).not.toHaveProperty("registryId");
  });

  it("without a digest or a time of push are left out", async () => {
    const imageDetails = [
      {},
      { imageDigest: digest("1") },
      { imagePushedAt: at },
      { imageDigest: "sha256:1", imagePushedAt: at },
      detail("2"),
    ];
    const { client } = clientThat<ECRClient>({ DescribeImages: { imageDetails } });
    expect((await describeImages(client, REGISTRY, "hive-tomcat")).map((image) => image.digest)).toEqual([
      digest("2"),
    ]);
  });

  it("are twenty thousand at most, however many more there are", async () => {
    const { client, asked } = clientThat<ECRClient>({
      DescribeImages: () => ({ imageDetails: [detail("1")], nextToken: "more" }),
    });
    expect(await describeImages(client, REGISTRY, "hive-tomcat")).toHaveLength(20);
    expect(asked).toHaveLength(20);
  });

  it.each(["RepositoryNotFoundException", "AccessDeniedException", "ThrottlingException"])(
    "are unknown on %s, on whatever page",
    async (code) => {
      const { client } = clientThat<ECRClient>({
        DescribeImages: ({ nextToken }: { nextToken?: string }) =>
          nextToken ? awsError(code) : { imageDetails: [detail("1")], nextToken: "second" },
      });
      await expect(describeImages(client, REGISTRY, "hive-tomcat")).rejects.toThrow(code);
    },
  );
});

describe("an event of our own", () => {
  it("is published on the account's bus, under our source, its detail as JSON", async () => {
    const { client, asked } = clientThat<EventBridgeClient>({
      PutEvents: { FailedEntryCount: 0, Entries: [{ EventId: "e1" }] },
    });
    await publishEvent(client, "Service Roll Finished", { service: "web", seconds: 1 });
    const Entries = [
      { Source: "hive-swarm", DetailType: "Service Roll Finished", Detail: '{"service":"web","seconds":1}' },
    ];
    expect(asked).toEqual([{ operation: "PutEvents", input: { Entries } }]);
  });

  it.each([
    ["ThrottlingException", true],
    ["InternalFailure", true],
    ["NotAuthorizedForSourceException", false],
    ["MalformedDetail", false],
  ])(
    "that the bus refuses with %s is an error of that name, and passes by itself: %s",
    async (code, passes) => {
      const { client } = clientThat<EventBridgeClient>({
        PutEvents: { FailedEntryCount: 1, Entries: [{ ErrorCode: code, ErrorMessage: "because" }] },
      });
      const error = await publishEvent(client, "Service Roll Finished", {}).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(Error);
      expect(error).toMatchObject({
        name: code,
        message: `PutEvents refused the event Service Roll Finished: ${code}: because`,
      });
      expect(isTransient(error)).toBe(passes);
    },
  );

  it("is published where the answer has no entries, and not where the call itself fails", async () => {
    await expect(
      publishEvent(clientThat<EventBridgeClient>({ PutEvents: {} }).client, "x", {}),
    ).resolves.toBeUndefined();
    const { client } = clientThat<EventBridgeClient>({ PutEvents: awsError("AccessDeniedException") });
    await expect(publishEvent(client, "x", {})).rejects.toThrow("AccessDeniedException");
  });
});

describe("a parameter", () => {
  it("is read and written by its name, as plain text, over what was there", async () => {
    const { client, asked } = clientThat<SSMClient>({
      GetParameter: { Parameter: { Value: "x" } },
      PutParameter: {},
    });
    expect(await readParameter(client, "/a")).toBe("x");
    await writeParameter(client, "/a", "y");
    expect(asked.map(({ input }) => input)).toEqual([
      { Name: "/a" },
      { Name: "/a", Value: "y", Type: "String", Overwrite: true },
    ]);
  });

  it("that does not exist is none, and that may not be read is an error", async () => {
    const missing = clientThat<SSMClient>({ GetParameter: awsError("ParameterNotFound") });
    expect(await readParameter(missing.client, "/a")).toBeUndefined();
    const denied = clientThat<SSMClient>({ GetParameter: awsError("AccessDeniedException") });
    await expect(readParameter(denied.client, "/a")).rejects.toThrow("AccessDenied");
  });
});

describe("the versions of a parameter", () => {
  const version = (Value?: string) => ({ Value, Name: "/a", Type: "String" });

  it("are read page by page, and are the newest first", async () => {
    const pages: Record<string, unknown> = {
      first: { Parameters: [version("1"), version("2")], NextToken: "second" },
      second: { Parameters: [version("3")], NextToken: "third" },
      // As Parameter Store ends a list.
      third: { Parameters: [version("4"), version()], NextToken: "" },
    };
    const { client, asked } = clientThat<SSMClient>({
      GetParameterHistory: ({ NextToken = "first" }: { NextToken?: string }) => pages[NextToken],
    });
    expect(await readVersions(client, "/a")).toEqual(["4", "3", "2", "1"]);
    expect(asked.map(({ input }) => input)).toEqual([
      { Name: "/a", MaxResults: 50, NextToken: undefined },
      { Name: "/a", MaxResults: 50, NextToken: "second" },
      { Name: "/a", MaxResults: 50, NextToken: "third" },
    ]);
  });

  it("are none where there is no such parameter, and unknown where they may not be read", async () => {
    const missing = clientThat<SSMClient>({ GetParameterHistory: awsError("ParameterNotFound") });
    expect(await readVersions(missing.client, "/a")).toEqual([]);
    expect(await readVersions(clientThat<SSMClient>({ GetParameterHistory: {} }).client, "/a")).toEqual([]);
    const denied = clientThat<SSMClient>({ GetParameterHistory: awsError("ThrottlingException") });
    await expect(readVersions(denied.client, "/a")).rejects.toThrow("ThrottlingException");
  });
});
