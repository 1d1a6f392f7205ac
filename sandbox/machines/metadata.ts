// The instance metadata service, version 2 only: who asks is known by the address that the question comes from.
// Not emulated: the hop limit. On AWS an answer with a limit of 1 cannot reach a container behind the instance's
// bridge; here containers get an answer, so the sandbox proves nothing about what they could read.

import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";

export interface MetadataSubject {
  instanceId: string;
  address: string;
  hostName: string;
  roleName: string;
}

export interface MetadataOptions {
  region: string;
  account: string;
  byAddress: (address: string) => MetadataSubject | undefined;
  /** The time of a Spot interruption, where one was announced. */
  interruption: (instanceId: string) => Date | undefined;
  lifecycleState: (instanceId: string) => string | undefined;
  now?: () => number;
  host?: string;
  port?: number;
}

/** AWS renews role credentials long before they end; six hours is what it hands out. */
const credentialsMilliseconds = 6 * 3_600_000;
const maximumTokenSeconds = 21_600;

/** `ASIA` and the 16 digits of the id: 20 characters, as an access key id of temporary credentials has. */
export const accessKeyOf = (instanceId: string): string =>
  `ASIA${instanceId.slice("i-0".length).toUpperCase()}`;

/** The instance whose role credentials these are; undefined for any other access key. */
export function instanceOfAccessKey(accessKeyId: string): string | undefined {
  const digits = /^ASIA([0-9A-F]{16})$/.exec(accessKeyId)?.[1];
  return digits === undefined ? undefined : `i-0${digits.toLowerCase()}`;
}

/** Starts the service, by default on the link-local address that instances know. */
export async function startMetadata(options: MetadataOptions): Promise<Server> {
  const now = options.now ?? Date.now;
  const tokens = new Map<string, number>();
  const server = createServer((request, response) => {
    const answer = (status: number, body = "") =>
      response.writeHead(status, { "content-type": "text/plain", server: "EC2ws" }).end(body);
    if (request.method === "PUT" && request.url === "/latest/api/token") {
      const seconds = Number(request.headers["x-aws-ec2-metadata-token-ttl-seconds"]);
      // A forwarded request may come from outside: AWS refuses it a token too.
      if (request.headers["x-forwarded-for"] !== undefined) return answer(403);
      if (!Number.isInteger(seconds) || seconds < 1 || seconds > maximumTokenSeconds) return answer(400);
      for (const [token, until] of tokens) if (until <= now()) tokens.delete(token);
      const token = randomBytes(40).toString("base64");
      tokens.set(token, now() + seconds * 1000);
      response.setHeader("x-aws-ec2-metadata-token-ttl-seconds", String(seconds));
      return answer(200, token);
    }
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405);
    if ((tokens.get(String(request.headers["x-aws-ec2-metadata-token"])) ?? 0) <= now()) return answer(401);
    const subject = options.byAddress(addressOf(request));
    const body = subject === undefined ? undefined : look(request.url ?? "", subject, options, now());
    return body === undefined ? answer(404) : answer(200, body);
  });
  await new Promise<void>((done, failed) => {
    server.once("error", failed);
    server.listen(options.port ?? 80, options.host ?? "169.254.169.254", () => done());
  });
  return server;
}

function look(
  url: string,
  subject: MetadataSubject,
  options: MetadataOptions,
  now: number,
): string | undefined {
  const { instanceId, address, hostName, roleName } = subject;
  const { region, account } = options;
  const zone = `${region}a`;
  const time = (milliseconds: number) => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
  switch (url.replace(/^\/latest\//, "")) {
    case "meta-data/instance-id":
      return instanceId;
    case "meta-data/local-ipv4":
      return address;
    case "meta-data/local-hostname":
    case "meta-data/hostname":
      return hostName;
    case "meta-data/placement/region":
      return region;
    case "meta-data/placement/availability-zone":
      return zone;
    case "meta-data/iam/security-credentials":
    case "meta-data/iam/security-credentials/":
      return roleName;
    case `meta-data/iam/security-credentials/${roleName}`:
      return JSON.stringify(
        {
          Code: "Success",
          LastUpdated: time(now),
          Type: "AWS-HMAC",
          AccessKeyId: accessKeyOf(instanceId),
          SecretAccessKey: "sandbox",
          Token: `sandbox-${instanceId}`,
          Expiration: time(now + credentialsMilliseconds),
        },
        undefined,
        2,
      );
    case "meta-data/spot/instance-action": {
      const at = options.interruption(instanceId);
      return at && JSON.stringify({ action: "terminate", time: time(at.getTime()) });
    }
    case "meta-data/autoscaling/target-lifecycle-state":
      return options.lifecycleState(instanceId);
    case "dynamic/instance-identity/document":
      return JSON.stringify({
        accountId: account,
        availabilityZone: zone,
        instanceId,
        privateIp: address,
        region,
      });
    default:
      return undefined;
  }
}

/** IPv4 addresses may come written as IPv6 ones. */
const addressOf = (request: IncomingMessage): string =>
  (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
