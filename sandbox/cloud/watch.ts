// Watches what nobody reports by itself (swarm, load balancer, durable steps) and writes every change into the
// timeline. Looks, never touches.
import { join } from "node:path";
import { OPERATOR } from "../aws/handle.ts";
import type { Cloud } from "./assemble.ts";
import { shortCause } from "./causes.ts";
import { names } from "./configuration.ts";
import { type EngineNode, type EngineTask, engineAt } from "./engine.ts";
import { finishedSteps, instanceOf } from "./flows.ts";
import { type BalancerMember, changes, emptyPicture, type Picture, swarmPicture } from "./picture.ts";

const LOOK_MILLISECONDS = 400;
/** A manager that hangs must not stop the watching for long. */
const MANAGER_PATIENCE_MILLISECONDS = 1_500;

export class Watch {
  readonly #cloud: Cloud;
  readonly #told = new Set<string>();
  #picture: Picture = emptyPicture;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
    cloud.autoScaling.onChange(({ instanceId, group, from, to, at, cause }) =>
      cloud.timeline.add({
        at,
        kind: "lifecycle",
        instanceId,
        text: `${from === undefined ? `${to} in ${group}` : `${from} → ${to}`} (${shortCause(cause)})`,
        cause,
      }),
    );
  }

  /** What was seen last. */
  get picture(): Picture {
    return this.#picture;
  }

  /** Never ends; one look after the other, so that slow answers do not pile up. */
  async run(): Promise<void> {
    for (;;) {
      this.#flows();
      await this.#look();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS));
    }
  }

  async #look(): Promise<void> {
    const [swarm, balancer] = await Promise.all([lookAtSwarm(this.#cloud), lookAtBalancer(this.#cloud)]);
    const seen: Picture = { ...this.#picture, ...swarm, ...(balancer && { balancer }) };
    for (const change of changes(this.#picture, seen)) this.#cloud.timeline.add(change);
    this.#picture = seen;
  }

  #flows(): void {
    for (const execution of this.#cloud.lambda.durable.executions()) {
      const { name, status, startedAt, endedAt } = execution;
      const instanceId = instanceOf(name);
      const tell = (
        key: string,
        entry: { at: number; text: string; kind: "flow" | "step"; seconds?: number },
      ) => {
        if (this.#told.has(`${name} ${key}`)) return;
        this.#told.add(`${name} ${key}`);
        this.#cloud.timeline.add({ ...entry, ...(instanceId !== undefined && { instanceId }) });
      };
      const flow = name.split("-")[0] ?? name;
      tell("started", { kind: "flow", at: startedAt, text: `${flow}: started as ${name}` });
      const passed = new Set<string>();
      for (const step of finishedSteps(execution)) {
        // A flow may do a step a second time, with what it has learned: that is no failure, and told as what it is.
        const again = passed.has(step.name) ? " (again)" : "";
        passed.add(step.name);
        const text = `${flow}: ${step.name}${again}${step.failed ? " FAILED" : ""}`;
        tell(step.id, { kind: "step", at: step.at, text, seconds: step.seconds });
      }
      if (endedAt === undefined) continue;
      const seconds = (endedAt - startedAt) / 1000;
      tell("ended", { kind: "flow", at: endedAt, text: `${flow}: ${status.toLowerCase()}`, seconds });
    }
  }
}

/** The first manager that answers tells; undefined where none does. */
const lookAtSwarm = async ({ autoScaling, configuration }: Cloud) => {
  for (const instanceId of autoScaling.instanceIds(names.managerGroup)) {
    const socket = join(configuration.stateDirectory, "instances", instanceId, "docker.sock");
    const engine = engineAt(socket, MANAGER_PATIENCE_MILLISECONDS);
    try {
      const [nodes, tasks] = await Promise.all([
        engine.get<EngineNode[]>("/nodes"),
        engine.get<EngineTask[]>("/tasks"),
      ]);
      return swarmPicture(nodes, tasks, names.instanceLabel);
    } catch {
      // Not up yet, not in a swarm yet, frozen by a test, or gone: the next one may know.
    }
  }
  return undefined;
};

const lookAtBalancer = async ({ handle, timeline }: Cloud): Promise<BalancerMember[] | undefined> => {
  try {
    const { InstanceStates = [] } = (await handle(
      "elasticloadbalancing",
      "DescribeInstanceHealth",
      { LoadBalancerName: names.loadBalancer },
      OPERATOR,
    )) as { InstanceStates?: { InstanceId: string; State: string; Description: string }[] };
    return InstanceStates.map(({ InstanceId, State, Description }) => ({
      instanceId: InstanceId,
      state: State,
      description: Description,
    }));
  } catch (error) {
    timeline.add({ kind: "trouble", text: `the load balancer could not be asked: ${error}` });
    return undefined;
  }
};
