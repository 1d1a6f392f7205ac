// ECR as a docker client and a host meet it: a push that EventBridge hears of in two regions, and pulls that depend on the role.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { DescribeImagesCommand, GetAuthorizationTokenCommand } from "@aws-sdk/client-ecr";
import type { EventRecord } from "../../sandbox/cloud/buses.ts";
import { addresses, files, names } from "../../sandbox/cloud/configuration.ts";
import { withSandbox } from "./support.ts";

const execute = promisify(execFile);
const sandbox = withSandbox({ workers: 1 });

const workerId = async (): Promise<string> => {
  const [worker] = await sandbox().workers();
  if (!worker) throw new Error("there is no worker");
  return worker.instanceId;
};

/** The machine's own client, with an engine of the sandbox. */
const docker = async (...words: string[]): Promise<string> => {
  const { stateDirectory } = sandbox();
  const socket = join(stateDirectory, "instances", await workerId(), "docker.sock");
  const { stdout } = await execute("docker", [
    "--config",
    join(stateDirectory, "docker"),
    "-H",
    `unix://${socket}`,
    ...words,
  ]);
  return stdout.trim();
};

const logIn = async (): Promise<void> => {
  const { authorizationData } = await sandbox().registry.send(new GetAuthorizationTokenCommand({}));
  const token = Buffer.from(authorizationData?.[0]?.authorizationToken ?? "", "base64").toString();
  await docker("login", "--username", "AWS", "--password", token.slice("AWS:".length), addresses.registry);
};

/** Pushes as the host itself asks for it, with a token of its role. @returns what docker and the registry said */
const asHost = async (words: string): Promise<string> => {
  const script = `metadata=http://169.254.169.254/latest
    token=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' $metadata/api/token)
    get() { curl -s -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/iam/security-credentials/$1"; }
    key=$(get "$(get)" | sed -n 's/.*"AccessKeyId" *: *"\\([^"]*\\)".*/\\1/p')
    curl -s --aws-sigv4 aws:amz:us-east-1:ecr -u "$key:x" -H 'Content-Type: application/x-amz-json-1.1' \\
      -H 'X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken' --data '{}' "$AWS_ENDPOINT_URL/" |
      sed -n 's/.*"authorizationToken":"\\([^"]*\\)".*/\\1/p' | base64 -d | cut -d: -f2- |
      docker --config /tmp/as-host login --username AWS --password-stdin ${addresses.registry} >/dev/null 2>&1
    docker --config /tmp/as-host ${words} 2>&1`;
  const { stdout, stderr } = await sandbox().control.exec(await workerId(), script, 60);
  return stdout + stderr;
};

const imageEvents = (): EventRecord[] =>
  readFileSync(join(sandbox().stateDirectory, files.events), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as EventRecord)
    .filter((event) => event["detail-type"] === "ECR Image Action");

const reference = (repository: string, tag: string): string => `${addresses.registry}/${repository}:${tag}`;

it("the image that was there before anything was automated has made no event", () => {
  expect(imageEvents()).toEqual([]);
});

it("docker push of a version and then latest is one image, and an event a tag in both regions", async () => {
  await logIn();
  const [image = ""] = (await docker("images", "--quiet")).split("\n");
  const container = await docker("create", image);
  await docker("commit", "--change", "ENV VERSION=1.1.0", container, reference("hive-web", "1.1.0"));
  await docker("rm", container);
  await docker("tag", reference("hive-web", "1.1.0"), reference("hive-web", "latest"));
  for (const tag of ["1.1.0", "latest"]) await docker("push", reference("hive-web", tag));

  const { imageDetails } = await sandbox().registry.send(
    new DescribeImagesCommand({ repositoryName: "hive-web", imageIds: [{ imageTag: "latest" }] }),
  );
  const [found] = imageDetails ?? [];
  expect(found?.imageTags).toEqual(["1.1.0", "latest"]);
  expect(Math.abs(Date.now() - Number(found?.imagePushedAt))).toBeLessThan(30_000);
  const seen = await sandbox().until("four events", () => imageEvents().length >= 4 && imageEvents());
  expect(
    seen.map(({ bus, region, detail }) => [bus, region, detail["image-tag"], detail["image-digest"]]),
  ).toEqual(
    ["1.1.0", "latest"].flatMap((tag) =>
      [names.registryRegion, names.region].map((bus) => [bus, "us-east-1", tag, found?.imageDigest]),
    ),
  );
});

it("an image of the sandbox's own making comes the same way, and so does a forged event", async () => {
  const before = imageEvents().length;
  const { digest } = await sandbox().push({ version: "1.2.0", tags: ["1.2.0"] });
  await sandbox().push({ version: "1.2.0", repository: "other-app" });
  await sandbox().forgePush({ repository: "hive-web", digest, tag: "1.2.0", time: new Date("2025-12-24") });
  const seen = await sandbox().until("five events more", () => {
    const events = imageEvents().slice(before);
    return events.length >= 5 && events;
  });
  expect(
    seen.map(({ bus, time, detail }) => [bus, time.slice(0, 4), detail["repository-name"]]).sort(),
  ).toEqual(
    [
      ["ap-northeast-1", "2025", "hive-web"],
      ["ap-northeast-1", seen[0]?.time.slice(0, 4), "hive-web"],
      ["us-east-1", "2025", "hive-web"],
      ["us-east-1", seen[0]?.time.slice(0, 4), "hive-web"],
      // Of no repository that the forwarding rule knows.
      ["us-east-1", seen[0]?.time.slice(0, 4), "other-app"],
    ].sort(),
  );
});

it("a host pulls what its role allows, and pushes nothing", async () => {
  const who = `User: arn:aws:sts::${names.account}:assumed-role/hive-swarm-dev-WorkerInstanceRole/${await workerId()}`;
  expect(await asHost(`pull ${reference("hive-web", "1.2.0")}`)).toContain("Downloaded newer image");
  expect(await asHost(`pull ${reference("other-app", "1.2.0")}`)).toContain(
    `denied: ${who} is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:us-east-1:${names.account}:repository/other-app because no identity-based policy allows`,
  );
  expect(await asHost(`push ${reference("hive-web", "1.2.0")}`)).toContain(
    `${who} is not authorized to perform: ecr:`,
  );
  await sandbox().control.refusePulls("hive-web");
  expect(await asHost(`pull ${reference("hive-web", "latest")}`)).toContain(
    "with an explicit deny in a resource-based policy",
  );
  await sandbox().control.refusePulls("hive-web", false);
  expect(await asHost(`pull ${reference("hive-web", "latest")}`)).toContain("up to date");
});

it("an image that was deleted is there for nobody", async () => {
  const { digest } = await sandbox().push({ version: "1.3.0", tags: [] });
  await sandbox().deleteImage("hive-web", digest);
  expect(await asHost(`pull ${addresses.registry}/hive-web@${digest}`)).toContain(
    "manifest unknown: Requested image not found",
  );
  await expect(sandbox().deleteImage("hive-web", digest)).rejects.toThrow("Requested image not found");
});
