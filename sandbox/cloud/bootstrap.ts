// What a person does by hand, once, before there is anything to automate: form the swarm on the managers, put the
// join tokens where the hosts look for them, push the image and deploy the service. Workers are not among it: they
// come by the group's launch hook and the project's own join-node, and in no other way.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { OPERATOR } from "../aws/handle.ts";
import type { Cloud } from "./assemble.ts";
import { names } from "./configuration.ts";
import { demoService } from "./demo-service.ts";
import { type Engine, type EngineNode, engineAt } from "./engine.ts";

const PATIENCE_MILLISECONDS = 60_000;
const IMAGE_VERSION = "1.0.0";

interface Manager {
  instanceId: string;
  address: string;
  engine: Engine;
}

export const bootstrap = async (cloud: Cloud): Promise<void> => {
  const { timeline, configuration } = cloud;
  const phase = async <Result>(text: string, work: () => Promise<Result>): Promise<Result> => {
    const started = Date.now();
    const result = await work();
    timeline.add({ kind: "phase", text, seconds: (Date.now() - started) / 1000 });
    return result;
  };
  // The image needs no engine, so it is made while the machines start.
  const pushed = configuration.replicas > 0 ? pushFirstImage(cloud) : undefined;
  // Awaited further down; until then its failure must not end the process without a word about the rest.
  pushed?.catch(() => {});
  const managers = await phase(
    `${configuration.managers} ${configuration.managers === 1 ? "manager" : "managers"} up`,
    () => startedManagers(cloud),
  );
  const [first, ...others] = managers;
  if (first === undefined) throw new Error("The manager group has no instance: a swarm needs one manager");
  await phase("the swarm is formed", async () => {
    await formSwarm(cloud, first);
    for (const manager of others) await joinManager(first, manager);
    await labelManagers(first, managers);
  });
  if (pushed !== undefined) {
    await phase(`the service ${names.service} is deployed`, async () =>
      first.engine.post("/services/create", demoService(await pushed, configuration.replicas)),
    );
  }
  await cloud.handle(
    "autoscaling",
    "SetDesiredCapacity",
    { AutoScalingGroupName: names.workerGroup, DesiredCapacity: configuration.workers },
    OPERATOR,
  );
};

/** Waits until every manager's engine answers. */
const startedManagers = (cloud: Cloud): Promise<Manager[]> =>
  until("all managers' engines to answer", async () => {
    const ids = cloud.autoScaling.instanceIds(names.managerGroup);
    if (ids.length < cloud.configuration.managers) return undefined;
    return Promise.all(
      ids.map(async (instanceId) => {
        const socket = join(cloud.configuration.stateDirectory, "instances", instanceId, "docker.sock");
        const engine = engineAt(socket);
        await engine.get("/_ping");
        return { instanceId, engine, address: cloud.machines.address(instanceId) ?? "" };
      }),
    );
  });

const formSwarm = async (cloud: Cloud, { instanceId, engine, address }: Manager): Promise<void> => {
  await engine.post("/swarm/init", {
    ListenAddr: "0.0.0.0:2377",
    AdvertiseAddr: address,
    // Swarm's own default, 10.0.0.0/8, collides with the network that the instances are in (facts D17).
    DefaultAddrPool: ["172.30.0.0/16"],
    SubnetSize: 24,
  });
  const tokens = await joinTokens(engine);
  for (const [Name, Value] of [
    [names.workerToken, tokens.Worker],
    [names.managerToken, tokens.Manager],
  ]) {
    await cloud.handle(
      "ssm",
      "PutParameter",
      { Name, Value, Type: "SecureString", Overwrite: true },
      OPERATOR,
    );
  }
  // As the operator itself leaves it: no other instance ever forms one.
  const at = new Date().toISOString();
  const Value = JSON.stringify({ formedBy: instanceId, at, tokensAt: at });
  await cloud.handle("ssm", "PutParameter", { Name: names.record, Value, Type: "String" }, OPERATOR);
};

const joinTokens = async (engine: Engine): Promise<{ Worker: string; Manager: string }> =>
  (await engine.get<{ JoinTokens: { Worker: string; Manager: string } }>("/swarm")).JoinTokens;

const joinManager = async (first: Manager, { engine, address }: Manager): Promise<void> => {
  const { Manager } = await joinTokens(first.engine);
  await engine.post("/swarm/join", {
    ListenAddr: "0.0.0.0:2377",
    AdvertiseAddr: address,
    RemoteAddrs: [`${first.address}:2377`],
    JoinToken: Manager,
  });
};

const labelManagers = async (first: Manager, managers: Manager[]): Promise<void> => {
  for (const { instanceId, engine } of managers) {
    const { Swarm } = await engine.get<{ Swarm: { NodeID: string } }>("/info");
    await until(`${instanceId} to be labelled`, async () => {
      const node = await first.engine.get<EngineNode>(`/nodes/${Swarm.NodeID}`);
      const Labels = { ...node.Spec.Labels, [names.instanceLabel]: instanceId };
      // Refused where the node changed meanwhile: then it is read again.
      await first.engine.post(`/nodes/${node.ID}/update?version=${node.Version.Index}`, {
        ...node.Spec,
        Labels,
      });
      return true;
    });
  }
};

/**
 * What the registry holds before anything is automated is told to nobody.
 * @returns the image's name with tag and digest
 */
const pushFirstImage = async ({ ecr }: Cloud): Promise<string> => {
  ecr.model.announces = false;
  try {
    return (await ecr.push({ version: IMAGE_VERSION })).image;
  } finally {
    ecr.model.announces = true;
  }
};

/** Tries until it succeeds with a result; the last failure is the cause of giving up. */
const until = async <Result>(what: string, attempt: () => Promise<Result | undefined>): Promise<Result> => {
  const deadline = Date.now() + PATIENCE_MILLISECONDS;
  for (;;) {
    const outcome = await attempt().then(
      (result) => ({ result }),
      (cause: unknown) => ({ cause }),
    );
    if ("result" in outcome && outcome.result !== undefined) return outcome.result;
    if (Date.now() > deadline) {
      const cause = "cause" in outcome ? outcome.cause : undefined;
      throw new Error(`Waited ${PATIENCE_MILLISECONDS / 1000} s in vain for ${what}`, { cause });
    }
    await delay(100);
  }
};
