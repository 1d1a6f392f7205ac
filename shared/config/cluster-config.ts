// The settings of the cluster as a whole: how the swarm is formed and kept, and where what is remembered of it lies.
import type { SettingsReader } from "./reader.ts";

/** `ahead`: more replicas than there is room for. `follow`: as many as there is room for. `off`: nobody's but a person's. */
const REPLICA_POLICIES = ["ahead", "follow", "off"] as const;
export type ReplicaPolicy = (typeof REPLICA_POLICIES)[number];

export interface ClusterConfig {
  /** Which instance formed the swarm, and when: once it is there no other ever does. */
  swarmParameter: string;
  managerTokenParameter: string;
  /** There while rolls and repairs are paused. */
  pauseParameter: string;
  /** The stack's name, and where its compose file lies, as JSON. */
  stack: string;
  stackParameter: string;
  replicas: ReplicaPolicy;
  /** With `ahead`: replicas beyond what has room. */
  replicasAhead: number;
  /** Join tokens older than this are rotated; 0: never by themselves. */
  tokenDays: number;
  /** For overlay networks: swarm's own default collides with most networks (docs/facts.md, D17). */
  addressPool: string;
  /** Where the swarm's state is saved; undefined: nowhere. */
  backupBucket: string | undefined;
}

const PARAMETER = /^\/[\w/.-]{1,200}$/;
const CIDR = /^\d{1,3}(\.\d{1,3}){3}\/([89]|1\d|2[0-4])$/;

export const readClusterConfig = (read: SettingsReader): ClusterConfig => ({
  swarmParameter: read.text("SWARM_PARAMETER", PARAMETER, "/hive-swarm/hive/swarm"),
  managerTokenParameter: read.text(
    "MANAGER_TOKEN_PARAMETER",
    PARAMETER,
    "/hive-swarm/hive/join-token/manager",
  ),
  pauseParameter: read.text("PAUSE_PARAMETER", PARAMETER, "/hive-swarm/hive/pause"),
  stack: read.text("STACK", /^[a-z][a-z0-9-]{0,30}$/, "hive"),
  stackParameter: read.text("STACK_PARAMETER", PARAMETER, "/hive-swarm/hive/stack"),
  replicas: read.oneOf("REPLICAS", REPLICA_POLICIES, "ahead"),
  replicasAhead: read.whole("REPLICAS_AHEAD", 1, 1000),
  tokenDays: read.whole("TOKEN_ROTATE_DAYS", 0, 3650),
  addressPool: read.text("ADDRESS_POOL", CIDR, "172.30.0.0/16"),
  backupBucket: read.optional("BACKUP_BUCKET", /^[a-z0-9][a-z0-9.-]{2,62}$/, "my-swarm-backups"),
});
