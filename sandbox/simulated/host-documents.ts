// The documents that run on the host itself, as documents/*.sh answer them.
import { hold } from "./host-images.ts";
import { type AwsCall, type Document, Failed, type Script, words } from "./script.ts";

export const withLock = async (script: Script, seconds: number, refusal: string): Promise<void> => {
  const { host, run, now, pause } = script;
  const until = now() + seconds * 1000;
  while (host.lock !== undefined && !host.lock.over) {
    if (now() >= until) throw new Failed(refusal.split(":")[0] ?? "", refusal.split(": ")[1] ?? "");
    await pause(250);
  }
  host.lock = run;
};

export const joinHost: Document = async (script) => {
  const { host, swarm, timings, parameter, pause, now } = script;
  const [mode, managers, token] = [
    parameter("mode"),
    words(parameter("managers")),
    parameter("tokenParameter"),
  ];
  const [images, directories] = [words(parameter("images")), words(parameter("directories"))];
  const rejoin = parameter("rejoin") === "yes";
  const role = parameter("role") === "manager" ? "manager" : "worker";
  // A simulated host is in or out; what serves and is neither there is not.
  parameter("serving");
  parameter("advertise");
  const readyBy = now() + Number(parameter("readySeconds")) * 1000;
  while (!host.ready()) {
    if (now() >= readyBy)
      throw new Failed("ready", `not ready after ${parameter("readySeconds")} s: filebeat is not active`);
    await pause(500);
  }

  const { pulled, missing } = await hold(script, images);
  for (const directory of directories) host.directories.add(directory);
  if (mode === "ready") return { outcome: "ready", pulled, missing };
  if (mode === "prepare") {
    host.tombstone = false;
    return { outcome: "prepared", pulled, missing };
  }

  await withLock(script, 60, "join: another join or retire holds /run/hive-swarm/lock for over 60 s");
  if (host.tombstone) return { outcome: "retiring" };
  if (host.nodeId !== undefined && rejoin) await leave(script);
  const joined = host.nodeId === undefined ? "now" : "already";
  const causes: string[] = [];
  let reread = false;
  for (const manager of managers) {
    if (host.nodeId !== undefined) break;
    let value = tokenOf(script, token);
    if (!swarm.letsIn(manager)) {
      await pause(25_000);
      causes.push(`${manager}: no answer within 25 s; `);
      continue;
    }
    await pause(timings.joinMs);
    const refused = value;
    if (value !== tokenFor(swarm, role)) {
      causes.push(
        `${manager}: rpc error: code = InvalidArgument desc = A valid join token is necessary to join this cluster; `,
      );
      // It may have been rotated since it was read: once, another one is waited for.
      for (let look = 1; look <= 10 && !reread && value === refused; look++) {
        await pause(1_000);
        value = tokenOf(script, token);
      }
      reread = true;
      if (value !== tokenFor(swarm, role)) continue;
      await pause(timings.joinMs);
    }
    const { instanceId, address } = host;
    host.nodeId = swarm.admit({ instanceId, address, role, availability: "drain" }).id;
    await pause(timings.askMs);
  }
  if (host.nodeId === undefined) throw new Failed("join", `no manager let this host in: ${causes.join("")}`);
  if (role === "manager" && swarm.nodes.get(host.nodeId)?.role === "worker")
    throw new Failed(
      "role",
      `this host is in the swarm (node ${host.nodeId}), and not as a manager: promote it (docker node promote ${host.nodeId}), or have the instance replaced`,
    );
  return { outcome: "joined", nodeId: host.nodeId, joined, pulled, missing };
};

const tokenFor = (swarm: Script["swarm"], role: "manager" | "worker"): string =>
  role === "manager" ? swarm.managerToken : swarm.workerToken;

const tokenOf = (script: Script, name: string): string => {
  script.ask("token", readToken(name));
  const value = script.readParameter(name);
  if (value === undefined) throw new Failed("token", `ssm GetParameter ${name}: ParameterNotFound`);
  return value;
};

export const awaitTasks: Document = async ({ host, swarm, parameter, pause, now }) => {
  const seconds = parameter("waitSeconds");
  const until = now() + Number(seconds) * 1000;
  for (;;) {
    const tasks = host.nodeId === undefined ? [] : swarm.tasksOf(host.nodeId);
    const running = tasks.filter(({ state }) => state === "running").length;
    if (running > 0) return { running };
    if (now() >= until) {
      throw new Failed(
        "tasks",
        `no task runs here ${seconds} s after the node became active; containers: none; ask a manager: docker node ps`,
      );
    }
    await pause(250);
  }
};

export const beginRetire: Document = async (script) => {
  const { host } = script;
  if (script.parameter("markRetiring") === "yes") {
    host.tombstone = true;
    await withLock(script, 90, "begin: a join still holds /run/hive-swarm/lock after 90 s");
  }
  return {
    swarm: host.nodeId === undefined ? "inactive" : "active",
    nodeId: host.nodeId ?? "",
    interruptedAt: host.interruptedAt,
  };
};

export const leaveSwarm: Document = async (script) => {
  const was = script.host.nodeId === undefined ? "inactive" : "active";
  if (was === "active") await leave(script);
  if (script.parameter("clearMark") === "yes") script.host.tombstone = false;
  return { left: true, was };
};

const leave = async ({ host, swarm, timings, pause }: Script): Promise<void> => {
  const { nodeId } = host;
  await pause(timings.leaveMs);
  if (nodeId !== undefined) swarm.left(nodeId);
  host.nodeId = undefined;
};

export const restartShipper: Document = async ({ host, pause }) => {
  await pause(500);
  host.logs.restartFilebeat();
  return { restarted: true };
};

export const rescueLogs: Document = async (script) => {
  const { host, parameter, pause } = script;
  const [bucket, prefix] = [parameter("bucket"), parameter("prefix")];
  parameter("logDirectories");
  const ranges = words(parameter("ranges"));
  const missing: string[] = [];
  let bytes = 0;
  for (const range of ranges) {
    const [device = "", inode = "", offset = "", size = ""] = range.split(":");
    if (!host.logs.files.some((file) => file.device === device && file.inode === inode)) {
      missing.push(range);
      continue;
    }
    await pause(200);
    const length = Number(size) - Number(offset);
    const key = `${prefix}/${device}-${inode}/${offset}-${size}`;
    script.ask("upload", putObject(bucket, key));
    script.rescued.push({ instanceId: host.instanceId, bucket, key, bytes: length });
    bytes += length;
  }
  return { rescued: ranges.length - missing.length, bytes, missing: missing.join(" ") };
};

export const readToken = (Name: string): AwsCall => ({
  service: "ssm",
  operation: "GetParameter",
  input: { Name, WithDecryption: true },
  shown: `ssm GetParameter ${Name}`,
});

export const putObject = (Bucket: string, Key: string): AwsCall => ({
  service: "s3",
  operation: "PutObject",
  input: { Bucket, Key },
  shown: `s3 PUT ${Bucket}/${Key}`,
});
