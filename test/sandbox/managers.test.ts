// From nothing, by the functions alone: the first manager forms the swarm, the others join it, workers join, the stack is deployed. And
// what becomes of it when a manager dies.
import { join } from "node:path";
import { GetParameterCommand } from "@aws-sdk/client-ssm";
import type { Sandbox } from "../../sandbox/cli/session.ts";
import { names } from "../../sandbox/cloud/configuration.ts";
import { type EngineNode, engineAt } from "../../sandbox/cloud/engine.ts";
import { expectHooksAnswered, nodeOf, nodesOf, planOf, runningTasks } from "./repairs.ts";
import { manager, running, service } from "./rolls.ts";
import { endedHook, outcomeOf, withSandbox } from "./support.ts";

const MANAGERS = 3;
const WORKERS = 2;
const SAMPLE_MILLISECONDS = 150;
/** One that does not know who leads answers late, or not at all: the next one is asked. */
const ANSWER_MILLISECONDS = 1_500;
/**
 * Until a leader is elected managers answer nothing, and nothing is lost. A follower stands for election when it has heard nothing for a
 * time between ElectionTick and twice as many seconds, and two that stand at once do it again.
 */
const longestSilence = (electionTick: number): number => 2 * (2 * electionTick) * 1000;

interface Sampled {
  samples: number;
  /** The longest time in which no manager could answer. */
  silentMilliseconds: number;
  /** Samples in which managers in reach were no majority of all. */
  withoutQuorum: string[];
}

/** Of whichever manager answers. */
const askAny = async (sandbox: Sandbox): Promise<EngineNode[] | undefined> => {
  for (const { instanceId } of await sandbox.managers()) {
    const socket = join(sandbox.stateDirectory, "instances", instanceId, "docker.sock");
    const nodes = await engineAt(socket, ANSWER_MILLISECONDS)
      .get<EngineNode[]>("/nodes")
      .catch(() => undefined);
    if (nodes) return nodes;
  }
  return undefined;
};

/** Asks for the nodes again and again, until it is stopped. */
const sampleQuorum = (sandbox: Sandbox): (() => Promise<Sampled>) => {
  const sampled: Sampled = { samples: 0, silentMilliseconds: 0, withoutQuorum: [] };
  let [over, answeredAt] = [false, Date.now()];
  const look = async (): Promise<void> => {
    const nodes = await askAny(sandbox);
    if (!nodes) return;
    sampled.samples += 1;
    sampled.silentMilliseconds = Math.max(sampled.silentMilliseconds, Date.now() - answeredAt);
    answeredAt = Date.now();
    const all = nodes.filter(({ ManagerStatus }) => ManagerStatus);
    const reached = all.filter(({ ManagerStatus }) => ManagerStatus?.Reachability === "reachable");
    if (reached.length * 2 <= all.length) sampled.withoutQuorum.push(`${reached.length} of ${all.length}`);
  };
  const sampling = (async () => {
    while (!over) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MILLISECONDS));
    }
  })();
  return async () => {
    over = true;
    await sampling;
    return sampled;
  };
};

describe("a swarm that the functions form, of three managers and two workers", () => {
  const sandbox = withSandbox({ managers: MANAGERS, workers: WORKERS, viz: true });

  const parameter = async (Name: string) =>
    (await sandbox().systemsManager.send(new GetParameterCommand({ Name, WithDecryption: true }))).Parameter;
  const managerIds = async () => (await sandbox().managers()).map(({ instanceId }) => instanceId).sort();
  const managerNodes = async (): Promise<EngineNode[]> =>
    (await nodesOf(sandbox())).filter(({ ManagerStatus }) => ManagerStatus);
  const labels = (nodes: EngineNode[]) => nodes.map(({ Spec }) => Spec.Labels?.[names.instanceLabel]).sort();

  it("has been formed once, by one of them, and every instance came by its launch hook", async () => {
    const nodes = await managerNodes();
    expect(labels(nodes)).toEqual(await managerIds());
    expect(nodes.map(({ ManagerStatus }) => ManagerStatus?.Reachability)).toEqual(
      Array(MANAGERS).fill("reachable"),
    );
    expect(nodes.filter(({ ManagerStatus }) => ManagerStatus?.Leader)).toHaveLength(1);
    expect(nodes.map(({ Spec }) => Spec.Availability)).toEqual(Array(MANAGERS).fill("active"));

    const { formedBy } = JSON.parse((await parameter("/hive-swarm/hive/swarm"))?.Value ?? "null");
    expect(await managerIds()).toContain(formedBy);
    const commands = await sandbox().control.commands();
    const inits = commands.filter(({ document }) => document === "init-swarm");
    expect(new Set(inits.map(({ instanceId }) => instanceId))).toEqual(new Set([formedBy]));

    const hooks = (await sandbox().control.hookRecords()).map(({ hook, result }) => `${hook} ${result}`);
    expect(hooks).toEqual(Array(MANAGERS + WORKERS).fill("join CONTINUE"));
    await expectHooksAnswered(sandbox());
  });

  it("has its own address pool, tokens that only their readers can read, and the stack", async () => {
    const { DefaultAddrPool, JoinTokens } = await (await manager(sandbox())).get<{
      DefaultAddrPool: string[];
      JoinTokens: { Worker: string; Manager: string };
    }>("/swarm");
    expect(DefaultAddrPool).toEqual(["172.30.0.0/16"]);
    const stored = await Promise.all([names.workerToken, names.managerToken].map(parameter));
    expect(stored.map((token) => [token?.Type, token?.Value])).toEqual([
      ["SecureString", JoinTokens.Worker],
      ["SecureString", JoinTokens.Manager],
    ]);
    expect(Object.values(await running(sandbox()))).toEqual([WORKERS]);
    expect(await runningTasks(sandbox(), "hive_viz")).toHaveLength(1);
    expect(await planOf(sandbox())).toMatchObject({ holds: [], unknown: [], actions: [] });
  });

  it("loses its leader: another manager joins, quorum is never lost, and the workers' service is not touched", async () => {
    const before = await managerIds();
    const leader = (await managerNodes()).find(({ ManagerStatus }) => ManagerStatus?.Leader);
    const lost = leader?.Spec.Labels?.[names.instanceLabel] ?? "";
    const { Spec: web } = await service(sandbox());
    const { Spec } = await (await manager(sandbox())).get<{ Spec: { Raft: { ElectionTick: number } } }>(
      "/swarm",
    );
    const tasks = await runningTasks(sandbox(), names.service);
    expect(tasks).toHaveLength(WORKERS);

    const stop = sampleQuorum(sandbox());
    const killedAt = Date.now();
    await sandbox().control.kill(lost);
    expect(await endedHook(sandbox(), lost, "retire", 120)).toMatchObject({
      result: "CONTINUE",
      completions: 1,
    });
    const joined = await sandbox().until(
      "the manager that replaces it",
      async () => {
        const all = await sandbox().managers();
        const found = all.find(({ instanceId }) => !before.includes(instanceId));
        return all.length === MANAGERS && found?.lifecycleState === "InService" && found.instanceId;
      },
      120,
    );
    await sandbox().settled(WORKERS, 60);
    const sampled = await stop();

    expect(sampled.withoutQuorum).toEqual([]);
    expect(sampled.silentMilliseconds).toBeLessThan(longestSilence(Spec.Raft.ElectionTick));
    expect(sampled.samples).toBeGreaterThan(20);
    expect(await outcomeOf(sandbox(), `join-${joined}-0`)).toMatchObject({ outcome: "joined" });
    expect(await outcomeOf(sandbox(), `retire-${lost}-0`)).toMatchObject({ outcome: "retired" });
    const nodes = await managerNodes();
    expect(labels(nodes)).toEqual(await managerIds());
    expect(nodes.map(({ ManagerStatus }) => ManagerStatus?.Reachability)).toEqual(
      Array(MANAGERS).fill("reachable"),
    );
    expect((await nodesOf(sandbox())).map(({ ID }) => ID)).not.toContain(leader?.ID);
    // Not its version, which rises when another leader takes over, although nobody writes to it.
    expect((await service(sandbox())).Spec).toEqual(web);
    const writers = ["deploy-stack", "update-service"];
    const since = (await sandbox().control.commands()).filter(({ requestedAt }) => requestedAt >= killedAt);
    expect(since.filter(({ document }) => writers.includes(document))).toEqual([]);
    expect(await runningTasks(sandbox(), names.service)).toEqual(tasks);
    expect((await nodeOf(sandbox(), joined)).Spec).toMatchObject({ Role: "manager", Availability: "active" });
    await expectHooksAnswered(sandbox());
  });
});
