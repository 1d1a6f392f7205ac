// The rehearsal: the state of a real swarm is saved, all its managers are lost, and a person makes a new one of what was saved. What
// docs/backup.md says to do is done here, in the same order.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CompleteLifecycleActionCommand } from "@aws-sdk/client-auto-scaling";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import {
  GetCommandInvocationCommand,
  GetParameterCommand,
  PutParameterCommand,
  SendCommandCommand,
} from "@aws-sdk/client-ssm";
import type { Sandbox } from "../../sandbox/cli/session.ts";
import { names } from "../../sandbox/cloud/configuration.ts";
import type { EngineNode } from "../../sandbox/cloud/engine.ts";
import { outcomeOf, withSandbox } from "./support.ts";

const BUCKET = "hive-backups";
const RECORD = "/hive-swarm/hive/swarm";

interface Saved {
  outcome: string;
  instanceId: string;
  key: string;
  bytes: number;
  engine: string;
  downMillis: number;
}

/** What a person does on a machine by hand. */
const onMachine = (instanceId: string, ...command: string[]): string => {
  const init = readdirSync("/proc").find((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return (
        readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("docker-init") &&
        readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(instanceId)
      );
    } catch {
      return false; // it ended meanwhile
    }
  });
  if (init === undefined) throw new Error(`${instanceId} has no init`);
  return execFileSync(
    "nsenter",
    [`--target=${init}`, "--mount", "--uts", "--ipc", "--net", "--pid", "--", ...command],
    { encoding: "utf8" },
  );
};

const request = async (sandbox: Sandbox, kind: string, detail: object = {}): Promise<string> => {
  const event = { source: "hive-swarm", "detail-type": kind, detail };
  const answer = await sandbox.lambda.send(
    new InvokeCommand({ FunctionName: "hive-swarm-dev-dispatch", Payload: JSON.stringify(event) }),
  );
  return (JSON.parse(Buffer.from(answer.Payload ?? []).toString("utf8")) as { started: string }).started;
};

describe("the swarm's state", () => {
  const sandbox = withSandbox({
    managers: 3,
    workers: 1,
    replicas: 1,
    settings: { BACKUP_BUCKET: BUCKET },
    // The person's decision: managers may read what is restored from.
    parameters: { RestoreKey: "hive/swarm/*" },
  });
  let saved: Saved;

  const nodes = (asked: string): Promise<EngineNode[]> => sandbox().engine(asked).get<EngineNode[]>("/nodes");
  const managerIds = async (): Promise<string[]> =>
    (await sandbox().managers()).map(({ instanceId }) => instanceId);
  const tokenOfWorkers = async (): Promise<string | undefined> =>
    (
      await sandbox().systemsManager.send(
        new GetParameterCommand({ Name: names.workerToken, WithDecryption: true }),
      )
    ).Parameter?.Value;
  const containersOf = async (instanceId: string): Promise<string[]> =>
    (await sandbox().engine(instanceId).get<{ Id: string }[]>("/containers/json")).map(({ Id }) => Id).sort();

  const restore = async (instanceId: string): Promise<Record<string, unknown>> => {
    const parameters = {
      bucket: BUCKET,
      key: saved.key,
      workerTokenParameter: names.workerToken,
      managerTokenParameter: names.managerToken,
    };
    const { Command } = await sandbox().systemsManager.send(
      new SendCommandCommand({
        DocumentName: "hive-swarm-dev-restore-swarm",
        InstanceIds: [instanceId],
        Parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, [value]])),
      }),
    );
    const ended = await sandbox().until(
      "the end of the restore",
      async () => {
        const invocation = await sandbox().systemsManager.send(
          new GetCommandInvocationCommand({ CommandId: Command?.CommandId, InstanceId: instanceId }),
        );
        return invocation.Status !== "Pending" && invocation.Status !== "InProgress" && invocation;
      },
      120,
    );
    return JSON.parse(ended.StandardOutputContent?.split("\n")[0] || "null") as Record<string, unknown>;
  };

  /** Of a node whose machine is gone. It has no vote any more, so it need not be demoted, and could not be. */
  const forget = async (asked: string, instanceId: string): Promise<void> => {
    const ghost = (await nodes(asked)).find(({ Spec }) => Spec.Labels?.[names.instanceLabel] === instanceId);
    // The one whose state was restored is the restored one now.
    if (!ghost) return;
    onMachine(asked, "docker", "node", "rm", "--force", ghost.ID);
  };

  it("is saved from a manager that does not lead, which is back in seconds, and the services notice nothing", async () => {
    const [asked = ""] = await managerIds();
    const [worker] = await sandbox().workers();
    const before = await containersOf(worker?.instanceId ?? "");
    const flow = await request(sandbox(), "Backup Requested");
    saved = (await outcomeOf(sandbox(), flow, 60)) as unknown as Saved;
    console.info(`backup: ${saved.bytes} bytes, engine away ${saved.downMillis} ms`);
    expect(saved).toMatchObject({ outcome: "saved", engine: "stopped", managers: 3, autolock: false });
    expect(saved.downMillis).toBeLessThan(30_000);
    const file = join(
      sandbox().stateDirectory,
      "s3",
      BUCKET,
      ...saved.key.split("/").map((part) => `_${part}`),
    );
    expect(readFileSync(file).length).toBe(saved.bytes);

    const other = (await managerIds()).find((id) => id !== saved.instanceId) ?? asked;
    const all = await nodes(other);
    const managers = all.filter(({ Spec }) => Spec.Role === "manager");
    expect(managers.map(({ ManagerStatus }) => ManagerStatus?.Reachability)).toEqual([
      "reachable",
      "reachable",
      "reachable",
    ]);
    const leader = managers.find(({ ManagerStatus }) => ManagerStatus?.Leader);
    expect(leader?.Spec.Labels?.[names.instanceLabel]).not.toBe(saved.instanceId);
    expect(all.flatMap(({ Spec }) => Object.keys(Spec.Labels ?? {}))).not.toContain("hive.backup");
    expect(await containersOf(worker?.instanceId ?? "")).toEqual(before);
  });

  it("makes a swarm again after all managers were lost, with its services, and workers that never stopped", async () => {
    const [worker] = await sandbox().workers();
    const workerId = worker?.instanceId ?? "";
    const lost = await managerIds();
    const [token, containers] = [await tokenOfWorkers(), await containersOf(workerId)];
    const [service] = await sandbox()
      .engine(lost[0] ?? "")
      .get<{ ID: string; Spec: object }[]>("/services");
    const labelsOfWorker = (await nodes(lost[0] ?? "")).find(({ Spec }) => Spec.Role === "worker")?.Spec
      .Labels;
    expect(labelsOfWorker).toMatchObject({ [names.instanceLabel]: workerId });
    // A swarm that is lost is not formed anew by whoever comes: its record stands.
    const at = new Date().toISOString();
    await sandbox().systemsManager.send(
      new PutParameterCommand({
        Name: RECORD,
        Type: "String",
        Overwrite: true,
        Value: JSON.stringify({ formedBy: lost[0], at, tokensAt: at }),
      }),
    );

    for (const id of lost) await sandbox().control.kill(id);
    const fresh = await sandbox().until("three managers in the place of those that were lost", async () => {
      const there = (await managerIds()).filter((id) => !lost.includes(id));
      for (const id of there) await sandbox().engine(id).get("/_ping");
      return there.length === 3 && there;
    });
    const [restored = "", ...others] = fresh;
    const began = Date.now();
    expect(await restore(restored)).toMatchObject({ failed: { step: "address" } });

    const address = /-([\d.]+)\.tar\.gz$/.exec(saved.key)?.[1] ?? "";
    onMachine(restored, "ip", "address", "add", `${address}/24`, "dev", "eth0");
    const answer = await restore(restored);
    console.info(`restore: ${JSON.stringify(answer)}, ${(Date.now() - began) / 1000} s`);
    expect(answer).toMatchObject({ outcome: "restored", address, managers: 3, workers: 1, services: 1 });
    expect(await restore(restored)).toMatchObject({ outcome: "restored", nodeId: answer.nodeId });

    const [again] = await sandbox().engine(restored).get<{ ID: string; Spec: object }[]>("/services");
    expect([again?.ID, again?.Spec]).toEqual([service?.ID, service?.Spec]);
    expect(await tokenOfWorkers()).toBe(token);
    // It finds the manager by itself, where it always was; what runs on it has run all the time.
    const back = await sandbox().until("the worker to be back", async () =>
      (await nodes(restored)).find(({ Spec, Status }) => Spec.Role === "worker" && Status.State === "ready"),
    );
    console.info(`worker back: ${(Date.now() - began) / 1000} s`);
    expect(back.Spec.Labels).toEqual(labelsOfWorker);
    expect(await containersOf(workerId)).toEqual(containers);

    // A person lets it into service, and the others' join flows, which waited for a manager, go on; what is left of the lost ones goes.
    await sandbox().autoScaling.send(
      new CompleteLifecycleActionCommand({
        AutoScalingGroupName: names.managerGroup,
        LifecycleHookName: names.joinHook,
        InstanceId: restored,
        LifecycleActionResult: "CONTINUE",
      }),
    );
    for (const id of others)
      expect(await outcomeOf(sandbox(), `join-${id}-0`, 120)).toMatchObject({ outcome: "joined" });
    for (const id of lost) await forget(restored, id);
    const all = await sandbox().until("three managers, and nobody else but the worker", async () => {
      const there = await nodes(restored);
      const reachable = there.filter(({ ManagerStatus }) => ManagerStatus?.Reachability === "reachable");
      return reachable.length === 3 && there.length === 4 && there;
    });
    console.info(`three managers: ${(Date.now() - began) / 1000} s`);
    const labels = all.map(({ Spec }) => Spec.Labels?.[names.instanceLabel]);
    expect(labels.sort()).toEqual([workerId, restored, ...others].sort());
    expect(await containersOf(workerId)).toEqual(containers);
  });
});
