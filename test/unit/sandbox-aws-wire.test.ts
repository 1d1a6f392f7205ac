// The local endpoint's wire: every operation of every service, through the real SDK clients over real HTTP.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Catalogue, loadCatalogue } from "../../sandbox/aws/catalogue.ts";
import { createEndpoint } from "../../sandbox/aws/endpoint.ts";
import type { Handle } from "../../sandbox/aws/handle.ts";
import type { Schema } from "../../sandbox/aws/schema.ts";

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

beforeAll(async () => {
  catalogue = await loadCatalogue();
  server = createServer(
    createEndpoint({
      catalogue,
      handle: (...call) => answer(...call),
      identify: (accessKeyId) => ({ accessKeyId, principal: "operator" }),
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
  it("round-trips input and output of every operation, and errors", async () => {
    const exports: Record<string, unknown> = await import(packageName);
    const client = new (exports[clientName] as Constructor<Client>)(options());
    const differences: string[] = [];
    const operations = [...(catalogue.get(signingName)?.operations.values() ?? [])];
    expect(operations.length).toBeGreaterThan(10);
    for (const operation of operations) {
      const input = sample(operation.input);
      const output = sample(operation.output);
      let got: unknown;
      answer = async (service, name, received) => {
        got = { service, name, received: normalize(received) };
        return output;
      };
      const Command = exports[`${operation.name}Command`] as Constructor<unknown>;
      try {
        const received = await client.send(new Command(structuredClone(input) as object));
        expect(got).toEqual({ service: signingName, name: operation.name, received: normalize(input) });
        expect(withoutMetadata(received)).toEqual(normalize(output));
      } catch (error) {
        differences.push(`${operation.name}: ${String(error).slice(0, 300)}`);
      }
    }
    expect(differences).toEqual([]);
  });
});
