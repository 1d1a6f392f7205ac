// The document that looks at the whole swarm, on a manager: survey-cluster.
import { requireLeader, requireManager } from "./manager-documents.ts";
import { type Document, Failed } from "./script.ts";
import { instanceOf, packed, serviceFacts } from "./service-facts.ts";
import type { SimulatedSwarm, SwarmNode } from "./swarm.ts";

/** documents/lib/services.sh: pack_limit. */
const PACK_LIMIT = 23_000;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

export const surveyCluster: Document = async (script) => {
  const { swarm, timings, parameter, pause, now } = script;
  const [page, pages] = [Number(parameter("page")), Number(parameter("pages"))];
  requireManager(script);
  if (page > pages) throw new Failed("facts", `there is no page ${page} of ${pages}`);
  await pause(timings.askMs);
  requireLeader(swarm);
  const isOnPage = ({ id }: { id: string }): boolean => sumOf(id) % pages === page - 1;
  const gz = packed({
    nodes: [...swarm.nodes.values()].filter(isOnPage).map((node) => viewOf(swarm, node)),
    services: [...swarm.services.values()]
      .filter(isOnPage)
      .map((service) => serviceFacts(swarm, service, now())),
    now: Math.floor(now() / 1000),
  });
  if (gz.length <= PACK_LIMIT) return { outcome: "seen", page, pages, gz };
  return { outcome: "paged", pages: Math.floor((pages * gz.length * 1.25) / PACK_LIMIT) + 1 };
};

const sumOf = (id: string): number => [...id].reduce((sum, character) => sum + character.charCodeAt(0), 0);

const viewOf = (swarm: SimulatedSwarm, node: SwarmNode) => {
  const { id, address, role, state, availability, labels } = node;
  const since = labels["hive.active-since"] ?? "";
  return {
    nodeId: id,
    instanceId: instanceOf(node),
    address,
    role,
    state,
    availability,
    leader: swarm.leader() === node,
    reachability: role === "worker" ? "" : swarm.answers(node) ? "reachable" : "unreachable",
    retiring: Boolean(labels["hive.retiring"]),
    activeSince: TIME.test(since) ? since : "",
    running: swarm.tasksOf(id).filter(({ status }) => status.state === "running").length,
  };
};
