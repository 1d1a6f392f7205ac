// What the timeline tells of the swarm and the load balancer: each change once, and nothing that did not change.
import fc from "fast-check";
import { shortCause } from "../../sandbox/cloud/causes.ts";
import type { EngineNode, EngineTask } from "../../sandbox/cloud/engine.ts";
import { changes, emptyPicture, type Picture, swarmPicture } from "../../sandbox/cloud/picture.ts";
import { instanceState } from "../../sandbox/models/load-balancing/health.ts";

const node = (more: Partial<Picture["nodes"][number]> = {}): Picture["nodes"][number] => ({
  id: "abcdefghijklmnop",
  hostname: "ip-10-78-0-11",
  role: "worker",
  state: "ready",
  availability: "drain",
  instanceId: undefined,
  ...more,
});
const picture = (more: Partial<Picture>): Picture => ({ ...emptyPicture, ...more });
const told = (before: Picture, after: Picture): string[] => changes(before, after).map(({ text }) => text);

describe("changes between two pictures", () => {
  it("tells of a node that joined", () => {
    expect(told(emptyPicture, picture({ nodes: [node()] }))).toEqual([
      "node abcdefgh is in the swarm: worker, ready, drain",
    ]);
  });

  it("tells of label, availability and state, under the instance's id once it is known", () => {
    const before = picture({ nodes: [node()] });
    const after = picture({ nodes: [node({ state: "down", availability: "active", instanceId: "i-1" })] });
    expect(changes(before, after)).toEqual([
      { kind: "swarm", instanceId: "i-1", text: "node abcdefgh is down" },
      { kind: "swarm", instanceId: "i-1", text: "node abcdefgh is set to active" },
      { kind: "swarm", instanceId: "i-1", text: "node abcdefgh is labelled i-1" },
    ]);
  });

  it("tells of tasks that came and went", () => {
    const idle = picture({ nodes: [node()], pending: 6 });
    const busy = picture({ nodes: [node()], running: { abcdefghijklmnop: 1 }, pending: 5 });
    expect(told(idle, busy)).toEqual(["node abcdefgh runs 1 task (5 wait for room)"]);
    expect(told(busy, idle)).toEqual(["node abcdefgh runs 0 tasks (6 wait for room)"]);
  });

  it("tells of a node that left", () => {
    expect(told(picture({ nodes: [node()] }), emptyPicture)).toEqual(["node abcdefgh is out of the swarm"]);
  });

  it.each([
    ["registering", "not in service yet"],
    ["draining", "draining"],
    ["unhealthy", "fails its health checks"],
    ["in service", "InService"],
  ] as const)("says of one that is %s at the load balancer: %s", (standing, words) => {
    const { State: state = "", Description: description = "" } = instanceState("i-1", standing);
    const [change] = changes(
      emptyPicture,
      picture({ balancer: [{ instanceId: "i-1", state, description }] }),
    );
    expect(change?.text).toBe(`load balancer: ${words}`);
    expect(change?.cause).toBe(description === "N/A" ? undefined : `${state}: ${description}`);
  });

  it("tells of the load balancer's states with their reasons, and of a deregistration", () => {
    const registering = { instanceId: "i-1", state: "OutOfService", description: "still in progress" };
    const inService = { instanceId: "i-1", state: "InService", description: "N/A" };
    expect(told(emptyPicture, picture({ balancer: [registering] }))).toEqual([
      "load balancer: OutOfService: still in progress",
    ]);
    expect(told(picture({ balancer: [registering] }), picture({ balancer: [inService] }))).toEqual([
      "load balancer: InService",
    ]);
    expect(told(picture({ balancer: [inService] }), emptyPicture)).toEqual(["load balancer: deregistered"]);
  });

  it("tells nothing when nothing changed", () => {
    const word = fc.constantFrom("a", "b", "c");
    const nodes = fc.uniqueArray(
      fc.record({ id: word, hostname: word, role: word, state: word, availability: word, instanceId: word }),
      { selector: ({ id }) => id },
    );
    const balancer = fc.uniqueArray(fc.record({ instanceId: word, state: word, description: word }), {
      selector: ({ instanceId }) => instanceId,
    });
    const any = fc.record({ nodes, balancer, running: fc.dictionary(word, fc.nat(3)), pending: fc.nat(9) });
    fc.assert(fc.property(any, (one) => expect(changes(one, structuredClone(one))).toEqual([])));
  });
});

describe("why an instance changed its state", () => {
  const inResponse = "in response to a difference between desired and actual capacity";
  it.each([
    [`an instance was started ${inResponse}, increasing the capacity from 2 to 3`, "capacity 2 → 3"],
    [
      `an instance was taken out of service ${inResponse}, shrinking the capacity from 3 to 1`,
      "capacity 3 → 1",
    ],
    ["an instance was taken out of service in response to a user request", "asked for"],
    [
      "an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped",
      "EC2 health check",
    ],
    [
      "an instance was taken from the warm pool in response to a scale-out",
      "taken from the warm pool: scale-out",
    ],
    ["an instance was started for the warm pool", "started for the warm pool"],
    ["the terminate hooks said CONTINUE", "hooks: CONTINUE"],
    ["the terminate hook was ABANDONed and the group retains", "hooks: ABANDON"],
    ["the launch is complete", "launched"],
    ["the machine is terminated", "machine gone"],
    ["waiting for join", "waiting for join"],
  ])("%s: %s", (cause, short) => {
    expect(shortCause(cause)).toBe(short);
  });
});

describe("a picture of the swarm", () => {
  const task = (more: Partial<EngineTask>): EngineTask => ({
    ID: "t",
    ServiceID: "s",
    DesiredState: "running",
    Status: { State: "running" },
    Spec: {},
    ...more,
  });

  it("counts running tasks by node, and those that wait for room; what was shut down counts nowhere", () => {
    const tasks = [
      task({ NodeID: "n" }),
      task({ NodeID: "n", Status: { State: "starting" } }),
      task({ Status: { State: "pending" } }),
      task({ NodeID: "n", DesiredState: "shutdown" }),
    ];
    expect(swarmPicture([], tasks, "label")).toEqual({ nodes: [], running: { n: 1 }, pending: 1 });
  });

  it("reads the instance from the node's label", () => {
    const engineNode: EngineNode = {
      ID: "n",
      Version: { Index: 1 },
      Spec: { Role: "worker", Availability: "active", Labels: { label: "i-1" } },
      Description: { Hostname: "host" },
      Status: { State: "ready", Addr: "10.78.0.11" },
    };
    expect(swarmPicture([engineNode], [], "label").nodes).toEqual([
      {
        id: "n",
        hostname: "host",
        role: "worker",
        state: "ready",
        availability: "active",
        instanceId: "i-1",
      },
    ]);
  });
});
