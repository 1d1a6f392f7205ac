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

/** In which states managers are asked, the best first: one that is about to go is a manager until it is demoted. */
const ASKED = ["InService", "Terminating:Wait"];

/**
 * Managers whose agents are online, those in service first; each subject (an instance, a roll) starts with another one.
 * @param forming asked at last, in service or not: the manager that is just forming the swarm.
 */
export const findManagers = async (
  world: CoreWorld,
  subject: string,
  forming?: InstanceId,
): Promise<Agent[]> => {
  const groups = await describeGroups(world.autoScaling, world.config.managerGroups);
  const instances = groups.flatMap((group) => group.instances);
  const asked = ASKED.map((state) =>
    instances.filter(({ lifecycleState }) => lifecycleState === state).map((instance) => instance.instanceId),
  );
  if (forming !== undefined && !asked.flat().includes(forming)) asked.push([forming]);
  const ids = asked.flat().slice(0, 50);
  if (ids.length === 0) return [];
  const agents = await describeAgents(world.systemsManager, ids);
  const online = agents
    .filter((agent) => agent.online)
    .sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
  return asked.flatMap((those) => {
    const found = online.filter(({ instanceId }) => those.includes(instanceId));
    const first = numberOf(subject) % Math.max(1, found.length);
    return [...found.slice(first), ...found.slice(0, first)];
  });
};

interface Asking {
  managers: readonly { instanceId: InstanceId }[];
  next: number;
  round: number;
  causes: readonly string[];
  commandId?: string;
  sentAt?: EpochMillis;
  /** Since when it is asked again and again. */
  heldSince?: EpochMillis;
  told?: true;
}

/** An answer that is not the last word: managers are asked again, for as long as the hook can be kept open. */
export interface Insistence<T> {
  /** Why; undefined: this answer is the last word. A refusal is none. */
  because(answer: T): string | undefined;
  /** Once, when that has lasted for minutes, to somebody who can do something about it. */
  tell(because: string): void;
}

/** Another manager that goes, or one that is just being replaced, is nobody's trouble. */
const TELL_SECONDS = 120;

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
 * @param command.forming see `findManagers`.
 * @param command.deadline until when to hold when no manager answers; default: as long as the hook can be kept open.
 * @param insistence see there; a refusal is not the end then, either.
 * @throws StepFailure when a manager answered with a failure, or none answered until the deadline.
 */
export const onManager = async <T>(
  errand: Errand,
  name: string,
  schema: AnswerSchema<T>,
  command: HostCommand & { forming?: InstanceId },
  insistence?: Insistence<T>,
): Promise<T> => {
  const { flow, world, lease } = errand;
  const fields = { flow: flow.name, ...lease.about, step: name };
  const subject = Object.values(lease.about)[0] ?? flow.name;

  /** All were asked: begins the next round with those that are there now. */
  const nextRound = async (asking: Asking, now: EpochMillis): Promise<Asking> => {
    const held = asking.round > 0 && insistence ? insist(asking, asking.causes.join("; "), now) : asking;
    if (asking.round > 0 && !insistence)
      world.log.error("no manager answers: holding", { ...fields, causes: asking.causes });
    const found = await findManagers(world, subject, command.forming);
    const managers = found.filter(({ instanceId }) => instanceId !== lease.notAsked);
    return { ...held, managers, next: 0, round: asking.round + 1, causes: [] };
  };

  const insist = (asking: Asking, because: string, now: EpochMillis): Asking => {
    const heldSince = asking.heldSince ?? now;
    if (asking.told || now - heldSince < TELL_SECONDS * 1000) return { ...asking, heldSince };
    insistence?.tell(because);
    return { ...asking, heldSince, told: true };
  };

  /** Why this is not the last word; undefined: it is. */
  const notYet = (look: Look<unknown, Answer>): string | undefined => {
    if (!insistence || !("done" in look)) return undefined;
    const { done } = look;
    if (done.kind === "answered")
      return insistence.because(parseAnswer(schema, command.document, done.stdout));
    return done.kind === "refused" ? `${done.step}: ${done.cause}` : undefined;
  };

  const before = lease.endedAt;
  const answer = await watch<Asking, Answer>(errand, name, {
    memory: { managers: [], next: 0, round: 0, causes: [] },
    deadline: command.deadline ?? lease.globalDeadline,
    holds: command.deadline === undefined,
    look: async (before, now) => {
      const asking = before.managers[before.next] ? before : await nextRound(before, now);
      const manager = asking.managers[asking.next];
      if (!manager) {
        const other = lease.notAsked === undefined ? "" : "other ";
        const because = `no ${other}instance of ${world.config.managerGroups.join(", ")} is in service with its agent online`;
        return { memory: { ...asking, causes: [because] }, because };
      }
      const silence =
        Math.min(SILENCE_SECONDS * asking.round, MOST_SILENCE_SECONDS) + (command.waitsSeconds ?? 0);
      const look = await lookAtCommand(flow, world, manager.instanceId, command, silence, asking, now);
      const trouble = managerTrouble(look);
      const { commandId: _sent, sentAt: _at, ...rest } = asking;
      if (trouble === undefined) {
        const because = notYet(look);
        if (because !== undefined) {
          const held = insist({ ...rest, managers: [], next: 0, round: 0, causes: [] }, because, now);
          return { memory: held, because };
        }
        return "memory" in look ? { ...look, memory: { ...asking, ...look.memory } } : look;
      }
      const cause = `${manager.instanceId}: ${trouble}`;
      world.log.warn("manager does not answer", { ...fields, cause });
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
