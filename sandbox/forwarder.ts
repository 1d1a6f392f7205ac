// The sandbox's only door to the machine: listens on loopback ports and passes the bytes on to unix sockets,
// behind which the sandbox's own network namespace answers. A unix socket is a file, so no route, no link and no
// firewall rule is needed on the host.
//
//   node sandbox/forwarder.ts READY_FILE aws=4566:/path/aws.sock elb=8080:/path/elb.sock
//
// A port that is taken is replaced by a free one; READY_FILE then tells which it became.
import { renameSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export interface Forward {
  name: string;
  preferredPort: number;
  socketPath: string;
}

/** `aws=4566:/run/aws.sock` → the forward that it describes. */
export const parseForward = (text: string): Forward => {
  const [, name, port, socketPath] = /^([a-z]+)=(\d+):(.+)$/.exec(text) ?? [];
  if (name === undefined || port === undefined || socketPath === undefined) {
    throw new Error(`"${text}" is no forward. Expected NAME=PORT:/path/of/socket.`);
  }
  return { name, preferredPort: Number(port), socketPath };
};

export interface Door {
  /** The preferred one, or a free one where that was taken. */
  port: number;
  close(): void;
}

/** Resolves once it listens. */
export const forward = async ({ preferredPort, socketPath }: Forward): Promise<Door> => {
  // Half-open on both sides: a client that has said all that it wants to say still gets its answer.
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const inside = connect({ path: socketPath, allowHalfOpen: true });
    join(client, inside);
    join(inside, client);
  });
  const port = await listen(server, preferredPort).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE") throw error;
    return listen(server, 0);
  });
  return { port, close: () => server.close() };
};

/** Passes everything from one side to the other; when a side breaks, so does the other. */
const join = (from: Socket, to: Socket): void => {
  from.pipe(to);
  from.on("error", () => breakOff(to));
  from.on("close", (broken) => (broken ? breakOff(to) : to.end()));
};

/** Only TCP can say "reset"; a unix socket is just gone. */
const breakOff = (socket: Socket): void => {
  if (socket.remoteFamily === undefined) socket.destroy();
  else socket.resetAndDestroy();
};

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });

if (import.meta.main) {
  const [readyFile, ...forwards] = process.argv.slice(2);
  if (readyFile === undefined) throw new Error("Usage: forwarder.ts READY_FILE NAME=PORT:SOCKET...");
  const ports: Record<string, number> = {};
  for (const described of forwards.map(parseForward)) {
    ports[described.name] = (await forward(described)).port;
  }
  // Renamed into place, so that a reader never sees half of it.
  writeFileSync(`${readyFile}.new`, JSON.stringify(ports));
  renameSync(`${readyFile}.new`, readyFile);
}
