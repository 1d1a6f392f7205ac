// The documents that run on a manager, as documents/*.sh answer them: compare-and-swap writes, `hive.retiring` wins.
import { type Document, Failed, type Script, words } from "./script.ts";
import type { NodeSpec, SimulatedSwarm, SwarmNode } from "./swarm.ts";
import type { Refusal } from "./swarmkit/managers.ts";

export const requireManager = ({ host, swarm }: Script): void => {
  if (!swarm.isManager(host.nodeId) || !host.engineUp)
    throw new Failed(
      "manager",
      "this host is not a manager that can be asked: docker info shows no control of a swarm",
    );
  requireLeader(swarm);
};

/** Also before each write: a leader can be lost between two requests of one script. */
export const requireLeader = (swarm: SimulatedSwarm): void => {
  if (swarm.leader() === undefined)
    throw new Failed(
      "manager",
      "Error response from daemon: rpc error: code = Unknown desc = The swarm does not have a leader.",
    );
};

/** Where images stand that a service may run next: a roll in progress, and the way back. */
const ROLLED = ["hive.roll.image", "hive.roll.from", "hive.previous"];

/** A label may hold anything. */
const IMAGE = /^[a-zA-Z0-9._:/@-]{1,1000}$/;

const SOCKETS = ["/var/run/docker.sock", "/run/docker.sock"];

/**
 * Of the services that nodes of the role run; here those that are not for managers only are for workers only. An image that only a
 * label names is a spare, and has a + before it: nobody is kept out of the swarm for the lack of it.
 */
const wanted = ({ swarm }: Script, role: SwarmNode["role"]): { images: string[]; directories: string[] } => {
  const specs = [...swarm.services.values()]
    .map(({ spec }) => spec)
    .filter(({ template }) => template.managersOnly === (role === "manager"));
  const named = specs.map(({ template }) => template.image);
  const spares = specs
    .flatMap(({ labels }) => ROLLED.flatMap((label) => labels[label] || []))
    .filter((image) => IMAGE.test(image) && !named.includes(image));
  const sorted = (list: string[]) => [...new Set(list)].filter((word) => !SOCKETS.includes(word)).sort();
  return {
    images: sorted([...named, ...spares.map((image) => `+${image}`)]),
    directories: sorted(specs.flatMap(({ template }) => template.directories)),
  };
};

export const activateNode: Document = async (script) => {
  const { swarm, timings, parameter, pause } = script;
  const [nodeId, instanceId] = [parameter("nodeId"), parameter("instanceId")];
  const [images, directories] = [words(parameter("images")), words(parameter("directories"))];
  const activeSince = parameter("now");
  requireManager(script);
  let role: SwarmNode["role"] = "worker";
  for (let look = 1; ; look++) {
    requireManager(script);
    const node = swarm.nodes.get(nodeId);
    if (node === undefined) return { outcome: "unknown-node" };
    const { state } = node;
    role = node.role;
    if (state === "ready") break;
    if (look === 40) throw new Failed("ready", `node ${nodeId} is ${state} after 10 s, not ready`);
    await pause(250);
  }
  /** What the host lacks, if it lacks anything. */
  const look = (): { lacking: boolean; printed: { images: string; directories: string } } => {
    const needs = wanted(script, role);
    return {
      lacking:
        needs.images.some((word) => !images.includes(word) && !images.includes(word.replace(/^\+/, ""))) ||
        needs.directories.some((directory) => !directories.includes(directory)),
      printed: { images: needs.images.join(" "), directories: needs.directories.join(" ") },
    };
  };
  const before = look();
  if (before.lacking) return { outcome: "changed", ...before.printed };

  const update = await write(script, nodeId, (node) =>
    node.labels["hive.retiring"]
      ? undefined
      : {
          availability: "active",
          labels: { ...node.labels, "hive.instance-id": instanceId, "hive.active-since": activeSince },
        },
  );
  if (update === "refused") return { outcome: "retiring" };
  if (update !== "updated") throw new Failed("activate", `node ${nodeId}: ${update}`);

  // A roll may have begun since the first look: from now on it counts this host among those that need its image.
  await pause(timings.askMs);
  requireLeader(swarm);
  const after = look();
  if (after.lacking) return { outcome: "changed", activated: true, ...after.printed };

  // Where no service could land there is nothing to wait for.
  const looks = after.printed.images === "" ? 1 : 8;
  for (let look = 1; look <= looks && swarm.tasksOf(nodeId).length === 0; look++) await pause(250);
  await pause(timings.askMs);
  const tasks = swarm.tasksOf(nodeId).map(({ id }) => id);
  return { outcome: "active", tasks: tasks.join(" "), ...after.printed };
};

/** Reads, thinks, writes; again when somebody else wrote meanwhile. */
export const write = async (
  { swarm, timings, pause }: Script,
  nodeId: string,
  change: (node: SwarmNode) => NodeSpec | undefined,
): Promise<"updated" | "refused" | "out of sequence" | "not found" | Refusal> => {
  for (let attempt = 1; attempt <= 5; attempt++) {
    const node = swarm.nodes.get(nodeId);
    if (node === undefined) return "not found";
    const [spec, { version }] = [change({ ...node }), node];
    if (spec === undefined) return "refused";
    await pause(timings.askMs);
    requireLeader(swarm);
    const update = swarm.updateNode(nodeId, version, spec);
    if (update !== "out of sequence") return update;
  }
  return "out of sequence";
};

const nodesOf = ({ swarm, parameter }: Script): SwarmNode[] => {
  const [instanceId, nodeId, address] = [parameter("instanceId"), parameter("nodeId"), parameter("address")];
  return [...swarm.nodes.values()].filter((node) => {
    const label = node.labels["hive.instance-id"];
    if (label === instanceId || (nodeId !== "" && node.id === nodeId)) return true;
    const unknown = label === undefined && node.role === "worker" && node.availability === "drain";
    return unknown && address !== "" && node.address === address;
  });
};

/** A worker that goes: mark, drain and role are one write. */
export const retiring = ({ labels }: SwarmNode): NodeSpec => ({
  role: "worker",
  availability: "drain",
  labels: { ...labels, "hive.retiring": "yes" },
});

const drain = async (script: Script, { id, role }: SwarmNode): Promise<void> => {
  if (role !== "worker")
    throw new Failed("drain", `node ${id} is a manager: demote it first (docker node demote ${id})`);
  const update = await write(script, id, retiring);
  if (update !== "updated") throw new Failed("drain", `node ${id}: ${update}`);
};

export const drainNode: Document = async (script) => {
  requireManager(script);
  const nodes = nodesOf(script);
  let activeSince = "";
  for (const node of nodes) {
    activeSince ||= node.labels["hive.active-since"] ?? "";
    await drain(script, node);
  }
  return { nodeIds: nodes.map(({ id }) => id).join(" "), activeSince };
};

export const removeNode: Document = async (script) => {
  requireManager(script);
  const nodes = nodesOf(script);
  for (const node of nodes) {
    if (node.availability !== "drain") await drain(script, node);
    await script.pause(script.timings.askMs);
    requireLeader(script.swarm);
    script.swarm.remove(node.id);
  }
  return { removed: nodes.map(({ id }) => id).join(" ") };
};
