// How the machines of a sandbox are set up, and what each default stands for.

/** When the parts of an instance come up, counted from its start. As on a real AMI the agent may be first. */
export interface BootTimes {
  agentMilliseconds: number;
  dockerMilliseconds: number;
  shipperMilliseconds: number;
}

export interface RealMachinesOptions {
  /** The sandbox's state directory (`.sandbox`); each instance has `instances/<id>/` in it. */
  stateDirectory: string;
  /** The project, which the instances see at the same path. */
  projectDirectory: string;
  /** The log shipper's command line (with `env NAME=VALUE` where it needs any), run in each instance as `filebeat`. */
  shipper: readonly string[];
  /** Where its program is, if that is neither the project's nor the machine's own: the instances see it at the same path. */
  shipperDirectory?: string;
  /** Default `ap-northeast-1`. */
  region?: string;
  /** The role whose credentials the metadata service gives to machines of a group. Default `hive-instance`. */
  roleNameOf?: (group: string) => string;
  /** Default 123456789012. */
  account?: string;
  /** What the scripts of Run Command get as `AWS_ENDPOINT_URL`. Default `http://10.78.0.1:4566`. */
  endpointUrl?: string;
  /** The registry that may be spoken to without TLS. Default `10.78.0.1:5000`. */
  registry?: string;
  /** A directory with another Docker engine (engine.ts), which the instances have installed. Default: the machine's. */
  engine?: string;
  boot?: Partial<BootTimes>;
  agentVersion?: string;
  /** How long a frozen instance still counts as Online. Default 10 s (Systems Manager: some minutes). */
  connectionLostMilliseconds?: number;
  /** The Auto Scaling target lifecycle state shown by the metadata service. Default: always `InService`. */
  lifecycleState?: (instanceId: string) => string | undefined;
  /** Receives one line for each thing that happens to a machine by itself. */
  log?: (line: string) => void;
}

export const defaults = {
  region: "ap-northeast-1",
  roleNameOf: () => "hive-instance",
  account: "123456789012",
  endpointUrl: "http://10.78.0.1:4566",
  registry: "10.78.0.1:5000",
  // The first agent with ENV_VAR interpolation is 3.3.2746.0 (fact S8).
  agentVersion: "3.3.2746.0",
  connectionLostMilliseconds: 10_000,
  boot: { agentMilliseconds: 300, dockerMilliseconds: 0, shipperMilliseconds: 0 },
} as const;
