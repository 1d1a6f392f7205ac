// Classic Elastic Load Balancing in front of a real (or simulated) proxy: its API's answers and its draining.
import type * as Sdk from "@aws-sdk/client-elastic-load-balancing";
import {
  type AttachedLoadBalancer,
  AwsError,
  type Proxy as LoadBalancerProxy,
  type ServiceModel,
} from "../../ports.ts";
import { page } from "../paging.ts";
import { instanceState, type Standing } from "./health.ts";
import { Membership } from "./membership.ts";
import type { ClassicLoadBalancingOptions, LoadBalancerConfig } from "./types.ts";

interface LoadBalancer {
  config: LoadBalancerConfig;
  members: Membership;
  createdAt: number;
}

export class ClassicLoadBalancing implements ServiceModel {
  readonly signingName = "elasticloadbalancing";
  readonly operations = {
    RegisterInstancesWithLoadBalancer: (input: Sdk.RegisterEndPointsInput) => this.#register(input),
    DeregisterInstancesFromLoadBalancer: (input: Sdk.DeregisterEndPointsInput) => this.#deregister(input),
    DescribeInstanceHealth: (input: Sdk.DescribeEndPointStateInput) => this.#health(input),
    DescribeLoadBalancers: (input: Sdk.DescribeAccessPointsInput) => this.#describe(input),
    DescribeLoadBalancerAttributes: (input: Sdk.DescribeLoadBalancerAttributesInput) => ({
      LoadBalancerAttributes: attributes(this.#find(input.LoadBalancerName)),
    }),
    ModifyLoadBalancerAttributes: (input: Sdk.ModifyLoadBalancerAttributesInput) => this.#modify(input),
  };
  readonly #options: ClassicLoadBalancingOptions;
  readonly #loadBalancers: Map<string, LoadBalancer>;

  constructor(options: ClassicLoadBalancingOptions) {
    this.#options = options;
    const report = options.report ?? ((message: string, error: unknown) => console.error(message, error));
    this.#loadBalancers = new Map(
      options.loadBalancers.map((config) => {
        const { clock, drainPollMs = 250 } = options;
        const proxy = proxyOf(options.proxy, config.name);
        const members = new Membership(
          { name: config.name, clock, proxy, drainPollMs, firstVerdictMs: firstVerdictMs(config), report },
          config.drainingTimeoutSeconds,
        );
        return [config.name, { config, members, createdAt: clock.now() }];
      }),
    );
  }

  /** What a group needs of the load balancer that it is attached to. */
  attached(name: string): AttachedLoadBalancer {
    const { members } = this.#find(name);
    return {
      register: (instanceId) => members.register(instanceId),
      deregister: (instanceId) => members.deregister(instanceId),
    };
  }

  /** `attached` of all load balancers by name, as the Auto Scaling model takes them. */
  allAttached(): Record<string, AttachedLoadBalancer> {
    return Object.fromEntries([...this.#loadBalancers.keys()].map((name) => [name, this.attached(name)]));
  }

  #register(input: Sdk.RegisterEndPointsInput): Sdk.RegisterEndPointsOutput {
    const { members } = this.#find(input.LoadBalancerName);
    for (const instanceId of this.#existing(input.Instances)) void members.register(instanceId);
    return { Instances: named(members.registered()) };
  }

  #deregister(input: Sdk.DeregisterEndPointsInput): Sdk.DeregisterEndPointsOutput {
    const { members } = this.#find(input.LoadBalancerName);
    for (const instanceId of this.#existing(input.Instances)) void members.deregister(instanceId);
    return { Instances: named(members.registered()) };
  }

  async #health(input: Sdk.DescribeEndPointStateInput): Promise<Sdk.DescribeEndPointStateOutput> {
    const { members } = this.#find(input.LoadBalancerName);
    for (const gone of members.registered().filter((id) => !this.#exists(id))) members.forget(gone);
    // Without Instances only the registered ones: one that drains is not to be seen that way.
    const asked = input.Instances?.length ? this.#existing(input.Instances) : members.registered();
    const standings = await Promise.all(asked.map((instanceId) => standing(members, instanceId)));
    return {
      InstanceStates: asked.map((instanceId, index) =>
        instanceState(instanceId, standings[index] ?? "not registered"),
      ),
    };
  }

  #describe(input: Sdk.DescribeAccessPointsInput): Sdk.DescribeAccessPointsOutput {
    const wanted = input.LoadBalancerNames?.length
      ? input.LoadBalancerNames.map((name) => this.#find(name))
      : [...this.#loadBalancers.values()];
    const { items, nextToken } = page(wanted, input.PageSize ?? 400, input.Marker, "ValidationError");
    return {
      LoadBalancerDescriptions: items.map(({ config, members, createdAt }) => ({
        LoadBalancerName: config.name,
        DNSName: config.dnsName ?? `${config.name}.elb.localhost`,
        Scheme: config.scheme ?? "internet-facing",
        ListenerDescriptions: config.listeners.map((Listener) => ({ Listener, PolicyNames: [] })),
        HealthCheck: config.healthCheck,
        Instances: named(members.registered()),
        CreatedTime: new Date(createdAt),
      })),
      ...(nextToken ? { NextMarker: nextToken } : {}),
    };
  }

  #modify(input: Sdk.ModifyLoadBalancerAttributesInput): Sdk.ModifyLoadBalancerAttributesOutput {
    const loadBalancer = this.#find(input.LoadBalancerName);
    const draining = input.LoadBalancerAttributes?.ConnectionDraining;
    if (draining) {
      const timeout = draining.Timeout ?? 300;
      if (draining.Enabled && (timeout < 1 || timeout > 3600)) {
        throw new AwsError(
          "InvalidConfigurationRequest",
          "ConnectionDraining timeout must be between 1 and 3600",
        );
      }
      loadBalancer.members.drainingTimeoutSeconds = draining.Enabled ? timeout : 0;
    }
    return { LoadBalancerName: loadBalancer.config.name, LoadBalancerAttributes: attributes(loadBalancer) };
  }

  #find(name: string | undefined): LoadBalancer {
    const found = this.#loadBalancers.get(name ?? "");
    if (!found)
      throw new AwsError("LoadBalancerNotFound", `There is no ACTIVE Load Balancer named '${name}'`);
    return found;
  }

  #exists(instanceId: string): boolean {
    const { machines } = this.#options;
    return machines.alive(instanceId);
  }

  /** The instance ids of a call. @throws AwsError InvalidInstance for one that was terminated, or never was. */
  #existing(instances: Sdk.Instance[] | undefined): string[] {
    return (instances ?? []).map(({ InstanceId = "" }) => {
      if (!this.#exists(InstanceId)) {
        throw new AwsError("InvalidInstance", `Could not find EC2 instance ${InstanceId}.`);
      }
      return InstanceId;
    });
  }
}

async function standing(members: Membership, instanceId: string): Promise<Standing> {
  if (members.isDraining(instanceId)) return "draining";
  if (!members.registered().includes(instanceId)) return "not registered";
  const health = await members.health(instanceId);
  return health === "up" ? "in service" : health === "down" ? "unhealthy" : "registering";
}

const named = (ids: string[]): Sdk.Instance[] => ids.map((InstanceId) => ({ InstanceId }));

const attributes = ({ members, config }: LoadBalancer): Sdk.LoadBalancerAttributes => ({
  CrossZoneLoadBalancing: { Enabled: config.crossZone ?? true },
  AccessLog: { Enabled: false },
  ConnectionDraining: {
    Enabled: members.drainingTimeoutSeconds > 0,
    Timeout: members.drainingTimeoutSeconds || 300,
  },
  ConnectionSettings: { IdleTimeout: config.idleTimeoutSeconds ?? 60 },
});

/** So many failed checks make an instance unhealthy (AWS's defaults where nothing is said). */
const firstVerdictMs = ({
  healthCheck: { Interval = 30, UnhealthyThreshold = 2 },
}: LoadBalancerConfig): number => Interval * UnhealthyThreshold * 1000;

const isProxy = (proxy: ClassicLoadBalancingOptions["proxy"]): proxy is LoadBalancerProxy =>
  typeof proxy.connections === "function";

function proxyOf(proxy: ClassicLoadBalancingOptions["proxy"], name: string): LoadBalancerProxy {
  const own = isProxy(proxy) ? proxy : proxy[name];
  if (!own) throw new Error(`Load balancer ${name} has no proxy: hand one in under its name.`);
  return own;
}
