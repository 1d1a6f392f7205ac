// The local endpoint's wire: every operation of every service, through the real SDK clients over real HTTP.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  DescribeInstanceHealthCommand,
  ElasticLoadBalancingClient,
  InvalidEndPointException,
} from "@aws-sdk/client-elastic-load-balancing";
import { InvalidInstanceId, SendCommandCommand, SSMClient } from "@aws-sdk/client-ssm";
import { type Catalogue, loadCatalogue } from "../../sandbox/aws/catalogue.ts";
import { createEndpoint } from "../../sandbox/aws/endpoint.ts";
import type { Handle } from "../../sandbox/aws/handle.ts";
import type { Schema } from "../../sandbox/aws/schema.ts";
import { AwsError } from "../../sandbox/ports.ts";

/** A sample value for any schema: every member set, recursion cut. */
const sample = (schema: Schema, seen: readonly string[] = []): unknown => {
  if (schema.isUnitSchema()) return {};
  if (schema.isStructSchema()) {
    const name = schema.getName(true) ?? "";
    if (seen.includes(name)) return {};
    const output: Record<string, unknown> = {};
    for (const [key, member] of schema.structIterator()) {
      if (recurs(member, [...seen, name])) continue;
      if (member.getMergedTraits().httpResponseCode) output[key] = 200;
      else output[key] = sample(member, [...seen, name]);
      if (schema.isUnionSchema()) break;
    }
    return output;
  }
  if (schema.isListSchema()) return [1, 2].map(() => sample(schema.getValueSchema(), seen));
  if (schema.isMapSchema()) {
    const keys = schema.getMergedTraits().httpPrefixHeaders ? ["k1"] : ["k1", "k <&2>"];
    return Object.fromEntries(keys.map((key) => [key, sample(schema.getValueSchema(), seen)]));
  }
  if (schema.isNumericSchema()) return 1 + Math.floor(Math.random() * 1000);
  if (schema.isBooleanSchema()) return Math.random() < 0.5;
  if (schema.isTimestampSchema()) return new Date(Math.floor(Math.random() * 2e9) * 1000);
  if (schema.isBlobSchema()) return new Uint8Array(Buffer.from('{"some":"payload"}'));
  return `s<&>"'/ ${Math.floor(Math.random() * 1e6)}`;
};

const recurs = (member: Schema, seen: readonly string[]): boolean => {
  const item = member.isListSchema() || member.isMapSchema() ? member.getValueSchema() : member;
  return item.isStructSchema() && seen.includes(item.getName(true) ?? "");
};

interface Client {
  send(command: unknown): Promise<Record<string, unknown>>;
  middlewareStack: { remove(name: string): boolean };
}
type Constructor<Instance> = new (options: object) => Instance;

let catalogue: Catalogue;
let server: Server;
let endpoint: string;
let answer: Handle = async () => ({});
const faults: unknown[] = [];

beforeAll(async () => {
  catalogue = await loadCatalogue();
  server = createServer(
    createEndpoint({
      catalogue,
      handle: (...call) => answer(...call),
      identify: (accessKeyId) =>
        accessKeyId === "NOBODY" ? undefined : { accessKeyId, principal: "operator" },
      onError: (error) => faults.push(error),
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const options = () => ({
  region: "us-east-1",
  endpoint,
  maxAttempts: 1,
  md5: false,
  credentials: { accessKeyId: "AKIA", secretAccessKey: "x" },
});

const services: [string, string, string][] = [
  ["autoscaling", "@aws-sdk/client-auto-scaling", "AutoScalingClient"],
  ["elasticloadbalancing", "@aws-sdk/client-elastic-load-balancing", "ElasticLoadBalancingClient"],
  ["ssm", "@aws-sdk/client-ssm", "SSMClient"],
  ["ecr", "@aws-sdk/client-ecr", "ECRClient"],
  ["events", "@aws-sdk/client-eventbridge", "EventBridgeClient"],
  ["sqs", "@aws-sdk/client-sqs", "SQSClient"],
];

const withoutMetadata = ({ $metadata: _, ...rest }: Record<string, unknown>): unknown => normalize(rest);

/** As JSON, so that an absent member and an undefined one are the same. */
const normalize = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe.each(services)("%s", (signingName, packageName, clientName) => {
  it("round-trips input and output of every operation", async () => {
    const exports: Record<string, unknown> = await import(packageName);
    const client = new (exports[clientName] as Constructor<Client>)(options());
    const operations = [...(catalogue.get(signingName)?.operations.values() ?? [])];
    expect(operations.length).toBeGreaterThan(10);
    for (const operation of operations) {
      const input = sample(operation.input) as Record<string, unknown>;
      // A host name that the client itself puts into the address.
      delete input.EndpointId;
      const output = sample(operation.output);
      let got: unknown;
      answer = async (service, name, received) => {
        got = { service, name, received: normalize(received) };
        return output;
      };
      const Command = exports[`${operation.name}Command`] as Constructor<unknown>;
      const received = await client.send(new Command(input));
      expect(got).toEqual({ service: signingName, name: operation.name, received: normalize(input) });
      expect(withoutMetadata(received)).toEqual(normalize(output));
    }
  });
});

describe("errors", () => {
  it("arrive as the client's own, whichever of their two names the model used", async () => {
    const elb = new ElasticLoadBalancingClient(options());
    for (const code of ["InvalidInstance", "InvalidEndPointException"]) {
      answer = async () => {
        throw new AwsError(code, "Could not find EC2 instance <i-0>.");
      };
      const error = await elb
        .send(new DescribeInstanceHealthCommand({ LoadBalancerName: "hive" }))
        .catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(InvalidEndPointException);
      expect(error).toMatchObject({
        message: "Could not find EC2 instance <i-0>.",
        $metadata: { httpStatusCode: 400 },
      });
    }
  });

  it("of JSON services carry their type and status", async () => {
    answer = async () => {
      throw new AwsError("InvalidInstanceId", "Instances [[i-0]] not in a valid state");
    };
    await expect(
      new SSMClient(options()).send(new SendCommandCommand({ DocumentName: "d", InstanceIds: ["i-0"] })),
    ).rejects.toBeInstanceOf(InvalidInstanceId);
  });

  it("that are the sandbox's own faults answer InternalFailure, and are reported", async () => {
    answer = async () => {
      throw new TypeError("x is undefined");
    };
    await expect(
      new SSMClient(options()).send(new SendCommandCommand({ DocumentName: "d" })),
    ).rejects.toMatchObject({
      name: "InternalFailure",
      $metadata: { httpStatusCode: 500 },
    });
    expect(faults.map(String)).toContain("TypeError: x is undefined");
  });

  it("name an operation that no service has, and a key that nobody has", async () => {
    const post = (service: string, accessKeyId: string, headers: Record<string, string>, body: string) =>
      fetch(endpoint, {
        method: "POST",
        headers: {
          authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/us-east-1/${service}/aws4_request`,
          ...headers,
        },
        body,
      }).then((response) => response.text());
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect(await post("autoscaling", "AKIA", form, "Action=Fly")).toContain("<Code>InvalidAction</Code>");
    expect(await post("ssm", "AKIA", { "x-amz-target": "AmazonSSM.Fly" }, "{}")).toContain(
      "UnknownOperationException",
    );
    expect(await post("ssm", "NOBODY", { "x-amz-target": "AmazonSSM.SendCommand" }, "{}")).toContain(
      "UnrecognizedClientException",
    );
    expect(await post("kinesis", "AKIA", {}, "{}")).toContain("no service kinesis");
    // In XML for those that speak it, as the aws CLI does with EC2.
    expect(await post("ec2", "AKIA", form, "Action=DescribeInstances")).toMatch(
      /^<Response><Errors><Error><Code>InvalidAction<\/Code><Message>The sandbox has no service ec2; it has .*autoscaling.*, s3\.<\/Message>/,
    );
    expect(await (await fetch(endpoint)).text()).toContain("MissingAuthenticationToken");
  });
});

it("a call says for which region it is signed", async () => {
  const regions: (string | undefined)[] = [];
  answer = async (_service, _operation, _input, { region }) => {
    regions.push(region);
    return {};
  };
  for (const region of ["us-east-1", "ap-northeast-1"]) {
    const client = new SSMClient({ ...options(), region });
    await client.send(new SendCommandCommand({ DocumentName: "d" }));
    client.destroy();
  }
  expect(regions).toEqual(["us-east-1", "ap-northeast-1"]);
});

describe("SQS", () => {
  it("also answers the query protocol, which older clients still speak", async () => {
    answer = async (_service, _operation, input) => ({
      Messages: [{ MessageId: "1", Body: JSON.stringify(input) }],
    });
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        authorization: "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/sqs/aws4_request",
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
      },
      body: "Action=ReceiveMessage&QueueUrl=http%3A%2F%2Fx%2Fq&AttributeName.1=All&MaxNumberOfMessages=2",
    });
    const text = await response.text();
    expect(text).toContain("<ReceiveMessageResult><Message><MessageId>1</MessageId><Body>");
    expect(text).toContain("&#34;AttributeNames&#34;:[&#34;All&#34;]");
    expect(text).toContain("&#34;MaxNumberOfMessages&#34;:2");
  });
});
