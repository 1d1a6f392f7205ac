// `.sandbox/env`: what a shell needs to talk to the sandbox as one talks to AWS, and the `aws` in front of the
// real one that goes to the sandbox's endpoint.

import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { addresses, names, operatorKeys } from "../cloud/configuration.ts";
import { executable } from "../executable.ts";
import { readPorts } from "./launch.ts";

export interface EnvironmentFacts {
  stateDirectory: string;
  awsPort: number;
  elbPort: number;
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
  workerGroup: string;
  managerGroup: string;
  joinHook: string;
  retireHook: string;
  loadBalancer: string;
  /** The registry as the engines of the instances see it. */
  registry: string;
}

const environmentVariables = (facts: EnvironmentFacts): Record<string, string> => ({
  AWS_ENDPOINT_URL: `http://127.0.0.1:${facts.awsPort}`,
  AWS_ACCESS_KEY_ID: facts.accessKeyId,
  AWS_SECRET_ACCESS_KEY: facts.secretAccessKey,
  AWS_REGION: facts.region,
  AWS_DEFAULT_REGION: facts.region,
  AWS_PAGER: "",
  AWS_CONFIG_FILE: join(facts.stateDirectory, "aws-config"),
  HIVE_WORKER_GROUP: facts.workerGroup,
  HIVE_MANAGER_GROUP: facts.managerGroup,
  HIVE_JOIN_HOOK: facts.joinHook,
  HIVE_RETIRE_HOOK: facts.retireHook,
  HIVE_LOAD_BALANCER: facts.loadBalancer,
  HIVE_REGISTRY: facts.registry,
  HIVE_ELB_URL: `http://127.0.0.1:${facts.elbPort}`,
});

/** Lines that any POSIX shell can source; sourcing twice does no harm. */
const environmentFile = (variables: Record<string, string>, binDirectory: string): string =>
  [
    "# Source this: it points the aws command and the SDKs at the sandbox, in this shell alone.",
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`),
    // A session token or a profile of a real account would otherwise be mixed with the sandbox's keys.
    "unset AWS_SESSION_TOKEN AWS_PROFILE AWS_DEFAULT_PROFILE",
    `case ":$PATH:" in`,
    `  *:${quoted(binDirectory)}:*) ;;`,
    `  *) export PATH=${quoted(binDirectory)}:"$PATH" ;;`,
    "esac",
    "",
  ].join("\n");

/** The command for a person to type; quoted only where the path needs it. */
export const sourceCommand = (file: string): string => `. ${/^[\w./-]+$/.test(file) ? file : quoted(file)}`;

/** For a POSIX shell: nothing inside is expanded. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Debian's aws 2.9 knows no AWS_ENDPOINT_URL: without the flag it would call the real AWS. */
const wrapper = (realAws: string): string => `#!/bin/sh
exec ${quoted(realAws)} --endpoint-url "\${AWS_ENDPOINT_URL:?source .sandbox/env first}" "$@"
`;

/** Buckets have no host names of their own here. */
const AWS_CONFIG = `[default]
s3 =
    addressing_style = path
`;

/** Writes the file, the wrapper and the aws configuration; returns the file's path. */
export const writeEnvironment = (facts: EnvironmentFacts, realAws: string = findAws()): string => {
  const bin = join(facts.stateDirectory, "bin");
  mkdirSync(bin, { recursive: true });
  const variables = environmentVariables(facts);
  writeFileSync(join(bin, "aws"), wrapper(realAws), { mode: 0o755 });
  writeFileSync(join(facts.stateDirectory, "aws-config"), AWS_CONFIG);
  const file = join(facts.stateDirectory, "env");
  writeFileSync(file, environmentFile(variables, bin), { mode: 0o600 });
  return file;
};

/** The file for a running sandbox. */
export const writeEnvironmentOf = (stateDirectory: string): string => {
  const ports = readPorts(stateDirectory);
  return writeEnvironment({
    ...operatorKeys,
    stateDirectory,
    awsPort: ports.aws,
    elbPort: ports.elb,
    region: names.region,
    workerGroup: names.workerGroup,
    managerGroup: names.managerGroup,
    joinHook: names.joinHook,
    retireHook: names.retireHook,
    loadBalancer: names.loadBalancer,
    registry: addresses.registry,
  });
};

/** Debian's own first: what stands before it on the path may be a shim with nothing behind it. */
const findAws = (): string => {
  const places = ["/usr/bin", "/usr/local/bin", ...(process.env.PATH ?? "").split(delimiter)];
  return places.map((place) => join(place, "aws")).find(executable) ?? "/usr/bin/aws";
};
