// What documents do with the images of their host: pull what is missing, with the host's own role, and prune what is not
// wanted any more.
import { imageKey, repositoryOf } from "./images.ts";
import { type AwsCall, type Document, Failed, type Script, words } from "./script.ts";

interface Held {
  held: number;
  pulled: number;
  /** Spares that could not be had, as one text. */
  missing: string;
}

/** @param words images; one that begins with + is a spare, which is no failure where it cannot be had. */
export const hold = async (script: Script, words: readonly string[]): Promise<Held> => {
  const { host, timings, parameter, pause } = script;
  const missing: string[] = [];
  let pulled = 0;
  const pull = async (image: string): Promise<void> => {
    if (host.images.has(image)) return;
    if (pulled === 0) script.ask("login", login(parameter("registryRegion")));
    // Whoever waits for it has a time limit of his own.
    if (host.traits.pullHangs) await new Promise(() => {});
    await pause(timings.pullMs);
    const refusal = script.refusal(image, parameter("registryRegion"));
    if (refusal !== undefined) throw new Failed("pull", `${image}: ${refusal}`);
    host.images.add(image);
    pulled++;
  };
  for (const word of words) {
    const image = word.replace(/^\+/, "");
    try {
      await pull(image);
    } catch (error) {
      if (word === image || !(error instanceof Failed)) throw error;
      missing.push(image);
    }
  }
  return { held: words.length - missing.length, pulled, missing: missing.join(" ") };
};

export const holdImages: Document = async (script) => {
  const { host, swarm, timings, parameter, pause } = script;
  const [images, keep, prune] = [words(parameter("images")), words(parameter("keep")), parameter("prune")];
  parameter("registry");
  const directories = words(parameter("directories"));
  const held = await hold(script, images);
  for (const directory of directories) host.directories.add(decoded(directory));
  await pause(timings.askMs);
  const used = host.nodeId === undefined ? [] : swarm.tasksOf(host.nodeId).map(({ image }) => image);
  const spared = new Set([...images, ...keep, ...used].map((name) => imageKey(name.replace(/^\+/, ""))));
  const { missing, ...counts } = held;
  let pruned = 0;
  // Unforced: the engine keeps what a container was made of.
  for (const name of [...host.images])
    if (repositoryOf(name) === prune && !spared.has(imageKey(name))) {
      host.images.delete(name);
      pruned++;
    }
  return { ...counts, pruned, disk: host.diskPercent, missing };
};

const decoded = (word: string): string => decodeURIComponent(word.replaceAll("+", " "));

/** Why a container ended, which its host knows better than a manager. */
export const explainTask: Document = async ({ host, swarm, timings, parameter, pause }) => {
  const container = parameter("container");
  await pause(timings.askMs);
  const task = [...swarm.services.values()]
    .flatMap(({ tasks }) => [...tasks])
    .find((one) => one.container === container && one.instanceId === host.instanceId);
  if (task?.status.exitCode === undefined) return { outcome: "gone" };
  return {
    outcome: "seen",
    exitCode: task.status.exitCode,
    oomKilled: false,
    unhealthy: task.unhealthy,
    probe: task.unhealthy ? "the health check failed" : "",
    error: "",
    lines: task.lines,
  };
};

const login = (region: string): AwsCall => ({
  service: "ecr",
  operation: "GetAuthorizationToken",
  input: {},
  region,
  shown: `ecr GetAuthorizationToken in ${region}`,
});
