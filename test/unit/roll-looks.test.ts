// What the documents of a roll see of a service: scenes recorded on real swarms, read by the scripts themselves.
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { surveyAnswer, watchAnswer } from "../../shared/swarm/services.ts";
import { type Raw, recorded, type Scene, SwarmManager } from "./swarm-manager.ts";

const REPOSITORY = "10.78.0.1:5000/hive-web";
const ROLL = "roll-1";
const SECRET = "DATABASE_PASSWORD=correct horse battery staple";

let manager: SwarmManager;
const on = async (scene: Scene): Promise<SwarmManager> => {
  manager = new SwarmManager(scene);
  await manager.start();
  return manager;
};
afterEach(() => manager.stop());

const watch = (waitSeconds = 0, more: Record<string, string> = {}) =>
  manager.run("watch-service", {
    serviceId: manager.scene.service.ID,
    rollId: ROLL,
    waitSeconds: String(waitSeconds),
    ...more,
  });

/** `state of image, placed or not: count`, in order. */
const told = (tasks: { image: string; state: string; placed: boolean; count: number }[]) =>
  tasks.map(({ image, state, placed, count }) => {
    const version = image.split("@")[0]?.replace(`${REPOSITORY}:`, "");
    return `${count} ${version} ${state}${placed ? "" : " without a node"}`;
  });

/** The marker of a roll whose begin lies before whatever was recorded. */
const marked = (scene: Scene, more: Record<string, string> = {}): Scene => {
  scene.service.Spec.Labels = { "hive.roll.id": ROLL, "hive.roll.since": "2026-11-27T21:58:00Z", ...more };
  return scene;
};

describe("a service as a look finds it", () => {
  it.each([
    ["over-committed", "none", ["4 1.0.0 pending without a node", "2 1.0.0 running"], 0, 0],
    ["replacing", "updating", ["1 1.0.0 running", "1 2.0.0 pending without a node"], 1, 0],
    ["starting", "updating", ["1 1.0.0 running", "1 2.0.0 starting"], 0, 0],
    ["completed", "completed", ["2 2.0.0 running"], 0, 0],
    ["exits-paused", "paused", ["1 1.0.0 running", "1 exits assigned"], 0, 3],
    ["ends-paused", "paused", ["1 1.0.0 running", "1 ends assigned"], 0, 1],
    ["sick-paused", "paused", ["1 1.0.0 running", "1 sick pending without a node"], 0, 1],
    ["rejected-paused", "paused", ["1 1.0.0 running", "1 9.9.9 assigned"], 0, 1],
    ["rollback-started", "rollback_started", ["1 1.0.0 pending without a node", "1 1.0.0 running"], 1, 0],
    ["rollback-completed", "rollback_completed", ["2 1.0.0 running"], 0, 0],
    ["rollback-paused", "rollback_paused", ["1 exits ready", "1 sick starting"], 0, 5],
    [
      "stuck-updating",
      "updating",
      ["3 1.0.0 pending without a node", "2 1.0.0 running", "1 2.0.0 pending without a node"],
      0,
      0,
    ],
    // A task on a node that is down is to stop, and nobody can say that it has: it is not waited for.
    ["node-down", "updating", ["1 1.0.0 running", "1 2.0.0 pending without a node"], 0, 0],
    ["exits-paused-26", "paused", ["1 1.0.0 running", "1 exits ready"], 0, 1],
    ["sick-paused-26", "paused", ["1 1.0.0 running", "1 sick assigned"], 0, 1],
    ["rejected-paused-26", "paused", ["1 1.0.0 running", "1 9.9.9 assigned"], 0, 1],
  ])("%s: update %s", async (name, state, tasks, stopping, failed) => {
    await on(recorded(name));
    const { answer, facts, status } = await watch();
    expect({ status, outcome: answer.outcome }).toEqual({ status: 0, outcome: "seen" });
    expect(facts.update.state).toBe(state);
    expect(told(facts.tasks)).toEqual(tasks);
    expect({ stopping: facts.stopping, failed: facts.failed }).toEqual({ stopping, failed });
    // The functions read it with their own schema.
    expect(watchAnswer.parse(answer)).toMatchObject({
      outcome: "seen",
      gz: { name: "hive-web", mode: "replicated" },
    });
  });

  it("has the newest three failures, with their node and what came of their container", async () => {
    await on(recorded("exits-paused"));
    const { failures } = (await watch()).facts;
    expect(failures).toHaveLength(3);
    expect(failures[0]).toEqual({
      task: "4di07rwxsaff9e17l4hg06dyb",
      state: "failed",
      container: "ccec0f5e1212bf846ece78057045d6b92a37ffc119c7f980c9782c481b9eb4f6",
      error: "task: non-zero exit (3)",
      exitCode: 3,
      instance: "i-08ace4892e28fd2ff",
      node: "ready",
      availability: "active",
      lines: "",
    });
  });

  it("counts what was rejected, which has no container, and what ended by itself, which has no error", async () => {
    await on(recorded("rejected-paused"));
    expect((await watch()).facts.failures).toMatchObject([
      { state: "rejected", error: expect.stringMatching(/^No such image: /), exitCode: null, container: "" },
    ]);
    await manager.stop();
    await on(recorded("sick-paused"));
    expect((await watch()).facts.failures).toMatchObject([
      { state: "complete", error: expect.stringMatching(/^ended by itself/), exitCode: 0 },
    ]);
  });

  it("counts only failures since the roll began", async () => {
    await on(marked(recorded("exits-paused"), { "hive.roll.since": "2026-11-27T21:58:00.000Z" }));
    expect((await watch()).facts.failed).toBe(1);
  });

  it("names a node that is gone as gone, and takes no other label than an instance's id for one", async () => {
    const scene = recorded("exits-paused");
    scene.nodes = scene.nodes.filter(({ Spec }) => Spec.Labels["hive.instance-id"] !== "i-08ace4892e28fd2ff");
    for (const { Spec } of scene.nodes) Spec.Labels["hive.instance-id"] = 'i-0f04ea6387c485233\n"; reboot';
    await on(scene);
    const { failures } = (await watch()).facts;
    expect(failures.map(({ instance, node }) => [instance, node])).toEqual([
      ["", "gone"],
      ["", "gone"],
      ["", "ready"],
    ]);
  });

  it.each([
    [["node.role==manager"], true],
    [["node.role == MANAGER", "node.labels.a==b"], true],
    [["node.role!=worker"], true],
    [["node.role==worker"], false],
    [null, false],
  ])("constrained to %j is of managers alone: %j", async (constraints, expected) => {
    const scene = recorded("none");
    scene.service.Spec.TaskTemplate.Placement = { Constraints: constraints };
    await on(scene);
    expect((await watch()).facts.managersOnly).toBe(expected);
  });

  it("of another mode has no replicas", async () => {
    const scene = recorded("none");
    scene.service.Spec.Mode = { Global: {} };
    await on(scene);
    expect((await watch()).facts).toMatchObject({ mode: "global", replicas: null });
    manager.scene.service.Spec.Mode = { ReplicatedJob: { MaxConcurrent: 1, TotalCompletions: 1 } };
    expect((await watch()).facts).toMatchObject({ mode: "job", replicas: null });
  });

  it("shows labels of ours alone, whatever they hold, and no other part of the spec", async () => {
    const hostile = `x"; $(touch /tmp/owned) \`id\` \\ \n\t ünïcödé \u2028`;
    const scene = marked(recorded("none"), {
      "hive.roll.cause": hostile,
      other: SECRET,
      [`hive.${hostile}`]: "y",
    });
    scene.service.Spec.TaskTemplate.ContainerSpec.Env = [SECRET];
    scene.service.Spec.Name = hostile;
    await on(scene);
    const { facts, stdout, stderr } = await watch();
    expect(facts.name).toBe(hostile);
    expect(facts.labels).toMatchObject({ "hive.roll.cause": hostile, [`hive.${hostile}`]: "y" });
    expect(facts.labels).not.toHaveProperty("other");
    expect(JSON.stringify(facts) + stdout + stderr).not.toContain("battery staple");
  });

  it("whose labels are too long to be told is a failure that says so", async () => {
    const noise = Array.from({ length: 60_000 }, (_, index) =>
      ((index * 2_654_435_761) >>> 7).toString(36),
    ).join("");
    await on(marked(recorded("none"), { "hive.noise": noise }));
    const { answer, status } = await watch();
    expect(status).toBe(1);
    expect(answer.failed).toMatchObject({
      step: "facts",
      cause: expect.stringMatching(/\d+ characters, and 23000 can be told/),
    });
  });

  it("that does not exist is no failure", async () => {
    await on(recorded("none"));
    expect((await watch(0, { serviceId: "z".repeat(25) })).answer).toEqual({ outcome: "no-service" });
  });
});

describe("a look waits", () => {
  const looks = () => manager.requests.filter(({ path }) => path === "/nodes").length;

  const justNow = (scene: Scene, secondsAgo: number): Scene => {
    for (const task of scene.tasks)
      if (task.Status.State === "running")
        task.Status.Timestamp = new Date(Date.now() - secondsAgo * 1000).toISOString();
    return scene;
  };

  it.each([
    ["completed", "the update completed"],
    ["exits-paused", "the update paused"],
    ["rollback-completed", "swarm rolled back by itself"],
    ["none", "nothing is under way"],
  ])("not at all when it is %s: %s", async (name) => {
    await on(marked(recorded(name)));
    await watch(20);
    expect(looks()).toBe(1);
  });

  it("not at all when the marker is another's or nobody's", async () => {
    await on(recorded("replacing"));
    await watch(20);
    expect(looks()).toBe(1);
  });

  it.each(["replacing", "starting", "stuck-updating", "node-down"])(
    "to the end while it is %s",
    async (name) => {
      await on(marked(recorded(name)));
      expect((await watch(2)).answer.outcome).toBe("seen");
      expect(looks()).toBeGreaterThan(1);
    },
  );

  it("until a task has run for as long as swarm would watch it", async () => {
    const scene = justNow(marked(recorded("none")), 1);
    scene.service.Spec.UpdateConfig.Monitor = 3_000_000_000;
    await on(scene);
    const { facts } = await watch(60);
    expect(facts.youngest).toBeGreaterThan(3);
    expect(facts.youngest).toBeLessThan(20);
  });

  it("for the five seconds of swarm's own where the spec says nothing", async () => {
    const scene = justNow(marked(recorded("none")), 1);
    delete scene.service.Spec.UpdateConfig;
    await on(scene);
    expect((await watch(0)).facts).toMatchObject({ monitorSeconds: 5, order: "" });
  });

  it("while a task without a node is of another image, though no update shows yet", async () => {
    const scene = marked(recorded("over-committed"));
    const pending = scene.tasks.find(({ Status }) => Status.State === "pending");
    pending.Spec.ContainerSpec.Image = `${REPOSITORY}:3.0.0@sha256:${"3".repeat(64)}`;
    await on(scene);
    await watch(2);
    expect(looks()).toBeGreaterThan(1);
  });

  it("while tasks run another image than the spec's, though no update shows yet", async () => {
    const scene = marked(recorded("none"));
    scene.service.Spec.TaskTemplate.ContainerSpec.Image = `${REPOSITORY}:3.0.0@sha256:${"3".repeat(64)}`;
    await on(scene);
    await watch(2);
    expect(looks()).toBeGreaterThan(1);
  });

  it("until a task fails that had not failed before", async () => {
    const scene = marked(recorded("exits-paused"));
    scene.service.UpdateStatus.State = "updating";
    await on(scene);
    manager.intercept = ({ path }) => {
      if (path === "/tasks" && looks() === 2) {
        const [failed] = scene.tasks.filter(({ Status }) => Status.State === "failed");
        manager.scene.tasks.push({
          ...failed,
          ID: "n".repeat(25),
          Spec: { ContainerSpec: { Image: scene.service.Spec.TaskTemplate.ContainerSpec.Image } },
          Status: { ...failed.Status, Timestamp: new Date().toISOString() },
        });
      }
      return undefined;
    };
    const { facts } = await watch(60);
    expect(facts.failures[0]).toMatchObject({ task: "n".repeat(25) });
    expect(looks()).toBe(3);
  });
});

describe("the last lines of a container that failed", () => {
  const frame = (stream: number, text: string | Buffer) => {
    const head = Buffer.alloc(8);
    head[0] = stream;
    head.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const withLogs = async (body: Buffer | string, status = 200) => {
    await on(marked(recorded("exits-paused")));
    manager.intercept = ({ path }) => (/^\/tasks\/\w+\/logs$/.test(path) ? { status, body } : undefined);
    return (await watch()).facts.failures[0]?.lines;
  };

  it("are taken out of the Engine's frames, of both streams, whatever their length", async () => {
    // A frame of ten bytes has a newline in its head, one of 300 two bytes of length.
    const long = "y".repeat(299);
    expect(
      await withLogs(Buffer.concat([frame(1, "starting\n"), frame(2, "123456789\n"), frame(1, `${long}\n`)])),
    ).toBe(`starting\n123456789\n${long}\n`);
  });

  it("are the last 500 characters of them", async () => {
    const lines = await withLogs(frame(2, `${"a".repeat(700)}the end`));
    expect(lines).toHaveLength(500);
    expect(lines).toMatch(/the end$/);
  });

  it("come as they are where the service has a terminal, and survive bytes that are no text", async () => {
    expect(await withLogs("plain lines\r\nof a terminal\r\n")).toBe("plain lines\r\nof a terminal\r\n");
    await manager.stop();
    expect(await withLogs(frame(2, Buffer.from([0x66, 0xff, 0x00, 0xe2, 0x82, 0xac])))).toBe("f\ufffd €");
  });

  it.each([
    ["mawk", ["mawk"]],
    ["gawk", ["gawk", "--posix"]],
    ["busybox's awk", ["busybox", "awk"]],
  ])("are read by %s, where it is there", async (_name, command) => {
    const [program = ""] = command;
    const found = execFileSync("sh", ["-c", `command -v ${program} || true`], { encoding: "utf8" }).trim();
    await on(marked(recorded("exits-paused")));
    if (found) manager.program("awk", `exec ${found} ${command.slice(1).join(" ")} "$@"`);
    manager.intercept = ({ path }) =>
      path.endsWith("/logs") ? { status: 200, body: frame(1, "größe 5\n") } : undefined;
    expect((await watch()).facts.failures[0]?.lines).toBe("größe 5\n");
  });

  it("are done without when the node does not answer within three seconds, or has none", async () => {
    expect(await withLogs('{"message":"no such task"}', 404)).toBe("");
    manager.intercept = ({ path }) => (path.endsWith("/logs") ? "never" : undefined);
    const { facts, seconds } = await watch();
    expect(facts.failures[0]?.lines).toBe("");
    expect(seconds).toBeLessThan(8);
  });

  it("are not asked for when no roll is under way", async () => {
    await on(recorded("exits-paused"));
    await watch();
    expect(manager.requests.map(({ path }) => path)).toEqual([
      `/services/${manager.scene.service.ID}`,
      "/tasks",
      "/nodes",
    ]);
  });
});

describe("a manager that cannot tell", () => {
  const failed = async (document = "watch-service") => {
    const parameters = {
      serviceId: manager.scene.service.ID,
      rollId: ROLL,
      image: REPOSITORY,
      act: "resume",
    };
    const { answer, status, seconds } = await manager.run(document, parameters);
    expect(status).toBe(1);
    return { ...answer.failed, seconds };
  };

  it.each(["watch-service", "survey-services"])("has no leader: %s fails as manager", async (document) => {
    await on(recorded("none"));
    const message =
      "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are online.";
    manager.intercept = () => ({ status: 503, body: JSON.stringify({ message }) });
    expect(await failed(document)).toMatchObject({
      step: "manager",
      cause: expect.stringContaining(message),
    });
  });

  it("has a daemon that hangs: there is a limit of time", async () => {
    await on(recorded("none"));
    manager.program(
      "curl",
      `sleep 1; echo "curl: (28) Operation timed out after 25001 milliseconds" >&2; exit 28`,
    );
    expect(await failed()).toMatchObject({ step: "manager", cause: expect.stringContaining("timed out") });
    manager.intercept = () => "never";
    await manager.stop();
    // The limit itself stands in the script.
    await on(recorded("none"));
    manager.intercept = () => "never";
    manager.program("curl", `printf '%s\\n' "$*" >"${join(manager.directory, "asked")}"; exit 28`);
    await failed();
    const asked = execFileSync("cat", [join(manager.directory, "asked")], { encoding: "utf8" });
    expect(asked).toMatch(/--max-time 600.*--max-time 25 /);
  });

  it("is none", async () => {
    await on(recorded("none"));
    manager.program("docker", "echo false");
    expect((await failed()).step).toBe("manager");
  });

  it.each(["watch-service", "survey-services", "update-service"])(
    "has no jq: %s says what to do",
    async (document) => {
      await on(recorded("none"));
      const bin = join(manager.directory, "without-jq");
      mkdirSync(bin);
      for (const name of ["cat", "sed", "awk", "tr", "grep", "head", "timeout", "mktemp", "rm"])
        symlinkSync(
          execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim(),
          join(bin, name),
        );
      const { answer, status } = await manager.run(
        document,
        { serviceId: manager.scene.service.ID, rollId: ROLL, image: REPOSITORY, act: "resume" },
        bin,
      );
      expect(status).toBe(1);
      expect(answer.failed).toEqual({
        step: "manager",
        cause: "jq is not installed on this manager: install the package jq, 1.6 or newer, on every manager",
      });
    },
  );

  it.each(["jq-1.5", "jq-1.5-1-a5b5cbe", "jq-1.4"])("has %s, which is too old", async (version) => {
    await on(recorded("none"));
    manager.program("jq", `echo ${version}`);
    expect(await failed()).toMatchObject({ step: "manager", cause: expect.stringContaining("too old") });
  });

  it("answers what nobody expects: no word of it is told", async () => {
    await on(recorded("none"));
    manager.intercept = ({ path }) => (path === "/tasks" ? { status: 200, body: `["${SECRET}"` } : undefined);
    const { answer, stdout, stderr } = await watch();
    expect(answer.failed).toMatchObject({
      step: "facts",
      cause: expect.stringMatching(/^jq ended with \d over/),
    });
    expect(stdout + stderr).not.toContain("battery");
  });
});

describe("a survey", () => {
  const survey = (image = REPOSITORY) => manager.run("survey-services", { image });

  it("finds services of exactly this repository, whatever version, and asks for their tasks alone", async () => {
    await on(recorded("none"));
    const { service } = manager.scene;
    const named = (ID: string, Image: string): Raw => ({
      ...structuredClone(service),
      ID,
      Spec: { ...structuredClone(service.Spec), TaskTemplate: { ContainerSpec: { Image } } },
    });
    const digest = `@sha256:${"a".repeat(64)}`;
    const services = [
      service,
      named("a".repeat(25), `${REPOSITORY}${digest}`),
      named("b".repeat(25), `${REPOSITORY}:latest`),
      named("c".repeat(25), REPOSITORY),
      named("d".repeat(25), `${REPOSITORY}-2:1.0.0${digest}`),
      named("e".repeat(25), `${REPOSITORY}/more:1.0.0${digest}`),
      named("f".repeat(25), `hive-web:1.0.0${digest}`),
      named("g".repeat(25), ""),
      {
        ...named("h".repeat(25), ""),
        Spec: { Name: "plugin", Mode: { Global: {} }, TaskTemplate: { PluginSpec: {} } },
      },
    ];
    manager.intercept = ({ path }) =>
      path === "/services" ? { status: 200, body: JSON.stringify(services) } : undefined;
    const { survey: found, answer } = await survey();
    expect(found.services.map(({ id }) => id)).toEqual([
      service.ID,
      "a".repeat(25),
      "b".repeat(25),
      "c".repeat(25),
    ]);
    expect(told(found.services[0]?.tasks ?? [])).toEqual(["2 1.0.0 running"]);
    const filters = manager.requests.find(({ path }) => path === "/tasks")?.query.get("filters");
    expect(JSON.parse(filters ?? "")).toEqual({ service: found.services.map(({ id }) => id) });
    expect(surveyAnswer.parse(answer).gz.workers).toEqual(["i-08ace4892e28fd2ff", "i-0f04ea6387c485233"]);
  });

  it("of a repository that nothing runs finds nothing, and asks for no tasks", async () => {
    await on(recorded("none"));
    const { survey: found } = await survey("10.78.0.1:5000/other");
    expect(found.services).toEqual([]);
    expect(manager.requests.some(({ path }) => path === "/tasks")).toBe(false);
  });

  it("counts workers that take tasks: active and ready, those without our label apart", async () => {
    const scene = recorded("none");
    const worker = scene.nodes.find(({ Spec }) => Spec.Role === "worker");
    const node = (label: string | undefined, Availability: string, State: string) => ({
      ...structuredClone(worker),
      ID: Math.random().toString(36).slice(2).padEnd(25, "x"),
      Spec: {
        Role: "worker",
        Availability,
        Labels: label === undefined ? null : { "hive.instance-id": label },
      },
      Status: { State },
    });
    scene.nodes.push(
      node("i-00000000000000001", "drain", "ready"),
      node("i-00000000000000002", "active", "down"),
      node("i-00000000000000003", "active", "ready"),
      node("i-00000000000000003", "active", "ready"),
      node(undefined, "active", "ready"),
      node("$(reboot)", "active", "ready"),
    );
    await on(scene);
    expect((await survey()).survey).toMatchObject({
      workers: ["i-00000000000000003", "i-08ace4892e28fd2ff", "i-0f04ea6387c485233"],
      unlabelled: 2,
    });
  });
});

describe("a fleet of 500 workers with two tasks each, and their history", () => {
  const fleet = (): Scene => {
    const scene = marked(recorded("exits-paused"), { "hive.roll.since": "2026-11-27T00:00:00Z" });
    const [node] = scene.nodes;
    const running = scene.tasks.find(({ Status }) => Status.State === "running");
    const failed = scene.tasks.find(({ ID }) => ID === "4di07rwxsaff9e17l4hg06dyb");
    const random = (length: number, radix: number, seed: number) => {
      let text = "";
      for (let state = seed + 1; text.length < length; state = (state * 48_271) % 2_147_483_647)
        text += (state % radix).toString(radix);
      return text;
    };
    // As wide as they are for real, with certificates and plugins.
    const nodes = Array.from({ length: 500 }, (_, index) => ({
      ...structuredClone(node),
      ID: random(25, 36, index),
      Spec: {
        Role: "worker",
        Availability: "active",
        Labels: { "hive.instance-id": `i-${random(17, 16, index)}` },
      },
      Padding: "x".repeat(2_000),
    }));
    const tasks = nodes.flatMap(({ ID: NodeID }, index) =>
      [1, 2].flatMap((each) => {
        const Slot = index * 2 + each;
        const task = (of: Raw, number: number, error?: string) => ({
          ...of,
          ID: random(25, 36, 10 * Slot + number),
          Slot,
          NodeID,
          Status: { ...of.Status, ...(error ? { Err: error } : {}) },
        });
        const history = [1, 2, 3, 4].map((number) => task(failed, number, `task: non-zero exit (${Slot})`));
        return [task(running, 0), ...history];
      }),
    );
    scene.service.Spec.Mode.Replicated.Replicas = 1_000;
    return { ...scene, nodes, tasks };
  };

  it("is told within the characters that Systems Manager keeps, with one question each", async () => {
    await on(fleet());
    const looked = await watch();
    expect(looked.facts.tasks).toMatchObject([{ state: "running", count: 1_000 }]);
    expect(looked.facts.failed).toBe(4_000);
    expect(looked.stdout.length).toBeLessThan(2_000);
    expect(manager.requests.filter(({ path }) => !path.endsWith("/logs"))).toHaveLength(3);
    // A second on an idle machine; this one may be busy.
    expect(looked.seconds).toBeLessThan(10);

    const surveyed = await manager.run("survey-services", { image: REPOSITORY });
    expect(surveyed.survey.workers).toHaveLength(500);
    expect(surveyed.stdout.length).toBeLessThan(12_000);
  });

  it("leaves failures out of a survey of many services rather than what decides", async () => {
    const scene = fleet();
    scene.tasks = scene.tasks.slice(0, 5);
    await on(scene);
    const services = Array.from({ length: 150 }, (_, index) => ({
      ...structuredClone(scene.service),
      ID: index.toString(36).padStart(25, "s"),
    }));
    const tasks = services.flatMap(({ ID }) =>
      scene.tasks.map((task, index) => ({
        ...task,
        ServiceID: ID,
        ID: `${index}${ID}`.slice(0, 25),
        Status: { ...task.Status, Err: `${ID} ${Math.random()} ${Math.random()} ${Math.random()}` },
      })),
    );
    manager.intercept = ({ path }) => {
      if (path === "/services") return { status: 200, body: JSON.stringify(services) };
      return path === "/tasks" ? { status: 200, body: JSON.stringify(tasks) } : undefined;
    };
    const { survey, stdout } = await manager.run("survey-services", { image: REPOSITORY });
    expect(stdout.length).toBeLessThan(24_000);
    expect(survey.services).toHaveLength(150);
    expect(survey.services[0]).toMatchObject({ failures: [], failed: 4 });
  });
});
