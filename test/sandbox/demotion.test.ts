// The document that demotes managers on a real swarm of three: one without which the quorum would be lost, a dead one, the leader, and
// at last the last one.
import { readdirSync, readFileSync } from "node:fs";
import { GetCommandInvocationCommand, SendCommandCommand } from "@aws-sdk/client-ssm";
import type { EngineNode } from "../../sandbox/cloud/engine.ts";
import { withSandbox } from "./support.ts";

type Answer = Record<string, unknown> & { outcome?: string; failed?: { step: string; cause: string } };

describe("managers of a real swarm", () => {
  const sandbox = withSandbox({
    managers: 3,
    workers: 1,
    replicas: 1,
    paused: true,
  });

  const instances = async (): Promise<string[]> =>
    (await sandbox().managers()).map(({ instanceId }) => instanceId).sort();
  const nodes = (asked: string): Promise<EngineNode[]> => sandbox().engine(asked).get<EngineNode[]>("/nodes");
  const nodeOf = async (asked: string, instanceId: string): Promise<EngineNode | undefined> =>
    (await nodes(asked)).find(({ Spec }) => Spec.Labels?.["hive.instance-id"] === instanceId);
  const leaderOf = async (asked: string): Promise<string> =>
    (await nodes(asked)).find(({ ManagerStatus }) => ManagerStatus?.Leader)?.Spec.Labels?.[
      "hive.instance-id"
    ] ?? "";
  const writeRole = (asked: string, node: EngineNode | undefined, Role: string): Promise<unknown> =>
    sandbox()
      .engine(asked)
      .post(`/nodes/${node?.ID}/update?version=${node?.Version.Index}`, { ...node?.Spec, Role });
  const containers = async (asked: string): Promise<(string | undefined)[]> =>
    (
      await sandbox()
        .engine(asked)
        .get<
          { DesiredState: string; Status: { State: string; ContainerStatus?: { ContainerID: string } } }[]
        >("/tasks")
    )
      .filter(({ DesiredState, Status }) => DesiredState === "running" && Status.State === "running")
      .map(({ Status }) => Status.ContainerStatus?.ContainerID)
      .sort();

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

  /** As the flow does: asked again while it is under way. */
  const demote = async (asked: string, instanceId: string): Promise<Answer> => {
    for (let time = 1; ; time++) {
      const answer = await send("demote-node", asked, { instanceId });
      if (answer.outcome !== "under-way" || time === 4) return answer;
    }
  };

  /** Stops an instance's engine where it is, as if the machine hung, or lets it go on. */
  const signalEngine = (instanceId: string, signal: "SIGSTOP" | "SIGCONT"): void => {
    const pids = readdirSync("/proc").filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return words[0]?.endsWith("dockerd") && words.some((word) => word.includes(instanceId));
      } catch {
        return false;
      }
    });
    if (pids.length !== 1) throw new Error(`${pids.length} engines of ${instanceId} run`);
    process.kill(Number(pids[0]), signal);
  };

  const roles = { leader: "", dead: "", other: "" };
  beforeAll(async () => {
    const [any = ""] = await instances();
    roles.leader = await leaderOf(any);
    [roles.dead = "", roles.other = ""] = (await instances()).filter((id) => id !== roles.leader);
  });

  it("leaves a manager alone without which the quorum would be lost", async () => {
    const { leader, dead, other } = roles;
    signalEngine(dead, "SIGSTOP");
    await sandbox().until("an unreachable manager", async () =>
      (await nodes(leader)).some(({ ManagerStatus }) => ManagerStatus?.Reachability === "unreachable"),
    );
    const before = await nodeOf(leader, other);
    expect(await demote(leader, other)).toEqual({
      outcome: "would-lose-quorum",
      nodeIds: before?.ID,
      managers: 3,
      reachable: 2,
      remaining: 2,
      remainingReachable: 1,
      needed: 2,
      said: "",
    });
    const after = await nodeOf(leader, other);
    expect(after?.Version).toEqual(before?.Version);
    // What swarm itself says to whoever tries it all the same: the document knows both refusals by these words.
    const refused = writeRole(leader, after, "worker");
    await expect(refused).rejects.toThrow("this would result in a loss of quorum");
  });

  it("takes the vote of a dead one, whose host leaves the swarm when it is back", async () => {
    const { leader, dead } = roles;
    const node = await nodeOf(leader, dead);
    expect(await demote(leader, dead)).toMatchObject({
      outcome: "demoted",
      managers: 3,
      reachable: 2,
      remaining: 2,
    });
    expect(await send("remove-node", leader, { instanceId: dead })).toEqual({ removed: node?.ID });
    expect(await demote(leader, dead)).toMatchObject({ outcome: "none", managers: 2, reachable: 2 });
    signalEngine(dead, "SIGCONT");
    expect(await send("leave-swarm", dead, {})).toMatchObject({ left: true });
  });

  it("demotes the leader, one of two, while the service runs on; its host leaves like a worker", async () => {
    const { leader, other } = roles;
    const before = await containers(other);
    expect(before).toHaveLength(1);
    expect((await send("demote-node", leader, { instanceId: leader })).failed?.step).toBe("manager");
    expect((await send("drain-node", other, { instanceId: leader })).failed?.cause).toContain(
      "demote it first",
    );
    expect(await demote(other, leader)).toMatchObject({ outcome: "demoted", remaining: 1, needed: 1 });
    const node = await nodeOf(other, leader);
    expect(node).toMatchObject({
      Spec: { Role: "worker", Availability: "drain", Labels: { "hive.retiring": "yes" } },
    });
    expect(node?.ManagerStatus).toBeUndefined();
    expect(await leaderOf(other)).toBe(other);
    expect(await demote(other, leader)).toMatchObject({ outcome: "not-a-manager" });

    // The host knows at once, or some seconds later; it leaves in either case.
    expect(await send("begin-retire", leader, { markRetiring: "yes" })).toMatchObject({ swarm: "active" });
    expect(await send("drain-node", other, { instanceId: leader })).toMatchObject({ nodeIds: node?.ID });
    expect(await send("leave-swarm", leader, {})).toMatchObject({ left: true });
    expect(await send("remove-node", other, { instanceId: leader })).toEqual({ removed: node?.ID });
    expect(await containers(other)).toEqual(before);
  });

  it("never takes the last one's vote", async () => {
    const { other } = roles;
    expect((await send("demote-node", other, { instanceId: other })).failed?.step).toBe("manager");
    const refused = writeRole(other, await nodeOf(other, other), "worker");
    await expect(refused).rejects.toThrow("attempting to demote the last manager of the swarm");
    expect(await leaderOf(other)).toBe(other);
  });
});
