// The stack that the sandbox runs, as Hive is run: a reserved CPU, more replicas than there is room for, logs in a bind mount, and images
// without credentials of their own. What `deploy-stack` makes of it is the same service as demo-service.ts (but for swarm's own defaults,
// written out, and docker's labels of a stack), and repair deploys it: the sandbox only puts it into Parameter Store, and pushes images.
import { defaultLameDuckSeconds } from "../registry/demo-image.ts";
import { addresses } from "./configuration.ts";

/** Services are `hive_web` and `hive_viz`; whoever makes a sandbox pushes both repositories before repair deploys them. */
export const stackRepositories = { web: "hive-web", viz: "hive-viz" } as const;

const STOP_SECONDS = defaultLameDuckSeconds + 10;

/** A compose file. @param replicas of `web`; 0: it is left out. */
export const sandboxStack = (replicas: number) => ({
  version: "3.8",
  services: { ...(replicas > 0 ? { web: web(replicas) } : {}), viz },
  // The engine's own bridge, which is on every node. Without it docker makes an overlay network, of which nobody here has need.
  networks: { node: { external: true, name: "bridge" } },
});

const web = (replicas: number) => ({
  image: `${addresses.registry}/${stackRepositories.web}`,
  networks: ["node"],
  // The routing mesh needs IPVS, which a kernel may not have.
  ports: [{ target: addresses.servicePort, published: addresses.servicePort, protocol: "tcp", mode: "host" }],
  volumes: [{ type: "bind", source: "/var/log/hive", target: "/logs" }],
  // Once it has left the load balancer, the container gives 8 seconds to requests under way, and is gone well before.
  stop_grace_period: `${STOP_SECONDS}s`,
  deploy: {
    replicas,
    placement: { constraints: ["node.role==worker"] },
    resources: { reservations: { cpus: "1" } },
    restart_policy: { condition: "any", delay: "1s" },
    update_config: { parallelism: 1, failure_action: "pause", order: "stop-first" },
  },
});

/** In place of the picture of the swarm that production has: the demo image again, on a manager, with the engine's socket. */
const viz = {
  image: `${addresses.registry}/${stackRepositories.viz}`,
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
