// News of one service: what was written to it, how many of its tasks run the image, and which failed.
import { shortImage } from "../../shared/rolls/image.ts";
import { markerOf } from "../../shared/rolls/marker.ts";
import { tally } from "../../shared/rolls/progress.ts";
import { explainAnswer, type ServiceFacts, updateAnswer, watchAnswer } from "../../shared/swarm/services.ts";
import { bad, counted, type News, told } from "../follow/news.ts";
import { documentAnswer } from "../follow/step-result.ts";
import type { Known, Teller } from "./news.ts";

/** The image that tasks are to run now: the marker says it, on the way forward and on the way back. */
const wantedOf = (facts: ServiceFacts): string => {
  const marker = markerOf(facts);
  if (!marker) return facts.image;
  return marker.phase === "back" ? marker.from : marker.image;
};

/** `hive-web: 2 of 5 tasks run 1.4.2, 1 more has no place` */
const tasksInWords = (facts: ServiceFacts): string => {
  const wanted = wantedOf(facts);
  const { updated, placed, pending } = tally(facts, wanted);
  const waiting = pending > 0 ? `, ${pending} more ${pending === 1 ? "has" : "have"} no place` : "";
  const verb = placed === 1 ? "runs" : "run";
  return `${facts.name}: ${updated} of ${counted(placed, "task")} ${verb} ${shortImage(wanted)}${waiting}`;
};

/** What any look at a service tells: its tasks, where that is new, and those that failed since. */
const look = (facts: ServiceFacts, known: Known): [News[], Known] => {
  const tasks = tasksInWords(facts);
  const fresh = facts.failures.filter(({ task }) => !known.failures.includes(task));
  const news = [
    ...(tasks === known.tasks ? [] : [told(tasks)]),
    ...fresh.map(({ task, instance, state, error, lines }) => {
      const last = lines.trim() && `; its last lines: ${lines}`;
      return bad(
        `${facts.name}: task ${task} on ${instance || "a node without label"} ${state}: ${error}${last}`,
      );
    }),
  ];
  return [news, { ...known, tasks, failures: [...known.failures, ...fresh.map(({ task }) => task)] }];
};

const removed = [bad("the service was removed")];

/** Step `watch tasks`. */
export const watched: Teller = (value, known) => {
  const answer = documentAnswer(value, watchAnswer);
  if ("failed" in answer) return [[bad(`manager: ${answer.failed}`)], known];
  return answer.outcome === "no-service" ? [removed, known] : look(answer.gz, known);
};

/** Step `explain task`: a host knows more of a container than managers do. */
export const explained: Teller = (value, known) => {
  const answer = documentAnswer(value, explainAnswer);
  if ("failed" in answer || answer.outcome === "gone") return [[], known];
  const { unhealthy, probe, oomKilled, exitCode, error } = answer;
  const ended = `its container ended with exit code ${exitCode}${error && `: ${error}`}`;
  const health = `it was stopped as unhealthy${probe.trim() && `: ${probe}`}`;
  return [[bad(`host: ${unhealthy ? health : oomKilled ? "it was killed: out of memory" : ended}`)], known];
};

/** A step that writes. @param say what was written, in words @param tasks whether its tasks are news, too */
const written =
  (say: (facts: ServiceFacts) => string, tasks: "with tasks" | "alone"): Teller =>
  (value, known) => {
    const answer = documentAnswer(value, updateAnswer);
    if ("failed" in answer) return [[bad(`manager: ${answer.failed}`)], known];
    if (answer.outcome === "no-service") return [removed, known];
    const { name } = answer.gz;
    switch (answer.outcome) {
      case "lost":
        return [[bad(`${name}: another roll has taken over`)], known];
      case "changed":
        return [[told(`${name}: another roll began in between; it is decided anew`)], known];
      case "new-hosts": {
        const asked = answer.hosts.split(" ").filter(Boolean);
        const text = `${name}: ${counted(asked.length, "worker")} became active meanwhile, and must hold the image first`;
        return [[told(text)], { ...known, asked, held: [] }];
      }
      case "done": {
        const said = told(`${name}: ${say(answer.gz)}`);
        const [news, after] = tasks === "alone" ? [[], known] : look(answer.gz, known);
        return [[said, ...news], after];
      }
    }
  };

export const begun = written((facts) => {
  const { labels, mode, replicas } = facts;
  const marker = markerOf(facts);
  const way = `${shortImage(marker?.from ?? facts.image)} → ${shortImage(marker?.image ?? facts.image)}`;
  if (mode !== "replicated") return `roll begun, ${way}`;
  const [slots, all] = [labels["hive.roll.slots"] ?? replicas, labels["hive.roll.replicas"] ?? replicas];
  return `roll begun, ${way}; ${slots} of ${all} replicas have a place`;
}, "alone");

export const imageSet = written((facts) => `image set to ${shortImage(facts.image)}`, "with tasks");

export const shrunk = written(
  (facts) => `shrunk to the ${counted(facts.replicas ?? 0, "replica")} that have a place`,
  "with tasks",
);

export const resumed = written(
  () => "update woken: it had paused for tasks that went with their node",
  "with tasks",
);

export const wentBack = written((facts) => {
  const marker = markerOf(facts);
  const cause = marker?.cause ? ` (${marker.cause})` : "";
  return `going back to ${shortImage(marker?.from ?? facts.image)}${cause}`;
}, "with tasks");

export const ended = written(({ image, replicas }) => {
  const restored = replicas === null ? "" : `, ${counted(replicas, "replica")} again`;
  return `roll ended on ${shortImage(image)}${restored}`;
}, "alone");
