// The document log-state of a simulated host: waits for its containers, samples twice, prints facts as the script does.
import { gzipSync } from "node:zlib";
import type { ScriptResult } from "../ports.ts";
import type { Host } from "./host.ts";
import { result, type Script } from "./script.ts";
import type { Task } from "./swarm.ts";

export const logState = async ({ host, swarm, parameter, pause, now }: Script): Promise<ScriptResult> => {
  const until = now() + Number(parameter("waitContainersSeconds")) * 1000;
  const settleMs = Number(parameter("settleSeconds")) * 1000;
  const http = parameter("filebeatHttp");
  const containers = (): Task[] =>
    host.nodeId === undefined
      ? []
      : swarm.tasksOf(host.nodeId).filter(({ status }) => status.state === "running");
  while (containers().length > 0 && now() < until) await pause(1_000);

  const samples = [sample(host, containers(), http, now())];
  if (settleMs > 0) {
    await pause(settleMs);
    samples.push(sample(host, containers(), http, now()));
  }
  const packed = gzipSync(samples.join("")).toString("base64");
  const head = {
    schema: 1,
    taskContainers: containers().length,
    truncated: false,
    samples: samples.length,
    factsLength: packed.length,
  };
  return result(0, `${JSON.stringify(head)}\n${packed}\n`);
};

const sample = (host: Host, containers: readonly Task[], http: string, now: number): string => {
  const { logs } = host;
  const filebeat = logs.filebeat();
  const facts: string[] = [`T\t${Math.floor(now / 1000)}`, "D"];
  for (const { id, service, slot } of containers)
    facts.push(`C\t${id.slice(0, 12)}\t${service.spec.name}.${slot}.${id}`);
  if (http !== "off") {
    if (filebeat === undefined) {
      facts.push(`X\tfilebeat's%20/stats%20on%20${http}%20did%20not%20answer`);
    } else {
      const active = logs.blocked() && logs.backlog() > 0 ? 1 : 0;
      facts.push(
        `S\tbeat.info.ephemeral_id\t${filebeat.startTicks}`,
        `S\tlibbeat.pipeline.events.active\t${active}`,
        "S\tlibbeat.output.events.failed\t0",
        "S\tlibbeat.output.events.dropped\t0",
      );
    }
  }
  if (filebeat) facts.push(`P\t${filebeat.pid}\t${filebeat.startTicks}\t1`);
  facts.push("L\toperation-log\t0");
  for (const file of logs.files) {
    const [size, offset] = [logs.size(file), logs.offset(file)];
    const { device, inode, path } = file;
    facts.push(`F\t${device}\t${inode}\t${size}\tgo\t${size === offset ? "-" : "0"}\t-\t${path}`);
    const key = `filestream::hive::native::${inode}-${device}`;
    const meta = { source: path, identifier_name: "native" };
    facts.push(`E\t${JSON.stringify({ k: key, v: { ttl: -1, cursor: { offset }, meta } })}`);
  }
  return `${facts.join("\n")}\n`;
};
