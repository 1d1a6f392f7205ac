// The stand-in's /stats: exactly those members of filebeat's that the operator reads.

import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";

export const version = "8.17.0-stand-in";

export class Statistics {
  readonly ephemeralId: string = randomUUID();
  pipelineActive = 0;
  outputActive = 0;
  acked = 0;
  failed = 0;
  dropped = 0;
  openFiles = 0;

  toJSON(): unknown {
    return {
      beat: { info: { ephemeral_id: this.ephemeralId } },
      filebeat: { harvester: { open_files: this.openFiles, running: this.openFiles } },
      libbeat: {
        output: {
          events: {
            acked: this.acked,
            active: this.outputActive,
            dropped: this.dropped,
            failed: this.failed,
          },
        },
        pipeline: { events: { active: this.pipelineActive } },
      },
    };
  }
}

export const serveStatistics = async (
  statistics: Statistics,
  { host, port }: { host: string; port: number },
): Promise<Server> => {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://shipper").pathname;
    const body = path === "/stats" ? statistics : path === "/" ? { beat: "filebeat", version } : undefined;
    response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(body ?? { error: "not found" }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return server;
};
