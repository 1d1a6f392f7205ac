// Follows durable executions to their ends: what is new in the history of each, every second.
import { isTransient } from "../../shared/aws/errors.ts";
import { eventsAfter, findExecutionArn } from "../aws/executions.ts";
import { attempt } from "../aws/failure.ts";
import type { Tool } from "../command.ts";
import type { Deployment } from "../deployment.ts";
import type { Progress } from "../terminal/progress.ts";
import { plain } from "../terminal/text.ts";
import { beginStory, type Ending, type Narrator, narrate, type Story, type Told } from "./narrate.ts";

const LOOK_EVERY_MILLIS = 1_000;
/** Lambda's API is asked at most so often, however many flows are followed. */
const EACH_MILLIS = 200;
/** A flow takes minutes; AWS out of reach for one is no reason to stop following. */
const PATIENCE_MILLIS = 120_000;

export interface Following {
  /** Of the execution. */
  name: string;
  functionName: string;
  /** What it is about, where several are followed: before each of its lines. */
  label?: string;
  /** Whether what it does is a roll, a join: `roll`. */
  what: string;
}

interface Follower {
  about: Following;
  /** One look. @returns what is new. @throws AwsFailure */
  look(): Promise<{ at: number; told: Told[] }>;
  doing(): string;
  ending(): Ending | undefined;
}

const createFollower = <Known>(
  tool: Tool,
  deployment: Deployment,
  about: Following,
  narrator: Narrator<Known>,
): Follower => {
  let story: Story<Known> = beginStory(narrator);
  let [lastId, heardAt, doing] = [0, tool.now(), `${about.name} is looked for`];
  let arn: string | undefined;
  const request = {
    doing: `follow the ${about.what} in`,
    what: about.functionName,
    region: deployment.regionName,
    permission: "lambda:GetDurableExecutionHistory",
  };
  return {
    about,
    doing: () => doing,
    ending: () => story.ending,
    look: async () => {
      arn ??= await findExecutionArn(deployment, about.functionName, about.name, tool);
      const told: Told[] = [];
      try {
        for (const event of await eventsAfter(deployment, arn, lastId)) {
          const next = narrate(narrator, story, event);
          told.push(...next.told);
          story = next.story;
          lastId = event.EventId ?? lastId;
        }
        heardAt = tool.now();
        doing = story.doing;
      } catch (error) {
        const patient = isTransient(error) && tool.now() - heardAt < PATIENCE_MILLIS;
        if (!patient) await attempt(request, () => Promise.reject(error));
        doing = `AWS does not answer, and is asked again; the ${about.what} itself goes on`;
      }
      return { at: story.startedAt, told };
    },
  };
};

/** @returns how the execution ended. @throws AwsFailure when its history cannot be read */
export const follow = async <Known>(
  tool: Tool,
  deployment: Deployment,
  about: Following,
  narrator: Narrator<Known>,
  progress: Progress,
): Promise<Ending> => {
  const follower = createFollower(tool, deployment, about, narrator);
  let startedAt = 0;
  for (;;) {
    const { at, told } = await follower.look();
    if (at !== startedAt) progress.countFrom(at);
    startedAt = at;
    for (const { seconds, text, tone } of told) progress.line(seconds, text, tone);
    progress.doing(follower.doing());
    const ending = follower.ending();
    if (ending) return ending;
    await tool.pause(LOOK_EVERY_MILLIS);
  }
};

/** What can be followed with others: their stories are told of one after the other, by time. */
export interface Tale extends Following {
  label: string;
  begin(tool: Tool, deployment: Deployment): Follower;
}

export const tale = <Known>(about: Following & { label: string }, narrator: Narrator<Known>): Tale => ({
  ...about,
  begin: (tool, deployment) => createFollower(tool, deployment, about, narrator),
});

/**
 * @param since epoch milliseconds that the seconds count from
 * @returns how each ended, by its execution's name. @throws AwsFailure
 */
export const followAll = async (
  tool: Tool,
  deployment: Deployment,
  tales: readonly Tale[],
  since: number,
  progress: Progress,
): Promise<Map<string, Ending>> => {
  const endings = new Map<string, Ending>();
  let open = tales.map((each) => each.begin(tool, deployment));
  while (open.length > 0) {
    const lines: { seconds: number; text: string; tone: Told["tone"] }[] = [];
    for (const follower of open) {
      const { at, told } = await follower.look();
      const offset = (at - since) / 1000;
      for (const { seconds, text, tone } of told)
        lines.push({
          seconds: Math.max(0, seconds + offset),
          text: labelled(follower, text),
          tone,
        });
    }
    for (const { seconds, text, tone } of lines.sort((one, other) => one.seconds - other.seconds))
      progress.line(seconds, text, tone);
    for (const follower of open) {
      const ending = follower.ending();
      if (ending) endings.set(follower.about.name, ending);
    }
    open = open.filter((follower) => follower.ending() === undefined);
    if (open.length === 0) break;
    progress.doing(underWay(open));
    await tool.pause(Math.max(LOOK_EVERY_MILLIS, open.length * EACH_MILLIS));
  }
  return endings;
};

/** News of a service begins with its name anyway. */
const labelled = ({ about: { label } }: Follower, text: string): string =>
  !label || text.startsWith(`${plain(label)}: `) ? text : `${plain(label)}: ${text}`;

const underWay = (open: readonly Follower[]): string => {
  const [first] = open;
  const one = first ? labelled(first, first.doing()) : "";
  return open.length === 1 ? one : `${open.length} flows are under way; ${one}`;
};
