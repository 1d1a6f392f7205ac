// What ends the wait that a step of a flow is, in words for whoever waits with it.

const MANAGER = "a manager answers; the flow holds, with heartbeats, until one does";
const SHIPPED =
  "no task runs there any more and filebeat has shipped every line; when its time is up, UNSHIPPED decides: kept, rescued or given up";
const COMPLETED = "the group has taken the completion, and the instance has left its wait";

export const endsWhen: Readonly<Record<string, string>> = {
  "agent online":
    "its SSM agent registers: the machine has booted, and its role lets it reach Systems Manager",
  "find managers": "a manager is in service with its SSM agent online; the flow holds until one is",
  "managers answer": MANAGER,
  "managers in service": "a manager of the swarm is in service; nobody forms a second swarm meanwhile",
  "survey managers": MANAGER,
  "managers reachable": "every manager is reachable, or the wait for them is over",
  "init swarm":
    "the host has formed the swarm and stored its join tokens, or reports what keeps it from that",
  "pause before init": "what keeps it from forming the swarm is mended: then it goes on by itself",
  "join host": "the host is ready, holds the images and has joined, or reports what keeps it from that",
  "activate node": MANAGER,
  "task runs": "a task on it runs and passes its health check",
  "load balancer in": "the load balancer's health check passes",
  "load balancer out": "its connections have ended, or the load balancer's draining time has",
  "host reachable": "its SSM agent is online, or three minutes are over: then it is taken for dead",
  "host answers": "the host answers, or three minutes are over: then it is taken for dead",
  "demote node": "a manager answers and the quorum lets this one go; the flow holds until then",
  "drain node": MANAGER,
  "logs shipped": SHIPPED,
  "logs shipped after restart": SHIPPED,
  "leave swarm": "the host has left the swarm, or does not answer: then its node is removed by force",
  "remove node": MANAGER,
  "complete CONTINUE": COMPLETED,
  "complete ABANDON": COMPLETED,
  "hook begins": "the instance's terminate hook begins",
  "instance gone": "the instance is gone from its group",
};
