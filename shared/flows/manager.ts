// One document on one manager that answers. A manager that does not is left for the next; when none answers the flow holds
// (heartbeats go on): a swarm that is out of reach is no reason to give up instances.
import { describeGroups } from "../aws/auto-scaling.ts";
import { type Agent, describeAgents } from "../aws/run-command.ts";
import type { InstanceId } from "../identifiers.ts";
import type { AnswerSchema } from "../swarm/answers.ts";
import { parseAnswer } from "../swarm/answers.ts";
import { StepFailure } from "./failure.ts";
import { type Answer, type HostCommand, lookAtCommand } from "./host.ts";
import { type Errand, type Look, watch } from "./watch.ts";
import type { CoreWorld, EpochMillis } from "./world.ts";

/** A manager's commands take a second or two; one that is silent this long is not answering. Grows with each round, for queues. */
const SILENCE_SECONDS = 15;
const MOST_SILENCE_SECONDS = 60;

/** A number from 0 on, the same for the same text. */
const numberOf = (text: string): number =>
  [...text].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 65_521, 7);

/** Managers that are in service and whose agents are online; each subject (an instance, a roll) starts with another one. */
export const findManagers = async (world: CoreWorld, subject: string): Promise<Agent[]> => {
  const groups = await describeGroups(world.autoScaling, world.config.managerGroups);
  const inService = groups.flatMap(({ instances }) =>
    instances
      .filter(({ lifecycleState }) => lifecycleState === "InService")
      .map((instance) => instance.instanceId),
  );
  if (inService.length === 0) return [];
  const agents = await describeAgents(world.systemsManager, inService.slice(0, 50));
  const online = agents
    .filter((agent) => agent.online)
    .sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
  const first = numberOf(subject) % Math.max(1, online.length);
  return [...online.slice(first), ...online.slice(0, first)];
};

interface Asking {
  managers: readonly { instanceId: InstanceId }[];
  next: number;
  round: number;
  causes: readonly string[];
  commandId?: string;
  sentAt?: EpochMillis;
}

/** Why this manager cannot be asked, and the next one is; undefined: it can. */
const managerTrouble = (look: Look<{ commandId?: string }, Answer>): string | undefined => {
  if ("failed" in look) return undefined;
  // Not even sent: one that was terminated since managers were looked for would never be known again.
  if ("memory" in look) return look.memory.commandId === undefined ? look.because : undefined;
  const { done } = look;
  if (done.kind === "silent") return done.cause;
  // The script itself says so: this manager lost its swarm, or its quorum.
  const lost = done.kind === "refused" && (done.step === "manager" || done.step === "script");
  return lost ? done.cause : undefined;
};

/**
 * Runs a document on a manager, and on the next one when that does not answer.
 * @param command.deadline until when to hold when no manager answers; default: as long as the hook can be kept open.
 * @throws StepFailure when a manager answered with a failure, or none answered until the deadline.
 */
export const onManager = async <T>(
  errand: Errand,
  name: string,
  schema: AnswerSchema<T>,
  command: HostCommand,
): Promise<T> => {
  const { flow, world, lease } = errand;
  const fields = { flow: flow.name, ...lease.about, step: name };
  const subject = Object.values(lease.about)[0] ?? flow.name;

  /** All were asked: begins the next round with those that are there now. */
  const nextRound = async (asking: Asking): Promise<Asking> => {
    if (asking.round > 0)
      world.log.error("no manager answers: holding", { ...fields, causes: asking.causes });
    const managers = await findManagers(world, subject);
    return { managers, next: 0, round: asking.round + 1, causes: [] };
  };

  const before = lease.endedAt;
  const answer = await watch<Asking, Answer>(errand, name, {
    memory: { managers: [], next: 0, round: 0, causes: [] },
    deadline: command.deadline ?? lease.globalDeadline,
    holds: command.deadline === undefined,
    look: async (before, now) => {
      const asking = before.managers[before.next] ? before : await nextRound(before);
      const manager = asking.managers[asking.next];
      if (!manager) {
        const because = `no instance of ${world.config.managerGroups.join(", ")} is in service with its agent online`;
        return { memory: { ...asking, causes: [because] }, because };
      }
      const silence =
        Math.min(SILENCE_SECONDS * asking.round, MOST_SILENCE_SECONDS) + (command.waitsSeconds ?? 0);
      const look = await lookAtCommand(flow, world, manager.instanceId, command, silence, asking, now);
      const trouble = managerTrouble(look);
      if (trouble === undefined)
        return "memory" in look ? { ...look, memory: { ...asking, ...look.memory } } : look;
      const cause = `${manager.instanceId}: ${trouble}`;
      world.log.warn("manager does not answer", { ...fields, cause });
      const { commandId: _sent, sentAt: _at, ...rest } = asking;
      const last = asking.next + 1 === asking.managers.length;
      const memory = { ...rest, next: asking.next + 1, causes: [...asking.causes, cause] };
      // The next manager at once; a new round of all of them only after a pause that grows.
      return { memory, because: memory.causes.join("; "), soon: !last };
    },
  });
  // For what the command itself waits for nobody held: a deadline that each look moved on would never come.
  if (command.deadline === undefined)
    lease.deadline -= Math.min(lease.endedAt - before, (command.waitsSeconds ?? 0) * 1000);
  if (answer.kind === "answered") return parseAnswer(schema, command.document, answer.stdout);
  throw new StepFailure(name, `${answer.kind === "refused" ? `${answer.step}: ` : ""}${answer.cause}`);
};
