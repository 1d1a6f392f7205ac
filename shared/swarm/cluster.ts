// What managers say of the whole swarm: every node and every service, in one answer or, where that would be too long for Systems
// Manager, in pages. Measured: 500 nodes with two tasks each take 31,900 characters, an answer may have 23,000: two pages; 350 fit into one.
import * as z from "zod/mini";
import type { NodeView, SwarmView } from "../fleet/snapshot.ts";
import { type InstanceId, isInstanceId } from "../identifiers.ts";
import { AnswerError } from "./answers.ts";
import { packed, type ServiceFacts, serviceFacts } from "./services.ts";

const instanceId = z.pipe(
  z.string().check(z.refine((text) => text === "" || isInstanceId(text), "neither an instance nor nothing")),
  z.transform((text: string) => text as InstanceId | ""),
);

const nodeView = z.object({
  nodeId: z.string().check(z.minLength(1)),
  instanceId,
  address: z.string(),
  role: z.enum(["manager", "worker"]),
  state: z.string(),
  availability: z.string(),
  leader: z.boolean(),
  reachability: z.string(),
  retiring: z.boolean(),
  activeSince: z.string(),
  running: z.number(),
  cpus: z.number(),
  /** Of most nodes none, and nothing is said of them. */
  missing: z._default(z.array(z.string()), []),
});

const clusterPage = z.object({ nodes: z.array(nodeView), services: z.array(serviceFacts) });

/** Nodes and services are divided into pages by their ids: each is on one of them, whoever joins or leaves between two answers. */
export const surveyClusterAnswer = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("seen"), page: z.number(), pages: z.number(), gz: packed(clusterPage) }),
  /** Too long for one answer: each of so many pages is to be asked for. */
  z.object({ outcome: z.literal("paged"), pages: z.number() }),
]);

export type ClusterAnswer = z.infer<typeof surveyClusterAnswer>;

/** Each time the answer says how many pages it takes; a swarm that outgrew that so often in a row is not told of. */
const ROUNDS = 4;

/**
 * The whole swarm, in as few answers as it takes, one after the other. Nothing is left out: what is not in it is not there.
 * @param ask sends survey-cluster to a manager. What it throws is passed on.
 * @throws AnswerError when the answers do not come together.
 */
export const wholeSwarm = async (
  ask: (page: number, pages: number) => Promise<ClusterAnswer>,
): Promise<SwarmView> => {
  let pages = 1;
  for (let round = 1; round <= ROUNDS; round++) {
    const answer = await allPages(ask, pages);
    if (!("needed" in answer)) return answer;
    if (answer.needed <= pages) throw apart(`${answer.needed} pages are needed`, `${pages} were asked for`);
    pages = answer.needed;
  }
  throw apart(`${pages} pages are needed`, `it was asked ${ROUNDS} times for as many as it had said`);
};

const allPages = async (
  ask: (page: number, pages: number) => Promise<ClusterAnswer>,
  pages: number,
): Promise<SwarmView | { needed: number }> => {
  const nodes: NodeView[] = [];
  const services: ServiceFacts[] = [];
  for (let page = 1; page <= pages; page++) {
    const answer = await ask(page, pages);
    if (answer.outcome === "paged") return { needed: answer.pages };
    if (answer.page !== page || answer.pages !== pages)
      throw apart(`page ${answer.page} of ${answer.pages}`, `page ${page} of ${pages} was asked for`);
    nodes.push(...answer.gz.nodes);
    services.push(...answer.gz.services);
  }
  return { nodes, services };
};

const apart = (answered: string, asked: string): AnswerError =>
  new AnswerError("survey-cluster", `${answered}, where ${asked}`);
