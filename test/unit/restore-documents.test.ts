// The document that makes a swarm of a saved state, run for real by bash and tar, with a docker, a systemctl and a curl that answer as told.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ScriptedHost } from "./scripted-host.ts";

const KEY = "hive/swarm/2026-01-01T00-00-00-swarm9-10.0.0.5.tar.gz";
const ASKED = {
  bucket: "backups",
  key: KEY,
  workerTokenParameter: "/hive-swarm/hive/join-token/worker",
  managerTokenParameter: "/hive-swarm/hive/join-token/manager",
};

let host: ScriptedHost;
const own = (path: string): string => join(host.directory, path);
const state = (path = ""): string => own(join("lib/docker/swarm", path));
const touch = (name: string, text = ""): void => writeFileSync(own(name), text);

/** An archive as backup-swarm makes one. */
const archive = (
  files: readonly string[] = ["docker-state.json", "certificates/swarm-node.key", "raft/1.wal"],
  top = "swarm",
): void => {
  for (const file of files) {
    mkdirSync(join(own("made"), top, file, ".."), { recursive: true });
    writeFileSync(join(own("made"), top, file), "saved");
  }
  execFileSync("tar", ["--create", "--gzip", "--file", own("archive"), "--directory", own("made"), top]);
};

/** A machine whose docker is in no swarm; once the state is in place and formed, it leads one. */
const freshHost = (): void => {
  mkdirSync(state(), { recursive: true });
  writeFileSync(state("old"), "before");
  host.program(
    "docker",
    `[ ! -e "$BIN/stopped" ] || exit 1
     in_swarm() { [ -e "$BIN/formed" ] || [ -e "$BIN/living" ]; }
     case "$*" in
       *LocalNodeState*) if in_swarm; then echo "active true"; elif [ -e "$BIN/locked" ]; then echo "locked false"; elif [ -e "$BIN/lib/docker/swarm/old" ]; then echo "inactive false"; else echo "pending true"; fi ;;
       *ControlAvailable*) in_swarm && echo true ;;
       *HeartbeatPeriod*) echo 5s ;;
       *Swarm.Nodes*) echo "5 nodes, 3 managers" ;;
       *Swarm.NodeID*) echo own1 ;;
       "swarm init"*) echo "docker $*" >>"$CALLS"; echo "docker swarm join --token SWMTKN-1-secret"; touch "$BIN/formed" ;;
       "swarm update"*|"node update"*) echo "docker $*" >>"$CALLS" ;;
       "node ls"*) printf '%s\\n' own1 ghost2 worker3 ;;
       "node inspect"*ManagerStatus*) cat "$BIN/known" 2>/dev/null || echo 10.0.0.5:2377 ;;
       "node inspect"*) printf '%s\\n' "manager ready" "manager down" "worker ready" ;;
       "service ls"*) printf '%s\\n' a b ;;
       *) exit 9 ;;
     esac`,
  );
  host.program(
    "systemctl",
    `case "$1" in
       stop) echo "systemctl $*" >>"$CALLS"; touch "$BIN/stopped" ;;
       start|restart) echo "systemctl $*" >>"$CALLS"; if [ -e "$BIN/broken" ]; then echo "Job failed" >&2; exit 1; fi; rm -f "$BIN/stopped" ;;
       is-active) [ ! -e "$BIN/stopped" ] ;;
     esac`,
  );
  host.program(
    "curl",
    `case "$*" in
       --version) echo "curl 8.0.0"; exit ;;
       *api/token*) echo token; exit ;;
       *meta-data/instance-id) echo i-0123456789abcdef0; exit ;;
       *placement/region) echo eu-west-1; exit ;;
       *services/domain) echo amazonaws.com; exit ;;
       *security-credentials/) echo role; exit ;;
       *security-credentials/role) echo '{"AccessKeyId":"AK","SecretAccessKey":"TOP-SECRET","Token":"SESSION"}'; exit ;;
       *docker.sock*) printf '{"JoinTokens":{"Worker":"SWMTKN-1-worker","Manager":"SWMTKN-1-manager"}}\\n200\\n'; exit ;;
     esac
     echo "curl $*" >>"$CALLS"
     case "$*" in
       *ssm*) cat >>"$BIN/told"; echo '{"Version":2}' ;;
       *) cat >/dev/null; status=$(cat "$BIN/status" 2>/dev/null || echo 200); while [ "$1" != -o ]; do shift; done; cp "$BIN/archive" "$2"; printf "$status"; [ "$status" = 200 ] || exit 22 ;;
     esac`,
  );
  host.program(
    "ip",
    'echo "2: eth0    inet 10.0.0.9/24 scope global eth0"; echo "2: eth0    inet 10.0.0.5/24 scope global secondary eth0"',
  );
  host.program("sleep", "case $1 in 180) exec /bin/sleep 2 ;; esac");
};

const restore = (more: Readonly<Record<string, string>> = {}) =>
  host.run("restore-swarm", { ...ASKED, ...more });

const done = (): string[] =>
  host
    .calls()
    .split("\n")
    .filter(Boolean)
    .map((call) => /swarm init.*|swarm update.*|node update.*|systemctl .*|s3|ssm/.exec(call)?.[0] ?? call);

beforeEach(() => {
  host = new ScriptedHost();
  freshHost();
  archive();
});
afterEach(() => host.remove());

describe("restore-swarm", () => {
  it("puts the state in place, makes this host the only manager, and stores the tokens; the state before stays aside", () => {
    const { status, stdout, answer } = restore();
    expect(status).toBe(0);
    expect(answer).toEqual({
      outcome: "restored",
      nodeId: "own1",
      address: "10.0.0.5",
      managers: 2,
      workers: 1,
      workersReady: 1,
      services: 2,
      movedAside: expect.stringMatching(/swarm\.before-restore-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d$/),
    });
    expect(readFileSync(state("raft/1.wal"), "utf8")).toBe("saved");
    expect(readFileSync(join(answer.movedAside, "old"), "utf8")).toBe("before");
    expect(done()).toEqual([
      "s3",
      "systemctl stop docker docker.socket",
      "systemctl start docker",
      "swarm init --force-new-cluster --advertise-addr 10.0.0.5",
      "swarm update --dispatcher-heartbeat 2m0s",
      "systemctl restart docker",
      "node update --label-add hive.instance-id=i-0123456789abcdef0 own1",
      "node update --label-rm hive.retiring own1",
      "node update --label-rm hive.backup own1",
      "ssm",
      "ssm",
      "swarm update --dispatcher-heartbeat 5s",
    ]);
    const told = readFileSync(own("told"), "utf8");
    expect(told).toContain("SWMTKN-1-worker");
    expect(told).toContain("SWMTKN-1-manager");
    expect(host.calls() + stdout).not.toMatch(/SWMTKN|TOP-SECRET|SESSION/);
    expect(readdirSync(own("lib/docker")).filter((name) => name.startsWith("hive-restore"))).toEqual([]);
  });

  it("sent again it does nothing twice; when it is asked for on the living swarm, all of it", () => {
    restore();
    const before = done().length;
    expect(restore().answer).toMatchObject({ outcome: "restored", movedAside: "" });
    expect(
      done()
        .slice(before)
        .filter((call) => /swarm|systemctl|s3/.test(call)),
    ).toEqual([]);
    expect(restore({ replaceLivingSwarm: "yes" }).answer).toMatchObject({
      outcome: "restored",
      movedAside: expect.stringContaining("before-restore"),
    });
  });

  it("sent again after it ended between the steps it goes on from there", () => {
    host.alter(
      "docker",
      'echo "docker $*" >>"$CALLS"; echo "docker swarm join',
      '[ -e "$BIN/again" ] || exit 1; echo "docker $*" >>"$CALLS"; echo "docker swarm join',
    );
    expect(restore().answer.failed.step).toBe("form");
    touch("again");
    const before = done().length;
    expect(restore().answer).toMatchObject({ outcome: "restored" });
    expect(done().slice(before)[0]).toMatch(/^swarm init/);
  });

  it("refuses a host that is in a swarm, unless it is told", () => {
    touch("living");
    expect(restore().answer.failed).toEqual({
      step: "living",
      cause: expect.stringContaining("5 nodes, 3 managers"),
    });
    expect(done()).toEqual([]);
    expect(restore({ replaceLivingSwarm: "yes" }).answer.outcome).toBe("restored");
  });

  it("refuses a host whose docker does not answer, unless it is told", () => {
    touch("stopped");
    expect(restore().answer.failed).toEqual({
      step: "living",
      cause: expect.stringContaining("does not answer"),
    });
    expect(done()).toEqual([]);
  });

  it("refuses a host that has not the address of the saved manager, which the key or the person tells", () => {
    host.program("ip", 'echo "2: eth0    inet 10.0.0.55/24 scope global eth0"');
    expect(restore().answer.failed).toEqual({
      step: "address",
      cause: expect.stringMatching(/manager at 10\.0\.0\.5, and this host has only 10\.0\.0\.55/),
    });
    expect(restore({ address: "10.0.0.7" }).answer.failed.cause).toContain("manager at 10.0.0.7");
    expect(restore({ key: "renamed.tar.gz" }).answer.failed).toEqual({
      step: "address",
      cause: expect.stringContaining("does not tell the address"),
    });
    expect(done()).toEqual([]);
  });

  it("says so when the swarm knows its manager at another address all the same", () => {
    touch("known", "10.0.0.6:2377\n");
    expect(restore().answer.failed).toEqual({ step: "address", cause: expect.stringContaining("10.0.0.6") });
    expect(done()).not.toContain("ssm");
  });

  it.each([
    ["holds something else than a state", () => archive(["x"], "etc")],
    ["is of no manager", () => archive(["docker-state.json"])],
    ["is no archive", () => touch("archive", "no archive")],
  ])("touches nothing when the archive %s", (_what, make) => {
    host.remove();
    host = new ScriptedHost();
    freshHost();
    make();
    expect(restore().answer.failed.step).toBe("archive");
    expect(done()).toEqual(["s3"]);
    expect(existsSync(state("old"))).toBe(true);
  });

  it("says what to do when the role may not read the archive", () => {
    touch("status", "403");
    expect(restore().answer.failed).toEqual({
      step: "download",
      cause: expect.stringContaining("docs/backup.md"),
    });
    expect(done()).toEqual(["s3"]);
  });

  it("under autolock asks for a person, and goes on afterwards", () => {
    touch("locked");
    host.alter(
      "docker",
      '[ -e "$BIN/locked" ]',
      '[ -e "$BIN/locked" ] && [ ! -e "$BIN/lib/docker/swarm/old" ]',
    );
    expect(restore().answer.failed).toEqual({
      step: "locked",
      cause: expect.stringContaining("docker swarm unlock"),
    });
    execFileSync("rm", [own("locked")]);
    expect(restore().answer.outcome).toBe("restored");
  });

  it("says where the state before is when docker does not start with the restored one", () => {
    touch("broken");
    expect(restore().answer.failed).toEqual({
      step: "engine",
      cause: expect.stringMatching(/does not start with the restored state.*before-restore/),
    });
  });
});
