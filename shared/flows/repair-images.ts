// What the tag policy would have run of each repository that services of the swarm run.
import { errorText, isTransient } from "../aws/errors.ts";
import { describeImages } from "../aws/images.ts";
import type { NewestImage } from "../fleet/snapshot.ts";
import { imageName, parseImage } from "../rolls/image.ts";
import { isOurs, newestImage, versionOf } from "../rolls/tag-policy.ts";
import type { ServiceFacts } from "../swarm/services.ts";
import type { RepairWorld } from "./world.ts";

/** A step's result must stay small. */
const MOST_NEWER = 500;

/** @throws what the registry answers of one of them; which one that is stands in the message. */
export const readNewest = async (
  world: RepairWorld,
  services: readonly Pick<ServiceFacts, "image">[],
): Promise<NewestImage[]> => {
  const found: NewestImage[] = [];
  for (const repository of repositoriesOf(world, services)) {
    const images = await imagesOf(world, repository);
    const image = newestImage(world.config, images);
    if (!image) continue;
    const later = images.filter(({ pushedAt }) => pushedAt > image.pushedAt);
    found.push({
      repository,
      image: imageName(repository, versionOf(world.config, image.tags), image.digest),
      pushedAt: image.pushedAt.toISOString(),
      newer: later.map(({ digest }) => digest).slice(0, MOST_NEWER),
    });
  }
  return found;
};

/** `registry/repository`, each once: of our registry, and of those whose pushes roll services. */
const repositoriesOf = (
  { config }: RepairWorld,
  services: readonly Pick<ServiceFacts, "image">[],
): string[] => {
  const ours = `${config.registry}/`;
  const run = services.map(({ image }) => parseImage(image).repository);
  return [...new Set(run)]
    .filter((name) => name.startsWith(ours) && isOurs(config, name.slice(ours.length)))
    .sort();
};

const imagesOf = async ({ registry, config }: RepairWorld, repository: string) => {
  const name = repository.slice(config.registry.length + 1);
  try {
    return await describeImages(registry, config.registry, name);
  } catch (cause) {
    // Tried again as it is.
    if (isTransient(cause)) throw cause;
    throw new Error(`DescribeImages of ${name} in ${config.registryRegion}: ${errorText(cause)}`, { cause });
  }
};
