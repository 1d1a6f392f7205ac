// What the sandbox takes of the infrastructure in the template: groups, load balancers, parameters.

export interface HookDefinition {
  name: string;
  transition: "autoscaling:EC2_INSTANCE_LAUNCHING" | "autoscaling:EC2_INSTANCE_TERMINATING";
  heartbeatTimeoutSeconds: number;
  defaultResult: "CONTINUE" | "ABANDON";
}

export interface GroupDefinition {
  logicalId: string;
  name: string;
  min: number;
  max: number;
  desired: number;
  loadBalancerNames: readonly string[];
  hooks: readonly HookDefinition[];
  /** What an ABANDONed terminate hook does (facts A4). */
  terminateHookAbandon: "retain" | "terminate";
  /** Of the group, and of each machine. */
  tags: Readonly<Record<string, string>>;
  /** Of its machines: that of the instance profile in their launch template. */
  roleArn: string;
}

export interface LoadBalancerDefinition {
  logicalId: string;
  name: string;
  scheme: string;
  crossZone: boolean;
  /** Its own, and that of the instances, which is asked for their health too. Both speak HTTP. */
  port: number;
  instancePort: number;
  health: {
    path: string;
    intervalSeconds: number;
    timeoutSeconds: number;
    healthyThreshold: number;
    unhealthyThreshold: number;
    /** How often it is really asked. */
    everyMilliseconds: number;
  };
  /** 0: connection draining is off. */
  drainingTimeoutSeconds: number;
  idleTimeoutSeconds: number;
}

export interface ParameterDefinition {
  logicalId: string;
  name: string;
  type: "String" | "StringList";
  tier: "Standard" | "Advanced" | "Intelligent-Tiering";
  value: string;
}
