// Events of the registry's region: cluster/registry-events.yml forwards them to the bus of the swarm's region, where the rules of
// the packaged template wait.

import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { createHandle } from "../../sandbox/aws/handle.ts";
import { inProcessClient } from "../../sandbox/aws/in-process.ts";
import { putPush } from "../../sandbox/cli/forged-push.ts";
import { VirtualClock } from "../../sandbox/clock.ts";
import { EventBus } from "../../sandbox/events/event-bus.ts";
import { eventsModel } from "../../sandbox/events/events-model.ts";
import { createRegistryBus } from "../../sandbox/events/registry-bus.ts";
import { sandboxAccount, sandboxRegistry } from "../../sandbox/models/account.ts";
import { ContainerRegistry } from "../../sandbox/models/registry/container-registry.ts";
import type { AwsEvent } from "../../sandbox/ports.ts";
import { readRegistryTemplate } from "../../sandbox/template/registry-template.ts";
import { readTemplate } from "../../sandbox/template/template.ts";
import type { Template } from "../../sandbox/template/types.ts";
import { disturbance } from "../../sandbox/unpleasant/events.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const HOME = "arn:aws:events:ap-northeast-1:123456789012:event-bus/default";
const registryTemplate = (parameters: Record<string, string> = {}): Template =>
  readRegistryTemplate(".", {
    account: sandboxRegistry.id,
    region: sandboxRegistry.region,
    stackName: "registry-events",
    parameters,
  });

const packagedTemplate = (): Template =>
  readTemplate(".serverless", { account: sandboxAccount.id, region: sandboxAccount.region });

const setUp = (template: Pick<Template, "rules" | "roles"> = registryTemplate()) => {
  const clock = new VirtualClock();
  const seen: { bus: string; event: AwsEvent }[] = [];
  const dispatched: AwsEvent[] = [];
  const letters: { queue: string; attributes: Record<string, string> }[] = [];
  const common = (region: string) => ({
    clock,
    account: sandboxAccount.id,
    region,
    deadLetter: (queue: string, _body: string, attributes: Record<string, string>) =>
      void letters.push({ queue, attributes }),
    onEvent: (event: AwsEvent) => void seen.push({ bus: region, event }),
  });
  const { rules } = packagedTemplate();
  const home = new EventBus({
    ...common(sandboxAccount.region),
    rules,
    deliver: (_arn, event) => void dispatched.push(event),
  });
  const registryBus = createRegistryBus({ ...common(sandboxRegistry.region), template, home });
  const registry = new ContainerRegistry({ clock, publish: registryBus.publish });
  const handle = createHandle({ models: [eventsModel(home, registryBus)], clock });
  const client = (region: string) =>
    inProcessClient<EventBridgeClient>(handle, "events", {
      accessKeyId: "OPERATOR",
      principal: "operator",
      region,
    });
  return { clock, seen, dispatched, letters, home, registryBus, registry, client };
};

describe("a push to ECR", () => {
  it("is seen in the registry's region, and then in the swarm's, still as the registry's event", async () => {
    const { clock, registry, seen, dispatched } = setUp();
    registry.push({ repository: "hive-web", tag: "1.4.2", digest: DIGEST });
    await clock.advance(0);
    expect(seen.map(({ bus }) => bus)).toEqual(["us-east-1", "ap-northeast-1"]);
    expect(seen[1]?.event).toEqual(seen[0]?.event);
    expect(dispatched).toEqual([
      {
        version: "0",
        id: expect.any(String),
        source: "aws.ecr",
        "detail-type": "ECR Image Action",
        account: "123456789012",
        region: "us-east-1",
        time: "2026-01-01T00:00:00Z",
        resources: [],
        detail: expect.objectContaining({ "repository-name": "hive-web", "image-tag": "1.4.2" }),
      },
    ]);
  });

  it("of a repository of others, and a deletion, stay where they are", async () => {
    const { clock, registry, seen } = setUp();
    registry.push({ repository: "other-app", tag: "1", digest: DIGEST });
    registry.push({ repository: "hive-web", tag: "1", digest: DIGEST });
    registry.operations.BatchDeleteImage(
      { repositoryName: "hive-web", imageIds: [{ imageDigest: DIGEST }] },
      { accessKeyId: "", principal: "operator" },
    );
    await clock.advance(0);
    expect(seen.filter(({ bus }) => bus === "us-east-1")).toHaveLength(3);
    const home = seen.filter(({ bus }) => bus === "ap-northeast-1");
    expect(home.map(({ event }) => event.detail["repository-name"])).toEqual(["hive-web"]);
  });

  it("is lost, doubled and delayed on its last way like every event", async () => {
    const { clock, home, registry, dispatched } = setUp();
    const push = async () => {
      registry.push({ repository: "hive-web", tag: "latest", digest: DIGEST });
      await clock.advance(0);
    };
    home.disturb(disturbance({ detailType: "ECR Image Action", deliveries: [[], [0, 9000]] }));
    await push();
    expect(dispatched).toHaveLength(0);
    await push();
    expect(dispatched).toHaveLength(1);
    await clock.advance(9000);
    expect(dispatched).toHaveLength(2);
  });
});

describe("the forwarding rule", () => {
  it("has the dead-letter queue of its own region for what it cannot hand over", async () => {
    const template = registryTemplate();
    const powerless = template.roles.map((role) => ({ ...role, policies: [] }));
    const { clock, registry, letters, dispatched } = setUp({ ...template, roles: powerless });
    registry.push({ repository: "hive-web", tag: "1.4.2", digest: DIGEST });
    await clock.advance(0);
    expect(dispatched).toEqual([]);
    expect(letters).toEqual([
      {
        queue: "arn:aws:sqs:us-east-1:123456789012:registry-events-DeadLetters",
        attributes: expect.objectContaining({
          ERROR_CODE: "NO_PERMISSIONS",
          ERROR_MESSAGE: expect.stringContaining(`events:PutEvents on resource: ${HOME}`),
          TARGET_ARN: HOME,
        }),
      },
    ]);
  });

  it("goes where the parameters say, with a role for that bus and no other", () => {
    const [rule] = registryTemplate({ SwarmRegion: "eu-west-1", SwarmAccount: "999999999999" }).rules;
    const { roles } = registryTemplate({ SwarmRegion: "eu-west-1", SwarmAccount: "999999999999" });
    const bus = "arn:aws:events:eu-west-1:999999999999:event-bus/default";
    expect(rule?.targets).toMatchObject([{ arn: bus, roleArn: roles[0]?.arn }]);
    expect(roles[0]?.policies.map(({ name, statements }) => ({ name, statements }))).toEqual([
      { name: "forward", statements: [{ Effect: "Allow", Action: "events:PutEvents", Resource: bus }] },
    ]);
    expect(registryTemplate({ Repositories: "team/*" }).rules[0]?.pattern?.detail).toMatchObject({
      "repository-name": [{ wildcard: "team/*" }],
    });
  });

  it("and the rule that waits for its events ask for the same of an event", () => {
    const patterns = [registryTemplate(), packagedTemplate()].map(({ rules }) =>
      rules.find(({ pattern }) => [pattern?.source].flat().includes("aws.ecr")),
    );
    // That one hears of its own region as well, where a repository of the same name is another one.
    expect({ ...patterns[0]?.pattern, region: ["us-east-1"] }).toEqual(patterns[1]?.pattern);
    expect(patterns[0]?.targets[0]?.maximumEventAgeSeconds).toBe(
      patterns[1]?.targets[0]?.maximumEventAgeSeconds,
    );
  });
});

describe("events by hand", () => {
  it("go to the bus of the region that the caller asks", async () => {
    const { clock, client, seen, dispatched } = setUp();
    await putPush(client("us-east-1"), { repository: "hive-web", digest: DIGEST, tag: "1" });
    await putPush(client("ap-northeast-1"), { repository: "hive-web", digest: DIGEST, tag: "2" });
    await clock.advance(0);
    expect(seen.map(({ bus, event }) => [bus, event.detail["image-tag"], event.region])).toEqual([
      ["us-east-1", "1", "us-east-1"],
      ["ap-northeast-1", "2", "ap-northeast-1"],
      ["ap-northeast-1", "1", "us-east-1"],
    ]);
    expect(dispatched.map((event) => event.detail["image-tag"])).toEqual(["1"]);
    await expect(putPush(client("eu-west-1"), { repository: "hive-web", digest: DIGEST })).rejects.toThrow(
      "no EventBridge in eu-west-1",
    );
  });

  it("can be of another time and of another kind", async () => {
    const { clock, client, dispatched } = setUp();
    const time = new Date("2025-12-24T18:00:00Z");
    await putPush(client("us-east-1"), { repository: "hive-web", digest: DIGEST, time });
    await putPush(client("us-east-1"), {
      repository: "hive-web",
      digest: DIGEST,
      detail: { result: "FAILURE" },
    });
    await clock.advance(0);
    expect(dispatched.map((event) => [event.time, event.detail["image-tag"]])).toEqual([
      ["2025-12-24T18:00:00Z", ""],
    ]);
  });
});
