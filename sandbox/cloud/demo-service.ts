// The service that the sandbox runs, as Hive is run: a reserved CPU, more replicas than there is room for, logs in
// a bind mount, the image by digest and without registry credentials of its own.
import { defaultLameDuckSeconds } from "../registry/demo-image.ts";
import { addresses, names } from "./configuration.ts";

const SECOND = 1_000_000_000;
/** Once it has left the load balancer, the container gives 8 seconds to requests under way. */
const STOP_SECONDS = defaultLameDuckSeconds + 10;

/** The body of `POST /services/create`. @param image with its digest */
export const demoService = (image: string, replicas: number) => ({
  Name: names.service,
  Labels: {},
  TaskTemplate: {
    ContainerSpec: {
      Image: image,
      Mounts: [{ Type: "bind", Source: "/var/log/hive", Target: "/logs" }],
      // The container finishes what is under way and is gone well before.
      StopGracePeriod: STOP_SECONDS * SECOND,
    },
    Resources: { Reservations: { NanoCPUs: 1_000_000_000 } },
    RestartPolicy: { Condition: "any", Delay: SECOND },
    // Production's managers run other things; here they stay out of it.
    Placement: { Constraints: ["node.role==worker"] },
  },
  Mode: { Replicated: { Replicas: replicas } },
  UpdateConfig: { Parallelism: 1, FailureAction: "pause", Order: "stop-first" },
  EndpointSpec: {
    Mode: "vip",
    Ports: [
      {
        Protocol: "tcp",
        TargetPort: addresses.servicePort,
        PublishedPort: addresses.servicePort,
        // The routing mesh needs IPVS, which a kernel may not have.
        PublishMode: "host",
      },
    ],
  },
});
