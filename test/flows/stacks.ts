// What the tests of a stack have in common: its file, and the images of its service.
import { serviceOf } from "./rolls.ts";
import { digest, type TestWorld } from "./world.ts";

const REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const PARAMETER = "/hive-swarm/hive/stack";
export const WEB = "hive_web";

export const webImage = (digit: string, version: string): string =>
  `${REGISTRY}/hive-web:${version}@${digest(digit)}`;

/** Of a service `hive_web` of the repository `hive-web`, one task a worker, each with a CPU of its own. */
export const stackFile = (
  more: { image?: string; replicas?: number; labels?: object; others?: object } = {},
): string => {
  const { image = `${REGISTRY}/hive-web`, replicas = 6, labels = {}, others = {} } = more;
  const web = {
    image,
    networks: ["node"],
    ports: [{ target: 8080, published: 8080, mode: "host" }],
    volumes: [{ type: "bind", source: "/var/log/web", target: "/logs" }],
    deploy: {
      replicas,
      labels,
      placement: { constraints: ["node.role == worker"] },
      resources: { reservations: { cpus: "1" } },
      update_config: { failure_action: "pause", order: "stop-first" },
    },
  };
  return JSON.stringify({
    version: "3.8",
    services: { web, ...others },
    networks: { node: { external: true, name: "bridge" } },
  });
};

/** What only managers run, out of our registry. */
export const viz = {
  image: `${REGISTRY}/hive-viz`,
  volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"],
  deploy: { placement: { constraints: ["node.role==manager"] } },
};

/** A person who packages and deploys the file. */
export const putStack = (world: TestWorld, more: Parameters<typeof stackFile>[0] = {}): void =>
  world.putParameter(PARAMETER, stackFile(more));

/** @returns the moment of the push, as services note it. */
export const pushWeb = (
  world: TestWorld,
  digit: string,
  tags: readonly string[],
  repository = "hive-web",
): string => {
  for (const tag of tags) world.registry.push({ repository, digest: digest(digit), tag });
  return new Date(world.clock.now()).toISOString();
};

export const hasWeb = (world: TestWorld): boolean =>
  [...world.machines.swarm.services.values()].some(({ spec }) => spec.name === WEB);

/** Instances on which a task of it runs. */
export const webRunsOn = (world: TestWorld): string[] =>
  [...serviceOf(world, WEB).tasks]
    .filter(({ state }) => state === "running")
    .map(({ instanceId }) => instanceId)
    .sort();
