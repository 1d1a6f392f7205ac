// What a roll does on hosts, and what a host that joins meanwhile is told: the scripts themselves, with a docker and a curl that
// answer as told.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { activateAnswer, joinHostAnswer } from "../../shared/swarm/answers.ts";
import { ScriptedHost } from "./scripted-host.ts";

const REGISTRY = "10.78.0.1:5000";
const REPOSITORY = `${REGISTRY}/hive-web`;
const image = (version: string): string =>
  `${REPOSITORY}:${version}@sha256:${Buffer.from(version.padEnd(32, "x")).toString("hex")}`;
const [V1, V2, V3] = [image("1.0.0"), image("2.0.0"), image("3.0.0")];

let scripted: ScriptedHost;
beforeEach(() => {
  scripted = new ScriptedHost();
});
afterEach(() => scripted.remove());
const program = (name: string, script: string): void => scripted.program(name, script);
const run = (document: string, parameters: Record<string, string>) => scripted.run(document, parameters);
const calls = (): string => scripted.calls();

interface Host {
  /** Images that are here, each with the lines that `docker image ls` has of it: tag and digest. */
  here?: readonly string[];
  /** Images that containers use. */
  used?: readonly string[];
  /** Pulls of images that match end so. */
  pulls?: Record<string, string>;
  /** What the metadata service and ECR say. */
  token?: string;
}

const idOf = (name: string): string =>
  `sha256:id-of-${name.split("@sha256:")[1]?.slice(0, 20) ?? name.split(":").at(-1)}`;

/** A host with a daemon, a role, and a registry behind it. */
const host = ({ here = [], used = [], pulls = {}, token = "c2VjcmV0" }: Host): void => {
  const rows = here
    .filter((name) => name.startsWith(REPOSITORY))
    .map((name) => {
      const [, digest] = name.split("@");
      return digest ? `${idOf(name)} <none> ${digest}` : `${idOf(name)} ${name.split(":").at(-1)} <none>`;
    });
  program(
    "docker",
    `echo "docker $*" >>"$CALLS"
     case "$*" in
       version) ;;
       "info --format {{.DockerRootDir}}") echo /data/docker ;;
       "image inspect "*)
         for word; do case $word in *@sha256:*|*/*) name=$word ;; esac; done
         case $name in ${here.map((name) => `'${name}') echo '${idOf(name)}' ;;`).join(" ")} *) exit 1 ;; esac ;;
       "ps -aq") ${used.length > 0 ? "echo c1" : ":"} ;;
       "inspect c1"*) printf '%s\\n' ${used.map((name) => `'${idOf(name)}'`).join(" ") || "''"} ;;
       "image ls"*) printf '%s\\n' ${rows.map((row) => `'${row}'`).join(" ") || "''"} ;;
       "image rm "*) ;;
       *) exit 1 ;;
     esac`,
  );
  program("df", `[ "$*" = "--output=pcent /data/docker" ] && printf 'Use%%%%\\n 37%%%%\\n'`);
  const endings = Object.entries(pulls).map(
    ([part, text]) =>
      `*'${encodeURIComponent(part)}'*) printf '%s\\n' '${text}' '${text.endsWith("\n500") ? "" : 200}' ;;`,
  );
  program(
    "curl",
    `case "$*" in
       --version*) echo "curl 8.0.0" ;;
       *api/token*) echo metadata-token ;;
       *placement/region*) echo ap-northeast-1 ;;
       *services/domain*) echo amazonaws.com ;;
       *security-credentials/) echo role ;;
       *security-credentials/role*) echo '{"AccessKeyId":"AKIA","SecretAccessKey":"key-secret","Token":"session-secret"}' ;;
       *GetAuthorizationToken*)
         echo "curl token $*" >>"$CALLS"
         cat >/dev/null
         ${token ? `echo '{"authorizationData":[{"authorizationToken":"${Buffer.from(`AWS:${token}`).toString("base64")}"}]}'` : `echo '{"__type":"AccessDeniedException"}'; exit 22`} ;;
       *images/create*)
         echo "curl pull $* with $(cat)" >>"$CALLS"
         case "$*" in ${endings.join(" ")} *) printf '{"status":"Digest: x"}\\n200\\n' ;; esac ;;
       *) exit 7 ;;
     esac`,
  );
};
const pulled = (): string[] =>
  [...calls().matchAll(/^curl pull .*fromImage=(\S+)/gm)].map(([, name]) => decodeURIComponent(name ?? ""));
const removed = (): string[] =>
  [...calls().matchAll(/^docker image rm (\S+)$/gm)].map(([, name]) => name ?? "");

const hold = (parameters: Record<string, string>) =>
  run("hold-images", { registry: REGISTRY, registryRegion: "us-east-1", ...parameters });

describe("hold-images", () => {
  it("pulls by digest what is not here, with the host's own role, and asks for one token", () => {
    host({ here: [V1] });
    const { answer, status } = hold({ images: `${V1} ${V2} ${V3}` });
    expect({ status, answer }).toEqual({
      status: 0,
      answer: { held: 3, pulled: 2, pruned: 0, disk: 37, missing: "" },
    });
    expect(pulled()).toEqual([V2, V3]);
    expect(calls().match(/curl token/g)).toHaveLength(1);
  });

  it("pulls nothing, and asks for no token, where everything is here", () => {
    host({ here: [V1] });
    expect(hold({ images: V1 }).answer).toEqual({ held: 1, pulled: 0, pruned: 0, disk: 37, missing: "" });
    expect(calls()).not.toContain("curl");
  });

  it("creates what is to be mounted, and leaves alone what is there", () => {
    host({ here: [V1] });
    const base = mkdtempSync(join(tmpdir(), "sources-"));
    writeFileSync(join(base, "file"), "kept");
    const { answer } = hold({ images: V1, directories: `${base}/my+logs/of%20hive ${base}/file` });
    expect(answer).toEqual({ held: 1, pulled: 0, pruned: 0, disk: 37, missing: "" });
    expect(existsSync(join(base, "my logs/of hive"))).toBe(true);
    expect(readFileSync(join(base, "file"), "utf8")).toBe("kept");
    rmSync(base, { recursive: true });
  });

  it("pulls a tag again, which may have moved, and an image of another registry without a password", () => {
    host({ here: [`${REPOSITORY}:latest`] });
    expect(
      hold({ images: `${REPOSITORY}:latest docker.io/library/busybox@sha256:${"b".repeat(64)}` }).answer
        .pulled,
    ).toBe(2);
    expect(calls().match(/X-Registry-Auth/g)).toHaveLength(1);
  });

  it.each([
    [`{"errorDetail":{"message":"manifest for ${V2} not found: manifest unknown"}}`, /manifest unknown/],
    [
      '{"errorDetail":{"message":"denied: Your authorization token has expired. Reauthenticate and try again."}}',
      /has expired/,
    ],
    ['{"message":"write /var/lib/docker/tmp: no space left on device"}\n500', /no space left/],
  ])("names the image that cannot be pulled, and why: %s", (text, why) => {
    host({ pulls: { ":2.0.0@": text } });
    const { answer, status } = hold({ images: `${V1} ${V2}` });
    expect(status).toBe(1);
    expect(answer.failed.step).toBe("pull");
    expect(answer.failed.cause.startsWith(`${V2}: `)).toBe(true);
    expect(answer.failed.cause).toMatch(why);
  });

  it("does without a spare that cannot be had, and names it", () => {
    host({ pulls: { ":2.0.0@": '{"errorDetail":{"message":"manifest unknown"}}' } });
    const { answer, status } = hold({ images: `+${V2} ${V1} +${V3}` });
    expect({ status, answer }).toEqual({
      status: 0,
      answer: { held: 2, pulled: 2, pruned: 0, disk: 37, missing: V2 },
    });
  });

  it("says so when the role may not have a token", () => {
    host({ token: "" });
    const { answer } = hold({ images: V1 });
    expect(answer.failed).toMatchObject({
      step: "login",
      cause: expect.stringContaining("AccessDeniedException"),
    });
    expect(hold({ images: `+${V1}` }).answer).toEqual({
      held: 0,
      pulled: 0,
      pruned: 0,
      disk: 37,
      missing: V1,
    });
  });

  it("says so when the daemon does not answer", () => {
    program("docker", "exit 1");
    expect(hold({ images: V1 }).answer.failed).toEqual({
      step: "pull",
      cause: "the Docker daemon does not answer",
    });
  });

  it("shows no password, in its output or in an argument", () => {
    host({ token: "a-password" });
    const { stdout, stderr } = hold({ images: V1 });
    const header = /with header = "X-Registry-Auth: (\S+)"/.exec(calls())?.[1] ?? "";
    expect(Buffer.from(header, "base64url").toString()).toContain("a-password");
    const arguments_ = calls().replaceAll(/ with header.*/g, "");
    for (const secret of ["a-password", header, "key-secret", "session-secret"])
      expect(stdout + stderr + arguments_).not.toContain(secret);
  });

  it("takes away what no roll needs and no container uses, of this repository alone", () => {
    const other = `${REGISTRY}/other@sha256:${"c".repeat(64)}`;
    const [held, kept, used, tagged] = [V1, V2, V3, `${REPOSITORY}:old`];
    const gone = `${REPOSITORY}@sha256:${"d".repeat(64)}`;
    host({ here: [held, kept, used, tagged, gone, other], used: [used] });
    const { answer } = hold({ images: held, keep: `+${kept} ${image("9.9.9")}`, prune: REPOSITORY });
    expect(removed()).toEqual([tagged, gone]);
    expect(answer).toEqual({ held: 1, pulled: 0, pruned: 2, disk: 37, missing: "" });
    expect(calls()).not.toMatch(/image rm.*(-f|--force)/);
  });

  it("and says nothing of a disk that cannot be measured, which is no reason to fail", () => {
    host({ here: [V1] });
    program("df", "exit 1");
    expect(hold({ images: V1 })).toMatchObject({ status: 0, answer: { held: 1, disk: null } });
  });

  it("takes nothing away without being told of which repository", () => {
    host({ here: [V1, V2] });
    expect(hold({ images: V1 }).answer.pruned).toBe(0);
    expect(removed()).toEqual([]);
  });

  it("leaves to the daemon what it does not want to give", () => {
    host({ here: [V1, V2] });
    scripted.alter("docker", '"image rm "*) ;;', '"image rm "*) exit 1 ;;');
    expect(hold({ images: V1, prune: REPOSITORY }).answer).toMatchObject({ held: 1, pruned: 0 });
  });
});

describe("join-host", () => {
  const prepare = (images: string) => {
    program("systemctl", "exit 0");
    program("cloud-init", "echo 'status: done'");
    // What it keeps of its own belongs to root.
    program("mkdir", "exit 0");
    program("rm", 'case "$*" in *hive-swarm*) ;; *) exec /bin/rm "$@" ;; esac');
    scripted.alter("docker", "version) ;;", "version | info) ;;");
    return run("join-host", {
      mode: "prepare",
      managers: "10.0.0.1",
      tokenParameter: "/a/token",
      registry: REGISTRY,
      registryRegion: "us-east-1",
      images,
    });
  };

  it("holds what it is told to, and does without a spare that is gone from the registry", () => {
    host({ here: [V1], pulls: { ":3.0.0@": '{"errorDetail":{"message":"manifest unknown"}}' } });
    const { answer, status } = prepare(`+${V3} ${V1} ${V2}`);
    expect({ status, answer }).toEqual({
      status: 0,
      answer: { outcome: "prepared", pulled: 1, missing: V3 },
    });
    expect(joinHostAnswer.parse(answer)).toEqual({ outcome: "prepared", pulled: 1 });
  });

  it("fails for an image that a service runs", () => {
    host({ pulls: { ":3.0.0@": '{"errorDetail":{"message":"manifest unknown"}}' } });
    expect(prepare(V3).answer.failed).toMatchObject({
      step: "pull",
      cause: expect.stringMatching(/3\.0\.0.*manifest unknown/),
    });
  });
});

describe("activate-node", () => {
  const NODE = "abcdefghijklmnopqrstuvwx1";
  const INSTANCE = "i-0123456789abcdef0";
  const encode = (text: string): string => encodeURIComponent(text).replaceAll("%20", "+");
  /** The lines that docker makes of the services, one list for each time that it is asked; the last one stays. */
  const services = (...readings: string[][]): void => {
    readings.forEach((lines, index) => {
      writeFileSync(join(scripted.directory, `needs-${index + 1}`), `${lines.join("\n")}\n`);
    });
    program(
      "docker",
      `echo "docker $*" >>"$CALLS"
       case "$*" in
         info*) echo true ;;
         "service ls -q") echo s1 ;;
         "service inspect"*)
           asked=$(($(cat "$BIN/asked" 2>/dev/null || echo 0) + 1)); [ "$asked" -le ${readings.length} ] || asked=${readings.length}
           echo "$asked" >"$BIN/asked"; cat "$BIN/needs-$asked" ;;
         "node inspect"*Status.State*) echo ready ;;
         "node inspect"*Version*) echo '7 drain ;{"Name":"","Role":"worker","Availability":"active","Labels":{ }}' ;;
         *'{{.Spec.Role}}') echo worker ;;
         "node inspect"*) echo - ;;
         "node ps"*) echo task1 ;;
         *) exit 1 ;;
       esac`,
    );
    program("curl", 'cat >/dev/null; echo "curl $*" >>"$CALLS"; printf "\\n200\\n"');
  };
  const activate = (images: string, directories = "") =>
    run("activate-node", {
      nodeId: NODE,
      instanceId: INSTANCE,
      now: "2026-02-01T00:00:00.000Z",
      images,
      directories,
    });
  const activated = (): boolean => calls().includes(`/nodes/${NODE}/update`);

  it("wants what a roll goes to and could go back to as spares, and does not activate before the host was told", () => {
    services([
      `image ${V2}`,
      `spare ${encode(V3)}`,
      `spare ${encode(V2)}`,
      `spare ${encode(V1)}`,
      "bind %2Flogs",
    ]);
    expect(activate(V2, "/logs").answer).toEqual({
      outcome: "changed",
      images: `+${V1} +${V3} ${V2}`,
      directories: "/logs",
    });
    expect(activated()).toBe(false);
    const { answer } = activate(`+${V1} +${V3} ${V2}`, "/logs");
    expect(activateAnswer.parse(answer)).toMatchObject({ outcome: "active", tasks: ["task1"] });
  });

  it("takes a spare for held that was held for good, and nothing for held that was a spare only", () => {
    services([`image ${V2}`, `spare ${encode(V1)}`]);
    expect(activate(`${V1} ${V2}`).answer.outcome).toBe("active");
    expect(activate(`${V1} +${V2}`).answer).toMatchObject({ outcome: "changed", images: `+${V1} ${V2}` });
  });

  it("looks once more after the activation: what a roll has begun to need meanwhile is answered, the node stays active", () => {
    services([`image ${V1}`], [`image ${V1}`, `spare ${encode(V2)}`]);
    expect(activate(V1).answer).toMatchObject({ outcome: "changed", images: `+${V2} ${V1}` });
    expect(activated()).toBe(true);
    expect(activate(`+${V2} ${V1}`).answer.outcome).toBe("active");
  });

  it.each(["$(reboot)", "a b", "x\ny", "a+b", "ünïcödé", "%2F", "", "a".repeat(1001)])(
    "takes no label for an image that cannot be one: %j",
    (label) => {
      services([`image ${V1}`, ...(label ? [`spare ${encode(label)}`] : [])]);
      expect(activate(V1).answer).toMatchObject({ outcome: "active", images: V1 });
    },
  );

  it("gives sources of bind mounts as one word each, and not the daemon's own socket", () => {
    services([
      `image ${V1}`,
      "bind %2Fvar%2Frun%2Fdocker.sock",
      "bind %2Frun%2Fdocker.sock",
      `bind ${encode("/a b/c\nd")}`,
    ]);
    expect(activate(V1).answer).toMatchObject({ outcome: "changed", directories: "/a+b/c%0Ad" });
  });

  it("is content with a swarm that runs nothing", () => {
    services([""]);
    expect(activate("").answer).toMatchObject({ outcome: "active", images: "", directories: "" });
  });
});

describe("explain-task", () => {
  const explain = () => run("explain-task", { container: "c".repeat(64) });

  it("tells what the daemon knows of the container, and its last lines, whatever is in them", () => {
    program(
      "docker",
      `case "$*" in
         "container inspect"*) echo '"exitCode":0,"oomKilled":false,"unhealthy":true,"probe":"HTTP 503\\n","error":""' ;;
         logs*) printf 'one "two"\\n\\tthree\\n'; echo four >&2 ;;
       esac`,
    );
    expect(explain().answer).toEqual({
      outcome: "seen",
      exitCode: 0,
      oomKilled: false,
      unhealthy: true,
      probe: "HTTP 503\n",
      error: "",
      lines: 'one "two"\n\tthree\nfour',
    });
  });

  it("of a container that is gone says so", () => {
    program("docker", 'echo "Error: No such container: cc" >&2; exit 1');
    expect(explain().answer).toEqual({ outcome: "gone" });
  });

  it("by a daemon that does not answer is a failure", () => {
    program("docker", 'echo "Cannot connect to the Docker daemon" >&2; exit 1');
    expect(explain().answer.failed).toMatchObject({
      step: "inspect",
      cause: expect.stringContaining("Cannot connect"),
    });
  });
});
