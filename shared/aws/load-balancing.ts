// What the flows ask of a Classic ELB. Register and deregister return at once; only the description of an instance's
// health tells where it really stands (docs/facts.md, "Classic ELB").
import {
  DeregisterInstancesFromLoadBalancerCommand,
  DescribeInstanceHealthCommand,
  type ElasticLoadBalancingClient,
  RegisterInstancesWithLoadBalancerCommand,
} from "@aws-sdk/client-elastic-load-balancing";
import { type InstanceId, isInstanceId } from "../identifiers.ts";
import { errorCode } from "./errors.ts";

/** Where an instance stands at the load balancer. */
export type Membership =
  | { standing: "in-service" }
  /** Registered, and not (yet) fit for traffic. */
  | { standing: "out-of-service"; description: string }
  /** No new connections; open ones go on. */
  | { standing: "draining" }
  | { standing: "not-registered" }
  /** The load balancer knows no such instance (any more): it was terminated. */
  | { standing: "terminated" };

/** Reads state and description together: an `InService` can be draining, an `OutOfService` can still be registered. */
export const membershipOf = (state: string, description: string): Membership => {
  if (/deregistration currently in progress/i.test(description)) return { standing: "draining" };
  if (/not currently registered/i.test(description)) return { standing: "not-registered" };
  if (state === "InService") return { standing: "in-service" };
  return { standing: "out-of-service", description: description || state };
};

/** The wire's code for an instance that has been terminated, and the SDK's name for it. */
export const isTerminated = (error: unknown): boolean =>
  ["InvalidInstance", "InvalidEndPoint", "InvalidEndPointException"].includes(errorCode(error));

export const describeMembership = async (
  client: ElasticLoadBalancingClient,
  loadBalancer: string,
  instanceId: InstanceId,
): Promise<Membership> => {
  try {
    const answer = await client.send(
      new DescribeInstanceHealthCommand({
        LoadBalancerName: loadBalancer,
        Instances: [{ InstanceId: instanceId }],
      }),
    );
    const found = answer.InstanceStates?.find((state) => state.InstanceId === instanceId);
    return found ? membershipOf(found.State ?? "", found.Description ?? "") : { standing: "not-registered" };
  } catch (error) {
    if (isTerminated(error)) return { standing: "terminated" };
    throw error;
  }
};

/** All that are registered, in one call; one that is draining is no longer among them (docs/facts.md, "Classic ELB"). */
export const describeMemberships = async (
  client: ElasticLoadBalancingClient,
  loadBalancer: string,
): Promise<{ instanceId: InstanceId; membership: Membership }[]> => {
  const answer = await client.send(new DescribeInstanceHealthCommand({ LoadBalancerName: loadBalancer }));
  return (answer.InstanceStates ?? []).flatMap(({ InstanceId = "", State = "", Description = "" }) =>
    isInstanceId(InstanceId)
      ? [{ instanceId: InstanceId, membership: membershipOf(State, Description) }]
      : [],
  );
};

/** @throws InvalidInstance when one of them does not exist: then none is registered. */
export const register = async (
  client: ElasticLoadBalancingClient,
  loadBalancer: string,
  ...instanceIds: readonly InstanceId[]
): Promise<void> => {
  await client.send(
    new RegisterInstancesWithLoadBalancerCommand({
      LoadBalancerName: loadBalancer,
      Instances: instanceIds.map((InstanceId) => ({ InstanceId })),
    }),
  );
};

/** Safe for instances that are not registered, or that no longer exist. */
export const deregister = async (
  client: ElasticLoadBalancingClient,
  loadBalancer: string,
  ...instanceIds: readonly InstanceId[]
): Promise<void> => {
  try {
    await client.send(
      new DeregisterInstancesFromLoadBalancerCommand({
        LoadBalancerName: loadBalancer,
        Instances: instanceIds.map((InstanceId) => ({ InstanceId })),
      }),
    );
  } catch (error) {
    if (!isTerminated(error)) throw error;
    // One that is gone keeps the others from being taken out.
    if (instanceIds.length > 1)
      for (const instanceId of instanceIds) await deregister(client, loadBalancer, instanceId);
  }
};
