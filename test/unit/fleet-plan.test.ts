// What the planner says of a cluster in which one thing is wrong, and what it says nothing of.
import { readFileSync } from "node:fs";
import {
  agent,
  atRest,
  behind,
  idOf,
  instead,
  manager,
  managerNode,
  node,
  nodeIdOf,
  only,
  type Parts,
  planOf,
  said,
  unread,
  worker,
} from "./fleet-scene.ts";

const rest = atRest();
const W = idOf(11);
/** Worker 11 in this state of its group. */
const inState = (lifecycleState: string): Partial<Parts> => ({
  members: instead(rest.members, 11, worker(11, { lifecycleState })),
});
/** Worker 11's node is like this. */
const nodes = (...own: ReturnType<typeof node>[]) => instead(rest.nodes, 11, ...own);

describe("a cluster at rest", () => {
  it("needs nothing", () => {
    expect(planOf()).toEqual({ takenAt: "2026-02-01T12:00:00.000Z", holds: [], unknown: [], actions: [] });
  });

  it("needs nothing either without a load balancer", () => {
    expect(said({ balanced: [] }, { balancer: undefined })).toEqual([]);
  });
});

describe("a hook that waits", () => {
  it("for a join whose event was lost gets its flow", () => {
    const changes = { ...inState("Pending:Wait"), nodes: nodes(), balanced: instead(rest.balanced, 11) };
    expect(said(changes)).toEqual([`start-join ${W} (safe)`]);
    expect(only(planOf(changes))).toMatchObject({ instanceId: W, fact: "A1" });
    expect(only(planOf(changes)).reason).toContain("waits in Pending:Wait and no flow is at it");
  });

  it("for a completion that never arrived gets its flow too, though the node is active", () => {
    expect(said(inState("Pending:Wait"))).toEqual([`start-join ${W} (safe)`]);
  });

  it.each(["Terminating:Wait", "Warmed:Terminating:Wait"])(
    "for a retirement in %s gets its flow",
    (state) => {
      expect(said(inState(state))).toEqual([`start-retire ${W} (safe)`]);
    },
  );

  it("in a warm pool is a return while the machine is in the swarm, and a launch when it is not", () => {
    const changes = inState("Warmed:Pending:Wait");
    expect(said(changes)).toEqual([`start-retire ${W} (safe)`]);
    expect(said({ ...changes, nodes: nodes() })).toEqual([`start-join ${W} (safe)`]);
    expect(said(changes, { swarm: unread("no manager answered") })).toEqual([]);
  });

  it.each([`join-${W}-0`, `retire-${W}-7`])("is left to the flow %s that runs", (running) => {
    for (const state of ["Pending:Wait", "Terminating:Wait"])
      expect(said({ ...inState(state), flows: [running] })).toEqual([]);
  });

  it("is not left to a flow of another instance", () => {
    const flows = [`join-${idOf(12)}-0`, "roll-hive-other-2222222222222222-0"];
    expect(said({ ...inState("Terminating:Wait"), flows })).toEqual([`start-retire ${W} (safe)`]);
  });

  it.each(["Pending", "Pending:Proceed", "Terminating", "Terminating:Proceed"])(
    "no more, or not yet, is left alone (%s)",
    (state) => {
      expect(said({ ...inState(state), nodes: nodes(), balanced: instead(rest.balanced, 11) })).toEqual([]);
      expect(said(inState(state))).toEqual([]);
    },
  );

  it.each([
    ["Pending:Wait", "start-join", "it joins as a manager"],
    ["Terminating:Wait", "start-retire", "it is demoted as soon as the quorum can do without it"],
  ])("of a manager in %s gets its flow, which minds the quorum itself", (lifecycleState, kind, words) => {
    const members = instead(rest.members, 3, manager(3, { lifecycleState }));
    expect(said({ members })).toEqual([`${kind} ${idOf(3)} (safe)`]);
    expect(only(planOf({ members })).reason).toContain(words);
  });

  it("of a worker that was promoted is a person's until it is demoted", () => {
    const changes = { ...inState("Terminating:Wait"), nodes: nodes(managerNode(11, { instanceId: W })) };
    expect(said(changes)).toEqual([`look-at ${W} (person)`]);
    expect(only(planOf(changes)).reason).toContain("demote it first (docker node demote node11)");
  });
});

describe("a machine that was put aside", () => {
  it("for its logs is named with what it still holds, and the command that ends it", () => {
    const changes = { ...inState("Terminating:Retained"), balanced: instead(rest.balanced, 11) };
    expect(said(changes)).toEqual([`look-at-kept ${W} (person)`]);
    const { reason } = only(planOf(changes));
    expect(reason).toContain(
      "it still holds node node11 (ready, active, 2 tasks running), its SSM agent answers",
    );
    expect(reason).toContain(`terminate-instance-in-auto-scaling-group --instance-id ${W}`);
    expect(only(planOf({ ...changes, nodes: nodes() })).reason).toContain(
      "it holds nothing else of the cluster",
    );
  });

  it("is left to its flow while that runs", () => {
    expect(said({ ...inState("Terminating:Retained"), flows: [`retire-${W}-0`] })).toEqual([]);
  });

  it("says what it holds only as far as that could be read", () => {
    const plan = planOf(inState("Terminating:Retained"), {
      swarm: unread("no manager answered"),
      balancer: unread("throttled"),
      agents: unread("throttled"),
    });
    expect(only(plan).reason).toContain(
      "ends it; the swarm could not be read, the load balancer could not be read. Save",
    );
  });

  it("in Standby is named, and nothing is done to it", () => {
    const changes = { ...inState("Standby"), nodes: nodes(node(11, { availability: "drain" })) };
    expect(said(changes)).toEqual([`look-at ${W} (person)`]);
    expect(only(planOf(changes)).reason).toContain("a place at the load balancer (in-service)");
  });

  it("in a warm pool is named only while it is still in the swarm", () => {
    expect(said(inState("Warmed:Stopped"))).toEqual([`look-at ${W} (person)`]);
    expect(said({ ...inState("Warmed:Stopped"), nodes: nodes() })).toEqual([]);
  });
});

describe("a worker in service", () => {
  it("that is not in the swarm joins, if its agent answers", () => {
    expect(said({ nodes: nodes() })).toEqual([`join-instance ${W} (safe)`]);
    const agents = instead(rest.agents, 11, agent(11, { online: false }));
    expect(said({ nodes: nodes(), agents })).toEqual([`look-at ${W} (person)`]);
    expect(said({ nodes: nodes() }, { agents: unread("throttled") })).toEqual([]);
  });

  it("whose node is down is asked and joins anew", () => {
    const changes = { nodes: nodes(node(11, { state: "down", running: 0 })) };
    expect(only(planOf(changes))).toMatchObject({ kind: "join-instance", instanceId: W, nodeId: "node11" });
  });

  it.each(["unknown", "disconnected"])(
    "whose node is %s for a moment is left alone, and that is told",
    (state) => {
      const plan = planOf({ nodes: nodes(node(11, { state })), balanced: instead(rest.balanced, 11) });
      expect(plan.actions).toEqual([]);
      expect(plan.unknown).toEqual([
        `1 nodes are neither ready nor down (${W}): a leader may just have changed (D12); they were not judged`,
      ]);
    },
  );

  it("that was never active since its join was cut off becomes active", () => {
    const cutOff = node(11, { instanceId: "", availability: "drain", activeSince: "", running: 0 });
    const changes = { nodes: nodes(cutOff), balanced: instead(rest.balanced, 11) };
    expect(said(changes)).toEqual([`activate-node ${W} (safe)`]);
    expect(only(planOf(changes)).nodeId).toBe("node11");
    expect(said(changes, { agents: unread("throttled") })).toEqual([]);
  });

  it("is not set active while nobody can tell whether its agent answers", () => {
    const changes = { nodes: nodes(node(11, { availability: "drain" })) };
    expect(said(changes, { agents: unread("throttled") })).toEqual([]);
  });

  it.each(["drain", "pause"])(
    "that somebody set to %s by hand is a person's to set active",
    (availability) => {
      const changes = { nodes: nodes(node(11, { availability })) };
      expect(said(changes)).toEqual([`activate-node ${W} (person)`]);
      expect(only(planOf(changes)).reason).toContain("active since 2026-02-01T08:00:00.000Z");
    },
  );

  it("whose retirement began is never set active again, nor registered", () => {
    const changes = {
      nodes: nodes(node(11, { availability: "drain", retiring: true })),
      balanced: instead(rest.balanced, 11),
    };
    expect(said(changes)).toEqual([`look-at ${W} (person)`]);
    expect(only(planOf(changes))).toMatchObject({ fact: "A8" });
    // Somebody set it active again, which does not take the mark away.
    expect(said({ ...changes, nodes: nodes(node(11, { retiring: true })) })).toEqual([
      `look-at ${W} (person)`,
    ]);
    expect(said({ ...changes, flows: [`retire-${W}-0`] })).toEqual([]);
  });

  it("that carries no label gets it by its address, and by nothing less", () => {
    const changes = { nodes: nodes(node(11, { instanceId: "" })) };
    expect(said(changes)).toEqual([`label-node ${W} (safe)`]);
    // An address that two instances claim tells nothing.
    const agents = [...rest.agents, agent(14, { address: "10.0.0.11" })];
    const members = [...rest.members, worker(14, { lifecycleState: "Pending" })];
    expect(said({ ...changes, agents, members })).toContain(`look-at node ${nodeIdOf(11)} (person)`);
    expect(said({ ...changes, agents, members }).join()).not.toContain("label-node");
  });

  it("that carries another's label is a person's to rename, and the other one joins", () => {
    const changes = {
      nodes: nodes(node(11, { instanceId: idOf(12) })).filter(({ nodeId }) => nodeId !== "node12"),
    };
    expect(said(changes)).toEqual([`label-node ${W} (person)`, `join-instance ${idOf(12)} (person)`]);
  });

  it("that has two ready nodes is a person's", () => {
    const twice = [node(11), node(14, { instanceId: W, address: "10.0.0.14" })];
    expect(said({ nodes: nodes(...twice), balanced: instead(rest.balanced, 11) })).toEqual([
      `look-at ${W} (person)`,
    ]);
  });

  it("with a node that is left of an earlier join: that one is named, never taken for a ghost", () => {
    const left = node(14, { instanceId: W, state: "down" });
    const plan = planOf({ nodes: [...rest.nodes, left] });
    expect(only(plan)).toMatchObject({ kind: "look-at", instanceId: W, nodeId: "node14", fact: "D10" });
  });

  it("whose agent does not answer is named", () => {
    const agents = instead(rest.agents, 11, agent(11, { online: false }));
    expect(said({ agents })).toEqual([`look-at ${W} (person)`]);
    expect(said({ agents: instead(rest.agents, 11) })).toEqual([`look-at ${W} (person)`]);
  });

  it("that its group holds for unhealthy is about to be replaced, and left alone", () => {
    const members = instead(rest.members, 11, worker(11, { healthy: false }));
    expect(said({ members, nodes: nodes(), balanced: instead(rest.balanced, 11) })).toEqual([]);
  });

  it("is left alone while a flow is at it, and while flows could not be read", () => {
    const drift = [nodes(), nodes(node(11, { availability: "drain" })), nodes(node(11, { instanceId: "" }))];
    for (const changed of drift) {
      expect(said({ nodes: changed, flows: [`join-${W}-0`] })).toEqual([]);
      expect(said({ nodes: changed }, { flows: unread("throttled") })).toEqual([]);
    }
  });
});

describe("a node behind which no group stands", () => {
  const members = instead(rest.members, 11);
  const gone = { members, agents: instead(rest.agents, 11), balanced: instead(rest.balanced, 11) };
  const down = nodes(node(11, { state: "down", running: 0 }));

  it("is removed when it is down and nothing answers there", () => {
    expect(said({ ...gone, nodes: down })).toEqual([`remove-ghost ${W} (safe)`]);
    expect(only(planOf({ ...gone, nodes: down }))).toMatchObject({ nodeId: "node11", instanceId: W });
    expect(
      said({ ...gone, nodes: down, agents: instead(rest.agents, 11, agent(11, { online: false })) }),
    ).toEqual([`remove-ghost ${W} (safe)`]);
  });

  it("is a person's when it is alive: it was detached by hand", () => {
    for (const running of [0, 2])
      expect(said({ ...gone, nodes: nodes(node(11, { running })) })).toEqual([`look-at ${W} (person)`]);
    expect(said({ ...gone, nodes: down, agents: rest.agents })).toEqual([`look-at ${W} (person)`]);
  });

  it("is not judged when groups, agents or flows could not be read, or a flow is at it, or it reads unknown", () => {
    const changes = { ...gone, nodes: down };
    expect(said(changes, { members: unread("throttled") })).toEqual([]);
    expect(said(changes, { agents: unread("throttled") })).toEqual([]);
    expect(said(changes, { flows: unread("throttled") })).toEqual([]);
    expect(said({ ...changes, flows: [`retire-${W}-0`] })).toEqual([]);
    expect(said({ ...gone, nodes: nodes(node(11, { state: "unknown" })) })).toEqual([]);
  });

  it("and that carries no label is a person's: to remove if it is left of a join, else to look at", () => {
    const left = node(14, {
      instanceId: "",
      availability: "drain",
      activeSince: "",
      state: "down",
      running: 0,
    });
    const what = (changes: object) => said({ nodes: [...rest.nodes, { ...left, ...changes }] });
    expect(what({})).toEqual(["remove-ghost node node14 (person)"]);
    for (const changes of [
      { state: "ready" },
      { availability: "active" },
      { activeSince: "2026-01-01T00:00:00Z" },
    ])
      expect(what(changes)).toEqual(["look-at node node14 (person)"]);
    // A join has a node without a label for a while.
    expect(said({ nodes: [...rest.nodes, left], flows: [`join-${W}-0`] })).toEqual([]);
    expect(said({ nodes: [...rest.nodes, left] }, { agents: unread("throttled") })).toEqual([]);
  });
});

describe("a manager", () => {
  it.each([
    [
      "is unreachable",
      { reachability: "unreachable", state: "down" },
      "2 of 3 managers are reachable, and 2 are needed",
    ],
    ["is of no group", { instanceId: idOf(99) }, "no group knows"],
  ])("that %s is a person's, with what the quorum can afford", (_what, changes, words) => {
    const plan = planOf({
      nodes: instead(rest.nodes, 3, managerNode(3, changes)),
      members: instead(rest.members, 3),
    });
    expect(only(plan)).toMatchObject({ kind: "look-at", risk: "person", nodeId: "node3" });
    expect(only(plan).reason).toContain(words);
  });

  it("in service and not in the swarm joins, if its agent answers", () => {
    const missing = instead(rest.nodes, 3);
    expect(said({ nodes: missing })).toEqual([`join-instance ${idOf(3)} (safe)`]);
    expect(said({ nodes: missing, agents: instead(rest.agents, 3) })).toEqual([
      `look-at ${idOf(3)} (person)`,
    ]);
    expect(said({ nodes: missing }, { agents: unread("throttled") })).toEqual([]);
    expect(said({ nodes: missing, flows: [`join-${idOf(3)}-0`] })).toEqual([]);
    const members = instead(rest.members, 3, manager(3, { healthy: false }));
    expect(said({ nodes: missing, members })).toEqual([]);
  });

  it("in service and in the swarm as a worker is a person's to promote, if it is whole", () => {
    const as = (changes: Parameters<typeof node>[1]) =>
      said({ nodes: instead(rest.nodes, 3, node(3, changes)) });
    expect(as({})).toEqual([`promote-node ${idOf(3)} (person)`]);
    expect(as({ state: "down" })).toEqual([`look-at ${idOf(3)} (person)`]);
    expect(as({ retiring: true })).toEqual([`look-at ${idOf(3)} (person)`]);
    const twice = [node(3), node(14, { instanceId: idOf(3), address: "10.0.0.14" })];
    expect(said({ nodes: instead(rest.nodes, 3, ...twice) })).toEqual([`look-at ${idOf(3)} (person)`]);
  });

  it("that nobody can name is told, and may be the one that seems to be missing: none joins in its place", () => {
    const nodes = instead(rest.nodes, 3, managerNode(3, { address: "0.0.0.0" }));
    expect(said({ nodes })).toEqual(["look-at node node3 (person)"]);
    expect(said({ nodes }, { agents: unread("throttled") })).toEqual([]);
    expect(said({ nodes, flows: [`join-${W}-0`] })).toEqual([]);
  });

  describe("whose machine is gone", () => {
    const dead = managerNode(3, { instanceId: idOf(99), state: "down", reachability: "unreachable" });
    const gone = { nodes: instead(rest.nodes, 3, dead), members: instead(rest.members, 3) };

    it("is demoted and removed, since the quorum holds without it", () => {
      expect(said(gone)).toEqual([`remove-manager ${idOf(99)} (safe)`]);
      expect(only(planOf(gone))).toMatchObject({ nodeId: "node3", fact: "D20" });
      expect(only(planOf(gone)).reason).toContain("2 of 3 managers are reachable, and 2 are needed");
    });

    it("goes before its successor joins, whose vote it would count against", () => {
      const members = [...gone.members, manager(4)];
      const agents = [...rest.agents, agent(4)];
      expect(said({ ...gone, members, agents })).toEqual([
        `remove-manager ${idOf(99)} (safe)`,
        `join-instance ${idOf(4)} (safe)`,
      ]);
    });

    it.each<[string, Partial<Parts>]>([
      ["its agent answers", { agents: [...rest.agents, agent(99, { address: "10.0.0.99" })] }],
      ["it is ready", { nodes: instead(gone.nodes, 3, { ...dead, state: "ready" }) }],
      ["it is reachable", { nodes: instead(gone.nodes, 3, { ...dead, reachability: "reachable" }) }],
      [
        "it is known by no label",
        { nodes: instead(gone.nodes, 3, { ...dead, instanceId: "" as const, address: "" }) },
      ],
      ["the quorum is lost", { nodes: instead(instead(gone.nodes, 2), 3, dead) }],
      ["nobody leads", { nodes: instead(gone.nodes, 1, managerNode(1)) }],
    ])("is a person's when %s", (_what, changes) => {
      const lines = said({ ...gone, ...changes });
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.filter((line) => !line.startsWith("look-at"))).toEqual(
        lines.filter((line) => line.startsWith("join-instance")),
      );
    });

    it("is not judged while a flow is at it", () => {
      expect(said({ ...gone, flows: [`retire-${idOf(99)}-0`] }).join()).not.toContain("remove-manager");
      for (const part of ["members", "flows", "agents"])
        expect(said(gone, { [part]: unread("throttled") }).join()).not.toContain("remove-manager");
    });

    it("is removed alone: of two the other waits for the next plan", () => {
      const also = managerNode(5, { instanceId: idOf(98), state: "down", reachability: "unreachable" });
      const nodes = [...gone.nodes, also, managerNode(6, { instanceId: idOf(6) })];
      const members = [...gone.members, manager(6)];
      const plan = planOf({ nodes, members });
      expect(plan.actions.map(({ kind }) => kind)).toEqual(["remove-manager"]);
      expect(only(plan).reason).toContain("and 1 more after it, one at a time");
    });
  });

  it("of a group of workers is a person's", () => {
    const changes = { nodes: nodes(managerNode(11, { instanceId: W })) };
    expect(said(changes)).toEqual([`look-at ${W} (person)`]);
    expect(said({ ...changes, flows: [`join-${W}-0`] })).toEqual([]);
  });
});

describe("the load balancer", () => {
  it("gets a worker that is missing there", () => {
    const changes = { balanced: instead(rest.balanced, 11) };
    expect(said(changes)).toEqual([`register-instance ${W} (safe)`]);
    expect(only(planOf(changes)).reason).toContain("registers an instance once, when it launches");
    expect(said({ ...changes, flows: [`join-${W}-0`] })).toEqual([]);
    expect(said({ ...changes, nodes: nodes(node(11, { availability: "drain" })) })).toEqual([
      `activate-node ${W} (person)`,
    ]);
  });

  it("is rid of what is gone, and of what lives on only by a person", () => {
    const dead = behind(99, { standing: "out-of-service", description: "Instance is in terminated state." });
    const person = [`deregister-instance ${idOf(99)} (person)`];
    const silent = [...rest.agents, agent(99, { online: false })];
    const down = [...rest.nodes, node(99, { state: "down" })];
    const safe = `deregister-instance ${idOf(99)} (safe)`;
    expect(said({ balanced: [...rest.balanced, dead], agents: silent })).toEqual([safe]);
    expect(said({ balanced: [...rest.balanced, dead], nodes: down })).toEqual([
      `remove-ghost ${idOf(99)} (safe)`,
      safe,
    ]);
    // Nobody here ever heard of it: it may be somebody's who is about to start it.
    expect(said({ balanced: [...rest.balanced, dead] })).toEqual(person);
    expect(said({ balanced: [...rest.balanced, behind(99)], agents: silent })).toEqual(person);
    expect(said({ balanced: [...rest.balanced, dead], agents: [...rest.agents, agent(99)] })).toEqual(person);
    expect(said({ balanced: [...rest.balanced, dead], nodes: [...rest.nodes, node(99)] })).toEqual([
      ...person,
      `look-at ${idOf(99)} (person)`,
    ]);
    expect(said({ balanced: [...rest.balanced, behind(99, { standing: "draining" })] })).toEqual([]);
    expect(said({ balanced: [...rest.balanced, dead] }, { agents: unread("throttled") })).toEqual([]);
    expect(said({ balanced: [...rest.balanced, dead] }, { members: unread("throttled") })).toEqual([]);
  });

  it("that holds a worker with tasks for out of service is a person's, but not while tasks are replaced", () => {
    const out = behind(11, {
      standing: "out-of-service",
      description: "Instance has failed its health checks.",
    });
    const changes = { balanced: instead(rest.balanced, 11, out) };
    expect(said(changes)).toEqual([`look-at ${W} (person)`]);
    expect(only(planOf(changes)).reason).toContain("Instance has failed its health checks.");
    expect(said({ ...changes, flows: ["roll-hive-other-2222222222222222-0"] })).toEqual([]);
    expect(said({ ...changes, nodes: nodes(node(11, { running: 0 })) })).toEqual([]);
  });

  it("with a manager behind it is a person's", () => {
    expect(said({ balanced: [...rest.balanced, behind(1)] })).toEqual([`look-at ${idOf(1)} (person)`]);
  });
});

describe("each action", () => {
  it("rests on a fact that is written down", () => {
    const facts = readFileSync("docs/facts.md", "utf8");
    const used = readFileSync("shared/fleet/action.ts", "utf8").match(/: "([A-Z]\d+|[A-Z][\w ]+)",/g) ?? [];
    expect(used.length).toBeGreaterThan(8);
    for (const fact of [
      ...used.map((line) => line.slice(3, -2)),
      "S1",
      "A13",
      "D3",
      "D9",
      "D12",
      "D20",
      "A8",
    ])
      expect(facts).toMatch(new RegExp(`^(\\| ${fact} +\\||## ${fact}$)`, "m"));
  });
});

describe("a label that is on the wrong node", () => {
  const wrong = nodes(node(11, { instanceId: idOf(12) }));

  it("makes a person's of whatever goes by it: it would hit a machine that serves", () => {
    const members = instead(rest.members, 12, worker(12, { lifecycleState: "Terminating:Wait" }));
    const changes = { members, nodes: wrong };
    expect(said(changes)).toEqual([`label-node ${W} (person)`, `start-retire ${idOf(12)} (person)`]);
    expect(planOf(changes).actions[1]?.reason).toContain(`worker node node11 (ready, 10.0.0.11) carries`);
  });

  it("keeps a ghost where its name is a living node's too", () => {
    const gone = [node(11, { instanceId: idOf(99), state: "down" }), node(14, { instanceId: idOf(99) })];
    const changes = {
      nodes: nodes(...gone),
      members: instead(rest.members, 11),
      balanced: instead(rest.balanced, 11),
    };
    expect(said(changes)).toEqual([`look-at ${idOf(99)} (person)`, `look-at ${idOf(99)} (person)`]);
  });

  it("keeps two ready nodes of one name from being drained for one machine's hook", () => {
    const twins = nodes(node(11), node(14, { instanceId: W, address: "10.0.0.14" }));
    expect(said({ ...inState("Terminating:Wait"), nodes: twins })).toEqual([`look-at ${W} (person)`]);
  });

  it("is believed for as long as nobody answers for the one that it names", () => {
    const changes = {
      nodes: wrong.filter(({ nodeId }) => nodeId !== "node12"),
      agents: instead(rest.agents, 12),
    };
    expect(said(changes)).toEqual([`join-instance ${W} (safe)`, `look-at ${idOf(12)} (person)`]);
  });

  it("starts no join whose undoing would take another's node: nobody knows where the named machine is", () => {
    const changes = {
      members: instead(rest.members, 12, worker(12, { lifecycleState: "Pending:Wait" })),
      nodes: wrong.filter(({ nodeId }) => nodeId !== "node12"),
      agents: instead(instead(rest.agents, 12), 11, agent(11, { online: false })),
      balanced: instead(rest.balanced, 12),
    };
    expect(said(changes)).toEqual([`look-at ${W} (person)`, `look-at ${idOf(12)} (person)`]);
  });

  it("starts no join either where the machine has a node at its address and another under its name", () => {
    const nameless = node(11, {
      instanceId: "",
      state: "disconnected",
      availability: "drain",
      retiring: true,
    });
    const named = node(14, { instanceId: W, address: "" });
    const changes = {
      ...inState("Pending:Wait"),
      nodes: nodes(nameless, named),
      balanced: instead(rest.balanced, 11),
    };
    expect(said(changes)).toEqual([`look-at ${W} (person)`]);
  });

  it("of a node that is down is believed: an address is given out again", () => {
    const ghost = node(98, { instanceId: idOf(98), address: "10.0.0.11", state: "down", running: 0 });
    expect(said({ nodes: [...rest.nodes, ghost] })).toEqual([`remove-ghost ${idOf(98)} (safe)`]);
  });

  it("makes the activation of its node a person's as well", () => {
    const drained = node(11, { instanceId: idOf(12), availability: "drain", activeSince: "" });
    expect(said({ nodes: nodes(drained), balanced: instead(rest.balanced, 11) })).toEqual([
      `label-node ${W} (person)`,
      `activate-node ${W} (person)`,
    ]);
  });

  it.each(["ready", "down"])("of a manager that is %s leaves nothing but a look", (state) => {
    const gone = [
      node(11, { instanceId: idOf(99), state: "down" }),
      managerNode(14, { instanceId: idOf(99), state }),
    ];
    const changes = {
      nodes: nodes(...gone),
      members: instead(rest.members, 11),
      balanced: instead(rest.balanced, 11),
    };
    expect(said(changes).map((line) => line.split(" ")[0])).toEqual(["look-at", "look-at"]);
  });
});
