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
    nodes: [...swarm.nodes.values()]
      .filter(isOnPage)
      .map((node) => viewOf(swarm, node, missingOn(swarm, node, now()))),
    services: [...swarm.services.values()]
      .filter(isOnPage)
      .map((service) => serviceFacts(swarm, service, now())),
    now: Math.floor(now() / 1000),
  });
  if (gz.length <= PACK_LIMIT) return { outcome: "seen", page, pages, gz };
  return { outcome: "paged", pages: Math.floor((pages * gz.length * 1.25) / PACK_LIMIT) + 1 };
};

const sumOf = (id: string): number => [...id].reduce((sum, character) => sum + character.charCodeAt(0), 0);

const MISSING_MS = 900_000;
const NO_IMAGE = /no such image|pull access denied|manifest unknown|no basic auth credentials/i;

/** Images that the last task there had need of and did not get, the newest first. */
const missingOn = (swarm: SimulatedSwarm, { id }: SwarmNode, now: number): string[] =>
  [...swarm.services.values()]
    .flatMap(({ tasks, spec }) => {
      const [newest] = [...tasks]
        .filter((task) => task.nodeId === id && task.image === spec.template.image)
        .filter(({ status }) => DECIDED.includes(status.state))
        .sort((one, other) => other.status.at - one.status.at);
      const lacked = newest?.status.state === "rejected" && NO_IMAGE.test(newest.status.error);
      return newest && lacked && now - newest.status.at < MISSING_MS ? [newest] : [];
    })
    .sort((one, other) => other.status.at - one.status.at)
    .map(({ image }) => image)
    .slice(0, 5);

/** Its host had the image, or said that it has not. */
const DECIDED = ["starting", "running", "complete", "failed", "shutdown", "rejected"];

const viewOf = (swarm: SimulatedSwarm, node: SwarmNode, missing: readonly string[]) => {
  const { id, address, role, vote, state, availability, labels } = node;
  const since = labels["hive.active-since"] ?? "";
  return {
    nodeId: id,
    instanceId: instanceOf(node),
    address,
    role,
    state,
    availability,
    leader: swarm.leader() === node,
    reachability: !vote ? "" : swarm.answers(node) ? "reachable" : "unreachable",
    retiring: Boolean(labels["hive.retiring"]),
    activeSince: TIME.test(since) ? since : "",
    running: swarm.tasksOf(id).filter(({ status }) => status.state === "running").length,
    cpus: node.cpus,
    ...(missing.length > 0 ? { missing } : {}),
  };
};
