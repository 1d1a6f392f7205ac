// The steps of the flows of one instance (shared/flows/join*.ts, retire*.ts and what they are made of) by name: what is said while one
// is under way, and of its end. A step that stands not here is shown by its own name.
import * as z from "zod/mini";
import {
  activateAnswer,
  drainAnswer,
  initSwarmAnswer,
  joinHostAnswer,
  leaveAnswer,
} from "../../shared/swarm/answers.ts";
import type { Narrator } from "../follow/narrate.ts";
import { bad, counted, type News, type Step, told } from "../follow/news.ts";
import { documentAnswer } from "../follow/step-result.ts";

/** A line of its own, from what a wait ended with. */
const saying = (doing: string, words: (value: unknown) => News | undefined): Step<null> => ({
  doing,
  tell: (value) => [[words(value)].filter((news) => news !== undefined), null],
});

const hostJoined = (value: unknown): News => {
  const answer = documentAnswer(value, joinHostAnswer);
  if ("failed" in answer) return bad(`the host could not join: ${answer.failed}`);
  if (answer.outcome === "joined") return told(`the host is in the swarm as node ${answer.nodeId}, drained`);
  return answer.outcome === "prepared"
    ? told("the host is prepared, and in no swarm")
    : bad("the host is retiring, and joins no swarm any more");
};

const swarmFormed = (value: unknown): News => {
  const answer = documentAnswer(value, initSwarmAnswer);
  if ("failed" in answer) return bad(`the swarm could not be formed: ${answer.failed}`);
  if ("nodeId" in answer) return told(`the swarm is formed, with this host as node ${answer.nodeId}`);
  return bad(`the swarm is not formed: ${answer.outcome}`);
};

const nodeActivated = (value: unknown): News => {
  const answer = documentAnswer(value, activateAnswer);
  if ("failed" in answer) return bad(`the node could not be activated: ${answer.failed}`);
  if (answer.outcome === "active")
    return told(`the node is labelled and active, with ${counted(answer.tasks.length, "task")}`);
  return told(
    answer.outcome === "changed"
      ? "the services need something else meanwhile: the host gets it first"
      : `the node is not activated: ${answer.outcome}`,
  );
};

const drained = (value: unknown): News => {
  const answer = documentAnswer(value, drainAnswer);
  if ("failed" in answer) return bad(`the node could not be drained: ${answer.failed}`);
  return told(answer.nodeIds.length > 0 ? `drained: node ${answer.nodeIds.join(", ")}` : "no node to drain");
};

const left = (value: unknown): News => {
  const answer = documentAnswer(value, leaveAnswer);
  return "failed" in answer
    ? bad(`the host did not leave the swarm: ${answer.failed}`)
    : told("the host has left the swarm");
};

const shipping = z.object({ shipping: z.object({ flushed: z.boolean(), summary: z.string() }) });

const shipped = (value: unknown): News | undefined => {
  const parsed = shipping.safeParse(value);
  if (!parsed.success) return undefined;
  const { flushed, summary } = parsed.data.shipping;
  return flushed ? told(`logs shipped: ${summary}`) : bad(`logs not shipped: ${summary}`);
};

const completed = z.object({ state: z.object({ end: z.object({ state: z.string() }) }) });

/** A completion carries its end otherwise than a wait. */
const completion = (result: string): Step<null> => ({
  doing: `its hook is completed with ${result}`,
  tellAll: (payload) => {
    const parsed = completed.safeParse(payload);
    if (!parsed.success) return [bad(`the completion with ${result} is not proved`)];
    const news = `hook completed with ${result}: the instance is ${parsed.data.state.end.state}`;
    return [result === "CONTINUE" ? told(news) : bad(news)];
  },
});

const reach = z.object({ online: z.boolean(), cause: z.string() });

export const instanceSteps: Readonly<Record<string, Step<null>>> = {
  look: { doing: "its group is asked for its state" },
  "look again": { doing: "its group is asked for its state" },
  "does the hook wait": { doing: "it is looked whether its hook waits" },
  "spot notice": { doing: "the host is asked for its Spot notice" },
  "hook begins": { doing: "the terminate hook is waited for" },
  "read hook": { doing: "group and hook are read" },
  "agent online": saying("its SSM agent is waited for", () => told("its SSM agent answers")),
  "read needs": { doing: "what the services need is read" },
  "write needs": { doing: "what the services need is kept for the next one" },
  "find managers": { doing: "a manager in reach is looked for" },
  "managers answer": { doing: "managers are waited for" },
  "join host": saying("the host gets ready, pulls the images, and joins", hostJoined),
  "pause before joining again": { doing: "the host joins again in a moment" },
  "activate node": saying("a manager labels and activates the node", nodeActivated),
  "task runs": saying("a task is waited for until it is healthy", () => told("a task runs, and is healthy")),
  "load balancer in": saying("the load balancer is to find it healthy", () =>
    told("in service at the load balancer"),
  ),
  "load balancer out": saying("it leaves the load balancer, connections drain", () =>
    told("out of the load balancer"),
  ),
  "host reachable": saying("the host is looked for", (value) => {
    const parsed = reach.safeParse(value);
    return parsed.success && !parsed.data.online
      ? bad(`the host is out of reach: ${parsed.data.cause}`)
      : undefined;
  }),
  "host answers": { doing: "the host is told that it retires" },
  "is it dead": { doing: "it is found out whether the machine is dead" },
  "read record": { doing: "it is read whether a swarm was formed" },
  "claim record": { doing: "it is written down who forms the swarm" },
  "look for managers": { doing: "other managers are looked for" },
  "ask manager": { doing: "another manager is asked for its swarm" },
  "managers in service": { doing: "whoever forms the swarm, or another manager, is waited for" },
  "survey managers": { doing: "managers are asked whether all of them are reachable" },
  "managers reachable": { doing: "managers that are out of reach are waited for" },
  "init swarm": saying("the host forms the swarm, and stores its join tokens", swarmFormed),
  "pause before init": { doing: "what keeps it from forming the swarm is waited for" },
  "demote node": { doing: "another manager demotes it, once the quorum lets it go" },
  "drain node": saying("a manager drains its node", drained),
  "logs shipped": saying("its tasks stop, and every log line is shipped", shipped),
  "restart filebeat": { doing: "filebeat is started once more" },
  "logs shipped after restart": saying("every log line is shipped", shipped),
  "count retained": { doing: "machines that are kept already are counted" },
  "rescue begins": { doing: "what was not shipped is rescued" },
  "rescue logs": { doing: "what was not shipped is rescued" },
  "leave swarm": saying("the host leaves the swarm", left),
  "remove node": saying("its node is removed", () => told("its node is out of the swarm")),
  "complete CONTINUE": completion("CONTINUE"),
  "complete ABANDON": completion("ABANDON"),
  "undo begins": { doing: "what was done is undone" },
  "undo: deregister": { doing: "it is taken out of the load balancer again" },
  "undo: leave": { doing: "the host leaves the swarm again" },
  "undo: remove": { doing: "its node is removed again" },
  "instance gone": { doing: "the end of the instance is waited for" },
  "remove what joined": { doing: "the node of the instance that is gone is removed" },
  "not confirmed": { doing: "the outcome is told" },
  tell: { doing: "what happened is told" },
  report: { doing: "the outcome is told" },
  "report failure": { doing: "the failure is told" },
};

export const instanceNarrator: Narrator<null> = { steps: instanceSteps, nothingKnown: null };
