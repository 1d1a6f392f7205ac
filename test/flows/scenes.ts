// What the flow tests have in common: an instance that is launched, one that serves, and what became of them.
import type { TestWorld } from "./world.ts";

/** The worker that was launched first. */
export const first = (world: TestWorld): string => {
  const [hook] = world.autoScaling.hooks();
  if (!hook) throw new Error("no instance waits for its launch hook yet");
  return hook.instanceId;
};

export const launch = async (world: TestWorld): Promise<string> => {
  await world.desire(1);
  return first(world);
};

export const joinOutcome = (world: TestWorld, id: string) => world.execution(`join-${id}-0`).outcome;

/** Seconds between the begin of a wait, its heartbeats, and its end. */
export const silences = (world: TestWorld, id: string, hook: "join" | "retire"): number[] => {
  const { startedAt, heartbeats, endedAt = startedAt } = world.hook(id, hook);
  const times = [startedAt, ...heartbeats, endedAt];
  return times.slice(1).map((time, index) => (time - (times[index] ?? 0)) / 1000);
};

/** An instance that has joined and served for some minutes. */
export const serving = async (world: TestWorld): Promise<string> => {
  const id = await launch(world);
  await world.rest();
  if (world.state(id) !== "InService") throw new Error(`${id} did not come into service: ${world.state(id)}`);
  await world.after(200);
  return id;
};

/** Managers in service, in a fixed order. */
export const managersOf = (world: TestWorld): string[] => [...world.managers()].sort();

/** A manager, the first one unless it is named, goes without a successor. */
export const retireManager = (world: TestWorld, id = managersOf(world)[0] ?? ""): string => {
  world.terminate(id);
  return id;
};

export const retireOutcome = (world: TestWorld, id: string) => world.execution(`retire-${id}-0`).outcome;
