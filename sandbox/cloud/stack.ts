// The stack that the sandbox runs, as Hive is run: a reserved CPU, more replicas than there is room for, logs in a bind mount, and images
// without credentials of their own. Repair deploys it: the sandbox only puts it into Parameter Store, and pushes images.
import { defaultLameDuckSeconds } from "../registry/demo-image.ts";
import { addresses, names } from "./configuration.ts";

/** Services of the stack as compose has them, by name. */
export type ComposeServices = Record<string, { image: string } & Record<string, unknown>>;

const ON_WORKERS = "node.role==worker";

/** `web` is on workers, `viz` on managers. */
const repositories = { web: names.repository, viz: "hive-viz" } as const;

/** Those that have to hold an image before the services can be deployed. */
export const repositoriesOf = ({ services }: { services: ComposeServices }): string[] => [
  ...new Set(Object.values(services).map(({ image }) => image.replace(`${addresses.registry}/`, ""))),
];

/** None of its tasks runs on a manager. */
export const onWorkers = ({ deploy }: ComposeServices[string]): boolean =>
  JSON.stringify(deploy ?? {}).includes(ON_WORKERS);

const STOP_SECONDS = defaultLameDuckSeconds + 10;

export interface StackOptions {
  /** Of `web`. */
  replicas: number;
  viz: boolean;
  services?: ComposeServices;
}

/** A compose file. */
export const sandboxStack = (options: StackOptions) => ({
  version: "3.8",
  services: servicesOf(options),
  // The engine's own bridge, which is on every node. Without it docker makes an overlay network, of which nobody here has need.
  networks: { node: { external: true, name: "bridge" } },
});

const servicesOf = ({ replicas, viz, services }: StackOptions): ComposeServices => ({
  web: web(replicas),
  ...(viz && { viz: picture }),
  ...services,
});

const web = (replicas: number) => ({
  image: `${addresses.registry}/${repositories.web}`,
  networks: ["node"],
  // The routing mesh needs IPVS, which a kernel may not have.
  ports: [{ target: addresses.servicePort, published: addresses.servicePort, protocol: "tcp", mode: "host" }],
  volumes: [{ type: "bind", source: "/var/log/hive", target: "/logs" }],
  // Once it has left the load balancer, the container gives 8 seconds to requests under way, and is gone well before.
  stop_grace_period: `${STOP_SECONDS}s`,
  deploy: {
    replicas,
    placement: { constraints: [ON_WORKERS] },
    resources: { reservations: { cpus: "1" } },
    restart_policy: { condition: "any", delay: "1s" },
    update_config: { parallelism: 1, failure_action: "pause", order: "stop-first" },
  },
});

/** In place of the picture of the swarm that production has: the demo image again, on a manager, with the engine's socket. */
const picture = {
  image: `${addresses.registry}/${repositories.viz}`,
  networks: ["node"],
  ports: [{ target: addresses.servicePort, published: 5000, protocol: "tcp", mode: "host" }],
  volumes: [
    { type: "bind", source: "/var/run/docker.sock", target: "/var/run/docker.sock", read_only: true },
  ],
  deploy: {
    replicas: 1,
    placement: { constraints: ["node.role==manager"] },
    restart_policy: { condition: "any", delay: "1s" },
  },
};
