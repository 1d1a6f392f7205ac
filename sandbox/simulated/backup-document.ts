// The document that saves the swarm's state, on a manager: backup-swarm, as documents/backup-swarm.sh answers it.
import { putObject } from "./host-documents.ts";
import { requireLeader, requireManager } from "./manager-documents.ts";
import { type Document, Failed, type Script } from "./script.ts";
import type { SwarmNode } from "./swarm.ts";

/** After this the engine is started again by itself. */
const GUARD_MS = 180_000;
const STALE_SECONDS = 600;
const LABEL = "hive.backup";

export const backupSwarm: Document = async (script) => {
  const { host, swarm, timings, parameter, pause } = script;
  const [bucket, prefix, time] = [parameter("bucket"), parameter("prefix"), parameter("time")];
  const asked = parameter("engine");
  for (const until = script.now() + 240_000; host.backup?.over === false; await pause(250))
    if (script.now() >= until)
      throw new Failed(
        "backup",
        "another backup of this host holds /run/hive-swarm/backup.lock for over 240 s",
      );
  host.backup = script.run;
  const before = host.backups.get(time);
  if (before !== undefined) return before;
  requireManager(script);
  await pause(timings.askMs);
  const count = managersOf(script).length;
  const engine = swarm.autolock || count < 3 ? "running" : asked;
  let away = 0;
  if (engine === "stopped") {
    const kept = keptBy(script);
    if (kept !== undefined) return kept;
    await relabel(script, `${Math.floor(script.now() / 1000)}`);
    const keptStill = keptBy(script);
    if (keptStill !== undefined) {
      await relabel(script, undefined);
      return keptStill;
    }
    const began = script.now();
    host.stopEngine(GUARD_MS);
    await pause(timings.engineAwayMs);
    host.startEngine();
    away = script.now() - began;
    requireLeader(swarm);
    await relabel(script, undefined);
  } else await pause(timings.askMs);
  const key = `${prefix}/${time}-swarm${engine === "stopped" ? "" : "-running"}.tar.gz`;
  script.ask("upload", putObject(bucket, key));
  script.saved.push({ instanceId: host.instanceId, bucket, key });
  const answer = {
    outcome: "saved",
    key,
    bytes: 200_000,
    engine,
    downMillis: away,
    managers: count,
    autolock: swarm.autolock,
  };
  host.backups.set(time, answer);
  return answer;
};

const managersOf = ({ swarm }: Script): SwarmNode[] =>
  [...swarm.nodes.values()].filter(({ role }) => role === "manager");

/** Why this engine must not be stopped now; undefined: it may be. */
const keptBy = (script: Script): object | undefined => {
  const { host, swarm } = script;
  requireLeader(swarm);
  for (const node of managersOf(script)) {
    const held = (because: string) => ({ outcome: "held", because: `manager ${node.id} is ${because}` });
    if (!swarm.answers(node))
      return held("down and unreachable: without this one as well the quorum could be lost");
    if (node.id === host.nodeId) {
      if (swarm.leader() === node) return { outcome: "leader" };
      continue;
    }
    const since = Number(node.labels[LABEL] ?? Number.NaN);
    if (script.now() / 1000 - since < STALE_SECONDS) return held("being backed up");
  }
  return undefined;
};

/** Tried again when somebody else wrote meanwhile. */
const relabel = async (script: Script, value: string | undefined): Promise<void> => {
  const { host, swarm, timings, pause } = script;
  for (let attempt = 1; attempt <= 5; attempt++) {
    const node = swarm.nodes.get(host.nodeId ?? "");
    if (node === undefined) break;
    const { [LABEL]: _, ...others } = node.labels;
    const { version, availability } = node;
    await pause(timings.askMs);
    const labels = value === undefined ? others : { ...others, [LABEL]: value };
    if (swarm.updateNode(node.id, version, { availability, labels }) === "updated") return;
  }
  if (value !== undefined)
    throw new Failed("manager", `label of node ${host.nodeId}: update out of sequence`);
};
