// Repair on a real swarm: alone, where every event is lost; and of everything that people and lost events can leave behind, at once.
import {
  DetachInstancesCommand,
  EnterStandbyCommand,
  ExitStandbyCommand,
  SetDesiredCapacityCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from "@aws-sdk/client-auto-scaling";
import {
  DeregisterInstancesFromLoadBalancerCommand,
  RegisterInstancesWithLoadBalancerCommand,
} from "@aws-sdk/client-elastic-load-balancing";
import { GetParameterCommand, PutParameterCommand } from "@aws-sdk/client-ssm";
import { addresses, names } from "../../sandbox/cloud/configuration.ts";
import { everyEventLost } from "../../sandbox/unpleasant/events.ts";
import {
  changeNode,
  expectHooksAnswered,
  forEyes,
  named,
  nodeOf,
  nodesOf,
  planOf,
  repairWith,
  runningTasks,
} from "./repairs.ts";
import { manager, outcomeFor, outcomes, rollSettings, running, type ServiceState, service } from "./rolls.ts";
import { endedHook, expectNothingLeft, withSandbox, workerIn } from "./support.ts";

describe("repair by the schedule, where every event is lost", () => {
  const sandbox = withSandbox({
    managers: 1,
    workers: 1,
    dropEvents: true,
    repairEverySeconds: 4,
    settings: rollSettings,
  });

  it("forms the swarm and joins, rolls what was pushed, and retires: no hook runs out of time", async () => {
    await sandbox().settled(1);
    await sandbox().scale(2);
    const { digest, image } = await sandbox().push({ version: "1.1.0", minutesAgo: 10 });
    await sandbox().settled(2, 120);
    expect(await outcomeFor(sandbox(), digest)).toMatchObject({ outcome: "converged" });
    expect(Object.keys(await running(sandbox()))).toEqual([image]);
    const [oldest] = await sandbox().workers();
    await sandbox().scale(1);
    await sandbox().settled(1, 120);
    await expectNothingLeft(sandbox(), oldest?.instanceId ?? "");

    // The manager, two workers, and one of them again.
    expect(await sandbox().control.hookRecords()).toHaveLength(4);
    await expectHooksAnswered(sandbox());
    const flows = (await sandbox().control.executions()).map(({ name }) => name);
    expect(flows.filter((name) => /^(join|retire)-/.test(name))).toHaveLength(4);
  });
});

const WORKERS = 6;
const MANAGERS = 3;
const deployed = (service: string, constraint: string, deploy: object) => ({
  image: `${addresses.registry}/hive-${service}`,
  networks: ["node"],
  deploy: { placement: { constraints: [constraint], max_replicas_per_node: 1 }, ...deploy },
});

describe("repair of a swarm with drift of every kind", () => {
  const sandbox = withSandbox({
    managers: MANAGERS,
    workers: WORKERS,
    replicas: 10,
    viz: true,
    // Nobody answers the hooks while the drift is made.
    heartbeatSeconds: 600,
    services: {
      batch: deployed("batch", "node.role==worker", { replicas: 2 }),
      spare: deployed("spare", "node.role==worker", {
        replicas: 12,
        resources: { reservations: { cpus: "0.1" } },
      }),
      agent: {
        image: `${addresses.registry}/hive-agent`,
        networks: ["node"],
        deploy: {
          mode: "global",
          placement: { constraints: ["node.role==worker"] },
        },
      },
    },
    settings: {
      ...rollSettings,
      ROLL_PARALLELISM: "6",
      REPAIR_MOST_PERCENT: "100",
      TOKEN_ROTATE_DAYS: "30",
    },
  });

  const group = { AutoScalingGroupName: names.workerGroup };
  const record = "/hive-swarm/hive/swarm";
  const run = async (instanceId: string, script: string) => {
    const { exitCode, stdout, stderr } = await sandbox().control.exec(instanceId, script);
    if (exitCode !== 0) throw new Error(`${script} on ${instanceId} ended with ${exitCode}: ${stderr}`);
    return stdout;
  };
  /** A person's `docker service update`. */
  const changeService = async (name: string, how: (spec: ServiceState["Spec"]) => object): Promise<void> => {
    const { ID, Version, Spec } = await service(sandbox(), name);
    await (await manager(sandbox())).post(`/services/${ID}/update?version=${Version.Index}`, how(Spec));
  };
  const replicasOf = async (name: string) => (await service(sandbox(), name)).Spec.Mode.Replicated?.Replicas;
  const tokens = async () =>
    (await (await manager(sandbox())).get<{ JoinTokens: object }>("/swarm")).JoinTokens;
  const stateOf = async (instanceId: string) =>
    (await sandbox().control.history()).filter((one) => one.instanceId === instanceId).at(-1)?.to;

  /** Made by the first test, of which the others tell what became. */
  const made = {
    retiring: "",
    outside: "",
    ghost: "",
    drained: "",
    unlabelled: "",
    standby: "",
    launched: "",
    demoted: "",
    pushed: "",
    tokens: {} as object,
  };

  it("names each", async () => {
    const { control, autoScaling, loadBalancing, systemsManager } = sandbox();
    const calm = await planOf(sandbox());
    expect(calm).toMatchObject({ holds: [], unknown: [], actions: [] });

    await control.unpleasant({ events: everyEventLost });
    const workers = (await sandbox().workers()).map(({ instanceId }) => instanceId);
    const [retiring = "", outside = "", ghost = "", drained = "", unlabelled = "", standby = ""] = workers;
    const managers = await Promise.all(
      (await sandbox().managers()).map(async ({ instanceId }) => await nodeOf(sandbox(), instanceId)),
    );
    const demoted =
      managers.find(({ ManagerStatus }) => !ManagerStatus?.Leader)?.Spec.Labels?.[names.instanceLabel] ?? "";
    Object.assign(made, { retiring, outside, ghost, drained, unlabelled, standby, demoted });
    made.tokens = await tokens();

    // What was pushed, and what a roll left behind.
    made.pushed = (await sandbox().push({ version: "1.1.0", minutesAgo: 10 })).image;
    const batch = (await service(sandbox(), "hive_batch")).Spec.TaskTemplate.ContainerSpec.Image;
    await changeService("hive_batch", (spec) => ({
      ...spec,
      Mode: { Replicated: { Replicas: 1 } },
      Labels: {
        ...spec.Labels,
        "hive.roll.id": "roll-hive-batch-0",
        "hive.roll.image": batch,
        "hive.roll.from": batch,
        "hive.roll.phase": "forward",
        "hive.roll.replicas": "2",
        "hive.roll.slots": "1",
        "hive.roll.since": new Date(Date.now() - 3_600_000).toISOString(),
      },
    }));
    await changeService("hive_spare", (spec) => ({ ...spec, Mode: { Replicated: { Replicas: 1 } } }));
    await (await manager(sandbox())).delete("/services/hive_viz");

    // Machines, their nodes and the load balancer.
    const out = { ...group, ShouldDecrementDesiredCapacity: true };
    await autoScaling.send(
      new TerminateInstanceInAutoScalingGroupCommand({
        InstanceId: retiring,
        ShouldDecrementDesiredCapacity: true,
      }),
    );
    await autoScaling.send(new EnterStandbyCommand({ ...out, InstanceIds: [standby] }));
    await autoScaling.send(new DetachInstancesCommand({ ...out, InstanceIds: [ghost] }));
    await sandbox().until("it to be detached", async () => (await stateOf(ghost)) === "Detached");
    await control.kill(ghost);
    await autoScaling.send(new SetDesiredCapacityCommand({ ...group, DesiredCapacity: WORKERS - 3 + 1 }));
    const LoadBalancerName = names.loadBalancer;
    const balanced = { LoadBalancerName, Instances: [{ InstanceId: unlabelled }] };
    await loadBalancing.send(new DeregisterInstancesFromLoadBalancerCommand(balanced));
    const manages = { LoadBalancerName, Instances: [{ InstanceId: demoted }] };
    await loadBalancing.send(new RegisterInstancesWithLoadBalancerCommand(manages));

    const left = await nodeOf(sandbox(), outside);
    await run(outside, "docker swarm leave");
    await changeNode(sandbox(), drained, ({ Labels = {}, ...spec }) => {
      const { "hive.active-since": _, ...others } = Labels;
      return { ...spec, Availability: "drain", Labels: others };
    });
    await changeNode(sandbox(), unlabelled, ({ Labels = {}, ...spec }) => {
      const { [names.instanceLabel]: _, ...others } = Labels;
      return { ...spec, Labels: others };
    });
    // As a worker it gets tasks, and has none of their images.
    await changeNode(sandbox(), demoted, (spec) => ({ ...spec, Role: "worker" }));

    const { Parameter } = await systemsManager.send(new GetParameterCommand({ Name: record }));
    const tokensAt = new Date(Date.now() - 40 * 86_400_000).toISOString();
    const Value = JSON.stringify({ ...JSON.parse(Parameter?.Value ?? "null"), tokensAt });
    await systemsManager.send(new PutParameterCommand({ Name: record, Value, Overwrite: true }));

    // Until all of it is to be seen: a dead machine's node is down after its heartbeats, and its agent lost.
    made.launched = await workerIn(sandbox(), "Pending:Wait");
    await sandbox().until(
      "the termination to wait",
      async () => (await stateOf(retiring)) === "Terminating:Wait",
    );
    await sandbox().until("the ghost to be down", async () => {
      return (await nodeOf(sandbox(), ghost)).Status.State === "down";
    });
    const gone = await sandbox().until("the node that left to be down", async () => {
      const node = (await nodesOf(sandbox())).find(({ ID }) => ID === left.ID);
      return node?.Status.State === "down" && node;
    });
    await (await manager(sandbox())).delete(`/nodes/${gone.ID}`);

    const wanted = [
      `label-node ${unlabelled}`,
      `start-retire ${retiring}`,
      `start-join ${made.launched}`,
      "finish-roll hive_batch",
      `remove-ghost ${ghost}`,
      `activate-node ${drained}`,
      `join-instance ${outside}`,
      `promote-node ${demoted}`,
      `register-instance ${unlabelled}`,
      "roll-newest hive_web",
      "deploy-service hive_viz",
      "set-replicas hive_spare",
      `hold-images ${demoted}`,
      `look-at ${demoted}`,
      `look-at ${standby}`,
    ].sort();
    let plan = await planOf(sandbox());
    for (let again = 0; again < 15 && plan.actions.length < wanted.length; again++)
      plan = await planOf(sandbox());
    expect(plan.actions.map(named).sort()).toEqual(wanted);
    expect({ holds: plan.holds, unknown: plan.unknown }).toEqual({ holds: [], unknown: [] });
  });

  it("mends what a person approved, then rotates the tokens, and what a person has to end is all that is left", async () => {
    const { autoScaling, loadBalancing, control } = sandbox();
    const actions = (await planOf(sandbox())).actions.filter((action) => !forEyes(action));
    const { applied } = await repairWith(sandbox(), {
      actions: actions.map(({ kind, subject }) => ({ kind, subject })),
    });
    expect(applied.map(named).sort()).toEqual(actions.map(named).sort());
    expect(applied.filter(({ result }) => result !== "done" && result !== "started")).toEqual([]);
    await sandbox().until(
      "the end of all that was started",
      async () => (await control.status()).runningFlows.length === 0,
      120,
    );

    // What could only be judged now: tokens are left alone while anybody is to join, and there is more room again.
    const later = new Set<string>();
    for (let round = 1; round <= 3; round++) {
      const report = await repairWith(sandbox(), "safe");
      expect(report.applied.filter(({ result }) => result !== "done")).toEqual([]);
      for (const each of report.applied) later.add(named(each));
    }
    expect(later).toContain("rotate-tokens swarm");
    expect([...later].filter((name) => !/^(rotate-tokens|set-replicas) /.test(name))).toEqual([]);
    const left = await planOf(sandbox());
    expect(left.actions.map(named).sort()).toEqual(
      [`look-at ${made.demoted}`, `look-at ${made.standby}`].sort(),
    );
    const { LoadBalancerName, Instances } = {
      LoadBalancerName: names.loadBalancer,
      Instances: [{ InstanceId: made.demoted }],
    };
    await loadBalancing.send(new DeregisterInstancesFromLoadBalancerCommand({ LoadBalancerName, Instances }));
    await autoScaling.send(new ExitStandbyCommand({ ...group, InstanceIds: [made.standby] }));
    await sandbox().settled(WORKERS - 1, 60);
    expect(await planOf(sandbox())).toMatchObject({ holds: [], unknown: [], actions: [] });
  });

  it("has put right what there was, and nothing else", async () => {
    for (const instanceId of [made.outside, made.drained, made.unlabelled, made.launched, made.standby]) {
      const { Spec, Status } = await nodeOf(sandbox(), instanceId);
      expect({ instanceId, ...Spec, ...Status }).toMatchObject({ Availability: "active", State: "ready" });
    }
    await expectNothingLeft(sandbox(), made.retiring);
    await expectNothingLeft(sandbox(), made.ghost);
    expect((await nodeOf(sandbox(), made.demoted)).ManagerStatus?.Reachability).toBe("reachable");
    expect(Object.keys(await running(sandbox()))).toEqual([made.pushed]);
    expect(await replicasOf(names.service)).toBe(10);
    expect(await replicasOf("hive_batch")).toBe(2);
    expect(await replicasOf("hive_spare")).toBeGreaterThan(WORKERS - 1);
    expect(await runningTasks(sandbox(), "hive_viz")).toHaveLength(1);
    await sandbox().until("the agent on every worker", async () => {
      return (await runningTasks(sandbox(), "hive_agent")).length === WORKERS - 1;
    });
    expect(await tokens()).not.toEqual(made.tokens);
    await expectHooksAnswered(sandbox());
    expect(await sandbox().control.deadLetters()).toEqual([]);
  });

  it("does no harm twice at once, nor during a join, a retirement and a roll", async () => {
    const { control, autoScaling } = sandbox();
    const replicas = await replicasOf(names.service);
    // Something for both of them, of which the events are lost.
    const [gone, other] = [made.drained, made.unlabelled];
    await changeNode(sandbox(), other, ({ Labels = {}, ...spec }) => {
      const { [names.instanceLabel]: _, ...others } = Labels;
      return { ...spec, Labels: others };
    });
    const before = (await sandbox().workers()).map(({ instanceId }) => instanceId);
    await sandbox().scale(WORKERS);
    const joining = await workerIn(sandbox(), "Pending:Wait", before);
    const reports = await Promise.all([
      repairWith(sandbox(), "safe"),
      repairWith(sandbox(), { actions: [{ kind: "start-join", subject: joining }] }),
    ]);
    expect(reports.flatMap(({ applied }) => applied.filter(({ result }) => result === "failed"))).toEqual([]);

    // Now events arrive, and repairs come upon what they have begun.
    await control.unpleasant(null);
    await autoScaling.send(
      new TerminateInstanceInAutoScalingGroupCommand({
        InstanceId: gone,
        ShouldDecrementDesiredCapacity: true,
      }),
    );
    const { digest, image } = await sandbox().push({ version: "1.2.0" });
    const during = async () => {
      const flows = (await control.status()).runningFlows;
      const { applied } = await repairWith(sandbox(), "safe");
      return { flows, applied };
    };
    const met = [await during(), await during(), await during()];
    expect(met.flatMap(({ applied }) => applied).filter(({ result }) => result === "failed")).toEqual([]);
    const kinds = new Set(met.flatMap(({ flows }) => flows).map((name) => name.split("-")[0]));
    expect([...kinds]).toEqual(expect.arrayContaining(["retire", "roll"]));

    expect(await outcomeFor(sandbox(), digest)).toMatchObject({ outcome: "converged" });
    expect(await endedHook(sandbox(), gone, "retire", 90)).toMatchObject({
      result: "CONTINUE",
      completions: 1,
    });
    await sandbox().settled(WORKERS - 1, 120);
    expect(Object.keys(await running(sandbox()))).toEqual([image]);
    expect(await replicasOf(names.service)).toBe(replicas);
    expect(outcomes(sandbox()).filter((outcome) => outcome.image.endsWith(digest))).toHaveLength(1);
    const flows = (await control.executions()).map(({ name }) => name);
    for (const prefix of [`join-${joining}`, `retire-${gone}`])
      expect(flows.filter((name) => name.startsWith(prefix))).toEqual([`${prefix}-0`]);
    expect((await nodeOf(sandbox(), other)).Spec.Availability).toBe("active");
    await expectHooksAnswered(sandbox());
    expect(await planOf(sandbox())).toMatchObject({ holds: [], unknown: [], actions: [] });
  });
});
