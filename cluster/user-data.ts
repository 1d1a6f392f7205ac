// The first boot of a machine, as the launch templates have it: one shell script, cluster/host/prepare.sh, with the files of cluster/ and
// documents/lib/ that it lays out in it; gzipped, since EC2 takes 16 KiB at most, and cloud-init unpacks it. Read by serverless.yml at
// packaging time.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

/** serverless.yml, custom.host. Each becomes a variable of the script. */
export interface HostSettings {
  filebeatVersion: string;
  filebeatData: string;
  scanInterval: string;
  /** SecureString with filebeat's environment; empty: none. */
  shipperParameter: string;
}

/** Of EC2, for user data before it is encoded. */
const MOST_BYTES = 16_384;

/** What is put where, with which mode: docs/logs.md, "On the host". */
const FILES: readonly [source: string, target: string, mode: string][] = [
  ["cluster/filebeat.yml", "/etc/filebeat/filebeat.yml", "0600"],
  ["cluster/host/filebeat.service", "/etc/systemd/system/filebeat.service", "0644"],
  ["cluster/host/hive-logs.conf", "/etc/tmpfiles.d/hive-logs.conf", "0644"],
  ["cluster/host/hive-logs.service", "/etc/systemd/system/hive-logs.service", "0644"],
  ["cluster/host/hive-logs.timer", "/etc/systemd/system/hive-logs.timer", "0644"],
  ["cluster/host/remove-shipped-logs.sh", "/usr/local/sbin/remove-shipped-logs", "0755"],
  ["documents/lib/log-registry.sh", "/usr/local/lib/hive-swarm/log-registry.sh", "0644"],
  ["documents/lib/log-facts.sh", "/usr/local/lib/hive-swarm/log-facts.sh", "0644"],
  ["documents/lib/aws.sh", "/usr/local/lib/hive-swarm/aws.sh", "0644"],
];

const VARIABLES: Readonly<Record<keyof HostSettings, string>> = {
  filebeatVersion: "FILEBEAT_VERSION",
  filebeatData: "FILEBEAT_DATA",
  scanInterval: "FILEBEAT_SCAN_INTERVAL",
  shipperParameter: "SHIPPER_PARAMETER",
};

interface Packager {
  resolveConfigurationProperty(path: readonly string[]): Promise<unknown>;
}

export const userData = async ({ resolveConfigurationProperty }: Packager): Promise<string> => {
  const script = bootScript((await resolveConfigurationProperty(["custom", "host"])) as HostSettings);
  const packed = gzipSync(script, { level: 9 });
  if (packed.length > MOST_BYTES)
    throw new Error(
      `The first boot's script takes ${packed.length} bytes packed, and EC2 takes ${MOST_BYTES}: move files of cluster/user-data.ts into the machine image`,
    );
  return packed.toString("base64");
};

/** What a machine runs once, as root. With `HIVE_ROOT` it lays everything out below that directory instead: for the tests. */
export const bootScript = (settings: HostSettings): string => {
  const variables = Object.entries(VARIABLES).map(
    ([name, variable]) => `${variable}=${quoted(settings[name as keyof HostSettings])}`,
  );
  const files = FILES.map(([source, target, mode]) => file(read(source), target, mode));
  // Called after the packages are there: filebeat's brings files of the same names.
  const layOut = ["lay_out() {", ...files, "}"];
  return [
    "#!/bin/bash",
    "set -eu -o pipefail",
    ...variables,
    ...layOut,
    read("cluster/host/prepare.sh"),
  ].join("\n");
};

const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), "utf8");

/** It goes into a file that a shell reads: nothing but what a path, a version and a duration need. */
const quoted = (value: string): string => {
  if (/^[\w./-]*$/.test(value)) return `'${value}'`;
  throw new Error(
    `${JSON.stringify(value)} cannot be a setting of the machines: use letters, digits, dots, slashes and dashes`,
  );
};

const END = "END_OF_FILE_OF_HIVE_SWARM";

const file = (text: string, target: string, mode: string): string =>
  `install -D -m ${mode} /dev/stdin "\${HIVE_ROOT:-}${target}" <<'${END}'\n${text.trimEnd()}\n${END}`;
