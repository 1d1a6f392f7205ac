// The rolls that crash: between them they come by every step of the flow.
import { type Scenario, scenarioOf } from "./crashes.ts";
import {
  named,
  outcomes,
  pushed,
  rolled,
  rollProblems,
  running,
  serve,
  serviceOf,
  serving,
} from "./rolls.ts";
import { image, PAUSE, type TestWorld } from "./world.ts";

const roll = scenarioOf("roll-service");

const rolls =
  (
    before: (world: TestWorld) => void = () => {},
    during: (world: TestWorld) => Promise<void> = async () => {},
  ) =>
  async (world: TestWorld): Promise<string> => {
    await serve(world);
    before(world);
    pushed(world, "b");
    await during(world);
    await rolled(world);
    return outcomes(world)[0]?.roll ?? "";
  };

/** Whatever crashed: one end, its replicas as they were, no marker left, nobody else's image on any task. */
const endsAs =
  (outcome: string, tasks: Record<string, number>) =>
  (world: TestWorld, name: string): void => {
    expect(outcomes(world)).toMatchObject([{ outcome }]);
    expect(running(world)).toEqual(tasks);
    expect(rollProblems(world)).toEqual([]);
    expect(world.execution(name).status).toBe("SUCCEEDED");
  };

const options = serving();

export const crashingRolls: readonly Scenario[] = [
  roll("a roll that converges", options, rolls(), (world, name) => {
    endsAs("converged", { b: 3 })(world, name);
    expect(serviceOf(world).spec.template.image).toBe(named("b"));
  }),
  roll(
    "a roll of an image that exits",
    options,
    rolls((world) => world.machines.images.behave(image("b"), { kind: "exits", code: 3, afterMs: 50 })),
    endsAs("rolled back", { a: 3 }),
  ),
  roll(
    "a roll that begins while rolls are paused",
    options,
    rolls((world) =>
      world.putParameter(
        PAUSE,
        JSON.stringify({ why: "a test", by: "ann@desk", at: "2026-01-01T00:00:00Z" }),
      ),
    ),
    endsAs("refused", { a: 3 }),
  ),
  roll(
    "a roll during which a node is lost",
    options,
    rolls(undefined, async (world) => {
      await world.until(() => running(world).b === 1);
      await world.desire(2);
      world.machines.kill(world.members()[0]?.id ?? "");
    }),
    endsAs("converged", { b: 2 }),
  ),
  roll(
    "a roll that pauses because a worker retires",
    options,
    rolls(undefined, async (world) => {
      await world.until(() => running(world).b === 1);
      const updated = [...serviceOf(world).tasks].find(
        (task) => task.state === "running" && task.image === named("b"),
      );
      world.terminate(updated?.instanceId ?? "");
    }),
    endsAs("converged", { b: 2 }),
  ),
  roll(
    "a roll whose image one host cannot pull at first",
    options,
    rolls(
      (world) => {
        world.machines.refusedPulls.set(named("b"), "net/http: TLS handshake timeout");
      },
      async (world) => {
        await world.until(() => world.commands("hold-images").some(({ status }) => status === "Failed"));
        world.machines.refusedPulls.clear();
      },
    ),
    endsAs("converged", { b: 3 }),
  ),
  roll(
    "a roll that is watched for longer than one command looks on",
    serving({ timings: { taskStartMs: 15_000 } }),
    rolls(),
    endsAs("converged", { b: 3 }),
  ),
  {
    ...roll(
      "a roll that another takes over",
      options,
      async (world) => {
        await serve(world);
        pushed(world, "b");
        await world.until(() => running(world).b === 1);
        pushed(world, "c");
        await rolled(world, 2);
        return "";
      },
      (world) => {
        const ended = outcomes(world).map(({ version, outcome }) => `${version} ${outcome}`);
        expect(ended.sort()).toEqual(["1.4.2 superseded", "1.4.3 converged"]);
        expect(running(world)).toEqual({ c: 3 });
        expect(rollProblems(world)).toEqual([]);
      },
    ),
    everywhere: true,
  },
];
