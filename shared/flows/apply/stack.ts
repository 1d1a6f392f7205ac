// A service of the stack that the swarm has not: its image is chosen, every host that could run it holds that and what it mounts, and then
// a manager deploys this one service, unless somebody else was faster.
import { errorText, isTransient } from "../../aws/errors.ts";
import type { Action } from "../../fleet/actions.ts";
import { type AppliedView, applied } from "../../fleet/applied.ts";
import { isInstanceId } from "../../identifiers.ts";
import { parseImage, shortImage } from "../../rolls/image.ts";
import { isOurs } from "../../rolls/tag-policy.ts";
import { type DeployAnswer, deployAnswer } from "../../swarm/answers.ts";
import { readNeeds, sameNeeds, sourceWord, writeNeeds } from "../../swarm/needs.ts";
import type { StackService } from "../../swarm/stack.ts";
import { failureOf, StepFailure } from "../failure.ts";
import type { HostTrouble } from "../fleet.ts";
import { onManager } from "../manager.ts";
import { readNewest } from "../repair-images.ts";
import type { Applier, RepairErrand } from "./errand.ts";
import { holdOn, hostsFor } from "./hosts.ts";

/** Reads, and docker's own deployment. */
const DEPLOY_SECONDS = 120;
/** Workers that became active since the hosts were asked come between so often at most. */
const MOST_ROUNDS = 10;

/** An image by digest, and the push that was decided on; as the file has it, where it is not ours to choose. */
interface Chosen {
  image: string;
  seen: string;
}

/** One after the other; one that fails does not stop the others. */
export const deployServices: Applier = async (errand, actions) => {
  const views: AppliedView[] = [];
  for (const action of actions) {
    try {
      views.push(await deployOne(errand, action));
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error;
      const { step, cause } = failureOf(error);
      views.push(applied(action, "failed", `${step}: ${cause}`));
    }
  }
  return views;
};

const deployOne = async (errand: RepairErrand, action: Action): Promise<AppliedView> => {
  const { stack } = errand.snapshot;
  const service = stack.known ? stack.value.find(({ name }) => name === action.service) : undefined;
  if (!service) return applied(action, "failed", "the look found no such service in the stack: plan again");
  const chosen = await choose(errand, service);
  if (typeof chosen === "string") return applied(action, "not applied", chosen);
  await noteNeeds(errand, service, chosen);

  let asked = hostsFor(errand.snapshot, service);
  let hosts = asked;
  const troubles: HostTrouble[] = [];
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    if (hosts.length > 0) troubles.push(...(await prepare(errand, service, chosen, hosts)));
    if (asked.length > 0 && troubles.length === asked.length)
      return applied(
        action,
        "failed",
        `no host could be made ready for it, and nothing was deployed: ${told(troubles)}`,
      );
    const answer = await deploy(errand, service, chosen, asked);
    if (answer.outcome !== "new-hosts")
      return viewOf(action, chosen.image || service.image, answer, troubles);
    hosts = answer.hosts.filter(isInstanceId);
    asked = [...asked, ...hosts];
  }
  const because = `new hosts became active ${MOST_ROUNDS} times in a row before it could be deployed`;
  return applied(action, "failed", because);
};

/** @returns a reason, where nothing can be run. */
const choose = async ({ flow, world }: RepairErrand, { image }: StackService): Promise<Chosen | string> => {
  const { config } = world;
  const { repository, digest } = parseImage(image);
  const ours = `${config.registry}/`;
  // Somebody else's is run as it is written, and so is a digest: it is meant.
  if (!repository.startsWith(ours)) return { image: digest === undefined ? "" : image, seen: "" };
  if (digest !== undefined) return { image, seen: "" };
  const name = repository.slice(ours.length);
  if (!isOurs(config, name))
    return `its repository ${name} is none that is rolled (ROLL_REPOSITORIES: ${config.repositories.join(", ")}): name an image by digest`;
  const newest = await flow.step("choose image", async () => {
    try {
      return (
        (await readNewest(world, [{ image }]))[0] ??
        `nothing was pushed to ${name} that the tag policy would run`
      );
    } catch (error) {
      if (isTransient(error) || !/RepositoryNotFound/.test(errorText(error))) throw error;
      return `nothing was pushed to ${name}: there is no such repository in ${config.registryRegion}`;
    }
  });
  return typeof newest === "string" ? newest : { image: newest.image, seen: newest.pushedAt };
};

/** A hint for whoever joins next, worth no deployment; managers are not told by it. */
const noteNeeds = async (
  { flow, world }: RepairErrand,
  service: StackService,
  { image }: Chosen,
): Promise<void> => {
  if (service.managersOnly) return;
  await flow.step("note what the service needs", async () => {
    try {
      await addNeeds(world, image || service.image, service.directories.map(sourceWord));
    } catch (error) {
      const fields = { flow: flow.name, step: "note what the service needs", cause: errorText(error) };
      world.log.error("no hint of what the services need", fields);
    }
  });
};

const addNeeds = async (
  world: RepairErrand["world"],
  image: string,
  directories: readonly string[],
): Promise<void> => {
  const before = await readNeeds(world);
  const union = (list: readonly string[], more: readonly string[]) => [...new Set([...list, ...more])].sort();
  const needs = {
    images: union(before.images, [image]),
    directories: union(before.directories, directories),
  };
  if (!sameNeeds(before, needs)) await writeNeeds(world, needs);
};

/** What somebody else's registry gives is had by whoever asks, also later: there only the sources of its mounts matter. */
const prepare = async (
  errand: RepairErrand,
  { directories }: StackService,
  { image }: Chosen,
  hosts: readonly string[],
): Promise<HostTrouble[]> => {
  const sources = directories.map(sourceWord).join(" ");
  if (image === "" && sources === "") return [];
  return await holdOn(errand, hosts.filter(isInstanceId), { images: image, directories: sources });
};

const deploy = (
  errand: RepairErrand,
  { name }: StackService,
  { image, seen }: Chosen,
  hosts: readonly string[],
): Promise<DeployAnswer> => {
  const { stack, stackParameter } = errand.world.config;
  return onManager(errand, "deploy service", deployAnswer, {
    document: "deploy-stack",
    parameters: {
      stack,
      service: name.slice(stack.length + 1),
      parameter: stackParameter,
      image,
      seen,
      hosts: hosts.join(" "),
    },
    waitsSeconds: DEPLOY_SECONDS,
    executionSeconds: DEPLOY_SECONDS,
  });
};

const viewOf = (
  action: Action,
  image: string,
  { outcome }: Exclude<DeployAnswer, { outcome: "new-hosts" }>,
  troubles: readonly HostTrouble[],
): AppliedView => {
  if (outcome === "not-in-stack")
    return applied(action, "not applied", "it is not in the stack any more: its parameter has changed");
  if (outcome === "exists")
    return applied(action, "done", "somebody else has deployed it meanwhile; it was left as it is");
  const without = troubles.length > 0 ? `; not ready for it: ${told(troubles)}` : "";
  return applied(action, "done", `deployed with ${shortImage(image)}${without}`);
};

const FEW = 3;

const told = (troubles: readonly HostTrouble[]): string => {
  const some = troubles.slice(0, FEW).map(({ instanceId, cause }) => `${instanceId}: ${cause}`);
  return `${some.join("; ")}${troubles.length > FEW ? `; and ${troubles.length - FEW} hosts more` : ""}`;
};
