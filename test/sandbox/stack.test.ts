// The stack on a real swarm: what a person takes away is deployed again and nothing else is touched, the host's directories are made, and
// replicas follow the room there is, or stay ahead of it.
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { PutParameterCommand } from "@aws-sdk/client-ssm";
import { addresses, names } from "../../sandbox/cloud/configuration.ts";
import type { RepairReport } from "../../shared/flows/repair.ts";
import { manager, running, type ServiceState, service } from "./rolls.ts";
import { withSandbox } from "./support.ts";

const REPOSITORY = "hive-extra";
/** One that nobody has made. */
const SOURCE = "/var/log/hive/of the stack";

/** A port of the host each, so that a worker has one task of each at most. */
const onWorkers = (published: number, policy: string) => ({
  image: `${addresses.registry}/${REPOSITORY}`,
  networks: ["node"],
  ports: [{ target: addresses.servicePort, published, protocol: "tcp", mode: "host" }],
  volumes: [{ type: "bind", source: SOURCE, target: "/logs" }],
  stop_grace_period: "5s",
  deploy: {
    replicas: 2,
    labels: { "hive.replicas": policy },
    placement: { constraints: ["node.role == worker"] },
    resources: { reservations: { cpus: "0.1" } },
    restart_policy: { condition: "any", delay: "1s" },
  },
});

const stack = {
  version: "3.8",
  services: { follows: onWorkers(8081, "follow"), ahead: onWorkers(8082, "ahead") },
  networks: { node: { external: true, name: "bridge" } },
};
const [FOLLOWS, AHEAD] = ["hive_follows", "hive_ahead"];

describe("the stack on a real swarm", () => {
  const sandbox = withSandbox({ workers: 1, replicas: 3 });

  /** As a person asks, through dispatch; what became of each thing that was done. */
  const repaired = async (): Promise<string[]> => {
    const event = { source: "hive-swarm", "detail-type": "Repair Requested", detail: { apply: "safe" } };
    const { Payload } = await sandbox().lambda.send(
      new InvokeCommand({ FunctionName: "hive-swarm-dev-dispatch", Payload: JSON.stringify(event) }),
    );
    const { started } = JSON.parse(new TextDecoder().decode(Payload)) as { started: string };
    const ended = await sandbox().until(`the end of ${started}`, async () =>
      (await sandbox().control.executions()).find(
        ({ name, status }) => name === started && status !== "RUNNING",
      ),
    );
    expect(ended.status).toBe("SUCCEEDED");
    const { plan, applied } = JSON.parse(ended.result ?? "") as RepairReport;
    expect([plan.holds, plan.unknown]).toEqual([[], []]);
    return applied.map(({ kind, subject, result, details }) => `${kind} ${subject} ${result}: ${details}`);
  };
  const tasks = async (name: string): Promise<number> =>
    Object.values(await running(sandbox(), name)).reduce((sum, count) => sum + count, 0);
  const replicas = async (name: string) => (await service(sandbox(), name)).Spec.Mode.Replicated?.Replicas;

  let image: string;
  let other: ServiceState;
  beforeAll(async () => {
    ({ image } = await sandbox().push({ version: "1.0.0", repository: REPOSITORY }));
    const parameter = {
      Name: "/hive-swarm/hive/stack",
      Value: JSON.stringify(stack),
      Type: "String",
    } as const;
    await sandbox().systemsManager.send(new PutParameterCommand({ ...parameter, Overwrite: true }));
    other = await service(sandbox(), names.service);
  });

  it("is deployed, each service by its newest digest, without a task that was ever refused", async () => {
    expect(await repaired()).toEqual([
      `deploy-service ${AHEAD} done: deployed with 1.0.0`,
      `deploy-service ${FOLLOWS} done: deployed with 1.0.0`,
    ]);
    await sandbox().until(
      "a task of each",
      async () => (await tasks(AHEAD)) === 1 && (await tasks(FOLLOWS)) === 1,
    );
    const { Spec } = await service(sandbox(), FOLLOWS);
    expect(Spec.TaskTemplate.ContainerSpec.Image).toBe(image);
    expect(Spec.Labels).toMatchObject({ "hive.replicas": "follow", "hive.roll.seen": expect.any(String) });
    const all = await (await manager(sandbox())).get<{ Status: { State: string } }[]>("/tasks");
    expect(all.filter(({ Status }) => Status.State === "rejected")).toEqual([]);
  });

  it("has then as many replicas as there is room for, or some more", async () => {
    expect(await repaired()).toEqual([
      `set-replicas ${AHEAD} done: 2 → 3 replicas`,
      `set-replicas ${FOLLOWS} done: 2 → 1 replicas`,
    ]);
    expect([await replicas(AHEAD), await replicas(FOLLOWS)]).toEqual([3, 1]);
    expect(await repaired()).toEqual([]);
  });

  it("that a person took a service of is whole again after a repair, and the others are as they were", async () => {
    const [ahead, engine] = [await service(sandbox(), AHEAD), await manager(sandbox())];
    await engine.delete(`/services/${FOLLOWS}`);
    expect(await repaired()).toEqual([`deploy-service ${FOLLOWS} done: deployed with 1.0.0`]);
    await sandbox().until("a task of it", async () => (await tasks(FOLLOWS)) === 1);
    expect((await service(sandbox(), AHEAD)).Version.Index).toBe(ahead.Version.Index);
    expect(await tasks(AHEAD)).toBe(1);
  });

  it("keeps up with a worker that joins: a task waits for it, or is made for it", async () => {
    expect(await repaired()).toEqual([`set-replicas ${FOLLOWS} done: 2 → 1 replicas`]);
    await sandbox().scale(2);
    await sandbox().settled(2, 120);
    // It was told of the stack's images when it joined.
    await sandbox().until("a task that waited for it", async () => (await tasks(AHEAD)) === 2);
    expect(await repaired()).toEqual([
      `set-replicas ${AHEAD} done: 3 → 4 replicas`,
      `set-replicas ${FOLLOWS} done: 1 → 2 replicas`,
    ]);
    await sandbox().until("a task of its own", async () => (await tasks(FOLLOWS)) === 2);
    expect(await repaired()).toEqual([]);
  });

  it("and whatever else runs was never written to", async () => {
    const { Version, Spec } = await service(sandbox(), names.service);
    expect([Version.Index, Spec]).toEqual([other.Version.Index, other.Spec]);
  });
});
