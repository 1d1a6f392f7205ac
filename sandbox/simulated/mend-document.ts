// The document that makes small edits of nodes, on a manager: mend-nodes.
import { requireLeader, requireManager, write } from "./manager-documents.ts";
import { type Document, type Script, words } from "./script.ts";
import type { SwarmNode } from "./swarm.ts";

interface Came {
  outcome: "done" | "already" | "refused";
  details: string;
}

const done: Came = { outcome: "done", details: "" };
const already: Came = { outcome: "already", details: "" };
const refused = (details: string): Came => ({ outcome: "refused", details });
const GONE = "there is no such node any more";

export const mendNodes: Document = async (script) => {
  requireManager(script);
  const edits = [];
  for (const edit of words(script.parameter("edits"))) {
    const [what, nodeId = "", instanceId = "", address = ""] = edit.split("/");
    await script.pause(script.timings.askMs);
    requireLeader(script.swarm);
    edits.push({
      edit,
      ...(what === "label"
        ? await labelNode(script, nodeId, instanceId, address)
        : what === "remove"
          ? remove(script, nodeId)
          : await promote(script, nodeId)),
    });
  }
  return { edits };
};

/** What keeps a node from being written to; undefined: nothing does. */
const unfit = ({ state, labels }: SwarmNode): string | undefined => {
  if (state !== "ready") return `it is ${state} now, not ready`;
  return labels["hive.retiring"] ? "its retirement has begun" : undefined;
};

/** Reads, thinks, writes. @param judge what it came to without a write, or what is to be written */
const edit = async (
  script: Script,
  nodeId: string,
  judge: (node: SwarmNode) => Came | Spec,
): Promise<Came> => {
  let came: Came | undefined;
  const answer = await write(script, nodeId, (node) => {
    const judged = judge(node);
    if (!("outcome" in judged)) return judged;
    came = judged;
    return undefined;
  });
  if (came) return came;
  if (answer === "updated") return done;
  return refused(answer === "not found" ? GONE : "others write to the node all the time");
};

type Spec = Pick<SwarmNode, "availability" | "labels"> & Partial<Pick<SwarmNode, "role">>;

const labelNode = (script: Script, nodeId: string, instanceId: string, address: string): Promise<Came> => {
  const now = script.parameter("now");
  return edit(script, nodeId, (node) => {
    const { availability, labels } = node;
    const because = unfit(node);
    if (because) return refused(because);
    if (node.address !== address) return refused(`its address is ${node.address} now, not ${address}`);
    if (labels["hive.instance-id"] === instanceId) return already;
    const since = availability === "active" && now !== "" && !labels["hive.active-since"];
    return {
      availability,
      labels: {
        ...labels,
        ...(since ? { "hive.active-since": now } : {}),
        "hive.instance-id": instanceId,
      },
    };
  });
};

const remove = ({ swarm }: Script, nodeId: string): Came => {
  const node = swarm.nodes.get(nodeId);
  if (!node) return already;
  if (node.role !== "worker") return refused("it is a manager");
  if (node.state !== "down") return refused(`it is ${node.state} now, not down`);
  swarm.remove(nodeId);
  return done;
};

const promote = (script: Script, nodeId: string): Promise<Came> =>
  edit(script, nodeId, (node) => {
    const { availability, labels } = node;
    if (node.role === "manager") return already;
    const because = unfit(node);
    return because ? refused(because) : { availability, labels, role: "manager" };
  });
