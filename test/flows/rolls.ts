// What the tests of rolls have in common: workers that serve, images that are pushed, and what became of the service.
import type { Service } from "../../sandbox/simulated/swarm.ts";
import { serviceId } from "../../sandbox/simulated/swarmkit/service.ts";
import type { RollOutcome } from "../../shared/rolls/outcome.ts";
import { createTestWorld, digest, hive, image, type TestWorld, type WorldOptions } from "./world.ts";

export const REPOSITORY = "hive-tomcat";
/** Versions, by the digit that their digests are made of; `a` runs at first. */
const VERSIONS: Readonly<Record<string, string>> = { a: "1.4.1", b: "1.4.2", c: "1.4.3", d: "1.4.4" };

export interface RollWorldOptions extends WorldOptions {
  workers?: number;
  service?: Partial<Service>;
}

export const serving = ({ service, ...rest }: RollWorldOptions = {}): RollWorldOptions => ({
  services: [hive(service)],
  ...rest,
});

/** The image that runs is in the registry, and the workers are there. */
export const serve = async (world: TestWorld, workers = 3): Promise<void> => {
  world.registry.announces = false;
  pushed(world, "a");
  world.registry.announces = true;
  await world.desire(workers);
  await world.rest();
  await world.after(60);
};

/** Workers that serve, a service with more replicas than they have room for, and its image in the registry. */
export const rollingWorld = async (options: RollWorldOptions = {}): Promise<TestWorld> => {
  const world = await createTestWorld(serving(options));
  await serve(world, options.workers);
  return world;
};

/** Under its version, and with `latest` behind it as a pipeline does. */
export const pushed = (
  world: TestWorld,
  digit: string,
  tags = [VERSIONS[digit] ?? digit, "latest"],
): void => {
  for (const tag of tags) world.registry.push({ repository: REPOSITORY, digest: digest(digit), tag });
};

/** The name of an image as the service is to show it. */
export const named = (digit: string): string => image(digit).replace("@", `:${VERSIONS[digit] ?? digit}@`);

export const serviceOf = (world: TestWorld, name = "hive") => {
  const service = world.machines.swarm.services.get(serviceId(name));
  if (!service) throw new Error(`there is no service ${name}`);
  return service;
};

/** Each outcome once: a step that was repeated has published it again. */
export const outcomes = (world: TestWorld): RollOutcome[] => {
  const seen = new Map(world.published.map((outcome) => [`${outcome.roll} ${outcome.service}`, outcome]));
  return [...seen.values()];
};

export const ends = (world: TestWorld): string[] =>
  outcomes(world).map(({ image: name, outcome }) => `${name.split("@")[0]?.split(":").at(-1)} ${outcome}`);

/** Until no roll is under way any more. */
export const rolled = async (world: TestWorld, count = 1): Promise<void> => {
  await world.until(() => outcomes(world).length >= count, 12 * 3600);
  await world.rest();
};

/** Of the tasks that run: how many, by the digit of their image. */
export const running = (world: TestWorld, name = "hive"): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const task of serviceOf(world, name).tasks)
    if (task.state === "running") {
      const digit = task.image.split("sha256:")[1]?.[0] ?? "?";
      counts[digit] = (counts[digit] ?? 0) + 1;
    }
  return counts;
};

/** Everything that must hold after any roll, whatever it came to. */
export const rollProblems = (
  world: TestWorld,
  expected: { replicas?: number; name?: string } = {},
): string[] => {
  const { name = "hive", replicas = 10 } = expected;
  const { spec } = serviceOf(world, name);
  const { observations } = world.machines.swarm;
  const problems: string[] = [];
  if (spec.replicas !== replicas)
    problems.push(`${name} has ${spec.replicas} replicas instead of ${replicas}`);
  const markers = Object.keys(spec.labels).filter(
    (label) => label.startsWith("hive.roll.") && !["hive.roll.seen", "hive.roll.last"].includes(label),
  );
  if (markers.length > 0) problems.push(`${name} still carries ${markers.join(", ")}`);
  for (const { by } of observations.strangers().filter(({ by }) => !by.startsWith("person")))
    problems.push(`${by} wrote while a marker of another stood`);
  for (const { state } of observations.updates)
    if (state.startsWith("rollback")) problems.push(`an update of swarm's own ended ${state}`);
  const { image: wanted } = spec.template;
  for (const task of serviceOf(world, name).tasks)
    if (task.state === "running" && task.image !== wanted) problems.push(`a task runs ${task.image}`);
  return problems;
};

/** What was sent to managers and hosts for rolls. */
export const commandsOfRolls = (world: TestWorld) =>
  world.commands().filter(({ document }) => /survey|service|hold|explain/.test(document));
