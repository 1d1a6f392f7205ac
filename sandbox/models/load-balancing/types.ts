// What the Classic ELB model is configured with.
import type { HealthCheck, Listener } from "@aws-sdk/client-elastic-load-balancing";
import type { Clock } from "../../clock.ts";
import type { Proxy as LoadBalancerProxy, Machines } from "../../ports.ts";

export interface LoadBalancerConfig {
  name: string;
  /** 1–3600; 0 switches connection draining off. AWS's default is 300. */
  drainingTimeoutSeconds: number;
  listeners: Listener[];
  healthCheck: HealthCheck;
  /** Default `internet-facing`. */
  scheme?: string;
  crossZone?: boolean;
  /** AWS's default is 60. */
  idleTimeoutSeconds?: number;
  dnsName?: string;
}

export interface ClassicLoadBalancingOptions {
  clock: Clock;
  /** The proxy behind the (one) load balancer, or one for each by name. */
  proxy: LoadBalancerProxy | Record<string, LoadBalancerProxy>;
  machines: Pick<Machines, "agent" | "alive">;
  loadBalancers: LoadBalancerConfig[];
  /** How often a draining instance's connections are counted. Default 250. */
  drainPollMs?: number;
  /** Told what the proxy refused. Default: standard error. */
  report?: (message: string, error: unknown) => void;
}
