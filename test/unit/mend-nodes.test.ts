// mend-nodes: the script, run for real by bash with a docker and a curl that answer as told, and its simulated counterpart. Both
// are asked the same of the same nodes.
import { documentContent } from "../../documents/resources.ts";
import { mendNodesAnswer, parseAnswer } from "../../shared/swarm/answers.ts";
import { ScriptedHost } from "./scripted-host.ts";
import { createFixture } from "./simulated-fixture.ts";

const [WORKER, OTHER] = ["i-00000bb1", "i-00000bb9"];
const NODE = "abcdefghijklmnopqrstuvwx1";
const NOW = "2026-02-01T00:00:00.000Z";

interface Case {
  edit: "label" | "remove" | "promote";
  /** What is not as it usually is: a worker that is ready, active, at the address, without labels. */
  node?: {
    role?: "manager" | "worker";
    state?: "ready" | "down";
    availability?: "active" | "drain";
    address?: string;
    labels?: Record<string, string>;
  };
  missing?: true;
  outcome: "done" | "already" | "refused";
  details?: string;
  /** Labels afterwards, as far as they are ours. */
  labels?: Record<string, string>;
}

const ADDRESS = "10.0.0.5";
const cases: readonly [string, Case][] = [
  [
    "labels an active node, and notes that it is active",
    { edit: "label", outcome: "done", labels: { "hive.instance-id": WORKER, "hive.active-since": NOW } },
  ],
  [
    "keeps since when a node is active",
    {
      edit: "label",
      node: { labels: { "hive.active-since": "2026-01-01T00:00:00Z" } },
      outcome: "done",
      labels: { "hive.instance-id": WORKER, "hive.active-since": "2026-01-01T00:00:00Z" },
    },
  ],
  [
    "says of a drained node that it gets its name and nothing else",
    {
      edit: "label",
      node: { availability: "drain" },
      outcome: "done",
      labels: { "hive.instance-id": WORKER },
    },
  ],
  [
    "corrects a wrong name",
    {
      edit: "label",
      node: { labels: { "hive.instance-id": OTHER, "hive.active-since": NOW, other: "x" } },
      outcome: "done",
      labels: { "hive.instance-id": WORKER, "hive.active-since": NOW },
    },
  ],
  [
    "does not write a name twice",
    { edit: "label", node: { labels: { "hive.instance-id": WORKER } }, outcome: "already" },
  ],
  [
    "labels no node elsewhere",
    {
      edit: "label",
      node: { address: "10.0.0.6" },
      outcome: "refused",
      details: "its address is 10.0.0.6 now, not 10.0.0.5",
    },
  ],
  [
    "labels no node that is down",
    { edit: "label", node: { state: "down" }, outcome: "refused", details: "it is down now, not ready" },
  ],
  [
    "labels no node whose retirement has begun",
    {
      edit: "label",
      node: { labels: { "hive.retiring": "yes" } },
      outcome: "refused",
      details: "its retirement has begun",
    },
  ],
  [
    "labels no node that is gone",
    { edit: "label", missing: true, outcome: "refused", details: "there is no such node any more" },
  ],
  ["removes a worker that is down", { edit: "remove", node: { state: "down" }, outcome: "done" }],
  [
    "removes no node that is up again",
    { edit: "remove", outcome: "refused", details: "it is ready now, not down" },
  ],
  [
    "removes no manager",
    {
      edit: "remove",
      node: { role: "manager", state: "down" },
      outcome: "refused",
      details: "it is a manager",
    },
  ],
  ["is content when a node is gone already", { edit: "remove", missing: true, outcome: "already" }],
  ["promotes a worker", { edit: "promote", outcome: "done" }],
  ["promotes no manager", { edit: "promote", node: { role: "manager" }, outcome: "already" }],
  [
    "promotes no node that is down",
    { edit: "promote", node: { state: "down" }, outcome: "refused", details: "it is down now, not ready" },
  ],
  [
    "promotes no node whose retirement has begun",
    {
      edit: "promote",
      node: { labels: { "hive.retiring": "yes" } },
      outcome: "refused",
      details: "its retirement has begun",
    },
  ],
  [
    "promotes no node that is gone",
    { edit: "promote", missing: true, outcome: "refused", details: "there is no such node any more" },
  ],
];

describe("the script", () => {
  let host: ScriptedHost;
  beforeEach(() => {
    host = new ScriptedHost();
  });
  afterEach(() => host.remove());

  const word = (text: string | undefined): string => encodeURIComponent(text ?? "-");
  /** What docker makes of the template, for a node of these properties. */
  const dockerWith = ({ node = {}, missing, edit }: Case, more = ""): void => {
    const { role = "worker", state = "ready", address = ADDRESS, labels = {} } = node;
    const facts = `7 ${role} ${state} ${address} - ${word(labels["hive.instance-id"])} ${labels["hive.retiring"] ?? "-"}`;
    const inspected = missing
      ? `echo "[]"; echo "Error: No such node: ${NODE}" >&2; exit 1`
      : `echo '${facts};{"of":"${edit}"}'`;
    host.program(
      "docker",
      `echo "docker $*" >> "$CALLS"
       case "$*" in
         info*) echo true ;;
         ${more}
         "node inspect"*) ${inspected} ;;
         "node rm"*) echo ok ;;
       esac`,
    );
    host.program("curl", 'cat >> "$CALLS"; echo "curl $*" >> "$CALLS"; printf "\\n200\\n"');
  };
  const editOf = ({ edit }: Case): string =>
    edit === "label" ? `label/${NODE}/${WORKER}/${ADDRESS}` : `${edit}/${NODE}`;
  const run = (edits: string) => host.run("mend-nodes", { edits, now: NOW });

  it.each(cases)("%s", (_what, one) => {
    dockerWith(one);
    const { status, stdout } = run(editOf(one));
    expect(status).toBe(0);
    expect(parseAnswer(mendNodesAnswer, "mend-nodes", stdout).edits).toEqual([
      { edit: editOf(one), outcome: one.outcome, details: one.details ?? "" },
    ]);
    const wrote = /update\?version=7|node rm/.test(host.calls());
    expect(wrote).toBe(one.outcome === "done");
  });

  it("removes without force: the swarm itself has the last word", () => {
    dockerWith(
      { edit: "remove", node: { state: "down" }, outcome: "refused" },
      `"node rm"*) echo "rpc error: code = FailedPrecondition desc = node ${NODE} is not down and can't be removed" >&2; exit 1 ;;`,
    );
    expect(run(`remove/${NODE}`).answer.edits).toEqual([
      { edit: `remove/${NODE}`, outcome: "refused", details: expect.stringContaining("is not down") },
    ]);
    expect(host.calls()).not.toContain("--force");
  });

  it("makes the others when one is refused, in their order", () => {
    dockerWith({ edit: "promote", outcome: "done" });
    const edits = [`remove/${NODE}`, `promote/${NODE}`];
    expect(run(edits.join(" ")).answer.edits).toMatchObject([
      { edit: edits[0], outcome: "refused" },
      { edit: edits[1], outcome: "done" },
    ]);
  });

  it("writes once more when somebody else wrote in between, and gives up when that goes on", () => {
    dockerWith({ edit: "promote", outcome: "done" });
    host.program(
      "curl",
      'echo "curl $*" >> "$CALLS"; echo "{\\"message\\":\\"rpc error: update out of sequence\\"}"; printf "\\n500\\n"',
    );
    expect(run(`promote/${NODE}`).answer.edits).toMatchObject([
      { outcome: "refused", details: "others write to the node all the time" },
    ]);
    expect(host.calls().match(/update\?version=7/g)).toHaveLength(5);
  });

  it.each([
    [
      "no leader",
      'echo "{\\"message\\":\\"rpc error: The swarm does not have a leader.\\"}"; printf "\\n503\\n"',
      "manager",
    ],
    ["no answer", "exit 7", "manager"],
  ])("fails as a manager that cannot write: %s", (_what, curl, step) => {
    dockerWith({ edit: "promote", outcome: "done" });
    host.program("curl", curl);
    const { status, answer } = run(`promote/${NODE}`);
    expect(status).toBe(1);
    expect(answer.failed).toMatchObject({ step, cause: expect.stringContaining(NODE) });
  });

  it("tells what the swarm refused", () => {
    dockerWith({ edit: "promote", outcome: "done" });
    host.program("curl", 'echo "{\\"message\\":\\"can\'t do that\\"}"; printf "\\n400\\n"');
    expect(run(`promote/${NODE}`).answer.edits).toMatchObject([
      { outcome: "refused", details: "can't do that" },
    ]);
  });

  it("fails as a manager on a host that is none, or that cannot read its nodes", () => {
    host.program("docker", "echo false");
    expect(run("").answer.failed.step).toBe("manager");
    host.program(
      "docker",
      'case "$*" in info*) echo true ;; *) echo "Error response from daemon: rpc error: deadline" >&2; exit 1 ;; esac',
    );
    expect(run(`remove/${NODE}`).answer.failed).toMatchObject({
      step: "manager",
      cause: expect.stringContaining("deadline"),
    });
  });

  it("has nothing to do when nothing is asked", () => {
    dockerWith({ edit: "remove", outcome: "done" });
    expect(run("").answer).toEqual({ edits: [] });
  });
});

describe("its simulated counterpart", () => {
  it.each(cases)("%s", async (_what, one) => {
    const fixture = await createFixture();
    const { swarm, machines, ask } = fixture;
    const {
      address = ADDRESS,
      role = "worker",
      state = "ready",
      availability = "active",
      labels = {},
    } = one.node ?? {};
    const node = swarm.admit({ instanceId: "i-00000cc1", address, role, availability, labels });
    node.state = state;
    if (one.missing) swarm.remove(node.id);
    expect(machines.hosts.size).toBeGreaterThan(0);
    const edit = one.edit === "label" ? `label/${node.id}/${WORKER}/${ADDRESS}` : `${one.edit}/${node.id}`;
    const edits = [{ edit, outcome: one.outcome, details: one.details ?? "" }];
    expect(await ask("mend-nodes", { edits: edit, now: NOW })).toEqual({ edits });
    const { role: becomes = "", labels: has } = swarm.nodes.get(node.id) ?? {};
    if (one.labels) expect(has).toMatchObject(one.labels);
    if (one.edit === "label")
      expect(Object.keys(has ?? {}).sort()).toEqual(Object.keys({ ...labels, ...one.labels }).sort());
    if (one.edit === "promote" && one.outcome === "done") expect(becomes).toBe("manager");
    expect(swarm.nodes.has(node.id)).toBe(!one.missing && !(one.edit === "remove" && one.outcome === "done"));
  });
});

it("takes up to fifty edits of the three kinds, and nothing else", () => {
  const { edits } = documentContent("mend-nodes").parameters as Record<string, { allowedPattern: string }>;
  const takes = (text: string): boolean => new RegExp(edits?.allowedPattern ?? "").test(text);
  const label = `label/${NODE}/${WORKER}/10.0.0.5`;
  for (const good of ["", label, `remove/${NODE} promote/${NODE}`, Array(50).fill(label).join(" ")])
    expect([good, takes(good)]).toEqual([good, true]);
  for (const bad of [
    `${label} `,
    `remove/${NODE}/x`,
    `label/${NODE}/${WORKER}`,
    `drain/${NODE}`,
    Array(51).fill(label).join(" "),
  ])
    expect([bad, takes(bad)]).toEqual([bad, false]);
});
