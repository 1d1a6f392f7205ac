// ECR's model: what a push records and tells, what DescribeImages answers, what goes with a tag or a digest.
import { VirtualClock } from "../../sandbox/clock.ts";
import { ContainerRegistry, type Push } from "../../sandbox/models/registry/container-registry.ts";
import type { Caller } from "../../sandbox/ports.ts";
import { FakeBus, operator, refusal } from "./model-fakes.ts";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const [A, B] = [digest("a"), digest("b")];
const repositoryName = "hive-web";

const setUp = () => {
  const clock = new VirtualClock(Date.UTC(2026, 1, 1, 1, 54, 34));
  const bus = new FakeBus();
  const model = new ContainerRegistry({ clock, publish: bus.publish });
  const api = model.operations;
  return {
    clock,
    bus,
    model,
    api,
    push: (more: Partial<Push> & { digest: string }) => model.push({ repository: repositoryName, ...more }),
    describe: (more: object = {}, caller: Caller = operator) =>
      api.DescribeImages({ repositoryName, ...more }, caller),
    one: (imageDigest: string) =>
      api.DescribeImages({ repositoryName, imageIds: [{ imageDigest }] }, operator).imageDetails?.[0],
    events: () => bus.of("ECR Image Action").map((detail) => [detail["action-type"], detail["image-tag"]]),
  };
};

describe("a push", () => {
  it("is told in ECR's words, once for each tag", () => {
    const { push, bus } = setUp();
    push({ digest: A, tag: "1.4.2", artifactMediaType: "application/vnd.docker.container.image.v1+json" });
    push({ digest: A, tag: "latest" });
    expect(bus.events).toHaveLength(2);
    expect(bus.events[0]).toEqual({
      source: "aws.ecr",
      "detail-type": "ECR Image Action",
      resources: [],
      detail: {
        result: "SUCCESS",
        "repository-name": "hive-web",
        "image-digest": A,
        "action-type": "PUSH",
        "image-tag": "1.4.2",
        "manifest-media-type": "application/vnd.docker.distribution.manifest.v2+json",
        "artifact-media-type": "application/vnd.docker.container.image.v1+json",
      },
    });
    expect(bus.events[1]?.detail).toMatchObject({ "image-digest": A, "image-tag": "latest" });
  });

  it("by digest alone has an empty tag, as events of AWS have", () => {
    const { push, events, one } = setUp();
    push({ digest: A });
    expect(events()).toEqual([["PUSH", ""]]);
    expect(one(A)).not.toHaveProperty("imageTags");
  });

  it("moves a tag, and changes nothing of when an image came", async () => {
    const { push, one, clock } = setUp();
    push({ digest: A, tag: "latest" });
    await clock.advance(60_000);
    push({ digest: B, tag: "latest" });
    const before = one(A);
    expect(before).not.toHaveProperty("imageTags");
    expect(one(B)).toMatchObject({ imageTags: ["latest"] });
    await clock.advance(60_000);
    push({ digest: A, tag: "latest" });
    expect(one(A)).toEqual({ ...before, imageTags: ["latest"] });
    expect(one(A)?.imagePushedAt).toEqual(new Date("2026-02-01T01:54:34Z"));
    expect(one(B)?.imagePushedAt).toEqual(new Date("2026-02-01T01:55:34Z"));
  });

  it("can have happened at another time, and be told to nobody", () => {
    const { push, one, model, bus } = setUp();
    model.announces = false;
    push({ digest: A, tag: "1", pushedAt: Date.UTC(2025, 0, 1) });
    expect(one(A)?.imagePushedAt).toEqual(new Date("2025-01-01T00:00:00Z"));
    expect(bus.events).toEqual([]);
  });
});

describe("DescribeImages", () => {
  it("answers by digest, by tag, and each image once", () => {
    const { push, describe } = setUp();
    push({ digest: A, tag: "1.0.0", sizeBytes: 1234 });
    push({ digest: A, tag: "latest" });
    push({ digest: B, tag: "2.0.0" });
    const imageIds = [{ imageTag: "latest" }, { imageDigest: A }, { imageDigest: A, imageTag: "1.0.0" }];
    expect(describe({ imageIds }).imageDetails).toEqual([
      {
        registryId: "123456789012",
        repositoryName: "hive-web",
        imageDigest: A,
        imageTags: ["1.0.0", "latest"],
        imageSizeInBytes: 1234,
        imagePushedAt: new Date("2026-02-01T01:54:34Z"),
        imageManifestMediaType: "application/vnd.docker.distribution.manifest.v2+json",
      },
    ]);
  });

  it("filters by whether there are tags", () => {
    const { push, describe } = setUp();
    push({ digest: A, tag: "latest" });
    push({ digest: B, tag: "latest" });
    const digests = (tagStatus: string) =>
      describe({ filter: { tagStatus } }).imageDetails?.map(({ imageDigest }) => imageDigest);
    expect(digests("TAGGED")).toEqual([B]);
    expect(digests("UNTAGGED")).toEqual([A]);
    expect(digests("ANY")).toEqual([A, B]);
  });

  it("answers a hundred at a time unless asked for more, and each image on one page", async () => {
    const { push, describe } = setUp();
    const all = Array.from({ length: 230 }, (_, number) => `sha256:${String(number).padStart(64, "0")}`);
    for (const each of all.toReversed()) push({ digest: each });
    const found: (string | undefined)[] = [];
    const pages: number[] = [];
    let nextToken: string | undefined;
    do {
      const answer = describe(nextToken === undefined ? {} : { nextToken });
      found.push(...(answer.imageDetails ?? []).map(({ imageDigest }) => imageDigest));
      pages.push(answer.imageDetails?.length ?? 0);
      nextToken = answer.nextToken;
    } while (nextToken !== undefined);
    expect(pages).toEqual([100, 100, 30]);
    expect(found.toSorted()).toEqual(all);
    expect(describe({ maxResults: 1000 }).imageDetails).toHaveLength(230);
    for (const maxResults of [0, 1001]) {
      expect(await refusal(() => describe({ maxResults }))).toContain("InvalidParameterException");
    }
    expect(await refusal(() => describe({ nextToken: "made up" }))).toContain("InvalidParameterException");
    const imageIds = [{ imageDigest: all[0] }];
    expect(await refusal(() => describe({ imageIds, maxResults: 5 }))).toContain("InvalidParameterException");
  });

  it("refuses what is not there, in ECR's words", async () => {
    const { push, describe } = setUp();
    const noRepository = "RepositoryNotFoundException: The repository with name 'hive-web' does not exist";
    expect(await refusal(() => describe())).toBe(`${noRepository} in the registry with id '123456789012'`);
    push({ digest: A, tag: "1.0.0" });
    expect(await refusal(() => describe({ imageIds: [{ imageTag: "2.0.0" }] }))).toBe(
      "ImageNotFoundException: The image with imageId {imageDigest:'null', imageTag:'2.0.0'} does not exist within the repository with name 'hive-web' in the registry with id '123456789012'",
    );
    // The tag is there, and the digest, and they have nothing to do with each other.
    push({ digest: B });
    expect(await refusal(() => describe({ imageIds: [{ imageTag: "1.0.0", imageDigest: B }] }))).toContain(
      "ImageNotFoundException",
    );
    expect(await refusal(() => describe({ imageIds: [{}] }))).toContain("InvalidParameterException");
    expect(await refusal(() => describe({ registryId: "999999999999" }))).toContain("'999999999999'");
  });

  it("knows a repository in the registry's region alone", async () => {
    const { push, describe } = setUp();
    push({ digest: A });
    expect(describe({}, { ...operator, region: "us-east-1" }).imageDetails).toHaveLength(1);
    expect(await refusal(() => describe({}, { ...operator, region: "ap-northeast-1" }))).toContain(
      "RepositoryNotFoundException",
    );
  });
});

describe("BatchDeleteImage", () => {
  const remove = ({ api }: ReturnType<typeof setUp>, ...imageIds: object[]) =>
    api.BatchDeleteImage({ repositoryName, imageIds }, operator);

  it("takes a tag away, and with the last one the image", () => {
    const world = setUp();
    world.push({ digest: A, tag: "1.0.0" });
    world.push({ digest: A, tag: "latest" });
    expect(remove(world, { imageTag: "latest" })).toEqual({
      imageIds: [{ imageDigest: A, imageTag: "latest" }],
      failures: [],
    });
    expect(world.one(A)?.imageTags).toEqual(["1.0.0"]);
    remove(world, { imageTag: "1.0.0" });
    expect(world.describe().imageDetails).toEqual([]);
    expect(world.events().slice(2)).toEqual([
      ["DELETE", "latest"],
      ["DELETE", "1.0.0"],
    ]);
  });

  it("takes a digest away with all its tags, and names what it did not find", () => {
    const world = setUp();
    world.push({ digest: A, tag: "1.0.0" });
    world.push({ digest: A, tag: "latest" });
    world.push({ digest: B });
    expect(remove(world, { imageDigest: A }, { imageDigest: B }, { imageTag: "3" })).toEqual({
      imageIds: [
        { imageDigest: A, imageTag: "1.0.0" },
        { imageDigest: A, imageTag: "latest" },
        { imageDigest: B },
      ],
      failures: [
        {
          imageId: { imageTag: "3" },
          failureCode: "ImageNotFound",
          failureReason: "Requested image not found",
        },
      ],
    });
    expect(world.describe().imageDetails).toEqual([]);
  });

  it("makes an image that is pushed again a new one", async () => {
    const world = setUp();
    world.push({ digest: A, tag: "1.0.0" });
    remove(world, { imageDigest: A });
    await world.clock.advance(1000);
    world.push({ digest: A, tag: "1.0.0" });
    expect(world.one(A)?.imagePushedAt).toEqual(new Date("2026-02-01T01:54:35Z"));
  });
});

describe("GetAuthorizationToken", () => {
  it("answers the user AWS with the password that was issued to the caller", async () => {
    const expiresAt = Date.UTC(2026, 0, 1, 12);
    const model = new ContainerRegistry({
      clock: new VirtualClock(),
      publish: () => {},
      issue: ({ principal }) => ({ password: `for ${principal}`, expiresAt }),
      proxyEndpoint: "http://10.78.0.1:5000",
    });
    const { authorizationData } = await model.operations.GetAuthorizationToken({}, operator);
    expect(authorizationData).toEqual([
      {
        authorizationToken: Buffer.from("AWS:for operator").toString("base64"),
        expiresAt: new Date(expiresAt),
        proxyEndpoint: "http://10.78.0.1:5000",
      },
    ]);
  });

  it("lasts twelve hours, where nobody says otherwise", async () => {
    const { api } = setUp();
    const { authorizationData } = await api.GetAuthorizationToken({}, operator);
    expect(authorizationData).toMatchObject([
      {
        expiresAt: new Date("2026-02-01T13:54:34Z"),
        proxyEndpoint: "https://123456789012.dkr.ecr.us-east-1.amazonaws.com",
      },
    ]);
  });
});
