// The document that mends nodes on a real swarm: names that were lost or are wrong, a node that may go and one that may not, a worker that
// becomes a manager. Whatever else a node carries stays as it was.
import { GetCommandInvocationCommand, SendCommandCommand } from "@aws-sdk/client-ssm";
import type { EngineNode } from "../../sandbox/cloud/engine.ts";
import { mendNodesAnswer, parseAnswer } from "../../shared/swarm/answers.ts";
import { withSandbox } from "./support.ts";

const NOW = "2026-02-01T00:00:00.000Z";
/** What a template, a shell and JSON could each stumble over. */
const STRANGE = { odd: `a "b" \\ <<.ID>> ; $(reboot) 'c' {{d}} ü`, "": "empty", "hive.other": "x y" };

describe("nodes of a real swarm", () => {
  const sandbox = withSandbox({ workers: 2, replicas: 2, paused: true });

  const manager = async (): Promise<string> => (await sandbox().managers())[0]?.instanceId ?? "";
  const workers = async (): Promise<string[]> =>
    (await sandbox().workers()).map(({ instanceId }) => instanceId).sort();
  const node = async (id: string): Promise<EngineNode> =>
    sandbox()
      .engine(await manager())
      .get<EngineNode>(`/nodes/${id}`);
  const nodeOf = async (instanceId: string): Promise<EngineNode> => {
    const nodes = await sandbox()
      .engine(await manager())
      .get<EngineNode[]>("/nodes");
    const found = nodes.find(({ Spec }) => Spec.Labels?.["hive.instance-id"] === instanceId);
    if (!found) throw new Error(`${instanceId} has no node`);
    return found;
  };
  /** As a person does. */
  const write = async (id: string, spec: object): Promise<void> => {
    const { Spec, Version } = await node(id);
    await sandbox()
      .engine(await manager())
      .post(`/nodes/${id}/update?version=${Version.Index}`, { ...Spec, ...spec });
  };

  const mend = async (...edits: string[]) => {
    const InstanceId = await manager();
    const { Command } = await sandbox().systemsManager.send(
      new SendCommandCommand({
        DocumentName: "hive-swarm-dev-mend-nodes",
        InstanceIds: [InstanceId],
        Parameters: { edits: [edits.join(" ")], now: [NOW] },
      }),
    );
    const ended = await sandbox().until("the end of mend-nodes", async () => {
      const invocation = await sandbox().systemsManager.send(
        new GetCommandInvocationCommand({ CommandId: Command?.CommandId, InstanceId }),
      );
      return !["Pending", "InProgress", "Delayed"].includes(invocation.Status ?? "") && invocation;
    });
    expect(ended.StandardErrorContent).toBe("");
    const answer = parseAnswer(mendNodesAnswer, "mend-nodes", ended.StandardOutputContent ?? "");
    expect(answer.edits.map(({ edit }) => edit)).toEqual(edits);
    return answer.edits.map(({ outcome, details }) => `${outcome} ${details}`.trim());
  };

  let [one, other] = ["", ""];
  beforeAll(async () => {
    [one = "", other = ""] = await workers();
  });

  it("get the name that they lost, and keep all else", async () => {
    const { ID, Status } = await nodeOf(one);
    await write(ID, { Labels: STRANGE });
    const edit = `label/${ID}/${one}/${Status.Addr}`;
    expect(await mend(edit)).toEqual(["done"]);
    expect((await node(ID)).Spec).toMatchObject({ Availability: "active", Role: "worker" });
    expect((await node(ID)).Spec.Labels).toEqual({
      ...STRANGE,
      "hive.instance-id": one,
      "hive.active-since": NOW,
    });
    expect(await mend(edit)).toEqual(["already"]);
  });

  it("get their right name for a wrong one, whatever that is, and only where they are", async () => {
    const { ID, Status } = await nodeOf(one);
    await write(ID, { Labels: { "hive.instance-id": "two words; {{x}}", "hive.active-since": "before" } });
    expect(await mend(`label/${ID}/${one}/203.0.113.9`, `label/${ID}/${one}/${Status.Addr}`)).toEqual([
      `refused its address is ${Status.Addr} now, not 203.0.113.9`,
      "done",
    ]);
    expect((await node(ID)).Spec.Labels).toEqual({ "hive.instance-id": one, "hive.active-since": "before" });
  });

  it("that retire get no name", async () => {
    const { ID, Status } = await nodeOf(other);
    const before = (await node(ID)).Spec.Labels;
    await write(ID, { Labels: { "hive.retiring": "yes" } });
    expect(await mend(`label/${ID}/${other}/${Status.Addr}`, `promote/${ID}`)).toEqual([
      "refused its retirement has begun",
      "refused its retirement has begun",
    ]);
    await write(ID, { Labels: before });
  });

  it("of managers keep their name, and are never removed", async () => {
    const leader = await nodeOf(await manager());
    const address = leader.ManagerStatus?.Addr?.replace(/:\d+$/, "") ?? "";
    expect(
      await mend(
        `label/${leader.ID}/${await manager()}/${address}`,
        `remove/${leader.ID}`,
        `promote/${leader.ID}`,
      ),
    ).toEqual(["already", "refused it is a manager", "already"]);
  });

  it("are removed once they are down, and not before", async () => {
    const { ID } = await nodeOf(one);
    expect(await mend(`remove/${ID}`)).toEqual(["refused it is ready now, not down"]);
    await sandbox().engine(one).post("/swarm/leave");
    await sandbox().until("a node that is down", async () => (await node(ID)).Status.State === "down");
    expect(await mend(`remove/${ID}`, `remove/${ID}`)).toEqual(["done", "already"]);
    await expect(node(ID)).rejects.toThrow("not found");
    expect(await mend(`label/${ID}/${one}/10.0.0.1`)).toEqual(["refused there is no such node any more"]);
  });

  it("become managers, with all that they carry", async () => {
    const { ID, Spec } = await nodeOf(other);
    await write(ID, { Labels: { ...Spec.Labels, ...STRANGE } });
    const before = await node(ID);
    expect(await mend(`promote/${ID}`)).toEqual(["done"]);
    expect((await node(ID)).Spec).toEqual({ ...before.Spec, Role: "manager" });
    await sandbox().until(
      "a second manager",
      async () => (await node(ID)).ManagerStatus?.Reachability === "reachable",
    );
    expect(await mend(`promote/${ID}`)).toEqual(["already"]);
  });
});
