// Rolls on a real swarm that is not left alone: nodes and leaders that die, workers that come and go, people who write to the
// service, and a function that is killed on its way.
import { names } from "../../sandbox/cloud/configuration.ts";
import {
  change,
  expectAtRest,
  manager,
  outcomeFor,
  rollSettings,
  running,
  service,
  serviceEvents,
} from "./rolls.ts";
import { endedHook, withSandbox } from "./support.ts";

const REPLICAS = 8;

describe("in the middle of a roll", () => {
  const sandbox = withSandbox({ managers: 3, workers: 3, replicas: REPLICAS, settings: rollSettings });
  let version = 0;

  /** Pushes the next version, and waits until its first task runs and others are still to come. */
  const midway = async () => {
    const pushed = await sandbox().push({ version: `2.${++version}.0` });
    await sandbox().until(
      "the first new task",
      async () => ((await running(sandbox()))[pushed.image] ?? 0) > 0,
    );
    return pushed;
  };

  const converges = async ({ digest, image }: { digest: string; image: string }, replicas = REPLICAS) => {
    expect(await outcomeFor(sandbox(), digest, 180)).toMatchObject({ outcome: "converged" });
    await expectAtRest(sandbox(), image, replicas);
  };

  it("a worker joins and another retires: both hooks end, and every task runs the new image", async () => {
    const pushed = await midway();
    await sandbox().scale(4);
    const [first] = await sandbox().workers();
    await sandbox().until(
      "the new worker",
      async () => (await sandbox().workers()).length === 4 && (await sandbox().workers()),
    );
    await converges(pushed);
    await sandbox().settled(4, 120);
    await sandbox().scale(3);
    const again = await midway();
    await converges(again);
    await endedHook(sandbox(), first?.instanceId ?? "", "retire", 120);
    await sandbox().settled(3, 120);
    expect(await running(sandbox())).toEqual({ [again.image]: 3 });
  });

  it("a worker loses its power: what has no place any more does not keep the roll from ending", async () => {
    const pushed = await midway();
    const [victim] = (await sandbox().workers()).slice(-1);
    await sandbox().control.kill(victim?.instanceId ?? "");
    await converges(pushed);
    await sandbox().settled(3, 180);
    expect(await running(sandbox())).toEqual({ [pushed.image]: 3 });
  });

  it("a person scales and writes a label: both stand at the end", async () => {
    const pushed = await midway();
    await change(sandbox(), (spec) => ({
      ...spec,
      Labels: { ...spec.Labels, team: "web" },
      Mode: { Replicated: { Replicas: 7 } },
    }));
    await converges(pushed, 7);
    expect((await service(sandbox())).Spec.Labels.team).toBe("web");
    await change(sandbox(), (spec) => ({ ...spec, Mode: { Replicated: { Replicas: REPLICAS } } }));
  });

  it("a person writes a label while a bad image fails, which resets the update: never is the bad image what is gone back to", async () => {
    const before = (await service(sandbox())).Spec.TaskTemplate.ContainerSpec.Image;
    const start = Date.now();
    const { digest } = await sandbox().push({ version: `2.${++version}.0`, variant: "exits" });
    await sandbox().until("the bad image in the spec", async () =>
      (await service(sandbox())).Spec.TaskTemplate.ContainerSpec.Image.endsWith(digest),
    );
    await change(sandbox(), (spec) => ({ ...spec, Labels: { ...spec.Labels, written: "in between" } }));
    expect(await outcomeFor(sandbox(), digest)).toMatchObject({ outcome: "rolled back", runs: before });
    await expectAtRest(sandbox(), before, REPLICAS);
    const states = await serviceEvents(await manager(sandbox()), start);
    expect(states.length).toBeGreaterThan(0);
    expect(states.filter((state) => state.startsWith("rollback"))).toEqual([]);
  });

  it("the function is killed again and again: it goes on where it was", async () => {
    const pushed = await midway();
    for (let kill = 0; kill < 4; kill++) {
      await sandbox().control.killFunction("roll-service");
      await new Promise((resolve) => setTimeout(resolve, 3_000));
    }
    await converges(pushed);
    expect(await running(sandbox())).toEqual({ [pushed.image]: 3 });
  });

  it("the manager that leads loses its power: another one is asked, and no task is lost", async () => {
    const pushed = await midway();
    const nodes = await (await manager(sandbox())).get<
      { Spec: { Labels?: Record<string, string> }; ManagerStatus?: { Leader?: boolean } }[]
    >("/nodes");
    const leader = nodes.find(({ ManagerStatus }) => ManagerStatus?.Leader);
    await sandbox().control.kill(leader?.Spec.Labels?.[names.instanceLabel] ?? "");
    await converges(pushed);
    expect(await running(sandbox())).toEqual({ [pushed.image]: 3 });
  });
});
