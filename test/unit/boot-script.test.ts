// A machine's first boot, run as it stands in the launch templates, below a directory and with commands that only write down how they
// were called. What no test here can tell is whether the real packages install: that needs a machine of EC2.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { bootScript, userData } from "../../cluster/user-data.ts";

const settings = {
  filebeatVersion: "9.2.0",
  filebeatData: "/var/lib/filebeat",
  scanInterval: "10",
  shipperParameter: "/hive-swarm/hive/filebeat",
};
/** Those that would change this machine, or ask somebody. */
const STUBS = ["dnf", "apt-get", "snap", "systemctl", "systemd-tmpfiles", "sleep", "cloud-init"];

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "hive-boot-"));
  for (const directory of ["bin", "etc/yum.repos.d", "etc/apt/keyrings", "etc/apt/sources.list.d"])
    mkdirSync(join(root, directory), { recursive: true });
  for (const name of STUBS) stub(name, `echo "${name} $*" >>"$HIVE_ROOT/calls"`);
  stub("amazon-ssm-agent", `echo "SSM Agent version: $(cat "$HIVE_ROOT/agent")"`);
  writeFileSync(join(root, "agent"), "3.3.3050.0");
  stub(
    "curl",
    `case "$*" in
  *--version*) echo "curl 8.5.0 (x86_64)" ;;
  *api/token*) echo session ;;
  *placement/region*) echo ap-northeast-1 ;;
  *services/domain*) echo amazonaws.com ;;
  *security-credentials/worker*) echo '{"AccessKeyId":"AK","SecretAccessKey":"SK","Token":"T"}' ;;
  *security-credentials/*) echo worker ;;
  *GetParameter*) [ ! -e "$HIVE_ROOT/denied" ] || { echo AccessDenied; exit 22; }
    echo '{"Parameter":{"Value":"ELASTICSEARCH_HOSTS=https://logs.example:9200\\nELASTICSEARCH_PASSWORD=p"}}' ;;
esac`,
  );
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const stub = (name: string, body: string): void => {
  const file = join(root, "bin", name);
  writeFileSync(file, `#!/bin/bash\n${body}\n`);
  chmodSync(file, 0o755);
};
const boot = (id: string, script = bootScript(settings)) => {
  writeFileSync(join(root, "etc/os-release"), `ID=${id}\n`);
  return spawnSync("bash", ["-s"], {
    input: script,
    encoding: "utf8",
    env: { PATH: `${join(root, "bin")}:${process.env.PATH}`, HIVE_ROOT: root },
  });
};
const read = (file: string): string => readFileSync(join(root, file), "utf8");

describe("a machine's first boot", () => {
  it.each([
    ["amzn", "dnf -y install docker jq nfs-utils filebeat-9.2.0"],
    ["ubuntu", "apt-get -q -y install docker.io jq nfs-common curl filebeat=9.2.0"],
  ])("of %s installs what the swarm needs, and starts it", (id, call) => {
    const { status, stderr } = boot(id);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(read("calls")).toContain(call);
    expect(read("calls")).toMatch(/systemctl restart filebeat docker hive-logs.timer\n$/);
  });

  it("lays out the files as they are in the project", () => {
    expect(boot("amzn").status).toBe(0);
    for (const [laidOut, source] of [
      ["etc/filebeat/filebeat.yml", "cluster/filebeat.yml"],
      ["etc/systemd/system/filebeat.service", "cluster/host/filebeat.service"],
      ["usr/local/sbin/remove-shipped-logs", "cluster/host/remove-shipped-logs.sh"],
      ["usr/local/lib/hive-swarm/log-registry.sh", "documents/lib/log-registry.sh"],
    ] as const)
      expect(read(laidOut)).toBe(readFileSync(source, "utf8"));
    expect(statSync(join(root, "usr/local/sbin/remove-shipped-logs")).mode & 0o777).toBe(0o755);
  });

  it("takes filebeat's settings from Parameter Store into a file that is root's alone", () => {
    expect(boot("ubuntu").status).toBe(0);
    expect(read("etc/filebeat/environment")).toBe(
      "FILEBEAT_DATA=/var/lib/filebeat\nFILEBEAT_SCAN_INTERVAL=10s\nELASTICSEARCH_HOSTS=https://logs.example:9200\nELASTICSEARCH_PASSWORD=p\n",
    );
    expect(statSync(join(root, "etc/filebeat/environment")).mode & 0o777).toBe(0o600);
  });

  it.each([
    [
      "amzn",
      /dnf -y install https:\/\/s3\.ap-northeast-1\.amazonaws\.com\/amazon-ssm-ap-northeast-1\/latest/,
    ],
    ["ubuntu", /snap refresh amazon-ssm-agent/],
  ])("of %s brings a newer agent where it is too old, and fails where it stays so", (id, call) => {
    writeFileSync(join(root, "agent"), "3.3.987.0");
    const { status, stderr } = boot(id);
    expect(read("calls")).toMatch(call);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: "hive-swarm: the SSM agent is 3.3.987.0, and 3.3.2746.0 is needed: use a newer machine image\n",
    });
  });

  it("fails on another system, on a package that does not come, and on settings that it may not read", () => {
    expect(boot("debian").stderr).toContain("debian is neither amzn (Amazon Linux 2023) nor ubuntu (24.04)");
    writeFileSync(join(root, "denied"), "");
    expect(boot("amzn").stderr).toContain("ssm GetParameter /hive-swarm/hive/filebeat: AccessDenied");
    stub("dnf", "exit 1");
    expect(boot("amzn").stderr).toContain("four times in vain: dnf -y install docker");
  });
});

describe("user data", () => {
  const pack = (changes: Partial<typeof settings> = {}) =>
    userData({ resolveConfigurationProperty: async () => ({ ...settings, ...changes }) });

  it("is the script, packed, within what EC2 takes", async () => {
    const packed = Buffer.from(await pack(), "base64");
    expect(packed.length).toBeLessThan(16_384);
    expect(gunzipSync(packed).toString()).toBe(bootScript(settings));
  });

  it.each(["9.2.0; reboot", "$(id)", "a'b", "a b"])("takes no setting like %s", async (filebeatVersion) => {
    await expect(pack({ filebeatVersion })).rejects.toThrow("cannot be a setting of the machines");
  });
});
