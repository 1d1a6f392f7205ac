// The writes of a roll, by the script itself: what each act makes of a service that was recorded on a real swarm, and what keeps it
// from writing at all.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { updateAnswer } from "../../shared/swarm/services.ts";
import { type Raw, recorded, type Scene, SwarmManager, updateConfig } from "./swarm-manager.ts";

const ROLL = "roll-2";
const REPOSITORY = "10.78.0.1:5000/hive-web";
const TARGET = `${REPOSITORY}:2.0.0@sha256:${"2".repeat(64)}`;
const SINCE = "2026-11-27T22:00:00.000Z";
const SEEN = "2026-11-27T21:59:00.000Z";

let manager: SwarmManager;
const on = async (scene: Scene): Promise<SwarmManager> => {
  manager = new SwarmManager(scene);
  await manager.start();
  return manager;
};
afterEach(() => manager.stop());

const update = (act: string, more: Record<string, string> = {}) =>
  manager.run("update-service", {
    serviceId: manager.scene.service.ID,
    rollId: ROLL,
    act,
    waitSeconds: "0",
    settleSeconds: "0",
    ...(act === "begin" ? { image: TARGET, since: SINCE, seen: SEEN } : {}),
    ...more,
  });
const begin = (more: Record<string, string> = {}) => update("begin", more);

const imageOf = (scene: Scene): string => scene.service.Spec.TaskTemplate.ContainerSpec.Image;
/** Its image is left out where the roll has not set it yet. */
const marker = (scene: Scene, more: Record<string, string> = {}): Record<string, string> => ({
  "hive.roll.id": ROLL,
  "hive.roll.image": TARGET,
  "hive.roll.from": imageOf(scene),
  "hive.roll.replicas": "6",
  "hive.roll.slots": "2",
  "hive.roll.phase": "begun",
  "hive.roll.since": SINCE,
  "hive.roll.seen": SEEN,
  ...more,
});
/** A service in the middle of a roll, shrunk to its two slots. */
const rolling = (name: string, more: Record<string, string> = {}): Scene => {
  const scene = recorded(name);
  scene.service.Spec.Labels = { team: "web", ...marker(scene), ...more };
  scene.service.Spec.Mode.Replicated.Replicas = Number(more["hive.roll.slots"] ?? 2);
  return scene;
};
const specOf = () => manager.scene.service.Spec;
const expectNoWrite = () => expect(manager.written).toEqual([]);

describe("begin", () => {
  it("notes N and the image before, shrinks to the slots that have a node, and leaves everything else as it is", async () => {
    const scene = recorded("over-committed");
    await on(scene);
    const { answer, facts } = await begin();
    expect(answer.outcome).toBe("done");
    const expected = structuredClone(scene.service.Spec);
    expected.Labels = marker(scene);
    expected.Mode.Replicated.Replicas = 2;
    expect(manager.written).toEqual([expected]);
    expect(facts.labels["hive.roll.id"]).toBe(ROLL);
    expect(updateAnswer.parse(answer).outcome).toBe("done");
  });

  it("writes by the version that was read, sends no credentials and asks for none to be changed", async () => {
    await on(recorded("none"));
    const version = String(manager.scene.service.Version.Index);
    await begin();
    const [write] = manager.requests.filter(({ method }) => method === "POST");
    expect(Object.fromEntries(write?.query ?? [])).toEqual({ version });
    expect(write?.headers).not.toHaveProperty("x-registry-auth");
  });

  it("is done when its own marker stands, in whatever phase", async () => {
    await on(rolling("none", { "hive.roll.phase": "forward" }));
    expect((await begin()).answer.outcome).toBe("done");
    expect((await begin({ expects: "roll-1" })).answer.outcome).toBe("done");
    expectNoWrite();
  });

  it("writes nothing when something that was pushed later has been decided on since", async () => {
    await on(recorded("none"));
    manager.scene.service.Spec.Labels = { "hive.roll.seen": "2026-11-27T23:00:00.000Z" };
    expect((await begin({ seen: "2026-11-27T22:59:59.999Z" })).answer.outcome).toBe("changed");
    expectNoWrite();
    expect((await begin({ seen: "2026-11-27T23:00:00.000Z" })).answer.outcome).toBe("done");
  });

  it.each([
    ["another's marker stands, and none was expected", "roll-1", ""],
    ["another's marker stands than was expected", "roll-0", "roll-1"],
    ["a marker was expected, and none stands", "", "roll-1"],
  ])("writes nothing when %s", async (_what, stands, expects) => {
    await on(stands ? rolling("none", { "hive.roll.id": stands }) : recorded("none"));
    const { answer, facts } = await begin({ expects });
    expect(answer.outcome).toBe("changed");
    expect(facts.labels["hive.roll.id"] ?? "").toBe(stands);
    expectNoWrite();
  });

  it("takes N and the image before over from the marker that it replaces, and nothing else of it", async () => {
    const scene = rolling("completed", {
      "hive.roll.id": "roll-1",
      "hive.roll.from": `${REPOSITORY}:1.0.0@sha256:${"1".repeat(64)}`,
      "hive.roll.phase": "back",
      "hive.roll.cause": "unhealthy",
      "hive.roll.resumed": "3",
      "hive.previous": "some other",
    });
    await on(scene);
    expect((await begin({ expects: "roll-1" })).answer.outcome).toBe("done");
    expect(specOf().Labels).toEqual({
      ...marker(scene, { "hive.roll.from": `${REPOSITORY}:1.0.0@sha256:${"1".repeat(64)}` }),
      team: "web",
      "hive.previous": "some other",
    });
    expect(specOf().Mode.Replicated.Replicas).toBe(2);
  });

  it("believes a person who scaled while the roll before was under way", async () => {
    const scene = rolling("completed", { "hive.roll.id": "roll-1" });
    scene.service.Spec.Mode.Replicated.Replicas = 9;
    await on(scene);
    await begin({ expects: "roll-1" });
    expect(specOf().Labels).toMatchObject({ "hive.roll.replicas": "9", "hive.roll.slots": "2" });
  });

  it("keeps the later of two times up to which pushes were decided on", async () => {
    const scene = recorded("none");
    scene.service.Spec.Labels = { "hive.roll.seen": "2026-11-27T21:59:00.001Z" };
    await on(scene);
    await begin();
    expect(specOf().Labels["hive.roll.seen"]).toBe("2026-11-27T21:59:00.001Z");
  });

  it("takes what is no time for long ago, and what is no number for none", async () => {
    const odd = {
      "hive.roll.id": "roll-1",
      "hive.roll.seen": "zzzz",
      "hive.roll.replicas": "1e99",
      "hive.roll.slots": "-2",
    };
    await on(rolling("none", odd));
    manager.scene.service.Spec.Mode.Replicated.Replicas = 2;
    expect((await begin({ expects: "roll-1" })).answer.outcome).toBe("done");
    expect(specOf().Labels).toMatchObject({
      "hive.roll.seen": SEEN,
      "hive.roll.replicas": "2",
      "hive.roll.slots": "2",
    });
  });

  it("waits until no task is on its way, for otherwise swarm may keep a starting one and stop a running one", async () => {
    await on(recorded("starting"));
    const { tasks } = manager.scene;
    manager.intercept = ({ path }) => {
      const looks = manager.requests.filter((request) => request.path === "/tasks").length;
      if (path === "/tasks" && looks === 3)
        for (const task of tasks) if (task.Status.State === "starting") task.Status.State = "running";
      return undefined;
    };
    await begin({ settleSeconds: "60" });
    const order = manager.requests.map(({ method, path }) => (method === "POST" ? "write" : path)).join(" ");
    expect(order.match(/\/tasks/g)?.length).toBe(5);
    expect(order).toMatch(/(\/tasks .*){4}write/);
  });

  it("does not wait for ever, and not at all for a marker that it takes over", async () => {
    await on(recorded("starting"));
    await begin({ settleSeconds: "2" });
    expect(manager.written).toHaveLength(1);
    await manager.stop();
    await on(rolling("starting", { "hive.roll.id": "roll-1" }));
    const { seconds } = await begin({ settleSeconds: "600", expects: "roll-1" });
    expect(manager.written).toHaveLength(1);
    expect(seconds).toBeLessThan(20);
  });

  it("counts a slot whose next task waits for the one before to stop, but not when that one's node is down or drained", async () => {
    await on(rolling("replacing", { "hive.roll.id": "roll-1" }));
    await begin({ expects: "roll-1" });
    expect(specOf().Labels["hive.roll.slots"]).toBe("2");
    await manager.stop();
    await on(rolling("node-down", { "hive.roll.id": "roll-1" }));
    await begin({ expects: "roll-1" });
    expect(specOf().Labels["hive.roll.slots"]).toBe("1");
    await manager.stop();
    const scene = rolling("replacing", { "hive.roll.id": "roll-1" });
    for (const { Spec } of scene.nodes) if (Spec.Role === "worker") Spec.Availability = "drain";
    await on(scene);
    await begin({ expects: "roll-1" });
    expect(specOf().Labels["hive.roll.slots"]).toBe("1");
  });

  it("goes back to what the tasks run when an update stands paused on another image: any write would go on with that one", async () => {
    const scene = recorded("exits-paused");
    const before = scene.tasks.find(({ Status }) => Status.State === "running").Spec.ContainerSpec.Image;
    await on(scene);
    await begin();
    expect(specOf().TaskTemplate.ContainerSpec.Image).toBe(before);
    expect(specOf().UpdateConfig).toEqual(updateConfig);
    expect(specOf().Labels).toMatchObject({ "hive.roll.from": before, "hive.roll.image": TARGET });
  });

  it("goes back to the image before it when it takes over a roll that stands paused", async () => {
    const before = `${REPOSITORY}:1.0.0@sha256:${"1".repeat(64)}`;
    await on(
      rolling("exits-paused", {
        "hive.roll.id": "roll-1",
        "hive.roll.from": before,
        "hive.roll.phase": "forward",
      }),
    );
    await begin({ expects: "roll-1" });
    expect(specOf().TaskTemplate.ContainerSpec.Image).toBe(before);
  });

  it("leaves the image alone while an update by hand is on its way, and would go back to what most tasks run", async () => {
    const scene = recorded("stuck-updating");
    await on(scene);
    await begin();
    expect(specOf().TaskTemplate.ContainerSpec.Image).toBe(imageOf(scene));
    expect(specOf().UpdateConfig).toEqual(scene.service.Spec.UpdateConfig);
    expect(specOf().Labels["hive.roll.from"]).toMatch(/:1\.0\.0@/);
  });

  it("has no other image to go back to where nothing runs", async () => {
    const scene = recorded("exits-paused");
    scene.tasks = [];
    await on(scene);
    await begin();
    expect(specOf().Labels).toMatchObject({ "hive.roll.from": imageOf(scene), "hive.roll.slots": "0" });
    expect(specOf().Mode.Replicated.Replicas).toBe(0);
  });

  it("of a global service notes no replicas, and shrinks nothing", async () => {
    const scene = recorded("none");
    scene.service.Spec.Mode = { Global: {} };
    await on(scene);
    await begin();
    expect(specOf().Mode).toEqual({ Global: {} });
    expect(specOf().Labels).toEqual({
      ...scene.service.Spec.Labels,
      ...marker(scene, { "hive.roll.replicas": "", "hive.roll.slots": "" }),
    });
  });
});

describe("image", () => {
  const holders = "i-08ace4892e28fd2ff i-0f04ea6387c485233";

  it("sets the image and how to update, and nothing else", async () => {
    const scene = rolling("none");
    await on(scene);
    const { answer } = await update("image", {
      holders,
      parallelism: "3",
      delaySeconds: "10",
      monitorSeconds: "60",
    });
    expect(answer.outcome).toBe("done");
    const expected = structuredClone(scene.service.Spec);
    expected.TaskTemplate.ContainerSpec.Image = TARGET;
    expected.Labels["hive.roll.phase"] = "forward";
    expected.UpdateConfig = {
      ...updateConfig,
      Parallelism: 3,
      Delay: 10_000_000_000,
      Monitor: 60_000_000_000,
    };
    expect(manager.written).toEqual([expected]);
  });

  it("always leaves a moment between two replacements: without one, swarm replaces a second task as the first one fails", async () => {
    await on(rolling("none"));
    await update("image", { holders, delaySeconds: "0", monitorSeconds: "0" });
    const { Monitor: _, ...unmonitored } = updateConfig;
    expect(specOf().UpdateConfig).toEqual(unmonitored);
  });

  it("names workers that take tasks and do not hold the image, and writes nothing", async () => {
    await on(rolling("none"));
    const { answer } = await update("image", { holders: "i-08ace4892e28fd2ff" });
    expect(answer).toMatchObject({ outcome: "new-hosts", hosts: "i-0f04ea6387c485233" });
    expect(updateAnswer.parse(answer)).toMatchObject({ outcome: "new-hosts", hosts: "i-0f04ea6387c485233" });
    expectNoWrite();
  });

  it("does not wait for hosts that take no tasks, or that nobody can name", async () => {
    const scene = rolling("none");
    const [one, other] = scene.nodes.filter(({ Spec }) => Spec.Role === "worker");
    one.Spec.Availability = "drain";
    other.Spec.Labels = {};
    await on(scene);
    expect((await update("image")).answer.outcome).toBe("done");
    expect(manager.written).toHaveLength(1);
  });

  it("names 200 hosts at most, so that the answer fits", async () => {
    const scene = rolling("none");
    const worker = scene.nodes.find(({ Spec }) => Spec.Role === "worker");
    for (let index = 0; index < 900; index++)
      scene.nodes.push({
        ...structuredClone(worker),
        ID: `n${index}`,
        Spec: { ...worker.Spec, Labels: { "hive.instance-id": `i-${String(index).padStart(17, "0")}` } },
      });
    await on(scene);
    const { answer, stdout } = await update("image", { holders });
    expect(answer.hosts.split(" ")).toHaveLength(200);
    expect(stdout.length).toBeLessThan(24_000);
  });

  it("is done when it was done, whoever has joined since", async () => {
    await on(rolling("none"));
    await update("image", { holders });
    expect((await update("image")).answer.outcome).toBe("done");
    expect(manager.written).toHaveLength(1);
  });

  it("without an image in the marker is refused", async () => {
    await on(rolling("none", { "hive.roll.image": "" }));
    expect((await update("image", { holders })).answer.failed).toMatchObject({
      step: "update",
      cause: expect.stringContaining("hive.roll.image is gone"),
    });
    expectNoWrite();
  });
});

describe("shrink", () => {
  it("goes down to the slots that still have a node", async () => {
    const scene = rolling("node-down", { "hive.roll.phase": "forward" });
    await on(scene);
    expect((await update("shrink")).answer.outcome).toBe("done");
    expect(specOf().Mode.Replicated.Replicas).toBe(1);
    expect(specOf().Labels).toEqual({ ...scene.service.Spec.Labels, "hive.roll.slots": "1" });
  });

  it("takes what a person has scaled to meanwhile for N", async () => {
    const scene = rolling("over-committed");
    scene.service.Spec.Mode.Replicated.Replicas = 8;
    await on(scene);
    await update("shrink");
    expect(specOf().Labels).toMatchObject({ "hive.roll.replicas": "8", "hive.roll.slots": "2" });
    expect(specOf().Mode.Replicated.Replicas).toBe(2);
  });

  it("writes nothing when there is nothing to take away, nor for a global service", async () => {
    await on(rolling("replacing"));
    expect((await update("shrink")).answer.outcome).toBe("done");
    manager.scene.service.Spec.Mode = { Global: {} };
    expect((await update("shrink")).answer.outcome).toBe("done");
    expectNoWrite();
  });
});

describe("resume", () => {
  it("writes a number that counts up, since any write wakes a paused update", async () => {
    const scene = rolling("exits-paused");
    await on(scene);
    await update("resume");
    await update("resume");
    expect(manager.written.map(({ Labels }) => Labels["hive.roll.resumed"])).toEqual(["1", "2"]);
    expect(specOf()).toEqual({
      ...scene.service.Spec,
      Labels: { ...scene.service.Spec.Labels, "hive.roll.resumed": "2" },
    });
  });
});

describe("back", () => {
  it("sets the image before, and notes why", async () => {
    const scene = rolling("exits-paused", {
      "hive.roll.phase": "forward",
      "hive.roll.from": `${REPOSITORY}:1.0.0@sha256:${"1".repeat(64)}`,
    });
    await on(scene);
    expect((await update("back", { cause: "start-failed" })).answer.outcome).toBe("done");
    const expected = structuredClone(scene.service.Spec);
    expected.TaskTemplate.ContainerSpec.Image = `${REPOSITORY}:1.0.0@sha256:${"1".repeat(64)}`;
    Object.assign(expected.Labels, { "hive.roll.phase": "back", "hive.roll.cause": "start-failed" });
    expected.UpdateConfig = updateConfig;
    expect(manager.written).toEqual([expected]);
    await update("back", { cause: "start-failed" });
    expect(manager.written).toHaveLength(1);
  });

  it("without an image to go back to is refused", async () => {
    await on(rolling("exits-paused", { "hive.roll.from": "" }));
    expect((await update("back")).answer.failed.cause).toContain("hive.roll.from is gone");
    expectNoWrite();
  });
});

describe("end", () => {
  const FROM = `${REPOSITORY}:1.0.0@sha256:${"1".repeat(64)}`;

  it("restores N, takes the marker away and remembers the image before, without waiting", async () => {
    const scene = rolling("completed", {
      "hive.roll.phase": "forward",
      "hive.roll.from": FROM,
      "hive.roll.resumed": "1",
    });
    await on(scene);
    const { answer } = await update("end", { waitSeconds: "600" });
    expect(answer.outcome).toBe("done");
    const expected = structuredClone(scene.service.Spec);
    expected.Mode.Replicated.Replicas = 6;
    expected.Labels = { team: "web", "hive.roll.seen": SEEN, "hive.roll.last": ROLL, "hive.previous": FROM };
    expect(manager.written).toEqual([expected]);
  });

  it("is done when it was done, as only this roll can be", async () => {
    await on(rolling("completed", { "hive.roll.phase": "forward" }));
    await update("end");
    expect((await update("end")).answer.outcome).toBe("done");
    expect((await update("end", { rollId: "roll-0" })).answer.outcome).toBe("lost");
    expect(manager.written).toHaveLength(1);
  });

  it("does not remember an image that was gone back to, nor one of the same digest", async () => {
    await on(rolling("none", { "hive.roll.phase": "back", "hive.roll.from": FROM }));
    await update("end");
    expect(specOf().Labels).not.toHaveProperty("hive.previous");
    await manager.stop();
    await on(
      rolling("none", {
        "hive.roll.phase": "forward",
        "hive.roll.from": TARGET.replace(":2.0.0", ":latest"),
      }),
    );
    await update("end");
    expect(specOf().Labels).not.toHaveProperty("hive.previous");
  });

  it("keeps what a person has scaled to meanwhile, also where the labels are no numbers any more", async () => {
    const scene = rolling("completed");
    scene.service.Spec.Mode.Replicated.Replicas = 9;
    await on(scene);
    await update("end");
    expect(specOf().Mode.Replicated.Replicas).toBe(9);
    await manager.stop();
    await on(rolling("completed", { "hive.roll.replicas": "$(reboot)" }));
    await update("end");
    expect(specOf().Mode.Replicated.Replicas).toBe(2);
  });

  it("leaves the mode of a global service alone", async () => {
    const scene = rolling("none", { "hive.roll.replicas": "", "hive.roll.slots": "" });
    scene.service.Spec.Mode = { Global: {} };
    await on(scene);
    await update("end");
    expect(specOf().Mode).toEqual({ Global: {} });
    expect(specOf().Labels["hive.roll.last"]).toBe(ROLL);
  });
});

describe("a write", () => {
  it.each(["image", "shrink", "resume", "back", "end"])(
    "is not made for a marker that is gone or another's: %s is lost",
    async (act) => {
      await on(rolling("none", { "hive.roll.id": "roll-3", "hive.roll.last": "roll-1" }));
      const { answer, facts } = await update(act);
      expect(answer.outcome).toBe("lost");
      expect(facts.labels["hive.roll.id"]).toBe("roll-3");
      delete manager.scene.service.Spec.Labels["hive.roll.id"];
      expect((await update(act)).answer.outcome).toBe("lost");
      expectNoWrite();
    },
  );

  it("that somebody else was faster than is judged again on what he has made of it", async () => {
    await on(recorded("over-committed"));
    let races = 3;
    manager.intercept = ({ method }) => {
      if (method === "POST" && races-- > 0) {
        const { service } = manager.scene;
        service.Version.Index += 1;
        service.Spec.Labels = { ...service.Spec.Labels, [`by-hand-${races}`]: "yes" };
        service.Spec.Mode.Replicated.Replicas += 1;
      }
      return undefined;
    };
    expect((await begin()).answer.outcome).toBe("done");
    expect(manager.written).toHaveLength(1);
    expect(specOf().Labels).toMatchObject({
      "by-hand-0": "yes",
      "by-hand-2": "yes",
      "hive.roll.replicas": "9",
    });
  });

  it("is not made when a faster one was another roll's", async () => {
    await on(recorded("over-committed"));
    manager.intercept = ({ method }) => {
      if (method === "POST") {
        manager.scene.service.Version.Index += 1;
        manager.scene.service.Spec.Labels = { "hive.roll.id": "roll-3" };
      }
      return undefined;
    };
    expect((await begin()).answer.outcome).toBe("changed");
    expectNoWrite();
  });

  it("that is never in sequence is given up, with the reason", async () => {
    await on(recorded("over-committed"));
    manager.intercept = ({ method }) => {
      if (method === "POST") manager.scene.service.Version.Index += 1;
      return undefined;
    };
    const { answer, status } = await begin();
    expect(status).toBe(1);
    expect(answer.failed).toMatchObject({
      step: "update",
      cause: expect.stringContaining("20 writes were out of sequence"),
    });
  });

  it.each([
    [
      400,
      "rpc error: code = InvalidArgument desc = ContainerSpec: image reference must be provided",
      "update",
    ],
    [404, "network hive-net not found", "update"],
    [503, "rpc error: code = Unknown desc = The swarm does not have a leader", "manager"],
    [500, "rpc error: code = DeadlineExceeded desc = context deadline exceeded", "manager"],
  ])("that is answered with %i, %s, fails as %s", async (status, message, step) => {
    await on(rolling("none"));
    manager.intercept = ({ method }) =>
      method === "POST" ? { status, body: JSON.stringify({ message }) } : undefined;
    const { answer } = await update("resume");
    expect(answer.failed).toEqual({
      step,
      cause: `service ${manager.scene.service.ID} (resume): ${message}`,
    });
  });

  it("that is not answered says so of this manager alone", async () => {
    await on(rolling("none"));
    const { service } = manager.scene;
    manager.program(
      "curl",
      `case "$*" in */update*) echo "curl: (28) Operation timed out" >&2; printf '\\n000\\n'; exit 28 ;; esac
       exec engine-curl "$@"`,
    );
    expect((await update("resume")).answer.failed).toMatchObject({
      step: "manager",
      cause: expect.stringContaining(`service ${service.ID} (resume): curl: (28) Operation timed out`),
    });
  });

  it("to a service that is gone, before or in between, is no failure", async () => {
    await on(rolling("none"));
    expect((await update("resume", { serviceId: "z".repeat(25) })).answer).toEqual({ outcome: "no-service" });
    const message = `service ${manager.scene.service.ID} not found`;
    manager.intercept = ({ method }) =>
      method === "POST" ? { status: 404, body: JSON.stringify({ message }) } : undefined;
    expect((await update("resume")).answer).toEqual({ outcome: "no-service" });
  });

  it("is followed by a look until the service has settled", async () => {
    await on(rolling("none"));
    manager.afterWrite = (scene) => {
      scene.service.UpdateStatus = { State: "updating", StartedAt: SINCE, Message: "update in progress" };
    };
    manager.intercept = ({ path }) => {
      const looks = manager.requests.filter((request) => request.path === "/nodes").length;
      if (path === "/nodes" && looks === 3) manager.scene.service.UpdateStatus.State = "paused";
      return undefined;
    };
    const { facts } = await update("resume", { waitSeconds: "60" });
    expect(facts.update.state).toBe("paused");
  });

  it("of a number that jq cannot keep is refused, and one that it can is kept", async () => {
    const scene = rolling("none");
    scene.service.Spec.TaskTemplate.Resources = { Limits: { MemoryBytes: 9_007_199_254_740_991 } };
    await on(scene);
    await update("resume");
    expect(manager.requests.find(({ method }) => method === "POST")?.body).toContain(":9007199254740991");
    await manager.stop();
    scene.service.Spec.TaskTemplate.Resources = { Limits: { MemoryBytes: 9_007_199_254_740_992 } };
    await on(scene);
    expect((await update("resume")).answer.failed).toMatchObject({
      step: "update",
      cause: expect.stringContaining("a number of 2^53 or more"),
    });
    expectNoWrite();
  });

  it("shows nothing of the environment, the secrets and the arguments of a service, whatever comes of it", async () => {
    const secret = "correct horse battery staple";
    const spec = (scene: Scene): Scene => {
      scene.service.Spec.TaskTemplate.ContainerSpec.Env = [`DATABASE_PASSWORD=${secret}`];
      scene.service.Spec.TaskTemplate.ContainerSpec.Args = ["--password", secret];
      return scene;
    };
    const said: string[] = [];
    for (const [act, more] of [
      ["begin", { expects: ROLL }],
      ["image", { holders: "" }],
      ["resume", {}],
      ["back", { cause: "unhealthy" }],
      ["nonsense", {}],
    ] as const) {
      await on(spec(rolling("none")));
      const { stdout, stderr, facts } = await update(act, more);
      said.push(stdout, stderr, JSON.stringify(facts));
      await manager.stop();
    }
    await on(spec(rolling("none")));
    manager.scene.service.Spec.Mode = secret as Raw;
    const { stdout, stderr, answer } = await update("shrink");
    expect(answer.failed.step).toBe("facts");
    expect([...said, stdout, stderr].join("\n")).not.toContain("battery");
  });

  it("leaves nothing behind on the manager", async () => {
    await on(rolling("none"));
    const work = join(manager.directory, "work");
    manager.program("mktemp", `mkdir ${work}; echo ${work}`);
    await update("resume");
    expect(existsSync(work)).toBe(false);
    expect(manager.written).toHaveLength(1);
  });
});

describe("scale", () => {
  const scale = (more: Record<string, string> = {}) => update("scale", { replicas: "9", was: "6", ...more });

  it("writes the number of replicas and nothing else, and needs no roll", async () => {
    const scene = recorded("over-committed");
    await on(scene);
    const { answer, facts } = await scale();
    expect([answer.outcome, facts.replicas]).toEqual(["done", 9]);
    const expected = structuredClone(scene.service.Spec);
    expected.Mode.Replicated.Replicas = 9;
    expect(manager.written).toEqual([expected]);
    expect((await scale()).answer.outcome).toBe("done");
    expect(manager.written).toHaveLength(1);
  });

  it("takes whatever was there, where the caller names no number that it saw", async () => {
    await on(recorded("over-committed"));
    expect((await scale({ was: "" })).facts.replicas).toBe(9);
  });

  it.each([
    ["a roll's marker stands", () => rolling("over-committed"), { was: "2" }],
    ["an update stands paused, which any write would wake", () => recorded("exits-paused"), { was: "" }],
    ["somebody has scaled since", () => recorded("over-committed"), { was: "5" }],
  ])("writes nothing where %s", async (_case, scene, more) => {
    await on(scene());
    const { answer } = await scale(more);
    expect(updateAnswer.parse(answer).outcome).toBe("changed");
    expectNoWrite();
  });

  it("refuses a service that has no number of replicas, and one of no number", async () => {
    await on(recorded("over-committed"));
    expect((await scale({ replicas: "" })).answer.failed.cause).toContain("no number of replicas is named");
    manager.scene.service.Spec.Mode = { Global: {} };
    expect((await scale()).answer.failed).toEqual({
      step: "update",
      cause: expect.stringContaining("(scale): it has no number of replicas"),
    });
    expectNoWrite();
  });

  it("waits for tasks that are on their way: scaled down in between, swarm may stop a running one instead", async () => {
    const scene = recorded("over-committed");
    const task = scene.tasks.find(
      ({ Status, DesiredState }) => Status.State === "running" && DesiredState === "running",
    );
    task.Status.State = "starting";
    await on(scene);
    let looks = 0;
    manager.intercept = ({ path }) => {
      if (path === "/tasks" && ++looks === 2)
        for (const { ID, Status } of manager.scene.tasks) if (ID === task.ID) Status.State = "running";
      return undefined;
    };
    expect((await scale({ replicas: "2", settleSeconds: "20" })).facts.replicas).toBe(2);
    expect(looks).toBeGreaterThan(2);
  });
});
