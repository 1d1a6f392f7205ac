// An image was pushed, or a person asks for one → every service of the swarm that runs its repository runs exactly that digest on every
// task, or is back on the digest before it with the cause named. Services go one by one; one that fails does not stop the others.
import type { Image } from "../rolls/choose.ts";
import { type Decision, decide } from "../rolls/decide.ts";
import { imagesToKeep, seenUntil } from "../rolls/marker.ts";
import type { RollOutcome } from "../rolls/outcome.ts";
import { tally } from "../rolls/progress.ts";
import type { ServiceFacts } from "../swarm/services.ts";
import { failureOf, StepFailure } from "./failure.ts";
import type { Flow } from "./flow.ts";
import { type Holding, hostsHold, surveyServices } from "./roll-hosts.ts";
import { type End, type Plan, type RollDecision, rollOne } from "./roll-one.ts";
import { pausedCause } from "./roll-paused.ts";
import { report } from "./roll-report.ts";
import type { RollRequest } from "./roll-request.ts";
import { type RollErrand, resolveTarget } from "./roll-target.ts";
import type { EpochMillis, RollWorld } from "./world.ts";

/** What a dry run says of one service. */
export interface Intent {
  service: string;
  does: Decision["kind"];
  because: string;
  from: string;
  to: string;
}

export interface RollReport {
  outcomes: readonly RollOutcome[];
  /** Of a dry run alone: nothing was done. */
  intents: readonly Intent[];
}

/** For how long managers that do not answer are waited for, past the budget of the roll itself. */
const HOLD_SECONDS = 6 * 3600;

/** @throws StepFailure when it could not be decided, or an outcome not be told: the execution ends in the dead-letter queue. */
export const rollImage = async (flow: Flow, world: RollWorld, request: RollRequest): Promise<RollReport> => {
  const startedAt = await flow.step("roll begins", async () => world.now());
  const errand = errandFor(flow, world, { repository: request.repository }, startedAt);
  const note = noteFor(request, flow.name, startedAt);
  const untold: string[] = [];
  const told = async (about: RollErrand, outcome: RollOutcome): Promise<RollOutcome> => {
    untold.push(...(await report(about, outcome)));
    return outcome;
  };
  const alone = async (end: Noted): Promise<RollReport> => ({
    outcomes: [await told(errand, note(errand, end))],
    intents: [],
  });

  let rolled: RollReport;
  try {
    rolled = await roll(errand, request, note, told, alone);
  } catch (error) {
    const { step, cause } = failureOf(error);
    await alone({
      outcome: "stalled",
      image: `${world.config.registry}/${request.repository}`,
      because: "it broke off",
      cause: { code: "unknown", text: `${step}: ${cause}` },
    });
    throw error;
  }
  if (untold.length > 0) throw new StepFailure("report", untold.join("; "));
  return rolled;
};

/** The runbook. */
const roll = async (
  errand: RollErrand,
  request: RollRequest,
  note: (about: RollErrand, end: Noted) => RollOutcome,
  told: (about: RollErrand, outcome: RollOutcome) => Promise<RollOutcome>,
  alone: (end: Noted) => Promise<RollReport>,
): Promise<RollReport> => {
  const { flow, world } = errand;
  // A dry run changes nothing.
  const paused = request.trigger === "person" && request.dryRun ? undefined : await pausedCause(errand);
  if (paused) {
    const asked = `${world.config.registry}/${request.repository}`;
    return await alone({ outcome: "refused", image: asked, because: "nothing was changed", cause: paused });
  }
  const image = await resolveTarget(errand, request);
  if (image.kind !== "image") return await alone({ outcome: image.kind, ...image });

  const { service: only = "" } = request;
  const [byPerson, dryRun] = request.trigger === "person" ? [true, request.dryRun] : [false, false];
  const survey = await surveyServices(errand, request.repository);
  const services = survey.services.filter(({ name }) => only === "" || name === only);
  const decisions = services.map((service) => judge(world, service, image, byPerson));
  if (dryRun)
    return {
      outcomes: [],
      intents: services.map((service, index) => intentOf(service, image, decisions[index])),
    };
  if (services.length === 0) {
    const because = `no service ${only || "of the swarm"} runs ${request.repository}`;
    return await alone({ outcome: byPerson ? "refused" : "skipped", because, image: image.image });
  }

  const holding: Holding = {
    repository: request.repository,
    image: image.image,
    keep: survey.services.flatMap(imagesToKeep),
  };
  // A person who asks for what runs already has hosts hold it again that lost it.
  const wanted = byPerson || decisions.some(({ kind }) => kind === "roll");
  const held = wanted ? await hostsHold(errand, holding, survey.workers) : { holders: [] };
  const holders = "cause" in held ? held : held.holders;

  const outcomes: RollOutcome[] = [];
  for (const [index, service] of services.entries()) {
    const about = errandFor(flow, world, { serviceName: service.name }, errand.lease.endedAt);
    const decision = decisions[index] ?? judge(world, service, image, byPerson);
    const end = await oneService(about, service, decision, { target: image, holding, holders }, byPerson);
    const { image: name, version } = image;
    outcomes.push(await told(about, note(about, { ...end, image: name, version, service: service.name })));
    errand.lease.endedAt = about.lease.endedAt;
  }
  return { outcomes, intents: [] };
};

const errandFor = (
  flow: Flow,
  world: RollWorld,
  about: Readonly<Record<string, string>>,
  now: EpochMillis,
): RollErrand => {
  const deadline = now + world.config.rollDeadlineSeconds * 1000;
  const globalDeadline = deadline + HOLD_SECONDS * 1000;
  return { flow, world, lease: { about, deadline, globalDeadline, endedAt: now } };
};

/** How many tasks may be replaced at once, so that enough of them run all the while. */
const parallelismFor = ({ config }: RollWorld, service: ServiceFacts): number => {
  const { placed, pending } = tally(service, service.image);
  // A task that is being replaced has a place, though its successor waits for it.
  const slots = placed + Math.min(pending, service.stopping);
  return slots === 0
    ? config.rollParallelism
    : Math.min(config.rollParallelism, slots - config.rollMinimumRunning);
};

const judge = (world: RollWorld, service: ServiceFacts, image: Image, byPerson: boolean): Decision => {
  const decision = decide(service, image, byPerson);
  if (decision.kind !== "roll" || parallelismFor(world, service) > 0) return decision;
  const because = `one task less than run now would be fewer than ROLL_MINIMUM_RUNNING (${world.config.rollMinimumRunning})`;
  return decision.adopts ? decision : { kind: "refused", because };
};

const intentOf = (service: ServiceFacts, image: Image, decision: Decision | undefined): Intent => ({
  service: service.name,
  does: decision?.kind ?? "skipped",
  because: !decision || decision.kind === "roll" ? "it runs another image" : decision.because,
  from: service.image,
  to: image.image,
});

/** Another roll can begin between the look and the first write; so often it is decided anew. */
const MOST_DECISIONS = 5;

const oneService = async (
  errand: RollErrand,
  service: ServiceFacts,
  first: Decision,
  plan: Omit<Plan, "decision">,
  byPerson: boolean,
): Promise<End> => {
  let [facts, decision, target] = [service, first, plan.target];
  for (let attempt = 1; attempt <= MOST_DECISIONS; attempt++) {
    const seen = { facts, from: facts.image };
    if (decision.kind !== "roll") return { ...seen, outcome: decision.kind, because: decision.because };
    const { holders } = plan;
    if ("cause" in holders && !decision.adopts)
      return { ...seen, outcome: "refused", because: "nothing was changed", cause: holders.cause };
    const parallelism = Math.max(1, parallelismFor(errand.world, facts));
    const rolling = {
      ...errand,
      serviceId: facts.id,
      rollId: errand.flow.name,
      parallelism,
      followed: byPerson,
    };
    const end = await rollOne(rolling, { ...plan, target, decision: decision as RollDecision }, facts);
    if (!("changed" in end)) return end;
    facts = end.changed;
    decision = decide(facts, target, byPerson);
    // What was pushed and decided on meanwhile does not overrule a person.
    const seenNow = seenUntil(facts)?.toISOString() ?? "";
    if (byPerson && seenNow > target.seen) target = { ...target, seen: seenNow };
  }
  const because = `other rolls of the service began ${MOST_DECISIONS} times in a row just before this one could`;
  return { facts, from: facts.image, outcome: "stalled", because };
};

type Noted = Partial<End> &
  Pick<RollOutcome, "outcome" | "because" | "image"> & { version?: string; service?: string };

/** Fills an outcome with what is the same for all of this roll. */
const noteFor =
  (request: RollRequest, roll: string, startedAt: EpochMillis) =>
  ({ lease }: RollErrand, end: Noted): RollOutcome => ({
    roll,
    outcome: end.outcome,
    service: end.service ?? "",
    repository: request.repository,
    image: end.image,
    version: end.version ?? "",
    from: end.from ?? "",
    runs: end.facts?.image ?? "",
    because: end.because,
    ...(end.cause ? { cause: end.cause } : {}),
    trigger: request.trigger,
    why: request.trigger === "person" ? request.why : "",
    startedAt: new Date(startedAt).toISOString(),
    seconds: Math.round((lease.endedAt - startedAt) / 100) / 10,
  });
