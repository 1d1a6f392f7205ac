// The door between the machine and the sandbox passes bytes, endings and failures on as they are.
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type Door, forward, parseForward } from "../../sandbox/forwarder.ts";

const directory = mkdtempSync(join(tmpdir(), "hive-forwarder-"));
const socketPath = join(directory, "inside.sock");
let inside: Server | undefined;
let door: Door | undefined;

const open = new Set<Socket>();

afterEach(async () => {
  for (const socket of open) socket.destroy();
  open.clear();
  door?.close();
  await new Promise((resolve) => (inside ? inside.close(resolve) : resolve(undefined)));
  inside = undefined;
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A service behind the socket, and a connection to it through the door. */
const through = async (serve: (socket: Socket) => void, preferredPort = 0): Promise<Socket> => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    serve(socket);
  });
  inside = server;
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  door = await forward({ name: "test", preferredPort, socketPath });
  const client = connect({ port: door.port, host: "127.0.0.1", allowHalfOpen: true });
  open.add(client);
  return client;
};

describe("the forwarder", () => {
  it("passes megabytes on in both directions, unchanged, and both endings", async () => {
    const sent = Buffer.alloc(3_000_000, "every byte counts ");
    const client = await through((socket) => void buffer(socket).then((all) => socket.end(all)));
    client.end(sent);
    expect((await buffer(client)).equals(sent)).toBe(true);
  });

  it("goes on after a client broke its connection, and lets the service know", async () => {
    const ended = Promise.withResolvers<void>();
    const client = await through((socket) => {
      socket.resume();
      socket.on("error", () => {});
      socket.once("close", () => ended.resolve());
      socket.once("end", () => socket.end());
    });
    client.write("hello");
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.resetAndDestroy();
    await ended.promise;
    const next = connect({ port: door?.port ?? 0, host: "127.0.0.1", allowHalfOpen: true });
    open.add(next);
    next.end("again");
    expect((await buffer(next)).toString()).toBe("");
  });

  it("closes the connection of whoever comes while nothing answers inside", async () => {
    door = await forward({ name: "test", preferredPort: 0, socketPath: join(directory, "nobody.sock") });
    const client = connect({ port: door.port, host: "127.0.0.1" });
    client.on("error", () => {});
    await expect(new Promise((resolve) => client.on("close", () => resolve("closed")))).resolves.toBe(
      "closed",
    );
  });

  it("takes a free port where the preferred one is taken", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const taken = (other.address() as AddressInfo).port;
    const client = await through((socket) => socket.end("here"), taken);
    expect((await buffer(client)).toString()).toBe("here");
    expect(door?.port).not.toBe(taken);
    await new Promise((resolve) => other.close(resolve));
  });
});

describe("the description of a forward", () => {
  it("names it, its port and its socket", () => {
    expect(parseForward("aws=4566:/my state/aws.sock")).toEqual({
      name: "aws",
      preferredPort: 4566,
      socketPath: "/my state/aws.sock",
    });
  });

  it.each(["aws", "aws=x:/s", "aws=1:", "=1:/s"])("is refused when it reads %j", (text) => {
    expect(() => parseForward(text)).toThrow("is no forward");
  });
});
