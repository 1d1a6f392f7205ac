// What is done once the template is provisioned, and nothing else: the first images are pushed and the template's parameters stored; then
// the owner of an account wants so many managers, then so many workers, and asks once for a repair. The swarm is formed by the functions:
// by the managers' launch hooks, as workers join by theirs, and the services of the stack are deployed by that repair.
import { setTimeout as delay } from "node:timers/promises";
import type { RepairReport } from "../../shared/flows/repair.ts";
import { OPERATOR } from "../aws/handle.ts";
import { isClosed } from "../lambda/execution.ts";
import type { Template } from "../template/types.ts";
import type { Cloud } from "./assemble.ts";
import { names } from "./configuration.ts";
import type { Picture } from "./picture.ts";
import { onWorkers, repositoriesOf, sandboxStack } from "./stack.ts";

const PATIENCE_MILLISECONDS = 180_000;
const IMAGE_VERSION = "1.0.0";
/** It was there before, as an image is that a stack is written for. */
const IMAGE_MINUTES = 60;

/** @param seen the swarm as it was looked at last */
export const bootstrap = async (cloud: Cloud, seen: () => Picture): Promise<void> => {
  const { timeline, configuration } = cloud;
  const { replicas, asDeployed = false } = configuration;
  const { managers, workers } = asDeployed ? desiredBy(cloud.template) : configuration;
  const phase = async (text: string, work: () => Promise<unknown>): Promise<void> => {
    const started = Date.now();
    await work();
    timeline.add({ kind: "phase", text, seconds: (Date.now() - started) / 1000 });
  };
  // Neither needs an engine, so it is done while the machines start.
  const ready = storeParameters(cloud);
  // Awaited further down; until then its failure must not end the process without a word about the rest.
  ready.catch(() => {});
  const launch = async (group: string, wanted: number): Promise<void> => {
    if (!asDeployed) await desire(cloud, group, wanted);
    await until(cloud, `${wanted} of ${group} to be in service`, () => inService(cloud, group) === wanted);
  };
  await phase(`${counted(managers, "manager")} in service: the swarm is formed`, () =>
    launch(names.managerGroup, managers),
  );
  await phase(`${counted(workers, "worker")} in service`, () => launch(names.workerGroup, workers));
  await ready;
  if (replicas > 0) {
    await phase(`the stack ${names.cluster} is deployed`, async () => {
      await deployStack(cloud);
      const busy = Math.min(workers, replicas);
      await until(cloud, `tasks on ${busy} workers`, () => workersWithTasks(seen()) >= busy);
    });
  }
};

/** The groups launch so many by themselves. */
const desiredBy = ({ groups }: Template): { managers: number; workers: number } => {
  const desired = (group: string): number => groups.find(({ name }) => name === group)?.desired ?? 0;
  return { managers: desired(names.managerGroup), workers: desired(names.workerGroup) };
};

const desire = (cloud: Cloud, AutoScalingGroupName: string, DesiredCapacity: number): Promise<unknown> =>
  cloud.handle("autoscaling", "SetDesiredCapacity", { AutoScalingGroupName, DesiredCapacity }, OPERATOR);

const workersWithTasks = ({ nodes, running }: Picture): number =>
  nodes.filter(({ id, role }) => role === "worker" && (running[id] ?? 0) > 0).length;

const counted = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;

const inService = ({ autoScaling }: Cloud, group: string): number => {
  const states = new Map(autoScaling.history().map(({ instanceId, to }) => [instanceId, to]));
  return autoScaling.instanceIds(group).filter((id) => states.get(id) === "InService").length;
};

/** The stack among them, of which a repair takes every image for granted. */
const storeParameters = async (cloud: Cloud): Promise<void> => {
  if (cloud.configuration.replicas > 0) await pushImages(cloud);
  for (const { name: Name, type: Type, tier: Tier, value: Value } of cloud.template.parameters)
    await cloud.handle("ssm", "PutParameter", { Name, Type, Tier, Value }, OPERATOR);
};

/** What the registry holds before anything is automated is told to nobody. */
const pushImages = async ({ ecr, configuration }: Cloud): Promise<void> => {
  ecr.model.announces = false;
  try {
    for (const repository of repositoriesOf(sandboxStack(configuration)))
      await ecr.push({ version: IMAGE_VERSION, repository, minutesAgo: IMAGE_MINUTES });
  } finally {
    ecr.model.announces = true;
  }
};

/** @throws Error with what the repair said of each service that it did not deploy */
const deployStack = async (cloud: Cloud): Promise<void> => {
  const { configuration, handle, lambda } = cloud;
  const event = { source: "hive-swarm", "detail-type": "Repair Requested", detail: { apply: "safe" } };
  const request = { FunctionName: lambda.functionName("dispatch"), Payload: JSON.stringify(event) };
  const { Payload, FunctionError } = (await handle("lambda", "Invoke", request, OPERATOR)) as Invoked;
  if (FunctionError !== undefined) throw new Error(`dispatch failed on ${request.Payload}: ${Payload}`);
  const repairs = () => lambda.durable.executions().filter(({ name }) => name.startsWith("repair-"));
  await until(cloud, `the end of ${Payload}`, () => repairs().length > 0 && repairs().every(isClosed));
  // Without events the schedule may have been faster: whichever repair did it.
  const reports = repairs().flatMap(({ result }) => (result ? [JSON.parse(result) as RepairReport] : []));
  const tried = reports.flatMap(({ applied }) => applied.filter(({ kind }) => kind === "deploy-service"));
  const deployed = new Set(tried.flatMap(({ subject, result }) => (result === "done" ? [subject] : [])));
  // A service that no node could run is not deployed before there is one.
  const wanted = Object.entries(sandboxStack(configuration).services)
    .filter(([, service]) => configuration.workers > 0 || !onWorkers(service))
    .map(([name]) => `${names.cluster}_${name}`);
  const missing = wanted.filter((name) => !deployed.has(name));
  if (missing.length === 0) return;
  const said = reports.map(({ applied, plan }) => ({ applied, holds: plan.holds, unknown: plan.unknown }));
  throw new Error(`No repair deployed ${missing.join(", ")} of the stack: ${JSON.stringify(said)}`);
};

interface Invoked {
  Payload: Uint8Array;
  FunctionError?: string;
}

/** The cloud has nobody to ask but itself. */
const until = async ({ timeline }: Cloud, what: string, is: () => boolean): Promise<void> => {
  const deadline = Date.now() + PATIENCE_MILLISECONDS;
  while (!is()) {
    if (Date.now() > deadline)
      throw new Error(
        `Waited ${PATIENCE_MILLISECONDS / 1000} s in vain for ${what}: see ${timeline.file}, and the functions' logs beside it`,
      );
    await delay(100);
  }
};
