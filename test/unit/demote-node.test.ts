// The document that demotes a manager: the script as it is, by bash, with a docker and a curl that answer as told, and its simulated
// counterpart, on the same managers.
import { demoteAnswer, parseAnswer } from "../../shared/swarm/answers.ts";
import { ScriptedHost } from "./scripted-host.ts";
import { createFixture } from "./simulated-fixture.ts";

const INSTANCE = "i-0123456789abcdef0";
const idOf = (name: string): string => name.padEnd(25, "0");
const [OWN, SECOND, THIRD, SELF] = [idOf("own"), idOf("second"), idOf("third"), idOf("self")];

let host: ScriptedHost;
beforeEach(() => {
  host = new ScriptedHost();
});
afterEach(() => host.remove());

/** id, role, reachability and address among the managers or `- -`, label. */
const own = `${OWN} manager reachable 10.0.0.5:2377 ${INSTANCE}`;
const second = `${SECOND} manager reachable 10.0.0.6:2377 i-0000000000000000a`;
const third = `${THIRD} manager reachable 10.0.0.7:2377 i-0000000000000000b`;
const self = `${SELF} manager reachable 10.0.0.8:2377 i-0000000000000000c`;
const dead = (line: string): string => line.replace("reachable", "unreachable");
const demoted = (line: string): string => line.replace("manager", "worker");

interface Swarm {
  nodes: readonly string[];
  /** What the engine answers to the write. */
  write?: string;
  /** What each look at the vote prints, the last one for ever. */
  votes?: readonly string[];
}

const managerWith = ({ nodes, write = "\\n200\\n", votes = [""] }: Swarm): void => {
  const ids = nodes.map((line) => `'${line.split(" ")[0]}'`).join(" ");
  host.program(
    "docker",
    `echo "docker $*" >> "$CALLS"
     case "$*" in
       info*NodeID*) echo ${SELF} ;;
       info*) echo true ;;
       "node ls -q") printf '%s\\n' ${ids} ;;
       "node inspect"*Version*) echo '7 manager;{"Role":"worker","Availability":"drain","Labels":{ "hive.retiring":"yes"} }' ;;
       "node inspect"*instance-id*) printf '%s\\n' ${nodes.map((line) => `'${line}'`).join(" ")} ;;
       "node inspect"*Reachability*)
         looks=$(cat "$BIN/looks" 2>/dev/null || echo 0); echo $((looks + 1)) > "$BIN/looks"
         case $looks in ${votes.map((vote, at) => `${at === votes.length - 1 ? "*" : at}) ${vote.startsWith("!") ? `echo '${vote.slice(1)}' >&2; exit 1` : `echo '${vote}'`} ;;`).join(" ")} esac ;;
     esac`,
  );
  host.program("curl", `cat >> "$CALLS"; echo "curl $*" >> "$CALLS"; printf '${write}'`);
};

const run = (parameters: Record<string, string> = {}) => {
  const ran = host.run("demote-node", { instanceId: INSTANCE, waitSeconds: "1", ...parameters });
  return {
    ...ran,
    parsed: ran.status === 0 ? parseAnswer(demoteAnswer, "demote-node", ran.stdout) : undefined,
  };
};

const writes = (): string[] =>
  [...host.calls().matchAll(/\/nodes\/(\w+)\/update\?version=7/g)].map(([, id]) => id ?? "");

describe("demote-node", () => {
  it("demotes, marks and drains in one write by the version that was read", () => {
    managerWith({ nodes: [own, second, self] });
    expect(run().parsed).toEqual({
      outcome: "demoted",
      nodeIds: [OWN],
      managers: 3,
      reachable: 3,
      remaining: 2,
      remainingReachable: 2,
      needed: 2,
      said: "",
    });
    expect(writes()).toEqual([OWN]);
    expect(host.calls()).toContain('"Role":"worker","Availability":"drain"');
    expect(host.calls()).toContain('"hive.retiring":"yes"');
  });

  it("waits until the vote is gone, also while the managers elect and cannot answer", () => {
    managerWith({
      nodes: [own, second, self],
      votes: ["reachable", "!The swarm does not have a leader.", ""],
    });
    expect(run({ waitSeconds: "10" }).parsed?.outcome).toBe("demoted");
  });

  it("says that it is under way when the vote does not go, and on a second run only waits", () => {
    managerWith({ nodes: [own, second, self], votes: ["reachable"] });
    expect(run().parsed).toMatchObject({ outcome: "under-way", said: `node ${OWN}: reachable` });
    managerWith({ nodes: [demoted(own), second, self], votes: ["reachable"] });
    expect(run().parsed).toMatchObject({ outcome: "under-way" });
    expect(writes()).toEqual([OWN]);
  });

  it("is content when the node was removed meanwhile", () => {
    managerWith({ nodes: [own, second, self], votes: ["reachable", `!Error: No such node: ${OWN}`] });
    expect(run().parsed?.outcome).toBe("demoted");
  });

  it.each([
    ["two of three answer", [own, dead(second), self], [3, 2, 2, 1, 2]],
    ["it is the last", [own, demoted(self)], [2, 2, 0, 0, 1]],
    ["another demotion is under way", [own, demoted(second), dead(third), self], [4, 3, 2, 1, 2]],
  ])("changes nothing when the quorum would be lost: %s", (_when, nodes, numbers) => {
    managerWith({ nodes });
    const { parsed } = run();
    const { outcome, managers, reachable, remaining, remainingReachable, needed } = parsed ?? {};
    expect(outcome).toBe("would-lose-quorum");
    expect([managers, reachable, remaining, remainingReachable, needed]).toEqual(numbers);
    expect(writes()).toEqual([]);
  });

  it.each([
    "rpc error: code = FailedPrecondition desc = can't remove member from the raft: this would result in a loss of quorum",
    "rpc error: code = FailedPrecondition desc = attempting to demote the last manager of the swarm",
  ])("tells of a quorum that only swarm saw would be lost: %s", (said) => {
    managerWith({
      nodes: [own, second, self],
      write: `{"message":"${said.replace("'", "'\\''")}"}\\n400\\n`,
    });
    expect(run().parsed).toMatchObject({ outcome: "would-lose-quorum", said });
  });

  it("tells of a refusal of another kind, and of a manager that cannot write", () => {
    managerWith({ nodes: [own, second, self], write: '{"message":"no such role"}\\n400\\n' });
    expect(run().answer.failed).toEqual({ step: "demote", cause: `node ${OWN}: no such role` });
    managerWith({
      nodes: [own, second, self],
      write: '{"message":"The swarm does not have a leader"}\\n503\\n',
    });
    expect(run().answer.failed.step).toBe("manager");
  });

  it("demotes a dead one, which costs nothing", () => {
    managerWith({ nodes: [dead(own), second, self] });
    expect(run().parsed).toMatchObject({ outcome: "demoted", reachable: 2, remainingReachable: 2 });
  });

  it("demotes one that was to be promoted and has no vote yet, whatever the quorum", () => {
    managerWith({ nodes: [`${OWN} manager - - ${INSTANCE}`, dead(second), self] });
    expect(run().parsed?.outcome).toBe("demoted");
    expect(writes()).toEqual([OWN]);
  });

  it.each([
    ["by the id that the host gave", { nodeId: OWN }, own],
    ["by its address, if it does not answer", { address: "10.0.0.5" }, dead(own)],
  ])("finds one that nobody has labelled %s", (_how, parameters, line) => {
    managerWith({ nodes: [line.replace(INSTANCE, ""), second, self] });
    expect(run(parameters).parsed).toMatchObject({ outcome: "demoted", nodeIds: [OWN] });
  });

  it.each([
    ["answers", own.replace(INSTANCE, "")],
    ["carries another label", dead(own).replace(INSTANCE, "i-0000000000000000d")],
    [
      "has an address that only begins alike",
      dead(own).replace(INSTANCE, "").replace("10.0.0.5", "10.0.0.55"),
    ],
    ["is a worker", `${OWN} worker - - `],
  ])("by address takes none that %s", (_what, line) => {
    managerWith({ nodes: [line, second, third, self] });
    expect(run({ address: "10.0.0.5" }).parsed).toMatchObject({ outcome: "none", nodeIds: [] });
    expect(writes()).toEqual([]);
  });

  it("without an address takes none that has none", () => {
    managerWith({ nodes: [`${OWN} manager unreachable  `, second, third, self] });
    expect(run().parsed?.outcome).toBe("none");
  });

  it("says that a worker is no manager", () => {
    managerWith({ nodes: [`${OWN} worker - - ${INSTANCE}`, second, self] });
    expect(run().parsed).toMatchObject({ outcome: "not-a-manager", nodeIds: [OWN] });
    expect(writes()).toEqual([]);
  });

  it("is left to another manager by the one that is to go", () => {
    managerWith({ nodes: [own.replace(OWN, SELF), second, third] });
    expect(run().answer.failed).toEqual({
      step: "manager",
      cause: expect.stringContaining("another manager has to demote it"),
    });
  });
});

describe("the simulated demote-node answers as the script does", () => {
  /** Managers of the fixture as the script's table has them; the first one is to go, the last one is asked. */
  const [first, middle, asked] = ["i-00000aa1", "i-00000aa2", "i-00000aa3"];
  const label = (line: string, instanceId = ""): string => line.replace(/i-\w+$/, instanceId);

  it.each([
    ["all answer", [] as string[], [own, second, self]],
    ["another one is dead", [middle ?? ""], [own, dead(second), self]],
    ["it is dead itself", [first ?? ""], [dead(own), second, self]],
  ])("when %s", async (_when, frozen, nodes) => {
    const fixture = await createFixture({ workers: 0 });
    for (const id of frozen) fixture.machines.freeze(id);
    const simulated = await fixture.run(asked ?? "", "demote-node", {
      instanceId: first ?? "",
      nodeId: "",
      address: "",
      waitSeconds: "40",
    });
    managerWith({ nodes: nodes.map((line, at) => label(line, at === 0 ? INSTANCE : "i-0000000000000000a")) });
    const { nodeIds: _own, ...script } = run().answer as Record<string, unknown>;
    expect(simulated).toMatchObject(script);
  });
});
