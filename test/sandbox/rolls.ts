// What the tests of rolls ask of the real swarm: the service as its managers keep it, its tasks, the outcomes as they were published.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sandbox } from "../../sandbox/cli/session.ts";
import type { EventRecord } from "../../sandbox/cloud/buses.ts";
import { files, names } from "../../sandbox/cloud/configuration.ts";
import type { Engine, EngineTask } from "../../sandbox/cloud/engine.ts";
import type { RollOutcome } from "../../shared/rolls/outcome.ts";
import { engineEvents } from "./support.ts";

/** Quick enough for tests; what they mean is in README.md, "Configure". */
export const rollSettings = {
  ROLL_SETTLE_SECONDS: "2",
  // Less than the load balancer needs: where no request may be lost, 2.
  ROLL_DELAY_SECONDS: "1",
  ROLL_MONITOR_SECONDS: "2",
  ROLL_STALL_SECONDS: "60",
};

export interface ServiceState {
  ID: string;
  Version: { Index: number };
  Spec: {
    Name: string;
    Labels: Record<string, string>;
    Mode: { Replicated?: { Replicas: number } };
    TaskTemplate: { ContainerSpec: { Image: string } } & Record<string, unknown>;
  } & Record<string, unknown>;
  UpdateStatus?: { State: string; Message: string };
}

/** The engine of a manager that answers. */
export const manager = async (sandbox: Sandbox) => {
  for (const { instanceId } of await sandbox.managers()) {
    const engine = sandbox.engine(instanceId);
    if (
      await engine.get("/services").then(
        () => true,
        () => false,
      )
    )
      return engine;
  }
  throw new Error("no manager answers");
};

export const service = async (sandbox: Sandbox, name: string = names.service): Promise<ServiceState> =>
  (await manager(sandbox)).get<ServiceState>(`/services/${name}`);

/** Tasks that run, by image. */
export const running = async (
  sandbox: Sandbox,
  name: string = names.service,
): Promise<Record<string, number>> => {
  const filters = encodeURIComponent(JSON.stringify({ service: [name], "desired-state": ["running"] }));
  const tasks = await (await manager(sandbox)).get<EngineTask[]>(`/tasks?filters=${filters}`);
  const counts: Record<string, number> = {};
  for (const { Status, Spec } of tasks) {
    const image = Spec.ContainerSpec?.Image ?? "";
    if (Status.State === "running") counts[image] = (counts[image] ?? 0) + 1;
  }
  return counts;
};

/** A person's write, by compare-and-swap as `docker service update` makes it. */
export const change = async (
  sandbox: Sandbox,
  how: (spec: ServiceState["Spec"]) => ServiceState["Spec"],
): Promise<void> => {
  const engine = await manager(sandbox);
  for (let attempt = 1; ; attempt++) {
    const { ID, Version, Spec } = await engine.get<ServiceState>(`/services/${names.service}`);
    try {
      await engine.post(`/services/${ID}/update?version=${Version.Index}`, how(Spec));
      return;
    } catch (error) {
      if (attempt === 10) throw error;
    }
  }
};

/** Outcomes as EventBridge got them, each once. */
export const outcomes = (sandbox: Sandbox): RollOutcome[] => {
  const seen = new Map<string, RollOutcome>();
  for (const line of readFileSync(join(sandbox.stateDirectory, files.events), "utf8").split("\n")) {
    if (line === "") continue;
    const event = JSON.parse(line) as EventRecord;
    if (event.source !== "hive-swarm" || event["detail-type"] !== "Service Roll Finished") continue;
    const outcome = event.detail as unknown as RollOutcome;
    seen.set(`${outcome.roll} ${outcome.service}`, outcome);
  }
  return [...seen.values()];
};

/** The outcome of the roll of this digest (or, for one that reached no service, of its image), once it is there. */
export const outcomeFor = (sandbox: Sandbox, digest: string, seconds = 120): Promise<RollOutcome> =>
  sandbox.until(
    `the outcome of ${digest.slice(0, 19)}`,
    () => outcomes(sandbox).find(({ image }) => image.endsWith(digest)),
    seconds,
  );

/** Samples how many tasks run until it is stopped. @returns the fewest */
export const sampleRunning = (sandbox: Sandbox): (() => Promise<number>) => {
  let [least, over] = [Number.POSITIVE_INFINITY, false];
  const sampling = (async () => {
    while (!over) {
      const counts = await running(sandbox);
      least = Math.min(
        least,
        Object.values(counts).reduce((sum, count) => sum + count, 0),
      );
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  })();
  return async () => {
    over = true;
    await sampling;
    return least;
  };
};

/** States that updates of services came to since then, as the engine recorded them. */
export const serviceEvents = async (engine: Engine, since: number): Promise<string[]> => {
  const events = await engineEvents(engine, "service", since);
  return events.flatMap(({ Actor }) => Actor.Attributes["updatestate.new"] ?? []);
};

/** What must hold after every roll. */
export const expectAtRest = async (sandbox: Sandbox, image: string, replicas: number): Promise<void> => {
  const { Spec, UpdateStatus } = await service(sandbox);
  expect(Spec.TaskTemplate.ContainerSpec.Image).toBe(image);
  expect(Spec.Mode.Replicated?.Replicas).toBe(replicas);
  const left = Object.keys(Spec.Labels).filter((label) => label.startsWith("hive.roll."));
  expect(left.sort()).toEqual(expect.not.arrayContaining(["hive.roll.id", "hive.roll.replicas"]));
  expect(UpdateStatus?.State ?? "none").not.toMatch(/rollback/);
  expect(Object.keys(await running(sandbox))).toEqual([image]);
};
