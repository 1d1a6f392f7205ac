// What a survey sees of a whole swarm: scenes recorded on real swarms, read by the script itself, and asked for as the functions do.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import type { SwarmView } from "../../shared/fleet/snapshot.ts";
import { parseAnswer } from "../../shared/swarm/answers.ts";
import { surveyClusterAnswer, wholeSwarm } from "../../shared/swarm/cluster.ts";
import { type Answer, type Raw, recorded, type Scene, SwarmManager } from "./swarm-manager.ts";

let manager: SwarmManager;
const on = async (scene: Scene): Promise<SwarmManager> => {
  manager = new SwarmManager(scene);
  await manager.start();
  return manager;
};
afterEach(() => manager.stop());

const survey = (parameters: Record<string, string> = {}) => manager.run("survey-cluster", parameters);

/** As the flow asks; every answer as it was printed. */
const whole = async (): Promise<{ view: SwarmView; answers: Answer[] }> => {
  const answers: Answer[] = [];
  const view = await wholeSwarm(async (page, pages) => {
    const answer = await survey({ page: String(page), pages: String(pages) });
    answers.push(answer);
    return parseAnswer(surveyClusterAnswer, "survey-cluster", answer.stdout);
  });
  return { view, answers };
};

const nodeOf = (view: SwarmView, instanceId: string) =>
  view.nodes.find((node) => node.instanceId === instanceId);

/** A node like the first worker of the scene. */
const like = (scene: Scene, ID: string, change: (node: Raw) => void): Raw => {
  const node = structuredClone(scene.nodes.find(({ Spec }) => Spec.Role === "worker"));
  node.ID = ID;
  change(node);
  return node;
};

describe("a swarm as a survey finds it", () => {
  it("is all nodes, each with what the managers know of it, and all services", async () => {
    await on(recorded("none"));
    const { view, answers } = await whole();
    expect(answers).toHaveLength(1);
    expect(view.nodes).toEqual([
      {
        nodeId: "jyt2my645eypxy85l5m5oxszl",
        instanceId: "i-08ace4892e28fd2ff",
        address: "10.78.0.12",
        role: "worker",
        state: "ready",
        availability: "active",
        leader: false,
        reachability: "",
        retiring: false,
        activeSince: "2026-11-27T21:53:03.223Z",
        running: 1,
        cpus: 2,
        missing: [],
      },
      expect.objectContaining({ instanceId: "i-0f04ea6387c485233", role: "worker", running: 1 }),
      {
        nodeId: "msj0mr72j272qawdr4mmsfwix",
        instanceId: "i-037482dec68c02536",
        address: "10.78.0.10",
        role: "manager",
        state: "ready",
        availability: "active",
        leader: true,
        reachability: "reachable",
        retiring: false,
        activeSince: "",
        running: 0,
        cpus: 2,
        missing: [],
      },
    ]);
    expect(view.services).toMatchObject([{ id: manager.scene.service.ID, name: "hive-web", replicas: 2 }]);
  });

  it("has the facts of a service as a look at it alone would have them", async () => {
    await on(recorded("exits-paused"));
    const { view } = await whole();
    const { facts } = await manager.run("watch-service", {
      serviceId: manager.scene.service.ID,
      rollId: "none",
      waitSeconds: "0",
    });
    const { version: _version, order: _order, now: _now, youngest: _youngest, ...same } = facts;
    expect(view.services).toMatchObject([same]);
  });

  it("tells a node that is down from one that is gone, with the tasks that swarm still counts there", async () => {
    await on(recorded("node-down"));
    const { view } = await whole();
    expect(nodeOf(view, "i-08ace4892e28fd2ff")).toMatchObject({ state: "down", running: 1 });
    expect(nodeOf(view, "i-0f04ea6387c485233")).toMatchObject({ state: "ready", running: 1 });
  });

  it("has nodes without labels, drained ones, and those that retire", async () => {
    const scene = recorded("none");
    scene.nodes.push(
      like(scene, "a".repeat(25), ({ Spec }) => {
        Spec.Labels = null;
      }),
      like(scene, "b".repeat(25), ({ Spec, Status }) => {
        Spec.Availability = "drain";
        Spec.Labels = { "hive.instance-id": "i-00000000000000001", "hive.retiring": "yes" };
        Status.State = "unknown";
      }),
    );
    await on(scene);
    const { nodes } = (await whole()).view;
    expect(nodes.find(({ nodeId }) => nodeId === "a".repeat(25))).toMatchObject({
      instanceId: "",
      activeSince: "",
      retiring: false,
      availability: "active",
      running: 0,
    });
    expect(nodes.find(({ nodeId }) => nodeId === "b".repeat(25))).toMatchObject({
      instanceId: "i-00000000000000001",
      retiring: true,
      availability: "drain",
      state: "unknown",
    });
  });

  it("has every manager with its reachability, and where it is reached when it has no address of its own", async () => {
    const scene = recorded("none");
    const [leader] = scene.nodes.filter(({ Spec }) => Spec.Role === "manager");
    const other = (ID: string, Status: Raw, ManagerStatus: Raw): Raw => ({
      ...structuredClone(leader),
      ID,
      Status,
      ManagerStatus,
    });
    scene.nodes.push(
      other("a".repeat(25), { State: "down" }, { Reachability: "unreachable", Addr: "10.78.0.20:2377" }),
      other(
        "b".repeat(25),
        { State: "ready", Addr: "0.0.0.0" },
        { Reachability: "reachable", Addr: "[fd00::7]:2377" },
      ),
    );
    await on(scene);
    const managers = (await whole()).view.nodes.filter(({ role }) => role === "manager");
    expect(
      managers.map(({ address, leader: leads, reachability }) => [address, leads, reachability]),
    ).toEqual([
      ["10.78.0.10", true, "reachable"],
      ["10.78.0.20", false, "unreachable"],
      ["fd00::7", false, "reachable"],
    ]);
  });

  it("may have no service, or none that has tasks", async () => {
    await on(recorded("none"));
    manager.intercept = ({ path }) =>
      path === "/services" || path === "/tasks" ? { status: 200, body: "[]" } : undefined;
    const { view } = await whole();
    expect([view.services, view.nodes.length, view.nodes.map(({ running }) => running)]).toEqual([
      [],
      3,
      [0, 0, 0],
    ]);
  });

  it("counts tasks of services that have gone, and asks for each list once", async () => {
    const scene = recorded("none");
    const task = scene.tasks.find(({ Status }) => Status.State === "running");
    scene.tasks.push({ ...task, ID: "x".repeat(25), ServiceID: "gone".padEnd(25, "x") });
    await on(scene);
    const { view } = await whole();
    expect(view.nodes.map(({ running }) => running).sort()).toEqual([0, 1, 2]);
    expect(manager.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /services",
      "GET /tasks",
      "GET /nodes",
    ]);
  });
});

describe("hostile labels", () => {
  const hostile = `x"; $(touch /tmp/owned) \`id\` \\ \n\t ünïcödé \u2028 ]}'`;

  it("of a node are no id, no time and no address, however they read", async () => {
    const scene = recorded("none");
    for (const { Spec, Status } of scene.nodes) {
      Spec.Labels = {
        "hive.instance-id": `i-08ace4892e28fd2ff\n${hostile}`,
        "hive.active-since": `2026-11-27T21:53:03.223Z\n${hostile}`,
        "hive.retiring": hostile,
        [hostile]: hostile,
      };
      Status.Addr = hostile;
    }
    await on(scene);
    const { view, answers } = await whole();
    expect(
      view.nodes.map(({ instanceId, activeSince, retiring }) => [instanceId, activeSince, retiring]),
    ).toEqual(Array(3).fill(["", "", true]));
    expect(view.nodes.map(({ address }) => address)).toEqual(["", "", "10.78.0.10"]);
    expect(answers[0]?.stderr).toBe("");
  });

  it("of a service come through as they are, those of ours alone, and nothing else of its spec", async () => {
    const scene = recorded("none");
    scene.service.Spec.Name = hostile;
    scene.service.Spec.Labels = {
      "hive.roll.id": hostile,
      [`hive.${hostile}`]: "y",
      other: "battery staple",
    };
    scene.service.Spec.TaskTemplate.ContainerSpec.Env = ["PASSWORD=correct horse battery staple"];
    await on(scene);
    const { view, answers } = await whole();
    expect(view.services).toMatchObject([
      { name: hostile, labels: { "hive.roll.id": hostile, [`hive.${hostile}`]: "y" } },
    ]);
    expect(JSON.stringify(view) + answers[0]?.stdout + answers[0]?.stderr).not.toContain("battery");
  });

  it("that are too long for any answer are a failure that names the service, and no number of pages is asked for", async () => {
    const scene = recorded("none");
    const noise = Array.from({ length: 400 }, (_, index) => randomOf(`${index}`, 64)).join("");
    scene.service.Spec.Labels = { "hive.noise": noise };
    scene.service.Spec.Name = `web "one"`;
    await on(scene);
    const { answer, status } = await survey();
    expect(status).toBe(1);
    expect(answer.failed).toEqual({
      step: "facts",
      cause: expect.stringMatching(
        /^the facts of service web "one" alone take \d+ characters of the 23000 .*labels/,
      ),
    });
  });
});

describe("a manager that cannot tell", () => {
  const failed = async (parameters = {}) => {
    const { answer, status } = await survey(parameters);
    expect(status).toBe(1);
    return answer.failed;
  };

  it.each(["/services", "/tasks", "/nodes"])(
    "has no leader when %s is asked for: another may know",
    async (list) => {
      await on(recorded("none"));
      const message =
        "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are online.";
      manager.intercept = ({ path }) =>
        path === list ? { status: 503, body: JSON.stringify({ message }) } : undefined;
      expect(await failed()).toEqual({ step: "manager", cause: `GET ${list}: ${message}` });
    },
  );

  it("is none, or has no such list", async () => {
    await on(recorded("none"));
    manager.intercept = ({ path }) => (path === "/nodes" ? { status: 404, body: "{}" } : undefined);
    expect(await failed()).toEqual({ step: "manager", cause: "GET /nodes: not found" });
    manager.program("docker", "echo false");
    expect((await failed()).step).toBe("manager");
  });

  it("is asked for a page that there is not", async () => {
    await on(recorded("none"));
    expect(await failed({ page: "3", pages: "2" })).toEqual({
      step: "facts",
      cause: "there is no page 3 of 2",
    });
  });

  it.each(["$(touch owned)", "a[$(touch owned)]", "1; touch owned", ""])(
    "is handed %j for a page by whoever got past the pattern: it is text, and of no page",
    async (text) => {
      await on(recorded("none"));
      for (const parameters of [{ page: text }, { pages: text }])
        if (text !== "") expect((await failed(parameters)).cause).toContain(`there is no page`);
        else expect((await survey(parameters)).stderr).toContain("agent too old");
      expect(existsSync("owned")).toBe(false);
      expect(manager.requests).toEqual([]);
    },
  );

  it.each([
    ["half a list", `[{"ID":"correct horse"`],
    ["a node without an id", `[{"Spec":{"Role":"worker"}}]`],
    ["no list", "null"],
  ])("answers %s: no word of it is told", async (_what, body) => {
    await on(recorded("none"));
    manager.intercept = ({ path }) => (path === "/nodes" ? { status: 200, body } : undefined);
    const { answer, stdout, stderr } = await survey();
    expect(answer.failed.step).toBe("facts");
    expect(stdout + stderr).not.toContain("horse");
  });
});

/** Text as ids are: of no pattern. */
const randomOf = (seed: string, length: number, radix = 36): string => {
  let digits = "";
  for (let part = 0; digits.length < length; part++)
    digits += BigInt(`0x${createHash("sha256").update(`${seed} ${part}`).digest("hex")}`).toString(radix);
  return digits.slice(-length);
};

/** Five managers, and workers that run two tasks each, with the history of four failures that swarm keeps of each slot. */
const fleetOf = (workers: number): Scene => {
  const scene = recorded("exits-paused");
  const running = scene.tasks.find(({ Status }) => Status.State === "running");
  const failure = scene.tasks.find(({ Status }) => Status.State === "failed");
  const node = (index: number, Role: string): Raw =>
    like(scene, randomOf(`node ${Role} ${index}`, 25), (made) => {
      made.Spec.Role = Role;
      made.Spec.Labels = {
        "hive.instance-id": `i-0${randomOf(`instance ${Role} ${index}`, 16, 16)}`,
        "hive.active-since": new Date(
          1_790_000_000_000 + ((index * 7_919_777_777) % 2_592_000_000),
        ).toISOString(),
      };
      made.Status.Addr = `10.0.${index % 48}.${(index * 37) % 256}`;
      if (Role === "manager") made.ManagerStatus = { Leader: index === 0, Reachability: "reachable" };
      // As wide as they are for real, with certificates and plugins.
      made.Padding = "x".repeat(2_000);
    });
  const nodes = [0, 1, 2, 3, 4].map((index) => node(index, "manager"));
  for (let index = 0; index < workers; index++) nodes.push(node(index, "worker"));
  const tasks = nodes.slice(5).flatMap(({ ID: NodeID }, index) =>
    [1, 2].flatMap((each) => {
      const Slot = index * 2 + each;
      const task = (of: Raw, number: number): Raw => ({
        ...of,
        ID: randomOf(`task ${Slot} ${number}`, 25),
        Slot,
        NodeID,
      });
      return [task(running, 0), ...[1, 2, 3, 4].map((number) => task(failure, number))];
    }),
  );
  return { ...scene, nodes, tasks };
};

describe("a fleet of 500 workers with two tasks each, and their history", () => {
  it("is told in pages, each within the characters that Systems Manager keeps, and nothing twice or not at all", async () => {
    await on(fleetOf(500));
    const { view, answers } = await whole();
    expect(answers.map(({ answer }) => [answer.outcome, answer.page, answer.pages])).toEqual([
      ["paged", undefined, 2],
      ["seen", 1, 2],
      ["seen", 2, 2],
    ]);
    for (const { stdout } of answers) expect(stdout.length).toBeLessThan(23_100);
    // What the head of shared/swarm/cluster.ts says.
    const characters = answers.reduce((sum, { stdout }) => sum + stdout.length, 0);
    expect(characters).toBeGreaterThan(29_000);
    expect(characters).toBeLessThan(34_000);
    expect(view.nodes.map(({ nodeId }) => nodeId).sort()).toEqual(
      manager.scene.nodes.map(({ ID }) => ID).sort(),
    );
    expect(view.nodes.filter(({ running }) => running === 2)).toHaveLength(500);
    expect(view.services.map(({ tasks, failed }) => [tasks[0]?.count, failed])).toEqual([[1_000, 4_000]]);
    // A second each on an idle machine; this one may be busy.
    for (const { seconds } of answers) expect(seconds).toBeLessThan(15);
  });

  it("of 350 is told at once", async () => {
    await on(fleetOf(350));
    const { view, answers } = await whole();
    expect([answers.length, view.nodes.length]).toEqual([1, 355]);
  });
});
