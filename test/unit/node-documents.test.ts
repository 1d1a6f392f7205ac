// The manager's documents, run for real by bash, with a docker and a curl that answer as told.
import { ScriptedHost } from "./scripted-host.ts";

const INSTANCE = "i-0123456789abcdef0";
const NODE = "abcdefghijklmnopqrstuvwx1";

let host: ScriptedHost;
beforeEach(() => {
  host = new ScriptedHost();
});
afterEach(() => host.remove());
const program = (name: string, script: string): void => host.program(name, script);
const run = (document: string, parameters: Record<string, string>) => host.run(document, parameters);
const calls = (): string => host.calls();

/** A manager whose nodes are these lines: id, role, availability, label or `-`, address. */
const managerWith = (nodes: readonly string[], more = ""): void => {
  program(
    "docker",
    `echo "docker $*" >> "$CALLS"
     case "$*" in
       info*) echo true ;;
       "node ls -q") printf '%s\\n' ${nodes.map((line) => `'${line.split(" ")[0]}'`).join(" ")} ;;
       "node inspect"*Status.Addr*) printf '%s\\n' ${nodes.map((line) => `'${line}'`).join(" ")} ;;
       "node inspect"*Version*) echo '7 worker;{"Name":"","Role":"worker","Availability":"drain","Labels":{"hive.retiring":"yes"}}' ;;
       "node inspect"*active-since*) echo 2026-02-01T00:00:00Z ;;
       "node inspect"*Availability*) echo drain ;;
       ${more}
     esac`,
  );
  program("curl", 'cat >> "$CALLS"; echo "curl $*" >> "$CALLS"; printf "\\n200\\n"');
};

const find = { instanceId: INSTANCE, nodeId: "", address: "" };

describe.each(["drain-node", "remove-node"])("%s on a manager that cannot tell", (document) => {
  it("fails as a manager, instead of having found nothing, when there is no leader", () => {
    program(
      "docker",
      'case "$*" in info*) echo true ;; *) echo "The swarm does not have a leader" >&2; exit 1 ;; esac',
    );
    const { status, answer } = run(document, find);
    expect(status).toBe(1);
    expect(answer.failed).toEqual({
      step: "manager",
      cause: expect.stringContaining("does not have a leader"),
    });
  });

  it("fails as a manager, instead of having found nothing, when docker is stopped without a word", () => {
    program("docker", `case "$*" in info*) echo true ;; "node ls -q") echo ${NODE} ;; *) exit 124 ;; esac`);
    const { status, answer } = run(document, find);
    expect(status).toBe(1);
    expect(answer.failed).toEqual({ step: "manager", cause: expect.stringContaining("ended with 124") });
  });

  it("fails as a manager on a host that is none", () => {
    program("docker", "echo false");
    expect(run(document, find).answer.failed.step).toBe("manager");
  });
});

describe("drain-node", () => {
  it("drains the node with the instance's label, in one write by the version that was read", () => {
    managerWith([
      `${NODE} worker active ${INSTANCE} 10.0.0.5`,
      "other worker active i-0000000000000000a 10.0.0.6",
    ]);
    expect(run("drain-node", find).answer).toEqual({ nodeIds: NODE, activeSince: "2026-02-01T00:00:00Z" });
    expect(calls()).toContain(`/nodes/${NODE}/update?version=7`);
    expect(calls()).toContain('"hive.retiring":"yes"');
    expect(calls()).not.toContain("/nodes/other/");
  });

  it.each([
    ["a node that carries another label", "worker drain i-0000000000000000a 10.0.0.5"],
    ["an active node", "worker active - 10.0.0.5"],
    ["a manager", "manager drain - 10.0.0.5"],
    ["an address that only begins alike", "worker drain - 10.0.0.55"],
  ])("by address never takes %s", (_what, node) => {
    managerWith([`${NODE} ${node}`]);
    expect(run("drain-node", { ...find, address: "10.0.0.5" }).answer.nodeIds).toBe("");
  });

  it("by address takes a drained worker that nobody has labelled", () => {
    managerWith([`${NODE} worker drain - 10.0.0.5`]);
    expect(run("drain-node", { ...find, address: "10.0.0.5" }).answer.nodeIds).toBe(NODE);
  });

  it("without an address takes no node that has none", () => {
    managerWith([`${NODE} worker drain - `]);
    expect(run("drain-node", find).answer.nodeIds).toBe("");
  });
});

describe("remove-node", () => {
  it("removes by force, by node id", () => {
    managerWith([`${NODE} worker drain ${INSTANCE} 10.0.0.5`]);
    expect(run("remove-node", find).answer).toEqual({ removed: NODE });
    expect(calls()).toContain(`docker node rm --force ${NODE}`);
  });

  it("is content when the node is gone already", () => {
    managerWith(
      [`${NODE} worker drain ${INSTANCE} 10.0.0.5`],
      '"node rm"*) echo "node x not found" >&2; exit 1 ;;',
    );
    expect(run("remove-node", find).status).toBe(0);
  });

  it("says what came back when it is refused", () => {
    managerWith(
      [`${NODE} worker drain ${INSTANCE} 10.0.0.5`],
      '"node rm"*) echo "node is ready" >&2; exit 1 ;;',
    );
    expect(run("remove-node", find).answer.failed).toEqual({
      step: "remove",
      cause: `node ${NODE}: node is ready`,
    });
  });
});
