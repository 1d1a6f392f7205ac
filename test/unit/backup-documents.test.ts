// The document that saves the swarm's state, run for real by bash and tar, with a docker, a systemctl and a curl that answer as told.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ScriptedHost } from "./scripted-host.ts";

const [OWN, LEADER, THIRD] = ["own1", "leader2", "third3"];
const HEALTHY = [
  `${OWN} ready reachable false -`,
  `${LEADER} ready reachable true -`,
  `${THIRD} ready reachable false -`,
];
const ASKED = { bucket: "backups", prefix: "hive/swarm", time: "2026-01-01T00-00-00" };
const KEY = "hive/swarm/2026-01-01T00-00-00-swarm9-10.0.0.5";

let host: ScriptedHost;

interface Traits {
  managers?: readonly string[];
  autolock?: boolean;
  /** What managers say once this one has its label. */
  afterLabel?: readonly string[];
  put?: string;
}

const lines = (list: readonly string[]): string => list.map((line) => `'${line}'`).join(" ");

/** A manager with a state on its disk. Docker answers unless it is stopped. */
const managerHost = ({
  managers = HEALTHY,
  autolock = false,
  afterLabel = managers,
  put = "200",
}: Traits = {}): void => {
  const state = join(host.directory, "lib/docker/swarm");
  mkdirSync(join(state, "raft"), { recursive: true });
  writeFileSync(join(state, "docker-state.json"), "{}");
  writeFileSync(join(state, "raft/1.wal"), "entries");
  host.program(
    "docker",
    `[ ! -e "$BIN/stopped" ] || exit 1
     case "$*" in
       *ControlAvailable*) echo true ;;
       *Cluster.ID*) echo "swarm9 ${OWN} ${autolock}" ;;
       "node ls"*) printf '%s\\n' ${managers.map((line) => line.split(" ")[0]).join(" ")} ;;
       *hive.backup*inspect*|"node inspect"*hive.backup*) if [ -e "$BIN/labelled" ]; then printf '%s\\n' ${lines(afterLabel)}; else printf '%s\\n' ${lines(managers)}; fi ;;
       *label-add*) echo "docker $*" >>"$CALLS"; touch "$BIN/labelled" ;;
       *label-rm*) echo "docker $*" >>"$CALLS" ;;
       "node inspect"*Status.State*) cat "$BIN/reachable" 2>/dev/null || echo "ready reachable" ;;
       "node inspect"*) echo 10.0.0.5:2377 ;;
       *) exit 9 ;;
     esac`,
  );
  host.program(
    "systemctl",
    `case "$1" in
       stop) echo "systemctl $*" >>"$CALLS"; touch "$BIN/stopped" ;;
       start) echo "systemctl $*" >>"$CALLS"; rm -f "$BIN/stopped" ;;
       is-active) [ ! -e "$BIN/stopped" ] ;;
     esac`,
  );
  host.program(
    "curl",
    `case "$*" in
       --version) echo "curl 8.0.0" ;;
       *api/token*) echo token ;;
       *placement/region) echo eu-west-1 ;;
       *services/domain) echo amazonaws.com ;;
       *security-credentials/) echo role ;;
       *security-credentials/role) echo '{"AccessKeyId":"AK","SecretAccessKey":"TOP-SECRET","Token":"SESSION"}' ;;
       *"-X PUT"*) cat >/dev/null; echo "curl $*" >>"$CALLS"; while [ "$1" != -T ]; do shift; done; cp "$2" "$BIN/uploaded"; printf ${put}; [ ${put} = 200 ] || exit 22 ;;
     esac`,
  );
  host.program("sleep", "case $1 in 180) exec /bin/sleep 2 ;; esac");
};

const backUp = (more: Readonly<Record<string, string>> = {}) =>
  host.run("backup-swarm", { ...ASKED, ...more });

/** What was done, in short and in order. */
const done = (): string[] =>
  host
    .calls()
    .split("\n")
    .filter(Boolean)
    .map((call) => /label-add|label-rm|systemctl (?:stop|start).*|curl/.exec(call)?.[0] ?? call);

const uploaded = (): string[] =>
  execFileSync("tar", ["--list", "--gzip", "--file", join(host.directory, "uploaded")], { encoding: "utf8" })
    .split("\n")
    .filter(Boolean);

const STOPPED_AND_STARTED = [
  "label-add",
  "systemctl stop docker docker.socket",
  "systemctl start docker",
  "curl",
  "label-rm",
];

beforeEach(() => {
  host = new ScriptedHost();
});
afterEach(() => host.remove());

describe("backup-swarm", () => {
  it("copies the state while the engine is stopped, and uploads it when it is back", () => {
    managerHost();
    const { status, answer } = backUp();
    expect(status).toBe(0);
    expect(answer).toEqual({
      outcome: "saved",
      key: `${KEY}.tar.gz`,
      bytes: readFileSync(join(host.directory, "uploaded")).length,
      engine: "stopped",
      downMillis: expect.any(Number),
      managers: 3,
      autolock: false,
    });
    expect(done()).toEqual(STOPPED_AND_STARTED);
    expect(uploaded()).toEqual(expect.arrayContaining(["swarm/docker-state.json", "swarm/raft/1.wal"]));
    expect(host.calls()).toContain(`/backups/${KEY}.tar.gz`);
    expect(host.calls()).not.toMatch(/TOP-SECRET|SESSION/);
  });

  it("asked again with the same time, it stops and uploads nothing a second time", () => {
    managerHost();
    const first = backUp().answer;
    expect(backUp().answer).toEqual(first);
    expect(done()).toEqual(STOPPED_AND_STARTED);
  });

  it.each([
    [
      "it leads",
      [
        `${OWN} ready reachable true -`,
        `${LEADER} ready reachable false -`,
        `${THIRD} ready reachable false -`,
      ],
      { outcome: "leader" },
    ],
    [
      "another manager is away",
      [...HEALTHY.slice(0, 2), `${THIRD} down unreachable false -`],
      { outcome: "held", because: expect.stringContaining(`${THIRD} is down and unreachable`) },
    ],
    [
      "another one is not in the quorum yet",
      [...HEALTHY.slice(0, 2), `${THIRD} ready - false -`],
      { outcome: "held", because: expect.stringContaining(THIRD) },
    ],
    [
      "another one is being backed up",
      [...HEALTHY.slice(0, 2), `${THIRD} ready reachable false ${Math.floor(Date.now() / 1000) - 60}`],
      { outcome: "held", because: `manager ${THIRD} is being backed up` },
    ],
  ])("touches nothing when %s", (_why, managers, expected) => {
    managerHost({ managers });
    const { status, answer } = backUp();
    expect([status, answer]).toEqual([0, expected]);
    expect(done()).toEqual([]);
  });

  it("a label that a dead manager left ten minutes ago keeps nobody", () => {
    const left = `${THIRD} ready reachable false ${Math.floor(Date.now() / 1000) - 601}`;
    managerHost({ managers: [...HEALTHY.slice(0, 2), left] });
    expect(backUp().answer.outcome).toBe("saved");
  });

  it("gives way when another one has labelled itself at the same moment", () => {
    const now = Math.floor(Date.now() / 1000);
    managerHost({ afterLabel: [...HEALTHY.slice(0, 2), `${THIRD} ready reachable false ${now}`] });
    expect(backUp().answer).toEqual({ outcome: "held", because: `manager ${THIRD} is being backed up` });
    expect(done()).toEqual(["label-add", "label-rm"]);
  });

  it.each<[string, Traits, Record<string, string>]>([
    ["of two managers", { managers: HEALTHY.slice(0, 2) }, {}],
    ["under autolock", { autolock: true }, {}],
    ["when it is told so", {}, { engine: "running" }],
  ])("leaves the engine running %s, and says so in the key", (_when, traits, asked) => {
    managerHost(traits);
    expect(backUp(asked).answer).toMatchObject({
      engine: "running",
      downMillis: 0,
      key: `${KEY}-running.tar.gz`,
    });
    expect(done()).toEqual(["curl"]);
    expect(uploaded()).toContain("swarm/raft/1.wal");
  });

  it("takes no copy of a running engine whose state changed meanwhile", () => {
    managerHost();
    const changing = (times: number): void =>
      host.program(
        "tar",
        `/bin/tar "$@"; status=$?
         case "$*" in *--create*) n=$(cat "$BIN/n" 2>/dev/null || echo 0); echo $((n + 1)) >"$BIN/n"; [ "$n" -ge ${times} ] || echo "entry $n" >>"$BIN/lib/docker/swarm/raft/1.wal" ;; esac
         exit "$status"`,
      );
    changing(99);
    expect(backUp({ engine: "running" }).answer.failed).toEqual({
      step: "copy",
      cause: expect.stringContaining("changed while it was copied"),
    });
    expect(done()).toEqual([]);
    writeFileSync(join(host.directory, "n"), "0");
    changing(3);
    expect(backUp({ engine: "running" }).answer.outcome).toBe("saved");
  });

  it("says so when the engine does not start again, and has tried to the end", () => {
    managerHost();
    host.alter("systemctl", 'rm -f "$BIN/stopped"', 'echo "Job for docker.service failed" >&2; exit 1');
    expect(backUp().answer.failed).toEqual({
      step: "engine",
      cause: expect.stringContaining("Job for docker.service failed"),
    });
    expect(done().filter((call) => call.startsWith("systemctl start")).length).toBeGreaterThan(3);
  });

  it("says so when the manager is not reachable afterwards", () => {
    managerHost();
    writeFileSync(join(host.directory, "reachable"), "ready unreachable");
    expect(backUp().answer.failed).toEqual({
      step: "engine",
      cause: expect.stringContaining("not reachable"),
    });
    expect(existsSync(join(host.directory, "stopped"))).toBe(false);
  });

  it("starts the engine when it is told to end in the middle of the copy", () => {
    managerHost();
    host.program("tar", 'kill -TERM "$(ps -o ppid= -p "$PPID" | tr -d " ")"; /bin/sleep 0.2');
    expect(backUp().status).not.toBe(0);
    expect(existsSync(join(host.directory, "stopped"))).toBe(false);
    expect(done()).not.toContain("curl");
  });

  it("the engine starts by itself when the script was killed outright", async () => {
    managerHost();
    host.program("tar", 'kill -KILL "$(ps -o ppid= -p "$PPID" | tr -d " ")"; /bin/sleep 0.2');
    expect(backUp().status).toBeNull();
    expect(existsSync(join(host.directory, "stopped"))).toBe(true);
    for (let look = 0; look < 50 && existsSync(join(host.directory, "stopped")); look++) await delay(100);
    expect(existsSync(join(host.directory, "stopped"))).toBe(false);
  });

  it("an upload that is refused leaves engine and label as they were, and nothing on the disk", () => {
    managerHost({ put: "403" });
    expect(backUp().answer.failed).toEqual({
      step: "upload",
      cause: `s3 PUT backups/${KEY}.tar.gz: HTTP 403`,
    });
    expect(done()).toEqual(STOPPED_AND_STARTED);
    expect(readdirSync(join(host.directory, "lib/hive-swarm"))).toEqual([]);
  });
});
