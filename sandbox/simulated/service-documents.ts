// The documents that look at services and write to them, on a manager: survey-services, watch-service, update-service.
import { repositoryOf } from "./images.ts";
import { requireLeader, requireManager } from "./manager-documents.ts";
import { type Document, Failed, type Script, words } from "./script.ts";
import {
  activeWorkers,
  failedTasks,
  monitorSeconds,
  packed,
  serviceFacts,
  youngest,
} from "./service-facts.ts";
import type { SimulatedService } from "./swarmkit/service.ts";
import type { Task } from "./swarmkit/task.ts";
import { decide, type UpdateParameters } from "./update-acts.ts";

/** Writes that met another's write, or one of the updater's own to its status. */
const ATTEMPTS = 20;

export const surveyServices: Document = async (script) => {
  const { swarm, timings, parameter, pause, now } = script;
  const repository = parameter("image");
  requireManager(script);
  await pause(timings.askMs);
  requireLeader(swarm);
  const services = [...swarm.services.values()]
    .filter(({ spec }) => repositoryOf(spec.template.image) === repository)
    .map((service) => serviceFacts(swarm, service, now()));
  const { instances, unlabelled } = activeWorkers(swarm.nodes);
  return {
    gz: packed({
      services,
      workers: instances,
      unlabelled,
      now: Math.floor(now() / 1000),
    }),
  };
};

export const watchService: Document = async (script) => {
  const { parameter } = script;
  const id = parameter("serviceId");
  requireManager(script);
  const seen = await settled(script, id, parameter("rollId"), Number(parameter("waitSeconds")));
  return seen ? { outcome: "seen", ...facts(script, seen) } : { outcome: "no-service" };
};

export const updateService: Document = async (script) => {
  const { swarm, timings, parameter, pause } = script;
  const id = parameter("serviceId");
  const parameters = read(script);
  const { act, rollId } = parameters;
  const [settleSeconds, waitSeconds] = [Number(parameter("settleSeconds")), Number(parameter("waitSeconds"))];
  requireManager(script);
  if ((act === "begin" && parameters.expects === "") || act === "scale")
    await calm(script, id, settleSeconds);
  for (let attempt = 1; ; attempt++) {
    requireLeader(swarm);
    const service = swarm.services.get(id);
    if (service === undefined) return { outcome: "no-service" };
    const { version } = service;
    const decision = decide(service, parameters, swarm.nodes);
    if (decision.outcome === "done") break;
    if (decision.outcome === "refuse") throw new Failed("update", `service ${id} (${act}): ${decision.why}`);
    if (decision.outcome !== "write") return { ...decision, ...facts(script, service) };
    await pause(timings.askMs);
    requireLeader(swarm);
    const answer = swarm.updateService(id, version, decision.spec, `${rollId} ${act}`);
    if (answer === "updated") break;
    if (answer === "not found") return { outcome: "no-service" };
    if (attempt === ATTEMPTS)
      throw new Failed(
        "update",
        `service ${id} (${act}): ${ATTEMPTS} writes were out of sequence: something else writes to it all the time`,
      );
    await pause(200);
  }
  const seen = await settled(script, id, rollId, act === "end" || act === "scale" ? 0 : waitSeconds);
  return seen ? { outcome: "done", ...facts(script, seen) } : { outcome: "no-service" };
};

const facts = ({ swarm, now }: Script, service: SimulatedService): { gz: string } => ({
  gz: packed(serviceFacts(swarm, service, now())),
});

const read = ({ parameter }: Script): UpdateParameters => ({
  rollId: parameter("rollId"),
  act: parameter("act"),
  expects: parameter("expects"),
  image: parameter("image"),
  seen: parameter("seen"),
  since: parameter("since"),
  cause: parameter("cause"),
  update: {
    parallelism: Number(parameter("parallelism")),
    delaySeconds: Number(parameter("delaySeconds")),
    monitorSeconds: Number(parameter("monitorSeconds")),
  },
  holders: words(parameter("holders")),
  replicas: parameter("replicas"),
  was: parameter("was"),
});

const isUnderway = ({ tasks }: SimulatedService): boolean =>
  [...tasks].some((task) => task.runnable && task.underway);

/** Until no task is between its node and running: a shrink would take running ones (docs/facts.md, D1). */
const calm = async (script: Script, id: string, seconds: number): Promise<void> => {
  const { swarm, pause, now } = script;
  const until = now() + seconds * 1000;
  for (;;) {
    requireLeader(swarm);
    const service = swarm.services.get(id);
    const marker = service?.spec.labels["hive.roll.id"];
    if (!service || marker !== undefined || !isUnderway(service) || now() >= until) return;
    await pause(1_000);
  }
};

/** Looks each second until there is something to decide, or the time is over. */
const settled = async (
  script: Script,
  id: string,
  rollId: string,
  waitSeconds: number,
): Promise<SimulatedService | undefined> => {
  const { swarm, timings, pause, now } = script;
  const until = now() + waitSeconds * 1000;
  let failedAtFirst: number | undefined;
  for (;;) {
    await pause(timings.askMs);
    requireLeader(swarm);
    const service = swarm.services.get(id);
    if (service === undefined) return undefined;
    failedAtFirst ??= failedTasks(service).length;
    if (isSettled(service, rollId, failedAtFirst, now()) || now() >= until) return service;
    await pause(1_000);
  }
};

/** Just after a write there is no update status yet, but tasks of another image than the spec's. */
const isAsWanted = (task: Task): boolean =>
  !task.runnable ||
  !task.placed ||
  (task.status.state === "running" && task.image === task.service.spec.template.image);

const isSettled = (
  service: SimulatedService,
  rollId: string,
  failedAtFirst: number,
  now: number,
): boolean => {
  const state = service.updateStatus?.state ?? "none";
  if (service.spec.labels["hive.roll.id"] !== rollId) return true;
  if (state === "paused" || state.startsWith("rollback_")) return true;
  if (failedTasks(service).length > failedAtFirst) return true;
  if (state === "updating" || ![...service.tasks].every(isAsWanted)) return false;
  const age = youngest(service, now);
  return state === "completed" || age === null || age > monitorSeconds(service);
};
