// What a simulated manager answers to survey-cluster: the same as the script of that name, page by page.
import { parseAnswer } from "../../shared/swarm/answers.ts";
import { surveyClusterAnswer, wholeSwarm } from "../../shared/swarm/cluster.ts";
import { createFixture, type Fixture, NEW } from "./simulated-fixture.ts";

/** Through the functions' own schema: what they refuse, no simulated manager may say. */
const look = async ({ machines, managers, clock }: Fixture, at = managers[0] ?? "") => {
  let commands = 0;
  const view = await wholeSwarm(async (page, pages) => {
    commands++;
    const answer = machines.run(at, {
      commandId: "command",
      script: "",
      environment: { SSM_page: String(page), SSM_pages: String(pages) },
      executionTimeoutSeconds: 60,
      document: "survey-cluster",
      signal: new AbortController().signal,
    });
    await clock.advance(10_000);
    return parseAnswer(surveyClusterAnswer, "survey-cluster", (await answer).stdout);
  });
  return { ...view, commands };
};

describe("a simulated survey of the whole swarm", () => {
  it("has managers, workers with their tasks, and services", async () => {
    const fixture = await createFixture();
    const { nodes, services } = await look(fixture);
    expect(nodes.map(({ role, leader, reachability }) => [role, leader, reachability])).toEqual([
      ["manager", true, "reachable"],
      ["manager", false, "reachable"],
      ["manager", false, "reachable"],
      ...Array(3).fill(["worker", false, ""]),
    ]);
    expect(nodes.map(({ instanceId, running }) => [instanceId, running])).toEqual([
      ["i-00000aa1", 0],
      ["i-00000aa2", 0],
      ["i-00000aa3", 0],
      ["i-00000bb1", 1],
      ["i-00000bb2", 1],
      ["i-00000bb3", 1],
    ]);
    expect(services).toMatchObject([{ name: "hive", replicas: 5, id: fixture.service.id }]);
  });

  it("shows what drifted: a node that is down, drained, retiring, or without a label that can be read", async () => {
    const fixture = await createFixture();
    const { swarm, machines, nodeIds, seconds } = fixture;
    const write = (index: number, availability: "active" | "drain", labels: Record<string, string>) => {
      const node = swarm.nodes.get(nodeIds[index] ?? "");
      if (node) swarm.updateNode(node.id, node.version, { availability, labels });
    };
    write(0, "drain", { "hive.instance-id": "i-00000bb1", "hive.retiring": "yes" });
    write(1, "active", { "hive.instance-id": "$(reboot)", "hive.active-since": "yesterday" });
    write(2, "active", { "hive.instance-id": "i-00000bb3", "hive.active-since": "2026-01-01T00:00:00.000Z" });
    machines.kill("i-00000bb3");
    await seconds(120);
    const { nodes } = await look(fixture);
    expect(nodes.slice(3)).toMatchObject([
      { instanceId: "i-00000bb1", availability: "drain", retiring: true, state: "ready", running: 0 },
      { instanceId: "", availability: "active", retiring: false, activeSince: "", running: 1 },
      { instanceId: "i-00000bb3", state: "down", activeSince: "2026-01-01T00:00:00.000Z", running: 0 },
    ]);
  });

  it("has a manager that does not answer as unreachable, and another that leads", async () => {
    const fixture = await createFixture();
    fixture.machines.freeze("i-00000aa1");
    const { nodes } = await look(fixture, "i-00000aa2");
    expect(nodes.slice(0, 3).map(({ leader, reachability }) => [leader, reachability])).toEqual([
      [false, "unreachable"],
      [true, "reachable"],
      [false, "reachable"],
    ]);
  });

  it("of a large fleet takes pages, on which everything is once", async () => {
    const fixture = await createFixture();
    for (let number = 0; number < 500; number++) {
      const instanceId = `i-0${((number * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, "0")}${"9".repeat(8)}`;
      fixture.swarm.admit({
        instanceId,
        address: "10.0.0.9",
        role: "worker",
        availability: "active",
        labels: { "hive.instance-id": instanceId },
      });
    }
    for (let number = 0; number < 300; number++)
      fixture.swarm.deploy({
        id: `web-${number}`,
        image: NEW.replace(/b{60}/, `${number ** 20}`.padStart(60, "0").slice(0, 60)),
        directories: [],
        replicas: 0,
        labels: {
          "hive.previous": `${Math.sin(number) ** 2}`.repeat(6),
          "hive.roll.last": `${Math.cos(number)}`,
        },
      });
    const { nodes, services, commands } = await look(fixture);
    expect(commands).toBeGreaterThan(2);
    expect(nodes.map(({ nodeId }) => nodeId).sort()).toEqual([...fixture.swarm.nodes.keys()].sort());
    expect(services.map(({ id }) => id).sort()).toEqual([...fixture.swarm.services.keys()].sort());
  });

  it("asks for a manager that has a leader, and for a page that there is", async () => {
    const { swarm, ask, run } = await createFixture();
    const first = { page: "1", pages: "1" };
    expect(await run("i-00000bb1", "survey-cluster", first)).toMatchObject({ failed: { step: "manager" } });
    expect(await ask("survey-cluster", { page: "3", pages: "2" })).toEqual({
      failed: { step: "facts", cause: "there is no page 3 of 2" },
    });
    swarm.electing = true;
    expect(await ask("survey-cluster", first)).toMatchObject({ failed: { step: "manager" } });
  });
});
