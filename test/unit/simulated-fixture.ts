// A simulated swarm without flows: managers, workers that are active and hold the images, and one over-committed service.
import { gunzipSync } from "node:zlib";
import { VirtualClock } from "../../sandbox/clock.ts";
import { SimulatedMachines } from "../../sandbox/simulated/machines.ts";
import type { Service } from "../../sandbox/simulated/swarm.ts";
import type { SimulatedTimings } from "../../sandbox/simulated/timings.ts";

const REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/hive-tomcat";

export const repository = REPOSITORY;
export const image = (digit: string, version?: string): string =>
  `${REPOSITORY}${version ? `:${version}` : ""}@sha256:${digit.repeat(64)}`;
export const [OLD, NEW] = [image("a"), image("b")];

/** Of every document that is asked here: what the flows always give, and a test need not. */
const DEFAULTS: Readonly<Record<string, string>> = {
  expects: "",
  image: "",
  seen: "2026-01-01T00:00:00.000Z",
  since: "",
  cause: "",
  parallelism: "1",
  delaySeconds: "0",
  monitorSeconds: "5",
  holders: "",
  settleSeconds: "0",
  waitSeconds: "0",
  registry: "123456789012.dkr.ecr.us-east-1.amazonaws.com",
  registryRegion: "us-east-1",
  keep: "",
  prune: "",
  directories: "",
  replicas: "",
  was: "",
  hosts: "",
};

export interface FixtureOptions {
  workers?: number;
  seed?: number;
  service?: Partial<Service>;
  /** What the workers hold. */
  images?: readonly string[];
  timings?: Partial<SimulatedTimings>;
  /** Of Parameter Store. */
  parameters?: Readonly<Record<string, string>>;
}

export const createFixture = async (options: FixtureOptions = {}) => {
  const { workers = 3, images = [OLD, NEW] } = options;
  const clock = new VirtualClock();
  const machines = new SimulatedMachines({
    clock,
    readParameter: (name) => options.parameters?.[name],
    ...(options.timings ? { timings: options.timings } : {}),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
  });
  const { swarm } = machines;
  const managers = ["i-00000aa1", "i-00000aa2", "i-00000aa3"];
  for (const instanceId of managers) await machines.start({ instanceId, group: "managers", role: "manager" });

  /** Joins, holds the images and is active, as after a join. */
  const addWorker = async (instanceId: string, holds: readonly string[] = images): Promise<string> => {
    await machines.start({ instanceId, group: "workers", role: "worker" });
    const host = machines.host(instanceId);
    for (const name of holds) host.images.add(name);
    const node = swarm.admit({
      instanceId,
      address: host.address,
      role: "worker",
      availability: "drain",
    });
    host.nodeId = node.id;
    setAvailability(node.id, "active");
    return node.id;
  };
  const setAvailability = (nodeId: string, availability: "active" | "drain"): void => {
    const node = swarm.nodes.get(nodeId);
    if (!node) throw new Error(`no node ${nodeId}`);
    const labels = { ...node.labels, "hive.instance-id": node.instanceId };
    swarm.updateNode(nodeId, node.version, { availability, labels });
  };

  const nodeIds: string[] = [];
  for (let number = 1; number <= workers; number++) nodeIds.push(await addWorker(`i-00000bb${number}`));
  const service = swarm.deploy({ id: "hive", image: OLD, directories: [], replicas: 5, ...options.service });
  await clock.advance(30_000);

  const run = async (instanceId: string, document: string, parameters: Record<string, string>) => {
    const given = { ...DEFAULTS, ...parameters };
    const answer = machines.run(instanceId, {
      commandId: "command",
      script: "",
      environment: Object.fromEntries(Object.entries(given).map(([name, value]) => [`SSM_${name}`, value])),
      executionTimeoutSeconds: 3600,
      document,
      signal: new AbortController().signal,
    });
    let ended = false;
    const mark = () => {
      ended = true;
    };
    answer.then(mark, mark);
    while (!ended) await clock.advance(100);
    const { stdout } = await answer;
    const { gz, ...plain } = JSON.parse(stdout) as { gz?: string };
    return { ...plain, ...(gz ? { facts: unpack(gz) } : {}) };
  };

  return {
    clock,
    machines,
    swarm,
    service,
    managers,
    nodeIds,
    addWorker,
    setAvailability,
    run,
    seconds: (seconds: number) => clock.advance(seconds * 1000),
    status: () => service.updateStatus?.state ?? "none",
    /** How many tasks run of an image; of any, without one. */
    running: (name?: string) =>
      [...service.tasks].filter(
        (task) => task.state === "running" && (name === undefined || task.image === name),
      ).length,
    ofState: (state: string) => [...service.tasks].filter((task) => task.state === state),
    /** On a manager. */
    write: (act: string, parameters: Record<string, string> = {}) =>
      run(managers[0] ?? "", "update-service", { serviceId: service.id, rollId: "r1", act, ...parameters }),
    ask: (document: string, parameters: Record<string, string> = {}) =>
      run(managers[0] ?? "", document, { serviceId: service.id, rollId: "r1", ...parameters }),
  };
};

export type Fixture = Awaited<ReturnType<typeof createFixture>>;

// biome-ignore lint/suspicious/noExplicitAny: what a document prints; the tests look at single members.
const unpack = (gz: string): any => JSON.parse(gunzipSync(Buffer.from(gz, "base64")).toString("utf8"));
