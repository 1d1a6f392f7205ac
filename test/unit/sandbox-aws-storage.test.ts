// S3 and SQS of the sandbox, through the real clients.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { loadCatalogue } from "../../sandbox/aws/catalogue.ts";
import { createEndpoint } from "../../sandbox/aws/endpoint.ts";
import { createHandle } from "../../sandbox/aws/handle.ts";
import { s3Model } from "../../sandbox/aws/s3.ts";
import { Queues } from "../../sandbox/aws/sqs.ts";
import { VirtualClock } from "../../sandbox/clock.ts";
import { memoryJournal } from "../../sandbox/lambda/journal.ts";

const directory = mkdtempSync(join(tmpdir(), "hive-s3-test-"));
const clock = new VirtualClock();
const journal = memoryJournal();
const surroundings = { clock, account: "123456789012", region: "ap-northeast-1", names: ["dead"], journal };
const queues = new Queues(surroundings);
let server: Server;
let s3: S3Client;
let sqs: SQSClient;

beforeAll(async () => {
  const catalogue = await loadCatalogue(["sqs"]);
  const handle = createHandle({ models: [s3Model({ directory }), queues.model], clock, catalogue });
  const identify = (accessKeyId: string) => ({ accessKeyId, principal: "operator" });
  server = createServer(createEndpoint({ handle, catalogue, identify }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const options = {
    region: "ap-northeast-1",
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    maxAttempts: 1,
    credentials: { accessKeyId: "AKIA", secretAccessKey: "x" },
  };
  s3 = new S3Client(options);
  sqs = new SQSClient(options);
});
afterAll(async () => {
  s3.destroy();
  sqs.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

describe("S3", () => {
  const Bucket = "rescued-logs";
  const Key = "i-01/var/log hive/../app.log@0-12";

  it("keeps objects as they were put, in one piece or as a stream", async () => {
    const Body = Buffer.from([0, 1, 2, 255, 13, 10]);
    await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
    const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
    expect([...((await got.Body?.transformToByteArray()) ?? [])]).toEqual([...Body]);

    const stream = Readable.from([Buffer.from("one "), Buffer.from("two")]);
    await s3.send(new PutObjectCommand({ Bucket, Key: "stream", Body: stream, ContentLength: 7 }));
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "stream" }));
    expect(head.ContentLength).toBe(7);
    const text = await (
      await s3.send(new GetObjectCommand({ Bucket, Key: "stream" }))
    ).Body?.transformToString();
    expect(text).toBe("one two");
  });

  it("lists by prefix, deletes, and keeps every key inside its bucket", async () => {
    const list = async (Prefix?: string) =>
      (await s3.send(new ListObjectsV2Command({ Bucket, Prefix }))).Contents?.map((object) => object.Key);
    expect(await list()).toEqual([Key, "stream"]);
    expect(await list("i-01/")).toEqual([Key]);
    expect(readdirSync(directory)).toEqual([Bucket]);
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "stream" }));
    expect(await list()).toEqual([Key]);
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: "stream" }))).rejects.toMatchObject({
      name: "NoSuchKey",
    });
  });
});

describe("SQS", () => {
  const url = async () => (await sqs.send(new GetQueueUrlCommand({ QueueName: "dead" }))).QueueUrl;
  const count = async () =>
    (await sqs.send(new GetQueueAttributesCommand({ QueueUrl: await url(), AttributeNames: ["All"] })))
      .Attributes;

  it("gives what was sent, hides it for a while, and forgets what was deleted", async () => {
    const QueueUrl = await url();
    queues.send("arn:aws:sqs:ap-northeast-1:123456789012:dead", "letter", { ERROR_CODE: "Timeout" });
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "second" }));
    expect(await count()).toMatchObject({ ApproximateNumberOfMessages: "2" });
    const receive = async () =>
      (
        await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 60 }),
        )
      ).Messages;
    const [letter, second] = (await receive()) ?? [];
    expect(letter?.Body).toBe("letter");
    expect(letter?.MessageAttributes?.ERROR_CODE?.StringValue).toBe("Timeout");
    expect(second?.Body).toBe("second");
    expect(await receive()).toBeUndefined();
    expect(await count()).toMatchObject({
      ApproximateNumberOfMessages: "0",
      ApproximateNumberOfMessagesNotVisible: "2",
    });
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: letter?.ReceiptHandle }));
    await clock.advance(61_000);
    expect((await receive())?.map(({ Body }) => Body)).toEqual(["second"]);
  });

  it("keeps messages over a restart", () => {
    const restarted = new Queues(surroundings);
    expect(restarted.messages("dead").map(({ body }) => body)).toEqual(["second"]);
  });

  it("names the queues there are, when asked for another", async () => {
    const error = await sqs
      .send(new GetQueueUrlCommand({ QueueName: "alive" }))
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(QueueDoesNotExist);
    expect(error).toMatchObject({ message: expect.stringContaining("dead") });
  });
});
