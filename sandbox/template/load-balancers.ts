// Classic load balancers of the template.

import type { LoadBalancerDefinition } from "./infrastructure-types.ts";
import type { Resolver, Resources } from "./intrinsics.ts";
import { ofType } from "./of-type.ts";

interface Listener {
  Protocol: string;
  LoadBalancerPort: string;
  InstanceProtocol?: string;
  InstancePort: string;
}

interface Properties {
  Scheme?: string;
  CrossZone?: boolean;
  Listeners: Listener[];
  HealthCheck?: Record<"Target" | "Interval" | "Timeout" | "HealthyThreshold" | "UnhealthyThreshold", string>;
  ConnectionDrainingPolicy?: { Enabled: boolean; Timeout?: string | number };
  ConnectionSettings?: { IdleTimeout: string | number };
}

/** Of Classic ELB, where a template says nothing. */
const DEFAULT_DRAINING_SECONDS = 300;
const DEFAULT_IDLE_SECONDS = 60;

/** @throws Error where one asks for what the sandbox's load balancer cannot be */
export const readLoadBalancers = (resources: Resources, resolver: Resolver): LoadBalancerDefinition[] =>
  ofType(resources, "AWS::ElasticLoadBalancing::LoadBalancer").map((logicalId) => {
    // Of no use where there is no network, and full of references into it.
    const { Subnets: _, SecurityGroups: __, ...rest } = resources[logicalId]?.Properties ?? {};
    // The template was checked against CloudFormation's own database when it was packaged.
    const properties = resolver.resolve(rest) as Properties;
    const { HealthCheck: check, ConnectionDrainingPolicy: draining } = properties;
    const [, port = "", path = ""] = /^HTTP:(\d+)(\/.*)$/.exec(check?.Target ?? "") ?? [];
    const [listener, ...others] = properties.Listeners;
    if (
      check === undefined ||
      listener === undefined ||
      others.length > 0 ||
      listener.Protocol !== "HTTP" ||
      (listener.InstanceProtocol ?? "HTTP") !== "HTTP" ||
      listener.InstancePort !== port
    )
      throw new Error(
        `${logicalId} is a load balancer that the sandbox's cannot be: it has one listener, HTTP to HTTP, and a health check by HTTP at the same port.`,
      );
    return {
      logicalId,
      name: resolver.name(logicalId),
      scheme: properties.Scheme ?? "internet-facing",
      crossZone: properties.CrossZone ?? false,
      port: Number(listener.LoadBalancerPort),
      instancePort: Number(port),
      health: {
        path,
        intervalSeconds: Number(check.Interval),
        timeoutSeconds: Number(check.Timeout),
        healthyThreshold: Number(check.HealthyThreshold),
        unhealthyThreshold: Number(check.UnhealthyThreshold),
        everyMilliseconds: Number(check.Interval) * 1000,
      },
      drainingTimeoutSeconds: draining?.Enabled ? Number(draining.Timeout ?? DEFAULT_DRAINING_SECONDS) : 0,
      idleTimeoutSeconds: Number(properties.ConnectionSettings?.IdleTimeout ?? DEFAULT_IDLE_SECONDS),
    };
  });
