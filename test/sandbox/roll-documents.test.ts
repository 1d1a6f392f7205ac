// The documents of a roll on a real swarm, one after the other as a roll sends them: an over-committed service goes through to another
// version, or back from one that fails, and what else its spec holds stays as it was.
import { gunzipSync } from "node:zlib";
import { GetCommandInvocationCommand, SendCommandCommand } from "@aws-sdk/client-ssm";
import { addresses, names } from "../../sandbox/cloud/configuration.ts";
import type { EngineTask } from "../../sandbox/cloud/engine.ts";
import type { ServiceFacts, Survey } from "../../shared/swarm/services.ts";
import { withSandbox } from "./support.ts";

const REPOSITORY = `${addresses.registry}/${names.repository}`;
const REPLICAS = 6;

interface RawService {
  ID: string;
  Version: { Index: number };
  Spec: {
    Labels: Record<string, string>;
    Mode: { Replicated: { Replicas: number } };
    TaskTemplate: { ContainerSpec: { Image: string } };
    UpdateConfig: Record<string, unknown>;
  };
  UpdateStatus?: { State: string };
}

type Answer = Record<string, unknown> & { outcome?: string; failed?: { step: string; cause: string } };

describe("an over-committed service", () => {
  // Nothing but this test rolls it.
  const sandbox = withSandbox({ workers: 2, replicas: REPLICAS, paused: true });

  const manager = async (): Promise<string> => (await sandbox().managers())[0]?.instanceId ?? "";
  const workers = async (): Promise<string[]> =>
    (await sandbox().workers()).map(({ instanceId }) => instanceId);

  /** Sends a document as whoever operates the swarm, and reads its answer. */
  const send = async (
    document: string,
    instanceId: string,
    parameters: Record<string, string>,
  ): Promise<Answer> => {
    const { Command } = await sandbox().systemsManager.send(
      new SendCommandCommand({
        DocumentName: `hive-swarm-dev-${document}`,
        InstanceIds: [instanceId],
        Parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, [value]])),
      }),
    );
    const ended = await sandbox().until(
      `the end of ${document}`,
      async () => {
        const invocation = await sandbox().systemsManager.send(
          new GetCommandInvocationCommand({ CommandId: Command?.CommandId, InstanceId: instanceId }),
        );
        return !["Pending", "InProgress", "Delayed"].includes(invocation.Status ?? "") && invocation;
      },
      180,
    );
    expect(ended.StandardErrorContent).toBe("");
    return JSON.parse(ended.StandardOutputContent?.split("\n")[0] ?? "");
  };
  const unpacked = (answer: Answer) =>
    JSON.parse(gunzipSync(Buffer.from(String(answer.gz), "base64")).toString());

  const service = async (name: string = names.service): Promise<RawService> =>
    sandbox()
      .engine(await manager())
      .get<RawService>(`/services/${name}`);
  const tasks = async (
    name: string = names.service,
  ): Promise<(EngineTask & { Status: { ContainerStatus?: { ContainerID: string } } })[]> =>
    sandbox()
      .engine(await manager())
      .get(`/tasks?filters=${encodeURIComponent(JSON.stringify({ service: [name] }))}`);
  /** Containers that run, with their image. */
  const containers = async (name?: string) =>
    (await tasks(name))
      .filter(({ Status, DesiredState }) => Status.State === "running" && DesiredState === "running")
      .map(({ Status, Spec }) => `${Status.ContainerStatus?.ContainerID} ${Spec.ContainerSpec?.Image}`)
      .sort();
  const runs = async (image: string) =>
    (await containers()).filter((line) => line.endsWith(` ${image}`)).length;

  const update = async (rollId: string, act: string, more: Record<string, string> = {}, name?: string) => {
    const answer = await send("update-service", await manager(), {
      serviceId: (await service(name)).ID,
      rollId,
      act,
      monitorSeconds: "2",
      waitSeconds: "60",
      ...more,
    });
    return { ...answer, facts: answer.gz === undefined ? undefined : (unpacked(answer) as ServiceFacts) };
  };
  const begin = (rollId: string, image: string, more: Record<string, string> = {}, name?: string) => {
    const now = new Date().toISOString();
    return update(rollId, "begin", { image, since: now, seen: now, ...more }, name);
  };
  const holdEverywhere = async (image: string) => {
    for (const worker of await workers())
      expect(await hold(worker, { images: image })).toMatchObject({ held: 1, missing: "" });
  };
  const hold = (worker: string, parameters: Record<string, string>) =>
    send("hold-images", worker, {
      registry: addresses.registry,
      registryRegion: names.registryRegion,
      ...parameters,
    });
  const hasImage = async (worker: string, image: string): Promise<boolean> =>
    sandbox()
      .engine(worker)
      .get(`/images/${encodeURIComponent(image)}/json`)
      .then(
        () => true,
        () => false,
      );

  const byHand = async (change: (spec: RawService["Spec"]) => void): Promise<void> => {
    const { Spec, Version } = await service();
    change(Spec);
    await sandbox()
      .engine(await manager())
      .post(`/services/${names.service}/update?version=${Version.Index}`, Spec);
  };

  let first: string;
  let second: string;
  beforeAll(async () => {
    first = (await service()).Spec.TaskTemplate.ContainerSpec.Image;
    second = (await sandbox().control.push({ version: "2.0.0" })).image;
    await sandbox().until("both places to be taken", async () => (await runs(first)) === 2);
  });

  it("is found by a survey, with the workers that could run it", async () => {
    const {
      services,
      workers: found,
      unlabelled,
    } = unpacked(await send("survey-services", await manager(), { image: REPOSITORY })) as Survey;
    expect(found.sort()).toEqual((await workers()).sort());
    expect({ unlabelled, names: services.map(({ name }) => name) }).toEqual({
      unlabelled: 0,
      names: [names.service],
    });
    expect(services[0]).toMatchObject({
      image: first,
      replicas: REPLICAS,
      mode: "replicated",
      managersOnly: false,
      tasks: [
        { image: first, state: "pending", placed: false, count: REPLICAS - 2 },
        { image: first, state: "running", placed: true, count: 2 },
      ],
      waiting: [expect.stringContaining("no suitable node")],
    });
  });

  it("has its next image on each host first: pulled by digest, once, with the host's own role", async () => {
    const [worker = ""] = await workers();
    expect(await hold(worker, { images: `${first} ${second}` })).toEqual({
      held: 2,
      pulled: 1,
      pruned: 0,
      disk: expect.any(Number),
      missing: "",
    });
    expect(await hold(worker, { images: second })).toMatchObject({ held: 1, pulled: 0 });
    expect(await hasImage(worker, second)).toBe(true);
  });

  it("has a host say which image it cannot have, and why; a spare it does without", async () => {
    const [worker = ""] = await workers();
    const nowhere = `${REPOSITORY}:9.9.9@sha256:${"9".repeat(64)}`;
    const { failed } = await hold(worker, { images: nowhere });
    expect(failed).toMatchObject({
      step: "pull",
      cause: expect.stringMatching(/manifest unknown|not found/),
    });
    expect(failed?.cause.startsWith(`${nowhere}: `)).toBe(true);
    expect(await hold(worker, { images: `+${nowhere} ${second}` })).toMatchObject({
      held: 1,
      missing: nowhere,
    });

    const refused = (await sandbox().control.push({ version: "2.0.1", tags: ["2.0.1"] })).image;
    await sandbox().control.refusePulls(names.repository, true);
    expect((await hold(worker, { images: refused })).failed).toMatchObject({
      step: "pull",
      cause: expect.stringMatching(/not authorized|denied|AccessDenied/i),
    });
    await sandbox().control.refusePulls(names.repository, false);
  });

  it("goes through to the next version, shrunk to its places meanwhile, and has its replicas back in the end", async () => {
    const before = await containers();
    const { Spec } = await service();
    const begun = await begin("roll-1", second);
    expect(begun).toMatchObject({ outcome: "done", facts: { replicas: 2, update: { state: "none" } } });
    expect((await service()).Spec).toEqual({
      ...Spec,
      Mode: { Replicated: { Replicas: 2 } },
      Labels: expect.objectContaining({
        "hive.roll.id": "roll-1",
        "hive.roll.image": second,
        "hive.roll.from": first,
        "hive.roll.replicas": String(REPLICAS),
        "hive.roll.slots": "2",
        "hive.roll.phase": "begun",
      }),
    });
    // The marker and the shrinking have stopped nothing that ran.
    expect(await containers()).toEqual(before);

    const [one = "", other = ""] = await workers();
    expect(await update("roll-1", "image", { holders: one })).toMatchObject({
      outcome: "new-hosts",
      hosts: other,
    });
    await holdEverywhere(second);
    const set = await update("roll-1", "image", { holders: `${one} ${other}` });
    expect(set).toMatchObject({
      outcome: "done",
      facts: {
        update: { state: "completed" },
        failed: 0,
        tasks: [{ image: second, state: "running", placed: true, count: 2 }],
      },
    });
    const ended = await update("roll-1", "end");
    expect(ended.outcome).toBe("done");
    const { Spec: after } = await service();
    expect(after.Mode.Replicated.Replicas).toBe(REPLICAS);
    const own = Object.keys(after.Labels).filter((label) => !label.startsWith("com.docker.stack."));
    expect(own.sort()).toEqual(["hive.previous", "hive.roll.last", "hive.roll.seen"]);
    expect(after.Labels).toMatchObject({ "hive.previous": first, "hive.roll.last": "roll-1" });
    expect(await runs(second)).toBe(2);
    expect((await update("roll-1", "end")).outcome).toBe("done");
    expect((await update("roll-1", "resume")).outcome).toBe("lost");
  });

  it("goes back from an image that exits at once, with its last lines as the cause, and loses one task at most", async () => {
    const bad = (await sandbox().control.push({ version: "3.0.0", variant: "exits" })).image;
    await holdEverywhere(bad);
    const holders = (await workers()).join(" ");
    expect((await begin("roll-2", bad)).outcome).toBe("done");
    const { facts } = await update("roll-2", "image", { holders });
    expect(facts?.update.state === "paused" || (facts?.failed ?? 0) > 0).toBe(true);
    const watched = unpacked(
      await send("watch-service", await manager(), {
        serviceId: (await service()).ID,
        rollId: "roll-2",
        waitSeconds: "30",
      }),
    ) as ServiceFacts & { failures: { container: string }[] };
    expect(watched.update).toMatchObject({
      state: "paused",
      message: expect.stringContaining("early termination"),
    });
    const [failure] = watched.failures;
    expect(failure).toMatchObject({ state: "failed", exitCode: 3, node: "ready", availability: "active" });
    expect(failure?.lines).toMatch(/no database answers at db\.internal:5432/);
    expect(await workers()).toContain(failure?.instance);
    // The moment between two replacements (docs/facts.md, D22) keeps swarm from the second one.
    expect(await runs(second)).toBe(1);
    expect(
      await send("explain-task", failure?.instance ?? "", { container: failure?.container ?? "" }),
    ).toMatchObject({
      outcome: "seen",
      exitCode: 3,
      oomKilled: false,
      unhealthy: false,
      lines: expect.stringContaining("no database answers"),
    });

    const back = await update("roll-2", "back", { cause: "start-failed" });
    expect(back.facts).toMatchObject({ image: second, update: { state: "completed" } });
    expect((await update("roll-2", "end")).outcome).toBe("done");
    const { Spec } = await service();
    expect(Spec.TaskTemplate.ContainerSpec.Image).toBe(second);
    expect(Spec.Mode.Replicated.Replicas).toBe(REPLICAS);
    expect(Spec.Labels).toMatchObject({ "hive.previous": first, "hive.roll.last": "roll-2" });
    expect(await runs(second)).toBe(2);
  });

  it("is not rolled any further by the begin of a roll that finds it paused on such an image", async () => {
    const bad = (await sandbox().control.push({ version: "3.0.0", variant: "exits" })).image;
    // A person's updates: one to two replicas, so that the next can end at all, and one that swarm pauses.
    await byHand((spec) => {
      spec.Mode.Replicated.Replicas = 2;
    });
    await byHand((spec) => {
      spec.TaskTemplate.ContainerSpec.Image = bad;
    });
    await sandbox().until("swarm to pause", async () => (await service()).UpdateStatus?.State === "paused");
    expect(await runs(second)).toBe(1);
    const { facts } = await begin("roll-3", first);
    expect(facts).toMatchObject({
      image: second,
      labels: { "hive.roll.from": second },
      update: { state: "completed" },
    });
    expect(await runs(second)).toBe(2);
    expect((await update("roll-3", "end")).outcome).toBe("done");
    await byHand((spec) => {
      spec.Mode.Replicated.Replicas = REPLICAS;
    });
  });

  it("goes back from an image that never becomes healthy, and the host alone knows why", async () => {
    const sick = (await sandbox().control.push({ version: "4.0.0", variant: "never-healthy" })).image;
    await holdEverywhere(sick);
    const holders = (await workers()).join(" ");
    await begin("roll-4", sick);
    await update("roll-4", "image", { holders });
    const { ID: serviceId } = await service();
    const seen = await sandbox().until(
      "a failure",
      async () => {
        const looked = await send("watch-service", await manager(), {
          serviceId,
          rollId: "roll-4",
          waitSeconds: "20",
        });
        const facts = unpacked(looked) as ServiceFacts & { failures: { container: string }[] };
        return facts.failed > 0 && facts;
      },
      90,
    );
    const [failure] = seen.failures;
    expect(failure).toMatchObject({
      state: "complete",
      exitCode: 0,
      error: expect.stringMatching(/^ended by itself/),
    });
    const why = await send("explain-task", failure?.instance ?? "", { container: failure?.container ?? "" });
    expect(why).toMatchObject({ outcome: "seen", exitCode: 0, unhealthy: true });
    await update("roll-4", "back", { cause: "unhealthy" });
    await update("roll-4", "end");
    expect(await runs(second)).toBe(2);
  });

  it("of which anything else stands in the spec keeps all of it, and its tasks, through the writes of a roll", async () => {
    const engine = sandbox().engine(await manager());
    const Data = Buffer.from("correct horse battery staple").toString("base64");
    const { ID: SecretID } = await engine.post<{ ID: string }>("/secrets/create", { Name: "password", Data });
    const { ID: ConfigID } = await engine.post<{ ID: string }>("/configs/create", { Name: "settings", Data });
    const { Id: Target } = await engine.post<{ Id: string }>("/networks/create", {
      Name: "inner",
      Driver: "overlay",
    });
    const file = (Name: string) => ({ Name, UID: "0", GID: "0", Mode: 0o444 });
    await engine.post("/services/create", {
      Name: "odd",
      Labels: { 'odd "label"': "$(id) `id` \\ \n < > & \u2028 ünïcödé 😀" },
      TaskTemplate: {
        ContainerSpec: {
          Image: second,
          Env: ["PASSWORD=correct horse battery staple", 'ODD=" \\ \n $(id)'],
          Labels: { inner: "</script>" },
          Hosts: ["10.0.0.1 db.internal"],
          Ulimits: [{ Name: "nofile", Hard: 1_024, Soft: 512 }],
          Sysctls: { "net.core.somaxconn": "511" },
          Secrets: [{ SecretID, SecretName: "password", File: file("password") }],
          Configs: [{ ConfigID, ConfigName: "settings", File: file("/settings") }],
          Mounts: [{ Type: "bind", Source: "/var/log/hive", Target: "/logs" }],
          Healthcheck: { Test: ["NONE"] },
          StopGracePeriod: 20_000_000_000,
        },
        Networks: [{ Target, Aliases: ["odd"] }],
        Resources: { Limits: { MemoryBytes: 68_719_476_736 }, Reservations: { NanoCPUs: 1_000_000 } },
        RestartPolicy: { Condition: "any", Delay: 1_000_000_000 },
        Placement: { Constraints: ["node.role==worker"], MaxReplicas: 1 },
        LogDriver: { Name: "json-file", Options: { "max-size": "10m" } },
      },
      Mode: { Replicated: { Replicas: 2 } },
      RollbackConfig: {
        Parallelism: 1,
        MaxFailureRatio: 0.3,
        FailureAction: "pause",
        Monitor: 5_000_000_000,
      },
      EndpointSpec: { Mode: "dnsrr" },
    });
    await sandbox().until("its tasks", async () => (await containers("odd")).length === 2);
    const before = { spec: (await service("odd")).Spec, containers: await containers("odd") };
    for (const [act, more] of [
      ["begin", {}],
      ["resume", {}],
      ["end", {}],
    ] as const) {
      const { outcome } =
        act === "begin" ? await begin("roll-5", second, {}, "odd") : await update("roll-5", act, more, "odd");
      expect(outcome).toBe("done");
    }
    const { Spec } = await service("odd");
    expect(Spec).toEqual({ ...before.spec, Labels: expect.objectContaining(before.spec.Labels) });
    expect(await containers("odd")).toEqual(before.containers);
    await engine.delete("/services/odd");
  });

  it("has its next image on a host that joins meanwhile, which a roll still asks for", async () => {
    const third = (await sandbox().control.push({ version: "5.0.0" })).image;
    const holders = await workers();
    await begin("roll-6", third);
    await sandbox().scale(3);
    // Shrunk as it is, the service has no task for it yet, and the load balancer no answer from it.
    const joined = await sandbox().until("the third worker to be active", async () => {
      const found = (await sandbox().workers()).find(({ instanceId }) => !holders.includes(instanceId));
      return (
        found?.lifecycleState === "InService" && found.node?.availability === "active" && found.instanceId
      );
    });
    expect(await hasImage(joined, third)).toBe(true);
    expect(await hasImage(joined, first)).toBe(true);
    expect(await update("roll-6", "image", { holders: holders.join(" ") })).toMatchObject({
      outcome: "new-hosts",
      hosts: joined,
    });
    expect((await update("roll-6", "end")).outcome).toBe("done");
    await sandbox().until("the third place to be taken", async () => (await runs(second)) === 3);
  });

  it("leaves on a host what it runs and could go back to, and nothing else of its repository", async () => {
    const [worker = ""] = await workers();
    const { image: old } = await sandbox().control.push({ version: "0.9.0" });
    const { image: elsewhere } = await sandbox().control.push({ version: "1.0.0", repository: "hive-other" });
    const apart = elsewhere.replace(names.repository, "hive-other");
    await hold(worker, { images: `${old} +${apart}` });
    expect(await hasImage(worker, old)).toBe(true);
    const { pruned } = await hold(worker, { images: second, keep: first, prune: REPOSITORY });
    expect(Number(pruned)).toBeGreaterThanOrEqual(1);
    expect(await hasImage(worker, old)).toBe(false);
    for (const kept of [first, second]) expect(await hasImage(worker, kept)).toBe(true);
    // Unforced, and of no other repository.
    expect(await runs(second)).toBe(3);
  });
});
