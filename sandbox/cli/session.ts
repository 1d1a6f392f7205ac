// A sandbox in the hands of a program: started, with everything to drive and to watch it, and taken down. What the
// demonstration and the tests use.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { SetDesiredCapacityCommand } from "@aws-sdk/client-auto-scaling";
import { BatchDeleteImageCommand } from "@aws-sdk/client-ecr";
import { files, names } from "../cloud/configuration.ts";
import type { DemoPush, PushedDemoImage } from "../cloud/ecr.ts";
import { type Engine, engineAt } from "../cloud/engine.ts";
import { isSettled } from "../cloud/settled.ts";
import type { InstanceStatus, Status } from "../cloud/status.ts";
import type { TimelineEntry } from "../cloud/timeline.ts";
import { ensurePackaged } from "./build.ts";
import { type Clients, clientsOf } from "./clients.ts";
import { type Control, controlAt } from "./control.ts";
import { type ForgedPush, putPush } from "./forged-push.ts";
import { type LaunchOptions, launch, projectDirectory, takeDown } from "./launch.ts";

export interface SandboxOptions extends LaunchOptions {
  log?: (line: string) => void;
}

export interface Sandbox extends Clients {
  stateDirectory: string;
  /** Of the AWS API. */
  endpoint: string;
  /** Of the load balancer. */
  url: string;
  control: Control;
  /** What has happened so far. */
  timeline: readonly TimelineEntry[];
  /** The Docker engine of an instance. */
  engine(instanceId: string): Engine;
  /** The workers that are not yet terminated, in order of launch. */
  workers(): Promise<InstanceStatus[]>;
  managers(): Promise<InstanceStatus[]>;
  /** Sets the desired capacity of the worker group, through the AWS API. */
  scale(workers: number): Promise<void>;
  /** Pushes a demo image through the registry; ECR's events, one a tag, are under way when it resolves. */
  push(image: DemoPush): Promise<PushedDemoImage>;
  /** @param reference a tag or a digest */
  deleteImage(repository: string, reference: string): Promise<void>;
  /** Puts an event of a push that did not happen, or happened long ago, on the bus of the registry's region. */
  forgePush(push: ForgedPush): Promise<void>;
  /**
   * Asks again and again until the answer is neither undefined nor false, and answers with it.
   * @throws after `seconds`, naming `what`, with the last error and the end of the timeline
   */
  until<Answer>(what: string, ask: Ask<Answer>, seconds?: number): Promise<Answer>;
  /** Waits until so many workers are in service, in the swarm, and in service at the load balancer. */
  settled(workers: number, seconds?: number): Promise<Status>;
  down(): Promise<void>;
}

type Ask<Answer> = () => Promise<Answer | undefined | false> | Answer | undefined | false;

const ASK_AGAIN_MILLISECONDS = 200;
const PATIENCE_SECONDS = 60;
/** Enough of what happened to see what did not. */
const TOLD_ENTRIES = 25;

/** Builds what is needed, and starts a sandbox that ends with this process unless told otherwise. */
export const startSandbox = async (options: SandboxOptions = {}): Promise<Sandbox> => {
  const { log = () => {}, ...launchOptions } = options;
  await ensurePackaged(projectDirectory, log);
  const timeline: TimelineEntry[] = [];
  const launched = await launch({
    dieWithParent: true,
    ...launchOptions,
    onTimeline: (entry) => {
      timeline.push(entry);
      options.onTimeline?.(entry);
    },
  });
  const { stateDirectory, ports } = launched;
  const endpoint = `http://127.0.0.1:${ports.aws}`;
  const clients = clientsOf(endpoint);
  const control = controlAt(join(stateDirectory, files.control));

  const members = async (group: string) =>
    (await control.status()).instances.filter((instance) => instance.group === group);
  const until = async <Answer>(
    what: string,
    ask: Ask<Answer>,
    seconds = PATIENCE_SECONDS,
  ): Promise<Answer> => {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const answered = await attempt(ask);
      if (!("cause" in answered) && answered.answer !== undefined && answered.answer !== false) {
        return answered.answer;
      }
      launched.expectAlive();
      if (Date.now() > deadline) {
        const told = timeline.slice(-TOLD_ENTRIES).map(asLine).join("\n");
        throw new Error(`Waited ${seconds} s in vain for ${what}. What happened last:\n${told}`, {
          cause: "cause" in answered ? answered.cause : undefined,
        });
      }
      await delay(ASK_AGAIN_MILLISECONDS);
    }
  };

  return {
    ...clients,
    stateDirectory,
    endpoint,
    url: `http://127.0.0.1:${ports.elb}`,
    control,
    timeline,
    engine: (instanceId) => engineAt(join(stateDirectory, "instances", instanceId, "docker.sock")),
    workers: () => members(names.workerGroup),
    managers: () => members(names.managerGroup),
    scale: async (DesiredCapacity) => {
      const input = { AutoScalingGroupName: names.workerGroup, DesiredCapacity };
      await clients.autoScaling.send(new SetDesiredCapacityCommand(input));
    },
    push: (image) => control.push(image),
    deleteImage: async (repositoryName, reference) => {
      const imageId = reference.includes(":") ? { imageDigest: reference } : { imageTag: reference };
      const { failures = [] } = await clients.registry.send(
        new BatchDeleteImageCommand({ repositoryName, imageIds: [imageId] }),
      );
      const [failure] = failures;
      if (failure) {
        throw new Error(`ECR did not delete ${repositoryName} ${reference}: ${failure.failureReason}`);
      }
    },
    forgePush: (push) => putPush(clients.registryEvents, push),
    until,
    settled: (workers, seconds) =>
      until(
        `${workers} worker(s) in service, and no other`,
        async () => {
          const status = await control.status();
          return isSettled(status, workers) && status;
        },
        seconds,
      ),
    down: async () => {
      launched.quiet();
      clients.destroy();
      await takeDown(stateDirectory);
    },
  };
};

const attempt = async <Answer>(
  ask: Ask<Answer>,
): Promise<{ answer: Answer | undefined | false } | { cause: unknown }> => {
  try {
    return { answer: await ask() };
  } catch (cause) {
    return { cause };
  }
};

const asLine = ({ at, instanceId = "", text, seconds }: TimelineEntry): string => {
  const took = seconds === undefined ? "" : ` (${seconds.toFixed(1)} s)`;
  return `  ${new Date(at).toISOString().slice(11, 23)} ${instanceId} ${text}${took}`;
};
