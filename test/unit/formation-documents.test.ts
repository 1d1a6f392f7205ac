// How a swarm is formed and its tokens are kept, on the hosts: the scripts themselves, with a docker and a curl that answer as told.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { initSwarmAnswer, joinHostAnswer, rotateTokensAnswer } from "../../shared/swarm/answers.ts";
import { ScriptedHost } from "./scripted-host.ts";

const NODE = "abcdefghijklmnopqrstuvwx1";
const [WORKER, MANAGER] = ["SWMTKN-1-aaaa-workersecret", "SWMTKN-1-aaaa-managersecret"];
const [WORKER_NAME, MANAGER_NAME] = ["/hive/token/worker", "/hive/token/manager"];

let scripted: ScriptedHost;
beforeEach(() => {
  scripted = new ScriptedHost();
});
afterEach(() => scripted.remove());
const calls = (): string => scripted.calls();
const put = (name: string, value: string): void => writeFileSync(join(scripted.directory, name), value);
const got = (name: string): string => {
  const file = join(scripted.directory, name);
  return existsSync(file) ? readFileSync(file, "utf8") : "";
};

interface Host {
  /** What `docker info` says of the swarm. */
  state?: "inactive" | "active" | "pending" | "error" | "locked";
  control?: boolean;
  /** Which parameters are stored. */
  stored?: readonly string[];
  /** What the daemon answers to an init or a join. */
  refuses?: string;
  /** What Parameter Store answers to a write. */
  readOnly?: boolean;
  retiring?: boolean;
}

const host = ({
  state = "inactive",
  control = true,
  stored = [],
  refuses = "",
  readOnly = false,
  retiring = false,
}: Host = {}): void => {
  put("state", state);
  scripted.program("cloud-init", "echo 'status: done'");
  scripted.program("systemctl", "exit 0");
  scripted.program("sleep", "exit 0");
  mkdirSync(join(scripted.directory, "run"), { recursive: true });
  if (retiring) put("run/retiring", "");
  scripted.program(
    "docker",
    `echo "docker $*" >>"$CALLS"
     case "$*" in
       *LocalNodeState*) cat "$BIN/state" ;;
       *ControlAvailable*) ${control ? '[ "$(cat "$BIN/state")" = active ] && echo true || echo false' : "echo false"} ;;
       *NodeID*) echo ${NODE} ;;
       info) ;;
       "swarm leave --force") echo inactive >"$BIN/state" ;;
       "swarm join-token --rotate --quiet "*) cat "$BIN/rotate" >&2 2>/dev/null && exit 1; echo ${WORKER} ;;
       *) exit 1 ;;
     esac`,
  );
  scripted.program(
    "curl",
    `case "$*" in
       --version*) echo "curl 8.0.0" ;;
       *api/token*) echo metadata-token ;;
       *placement/region*) echo ap-northeast-1 ;;
       *services/domain*) echo amazonaws.com ;;
       *security-credentials/) echo role ;;
       *security-credentials/role*) echo '{"AccessKeyId":"AKIA","SecretAccessKey":"key-secret","Token":"session-secret"}' ;;
       *AmazonSSM.GetParameter*)
         echo "curl $*" >>"$CALLS"; cat >/dev/null
         case "$*" in ${[...stored, "nothing"].map((name) => `*'"${name}"'*`).join(" | ")})
             echo '{"Parameter":{"Name":"x","Value":"${MANAGER}"}}' ;;
           *) echo '{"__type":"ParameterNotFound"}'; exit 22 ;; esac ;;
       *AmazonSSM.PutParameter*)
         echo "curl $*" >>"$CALLS"; cat >>"$BIN/put"
         ${readOnly ? `echo '{"__type":"AccessDeniedException","message":"no, not ${WORKER}"}'; exit 22` : `echo '{"Version":1}'`} ;;
       *docker/swarm/init | *docker/swarm/join)
         echo "curl $*" >>"$CALLS"; cat >>"$BIN/body"
         ${refuses ? `printf '%s\\n500\\n' '{"message":"${refuses}"}'` : `echo active >"$BIN/state"; printf '"${NODE}"\\n200\\n'`} ;;
       *docker/swarm)
         printf '%s\\n200\\n' '{"ID":"x","JoinTokens":{"Worker":"${WORKER}","Manager":"${MANAGER}"},"RootRotationInProgress":false}' ;;
       *) echo "unexpected curl $*" >>"$CALLS"; exit 7 ;;
     esac`,
  );
};

const tokens = { workerTokenParameter: WORKER_NAME, managerTokenParameter: MANAGER_NAME };
const init = () =>
  scripted.run("init-swarm", { addressPool: "172.30.0.0/16", advertise: "10.0.0.7", ...tokens });
const stored = (): string[] =>
  [...got("put").matchAll(/^data = "(.*)"$/gm)].map(([, body = ""]) => {
    const { Name, Value, Type, Overwrite } = JSON.parse(body.replaceAll(/\\(.)/g, "$1"));
    return `${Name} ${Value} ${Type} ${Overwrite}`;
  });
const both = [`${WORKER_NAME} ${WORKER} SecureString true`, `${MANAGER_NAME} ${MANAGER} SecureString true`];

/** Neither in what is printed nor in an argument of any program. */
const expectNoSecret = ({ stdout, stderr }: { stdout: string; stderr: string }): void => {
  for (const secret of [WORKER, MANAGER, "workersecret", "managersecret", "key-secret", "session-secret"])
    expect(stdout + stderr + calls()).not.toContain(secret);
};

describe("init-swarm", () => {
  it("initialises the swarm with the address pool, as a drained manager, and stores both tokens", () => {
    host();
    const result = init();
    expect(initSwarmAnswer.parse(result.answer)).toEqual({ outcome: "initialised", nodeId: NODE });
    expect(JSON.parse(got("body"))).toEqual({
      ListenAddr: "0.0.0.0:2377",
      AdvertiseAddr: "10.0.0.7",
      DefaultAddrPool: ["172.30.0.0/16"],
      SubnetSize: 24,
      Availability: "drain",
    });
    expect(stored()).toEqual(both);
    expectNoSecret(result);
  });

  it("run again initialises nothing, and stores the tokens again", () => {
    host();
    init();
    put("put", "");
    const result = init();
    expect(initSwarmAnswer.parse(result.answer)).toEqual({ outcome: "already", nodeId: NODE });
    expect(calls().match(/swarm\/init/g)).toHaveLength(1);
    expect(stored()).toEqual(both);
    expectNoSecret(result);
  });

  it("forms no second swarm where a token is stored and this host is in none", () => {
    host({ stored: [MANAGER_NAME] });
    const result = init();
    expect(initSwarmAnswer.parse(result.answer)).toEqual({ outcome: "formed before" });
    expect(calls()).not.toContain("swarm/init");
    expect(stored()).toEqual([]);
    expectNoSecret(result);
  });

  it("says what the daemon refused", () => {
    host({ refuses: "could not choose an IP address" });
    const { answer } = init();
    expect(answer.failed).toEqual({
      step: "init",
      cause: "POST /swarm/init: could not choose an IP address",
    });
    expect(stored()).toEqual([]);
  });

  it("says that the tokens could not be stored, without quoting one", () => {
    host({ readOnly: true });
    const result = init();
    expect(result.answer.failed).toMatchObject({
      step: "store",
      cause: expect.stringContaining("AccessDeniedException"),
    });
    expect(result.answer.failed.cause).toContain("(token)");
    expectNoSecret(result);
  });

  it.each(["pending", "error", "locked"] as const)("leaves a host alone whose swarm state is %s", (state) => {
    host({ state });
    expect(init().answer.failed).toMatchObject({ step: "init", cause: expect.stringContaining(state) });
    expect(calls()).not.toMatch(/swarm\/init|swarm leave/);
  });

  it("does nothing once the retirement of its machine has begun", () => {
    host({ retiring: true });
    expect(initSwarmAnswer.parse(init().answer)).toEqual({ outcome: "retiring" });
    expect(calls()).not.toContain("swarm/init");
  });

  it("is not for a worker", () => {
    host({ state: "active", control: false });
    expect(init().answer.failed).toMatchObject({ step: "role" });
    expect(stored()).toEqual([]);
  });
});

describe("rotate-tokens", () => {
  it("rotates both and stores both, and prints neither", () => {
    host({ state: "active" });
    const result = scripted.run("rotate-tokens", tokens);
    expect(rotateTokensAnswer.parse(result.answer)).toEqual({ rotated: true });
    expect(calls().match(/join-token --rotate --quiet (worker|manager)/g)).toHaveLength(2);
    expect(stored()).toEqual(both);
    expectNoSecret(result);
  });

  it.each([
    ["The swarm does not have a leader", "manager"],
    ["something else, of SWMTKN-1-aaaa-workersecret", "rotate"],
  ])("that meets %j fails at %s, and stores nothing", (trouble, step) => {
    host({ state: "active" });
    put("rotate", trouble);
    const result = scripted.run("rotate-tokens", tokens);
    expect(result.answer.failed).toMatchObject({ step });
    expect(stored()).toEqual([]);
    expectNoSecret(result);
  });

  it("rotates nothing on a host that is no manager", () => {
    host({ state: "active", control: false });
    expect(scripted.run("rotate-tokens", tokens).answer.failed).toMatchObject({ step: "manager" });
    expect(calls()).not.toContain("--rotate");
  });
});

describe("join-host", () => {
  const joins = (more: Record<string, string> = {}) =>
    scripted.run("join-host", {
      mode: "join",
      managers: "10.0.0.1 10.0.0.2",
      tokenParameter: MANAGER_NAME,
      registry: "registry.example",
      registryRegion: "us-east-1",
      ...more,
    });

  it("joins as a manager under its own address, drained, with the token on standard input", () => {
    host({ stored: [MANAGER_NAME] });
    const result = joins({ role: "manager", advertise: "10.0.0.7" });
    expect(joinHostAnswer.parse(result.answer)).toMatchObject({
      outcome: "joined",
      nodeId: NODE,
      joined: "now",
    });
    expect(JSON.parse(got("body"))).toEqual({
      ListenAddr: "0.0.0.0:2377",
      AdvertiseAddr: "10.0.0.7",
      RemoteAddrs: ["10.0.0.1:2377"],
      JoinToken: MANAGER,
      Availability: "drain",
    });
    expectNoSecret(result);
  });

  it("says so where it is in the swarm and should be a manager", () => {
    host({ state: "active", control: false });
    expect(joins({ role: "manager", advertise: "10.0.0.7" }).answer.failed).toMatchObject({
      step: "role",
      cause: expect.stringContaining(`docker node promote ${NODE}`),
    });
    expect(joins().answer).toMatchObject({ outcome: "joined", joined: "already" });
  });

  it("only waits and pulls where that is all that is asked", () => {
    host();
    expect(joinHostAnswer.parse(joins({ mode: "ready" }).answer)).toEqual({ outcome: "ready", pulled: 0 });
    expect(calls()).not.toMatch(/docker\/swarm/);
  });

  describe.each(["pending", "error", "locked"] as const)("on a host whose swarm state is %s", (state) => {
    it("leaves and joins anew, where it is new", () => {
      host({ state, stored: [MANAGER_NAME] });
      expect(joins().answer).toMatchObject({ outcome: "joined", joined: "now" });
      expect(calls()).toContain("docker swarm leave --force");
    });

    it("does not leave where it serves, and says which node the managers are to be asked about", () => {
      host({ state, stored: [MANAGER_NAME] });
      expect(joins({ serving: "yes" }).answer).toMatchObject({
        outcome: "joined",
        joined: "already",
        nodeId: NODE,
      });
      expect(calls()).not.toMatch(/swarm leave|swarm\/join/);
    });

    it("leaves although it serves once the managers do not know its node", () => {
      host({ state, stored: [MANAGER_NAME] });
      expect(joins({ serving: "yes", rejoin: "yes" }).answer).toMatchObject({ joined: "now" });
      expect(calls()).toContain("docker swarm leave --force");
    });
  });
});

describe("survey-managers", () => {
  const survey = (statuses: readonly string[]) => {
    scripted.program(
      "docker",
      `case "$*" in info*) echo true ;; "node ls"*) printf '%s\\n' ${statuses.map((one) => `'${one}'`).join(" ")} ;; esac`,
    );
    return scripted.run("survey-managers", {}).answer;
  };

  it.each([
    [["Leader"], 1, 0],
    [["Reachable", "Leader", "Reachable"], 3, 0],
    [["Unreachable", "Leader", "Reachable"], 3, 1],
    [["Unreachable", "Leader", "Unknown"], 3, 2],
  ])("of %j counts %i, and %i out of reach", (statuses, managers, unreachable) => {
    expect(survey(statuses)).toEqual({ managers, unreachable });
  });

  it("fails as a manager when there is no leader", () => {
    scripted.program(
      "docker",
      'case "$*" in info*) echo true ;; *) echo "The swarm does not have a leader" >&2; exit 1 ;; esac',
    );
    expect(scripted.run("survey-managers", {}).answer.failed).toEqual({
      step: "manager",
      cause: expect.stringContaining("does not have a leader"),
    });
  });
});
