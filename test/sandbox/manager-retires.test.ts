// Managers of a real swarm that their group terminates: demoted by the functions, with the swarm in order at every moment; and the last
// one, which is held.
import {
  PutLifecycleHookCommand,
  SetDesiredCapacityCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from "@aws-sdk/client-auto-scaling";
import { names } from "../../sandbox/cloud/configuration.ts";
import type { EngineNode } from "../../sandbox/cloud/engine.ts";
import { endedHook, outcomeOf, withSandbox } from "./support.ts";

const HEARTBEAT_SECONDS = 30;

describe("a manager that its group terminates", () => {
  const sandbox = withSandbox({ managers: 3, workers: 1, replicas: 1, heartbeatSeconds: HEARTBEAT_SECONDS });

  beforeAll(async () => {
    await sandbox().autoScaling.send(
      new PutLifecycleHookCommand({
        AutoScalingGroupName: names.managerGroup,
        LifecycleHookName: names.retireHook,
        LifecycleTransition: "autoscaling:EC2_INSTANCE_TERMINATING",
        HeartbeatTimeout: HEARTBEAT_SECONDS,
        DefaultResult: "ABANDON",
      }),
    );
  });

  const inService = async (): Promise<string[]> =>
    (await sandbox().managers())
      .filter(({ lifecycleState }) => lifecycleState === "InService")
      .map(({ instanceId }) => instanceId);
  const nodes = (asked: string): Promise<EngineNode[]> => sandbox().engine(asked).get<EngineNode[]>("/nodes");
  const instanceOf = ({ Spec }: EngineNode): string | undefined => Spec.Labels?.["hive.instance-id"];
  const voters = async (asked: string): Promise<(string | undefined)[]> =>
    (await nodes(asked)).filter(({ ManagerStatus }) => ManagerStatus).map(instanceOf);
  const containers = async (asked: string): Promise<(string | undefined)[]> =>
    (
      await sandbox()
        .engine(asked)
        .get<
          { DesiredState: string; Status: { State: string; ContainerStatus?: { ContainerID: string } } }[]
        >("/tasks")
    )
      .filter(({ DesiredState, Status }) => DesiredState === "running" && Status.State === "running")
      .map(({ Status }) => Status.ContainerStatus?.ContainerID);

  it("is demoted although it leads, leaves, and the workers' service runs on", async () => {
    const [any = ""] = await inService();
    const leading = (await nodes(any)).find(({ ManagerStatus }) => ManagerStatus?.Leader);
    const leader = (leading && instanceOf(leading)) ?? "";
    const [other = ""] = (await inService()).filter((id) => id !== leader);
    const before = await containers(other);
    expect(before.length).toBeGreaterThan(0);
    await sandbox().autoScaling.send(
      new TerminateInstanceInAutoScalingGroupCommand({
        InstanceId: leader,
        ShouldDecrementDesiredCapacity: true,
      }),
    );
    expect(await endedHook(sandbox(), leader, "retire", 150)).toMatchObject({
      result: "CONTINUE",
      by: "call",
    });
    expect(await outcomeOf(sandbox(), `retire-${leader}-0`)).toMatchObject({ outcome: "retired" });
    expect((await voters(other)).sort()).toEqual((await inService()).sort());
    expect((await nodes(other)).map(instanceOf)).not.toContain(leader);
    expect(await containers(other)).toEqual(before);
  });

  it("is held if it is the last: of two that go at once one is demoted, and the other's hook is kept alive", async () => {
    const both = await inService();
    expect(both).toHaveLength(2);
    await sandbox().autoScaling.send(
      new SetDesiredCapacityCommand({ AutoScalingGroupName: names.managerGroup, DesiredCapacity: 0 }),
    );
    const gone = await Promise.race(
      both.map(async (id) => {
        await endedHook(sandbox(), id, "retire", 150);
        return id;
      }),
    );
    const [last = ""] = both.filter((id) => id !== gone);
    expect(await outcomeOf(sandbox(), `retire-${gone}-0`)).toMatchObject({ outcome: "retired" });
    expect(await voters(last)).toEqual([last]);
    const held = await sandbox().until(
      "three heartbeats of the last manager's hook",
      async () => {
        const found = (await sandbox().control.hookRecords()).find(
          ({ instanceId, hook }) => instanceId === last && hook === names.retireHook,
        );
        return (found?.heartbeats.length ?? 0) >= 3 && found;
      },
      HEARTBEAT_SECONDS * 4,
    );
    expect(held.endedAt).toBeUndefined();
    expect(await containers(last)).not.toEqual([]);
  });
});
