// The load generator tells the truth: it is pointed at servers that misbehave, and must notice every time.
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { startLoad } from "../../sandbox/demo/load.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const listening = async (server: Server | ReturnType<typeof createTcpServer>): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
};

const serving = (listener: RequestListener): Promise<number> => listening(createServer(listener));

/** Where an answer is to come, no busy machine is so slow that it would not come in this time. */
const PATIENCE_MS = 60_000;

/** Runs the load until `enough` requests were sent. */
const load = async (port: number, enough = 20, timeoutMilliseconds = PATIENCE_MS) => {
  const running = startLoad({
    host: "127.0.0.1",
    port,
    path: (requestNumber) => `/?request=${requestNumber}`,
    answers: (body, requestNumber) => body === `answer ${requestNumber}`,
    ratePerSecond: 200,
    maximumInFlight: 10,
    timeoutMilliseconds,
  });
  while (running.counts().sent < enough) await new Promise((resolve) => setTimeout(resolve, 5));
  return running.stop();
};

const numberOf = (url: string | undefined): string =>
  new URL(url ?? "", "http://x").searchParams.get("request") ?? "";

describe("the load generator", () => {
  it("counts no failure against a service that answers every request", async () => {
    const seen = new Set<string>();
    const port = await serving((request, response) => {
      seen.add(numberOf(request.url));
      response.end(`answer ${numberOf(request.url)}`);
    });
    const counts = await load(port, 40);
    expect(counts).toMatchObject({ failed: 0, reasons: {} });
    expect(seen.size).toBe(counts.sent);
  });

  it("keeps its connections", async () => {
    const connections = new Set<number | undefined>();
    const port = await serving((request, response) => {
      connections.add(request.socket.remotePort);
      response.end(`answer ${numberOf(request.url)}`);
    });
    await load(port, 40);
    expect(connections.size).toBeLessThanOrEqual(10);
  });

  it("counts every answer that is not a 200", async () => {
    const port = await serving((request, response) => {
      response.statusCode = Number(numberOf(request.url)) % 2 === 0 ? 503 : 200;
      response.end(`answer ${numberOf(request.url)}`);
    });
    const counts = await load(port);
    expect(counts.failed).toBe(Math.floor(counts.sent / 2));
    expect(counts.reasons).toEqual({ "status 503": counts.failed });
  });

  it("counts an answer to another request as failed", async () => {
    const port = await serving((_request, response) => response.end("answer 1"));
    const counts = await load(port);
    expect(counts.reasons).toEqual({ "wrong body": counts.sent - 1 });
  });

  it("counts an answer that breaks off", async () => {
    const port = await serving((_request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("answer");
      setTimeout(() => response.destroy(), 5);
    });
    const counts = await load(port);
    expect(counts.failed).toBe(counts.sent);
  });

  it("counts connections that are reset, also kept ones", async () => {
    const port = await listening(
      createTcpServer((socket) => socket.on("data", () => socket.resetAndDestroy())),
    );
    const counts = await load(port);
    expect(counts.failed).toBe(counts.sent);
    expect(Object.keys(counts.reasons)).toEqual(["ECONNRESET on a new connection"]);
  });

  it("counts a service that is not there", async () => {
    const gone = await listening(createTcpServer());
    for (const close of closing.splice(0)) close();
    const counts = await load(gone);
    expect(counts.reasons).toEqual({ "ECONNREFUSED on a new connection": counts.sent });
  });

  it("counts requests that are never answered, and holds no more of them open than it may", async () => {
    let open = 0;
    let most = 0;
    const port = await serving((request) => {
      most = Math.max(most, ++open);
      request.on("close", () => --open);
    });
    const counts = await load(port, 20, 300);
    expect(counts.reasons).toEqual({ timeout: counts.sent });
    expect(most).toBeLessThanOrEqual(10);
  });
});
