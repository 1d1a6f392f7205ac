// Simulated instances: machines without a machine, which answer the project's documents by name. For flow tests on virtual
// time, and for fleets larger than one computer holds.
import { type Clock, sleep } from "../clock.ts";
import { type AgentStatus, AwsError, type Machines, type ScriptResult, type ScriptRun } from "../ports.ts";
import { backupSwarm } from "./backup-document.ts";
import { surveyCluster } from "./cluster-document.ts";
import { demoteNode } from "./demote-document.ts";
import { initSwarm, rotateTokens, surveyManagers } from "./formation-documents.ts";
import { Host, type HostTraits } from "./host.ts";
import * as onHost from "./host-documents.ts";
import { explainTask, holdImages } from "./host-images.ts";
import { repositoryOf, SimulatedImages } from "./images.ts";
import { logState } from "./log-state.ts";
import * as onManager from "./manager-documents.ts";
import { mendNodes } from "./mend-document.ts";
import {
  AgentTooOld,
  type AwsCall,
  type Document,
  Failed,
  failed,
  type Rescued,
  result,
  type SavedSwarm,
  type Script,
  succeeded,
} from "./script.ts";
import { surveyServices, updateService, watchService } from "./service-documents.ts";
import { deployStack } from "./stack-document.ts";
import { SimulatedSwarm, type Task } from "./swarm.ts";
import type { Hosts } from "./swarmkit/store.ts";
import { defaultTimings, type SimulatedTimings } from "./timings.ts";

const DOCUMENTS: Readonly<Record<string, Document>> = {
  "join-host": onHost.joinHost,
  "await-tasks": onHost.awaitTasks,
  "begin-retire": onHost.beginRetire,
  "leave-swarm": onHost.leaveSwarm,
  "init-swarm": initSwarm,
  "rotate-tokens": rotateTokens,
  "survey-managers": surveyManagers,
  "restart-shipper": onHost.restartShipper,
  "rescue-logs": onHost.rescueLogs,
  "activate-node": onManager.activateNode,
  "demote-node": demoteNode,
  "drain-node": onManager.drainNode,
  "remove-node": onManager.removeNode,
  "mend-nodes": mendNodes,
  "hold-images": holdImages,
  "explain-task": explainTask,
  "backup-swarm": backupSwarm,
  "survey-cluster": surveyCluster,
  "survey-services": surveyServices,
  "watch-service": watchService,
  "update-service": updateService,
  "deploy-stack": deployStack,
};

export interface SimulatedOptions {
  clock: Clock;
  /** Parameter Store, as an instance reads it with its own role. */
  readParameter: (name: string) => string | undefined;
  /** Default: none is kept. */
  writeParameter?: (name: string, value: string) => void;
  timings?: Partial<SimulatedTimings>;
  /** Of everything that swarmkit leaves to chance. */
  seed?: number;
}

/** What went with a machine that was powered off. */
export interface Gone {
  instanceId: string;
  /** Bytes of its logs that nobody had acknowledged. */
  unshippedBytes: number;
  /** False: it had died before. */
  wasAlive: boolean;
}

export class SimulatedMachines implements Machines {
  readonly swarm: SimulatedSwarm;
  /** What containers of each image do. */
  readonly images = new SimulatedImages();
  readonly hosts = new Map<string, Host>();
  readonly gone: Gone[] = [];
  readonly rescued: Rescued[] = [];
  readonly saved: SavedSwarm[] = [];
  /** Images that no registry has (any more). */
  readonly missingImages = new Set<string>();
  /** Image → what pulling it answers, on whichever host. */
  readonly refusedPulls = new Map<string, string>();
  /** IAM's word on what an instance asks with its own role: throws what AWS answers. Until it is set, all is allowed. */
  authorize: (instanceId: string, call: AwsCall) => void = () => {};
  /**
   * True: whoever made the cloud has formed the swarm, and managers are in it from their first moment. False: they are bare, and
   * what they join is the flows' business.
   */
  managersAreThere = true;
  /** What the next workers (and managers, unless they are there already) are like. */
  next: HostTraits;
  readonly #options: SimulatedOptions;
  readonly #timings: SimulatedTimings;
  #addresses = 10;

  constructor(options: SimulatedOptions) {
    this.#options = options;
    this.#timings = { ...defaultTimings, ...options.timings };
    this.next = this.#usual();
    this.swarm = new SimulatedSwarm(options.clock, this.#timings, this.#seenBySwarm(), options.seed);
  }

  async start(instance: { instanceId: string; group: string; role: "manager" | "worker" }): Promise<void> {
    const there = instance.role === "manager" && this.managersAreThere;
    const traits = there ? { ...this.#usual(), onlineAfterMs: 0 } : this.next;
    const host = new Host({ ...instance, address: this.#address() }, this.#options.clock, this.#timings, {
      ...traits,
    });
    this.hosts.set(instance.instanceId, host);
    // Before any worker: the first one has formed the swarm, and who formed it labelled them.
    if (there) {
      const { instanceId, address } = host;
      const labels = { "hive.instance-id": instanceId };
      host.nodeId = this.swarm.admit({
        instanceId,
        address,
        role: "manager",
        availability: "drain",
        labels,
      }).id;
    }
  }

  async terminate(instanceId: string): Promise<void> {
    const host = this.hosts.get(instanceId);
    if (host === undefined) return;
    this.gone.push({ instanceId, unshippedBytes: host.logs.backlog(), wasAlive: host.alive });
    this.#die(host);
    this.hosts.delete(instanceId);
  }

  /** Dead before anybody hears of it, as when it is terminated in EC2 itself. */
  kill(instanceId: string): void {
    this.#die(this.host(instanceId));
  }

  /** It stops answering; its agent still counts as online. */
  freeze(instanceId: string): void {
    this.host(instanceId).freeze();
  }

  thaw(instanceId: string): void {
    this.host(instanceId).thaw();
  }

  /** @throws Error when there is no such machine (any more). */
  host(instanceId: string): Host {
    const host = this.hosts.get(instanceId);
    if (host) return host;
    throw new Error(
      `There is no simulated instance ${instanceId}; there are ${[...this.hosts.keys()].join(", ")}.`,
    );
  }

  agent(instanceId: string): AgentStatus | undefined {
    const host = this.hosts.get(instanceId);
    if (host === undefined || !host.registered()) return host && offline(host);
    return { online: host.online(), agentVersion: host.traits.agentVersion, address: host.address };
  }

  alive(instanceId: string): boolean {
    return this.hosts.get(instanceId)?.alive ?? false;
  }

  run(instanceId: string, run: ScriptRun): Promise<ScriptResult> {
    const host = this.host(instanceId);
    const { clock } = this.#options;
    const state = { over: false };
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        if (state.over) return;
        state.over = true;
        timer.cancel();
        forget();
        settle();
      };
      const timer = clock.after(run.executionTimeoutSeconds * 1000, () =>
        end(() => resolve({ ...result(137, ""), timedOut: true })),
      );
      const forget = host.onDeath(() =>
        end(() => reject(new Error(`${instanceId} died while it ran ${run.document}`))),
      );
      run.signal.addEventListener("abort", () =>
        end(() => reject(new Error(`${run.document} was cancelled on ${instanceId}`))),
      );
      this.#execute(host, run, state).then(
        (answer) => end(() => resolve(answer)),
        (error: unknown) => end(() => reject(error)),
      );
    });
  }

  async #execute(host: Host, run: ScriptRun, state: { over: boolean }): Promise<ScriptResult> {
    const { clock } = this.#options;
    const script: Script = {
      host,
      swarm: this.swarm,
      timings: this.#timings,
      rescued: this.rescued,
      saved: this.saved,
      run: state,
      now: () => clock.now(),
      readParameter: this.#options.readParameter,
      writeParameter: this.#options.writeParameter ?? (() => {}),
      refusal: (image, region) =>
        host.traits.pullFails ??
        this.refusedPulls.get(image) ??
        this.#denied(host, image, region) ??
        (this.missingImages.has(image) ? "manifest unknown: manifest unknown" : undefined),
      ask: (step, call) => {
        try {
          this.authorize(host.instanceId, call);
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          throw new Failed(step, `${call.shown}: ${error.code}: ${error.message}`);
        }
      },
      parameter: (name) => {
        const value = run.environment[`SSM_${name}`];
        if (value === undefined) throw new AgentTooOld(`SSM_${name}: agent too old`);
        return value;
      },
      pause: async (milliseconds) => {
        await sleep(clock, milliseconds);
        await host.thawed();
        if (state.over) await new Promise(() => {});
      },
    };
    await script.pause(this.#timings.scriptMs);
    const document = Object.hasOwn(DOCUMENTS, run.document) ? DOCUMENTS[run.document] : undefined;
    try {
      if (run.document === "log-state") return await logState(script);
      if (document === undefined) throw new Error(`Simulated instances know no document ${run.document}.`);
      return succeeded(await document(script));
    } catch (error) {
      if (error instanceof Failed) return failed(error);
      if (error instanceof AgentTooOld) return result(1, "", error.message);
      throw error;
    }
  }

  /** What a registry answers a docker client whose role may not read the manifest, or a layer. */
  #denied({ instanceId }: Host, image: string, region: string): string | undefined {
    const repositoryName = repositoryOf(image).replace(/^[^/]*\//, "");
    for (const operation of ["BatchGetImage", "GetDownloadUrlForLayer"])
      try {
        this.authorize(instanceId, {
          service: "ecr",
          operation,
          input: { repositoryName },
          region,
          shown: image,
        });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        return `denied: ${error.message}`;
      }
    return undefined;
  }

  #die(host: Host): void {
    if (!host.alive) return;
    host.die();
    for (const task of host.nodeId === undefined ? [] : this.swarm.tasksOf(host.nodeId))
      host.logs.end(logPath(task));
    host.logs.stopFilebeat();
    this.swarm.died(host.instanceId);
  }

  #seenBySwarm(): Hosts {
    const logsOf = ({ instanceId }: Task) => this.hosts.get(instanceId)?.logs;
    return {
      responsive: (instanceId) => this.hosts.get(instanceId)?.responsive() ?? false,
      thawed: async (instanceId) => {
        const host = this.hosts.get(instanceId);
        await host?.thawed();
        if (!host?.alive) await new Promise(() => {});
      },
      lacks: (instanceId, image, directories) => {
        const host = this.host(instanceId);
        if (!host.images.has(image)) return `No such image: ${image}`;
        const missing = directories.find((directory) => !host.directories.has(directory));
        return missing && `invalid mount config for type "bind": bind source path does not exist: ${missing}`;
      },
      behaviour: (task) => this.images.of(task),
      taskRuns: (task) => logsOf(task)?.begin(logPath(task)),
      taskStopped: (task) => logsOf(task)?.end(logPath(task)),
    };
  }

  #usual(): HostTraits {
    const onlineAfterMs = this.#options.timings?.agentOnlineMs ?? defaultTimings.agentOnlineMs;
    return { agentVersion: "3.3.3000.0", onlineAfterMs, readyAfterMs: onlineAfterMs + 1_000 };
  }

  /** 10.78.0.10 and on, as the sandbox's real instances have. */
  #address(): string {
    const number = this.#addresses++;
    return `10.78.${Math.floor(number / 256)}.${number % 256}`;
  }
}

const logPath = (task: Task): string => `/var/log/hive/${task.id}/app.log`;

const offline = (host: Host): AgentStatus => ({
  online: false,
  agentVersion: host.traits.agentVersion,
  address: host.address,
});
