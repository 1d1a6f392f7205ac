// The AWS SDK as it is bundled: slimmer, and the same to us. Clients of both protocols, built as the functions are, ask a server.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Each client asks once; what it got is printed. */
const PROGRAM = `
  import { withDurableExecution } from "@aws/durable-execution-sdk-js";
  import { DescribeInstanceHealthCommand, ElasticLoadBalancingClient } from "@aws-sdk/client-elastic-load-balancing";
  import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
  import { GetCommandInvocationCommand, SSMClient } from "@aws-sdk/client-ssm";
  const told = async (asked) => {
    try { return { answer: await asked }; }
    catch ({ name, message, $fault, $metadata }) { return { name, message, $fault, status: $metadata?.httpStatusCode }; }
  };
  const ssm = new SSMClient({ maxAttempts: 1 });
  const command = new GetCommandInvocationCommand({ CommandId: "0123456789012345678901234567890123456", InstanceId: "i-0" });
  console.log(JSON.stringify({
    ssm: await told(ssm.send(command)),
    lambda: await told(new LambdaClient({ maxAttempts: 1 }).send(new InvokeCommand({ FunctionName: "f" }))),
    elb: await told(new ElasticLoadBalancingClient({ maxAttempts: 1 }).send(new DescribeInstanceHealthCommand({ LoadBalancerName: "hive" }))),
    durable: typeof withDurableExecution,
  }));
`;

/** Builds it as scripts/build.ts does. In a process of its own: esbuild does not run among jest's globals. */
const BUILD = `
  import { build } from "esbuild";
  import { slimSdk } from "./scripts/slim-sdk.ts";
  const [entry, outfile] = process.argv.slice(1);
  await build({
    entryPoints: [entry], outfile, bundle: true, minify: true, platform: "node", target: "node24", format: "esm",
    mainFields: ["module", "main"], conditions: ["module"], nodePaths: ["node_modules"], plugins: [slimSdk()], logLevel: "error",
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  });
`;

const QUERY_ERROR =
  "<ErrorResponse><Error><Type>Sender</Type><Code>LoadBalancerNotFound</Code><Message>There is no ACTIVE Load Balancer named 'hive'</Message></Error><RequestId>1</RequestId></ErrorResponse>";

describe("the SDK in the bundles", () => {
  const directory = mkdtempSync(join(tmpdir(), "hive-slim-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it("signs with the credentials in the environment, and throws errors under their names, with their messages", async () => {
    const seen: IncomingHttpHeaders[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers);
      request.resume().once("end", () => {
        if (request.headers["x-amz-target"] !== undefined) {
          response.writeHead(400, { "content-type": "application/x-amz-json-1.1" });
          response.end(
            JSON.stringify({ __type: "com.amazonaws.ssm#InvocationDoesNotExist", message: "not yet" }),
          );
        } else if (request.url?.startsWith("/2015-03-31/")) {
          response.writeHead(400, {
            "content-type": "application/json",
            "x-amzn-errortype": "InvalidParameterValueException",
          });
          response.end(JSON.stringify({ Type: "User", message: "Invalid Checkpoint Token" }));
        } else {
          response.writeHead(400, { "content-type": "text/xml" });
          response.end(QUERY_ERROR);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const [entry, bundle] = [join(directory, "program.mjs"), join(directory, "bundle.mjs")];
      writeFileSync(entry, PROGRAM);
      await execute(process.execPath, ["--input-type=module", "-e", BUILD, entry, bundle]);
      const { stdout } = await execute(process.execPath, [bundle], {
        env: {
          AWS_REGION: "ap-northeast-1",
          AWS_ACCESS_KEY_ID: "AKIAOFTHEFUNCTION",
          AWS_SECRET_ACCESS_KEY: "secret",
          AWS_SESSION_TOKEN: "session",
          AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        },
      });
      const failed = { $fault: "client", status: 400 };
      expect(JSON.parse(stdout)).toEqual({
        ssm: { ...failed, name: "InvocationDoesNotExist", message: "not yet" },
        lambda: { ...failed, name: "InvalidParameterValueException", message: "Invalid Checkpoint Token" },
        // The query protocol's code is LoadBalancerNotFound: the client gives it its name in the API.
        elb: {
          ...failed,
          name: "AccessPointNotFoundException",
          message: "There is no ACTIVE Load Balancer named 'hive'",
        },
        durable: "function",
      });
      expect(seen.map((headers) => headers["x-amz-security-token"])).toEqual(Array(3).fill("session"));
      for (const { authorization } of seen) expect(authorization).toContain("Credential=AKIAOFTHEFUNCTION/");
    } finally {
      server.close();
    }
  });
});
