// The demonstration itself: a swarm grows from one worker to three and shrinks to one, under load, and everything is
// counted. Knows nothing of terminals.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Sandbox, type SandboxOptions, startSandbox } from "../cli/session.ts";
import { files, names } from "../cloud/configuration.ts";
import { compareLines, shippedLines, writtenLines } from "../cloud/log-lines.ts";
import { type Load, startLoad } from "./load.ts";
import { judge, type Measured, type Report, type StepReport } from "./report.ts";

export interface DemonstrationOptions extends SandboxOptions {
  /** Told at the beginning of each phase. */
  onPhase: (text: string) => void;
  /** Told every few seconds while the load runs. */
  onCounts: (text: string) => void;
  /** Told as soon as the sandbox can be used from outside. */
  onUp: (sandbox: Sandbox) => void;
}

/** Moderate: each request starts four processes in its container, and the machine may have two CPUs. */
const REQUESTS_PER_SECOND = 40;
const REQUESTS_IN_FLIGHT = 20;
/** A stopping container lets requests under way finish; what takes longer than this is lost. */
const REQUEST_MILLISECONDS = 10_000;
/** How long the load runs in each size, to show that it is steady. */
const STEADY_MILLISECONDS = 5_000;
const COUNTS_MILLISECONDS = 5_000;
/** Generous: the whole takes about a minute. */
const PATIENCE_SECONDS = 90;
/** Filebeat's scan and its batches; then a line that has not arrived is lost. */
const SHIPPING_SECONDS = 30;

const FROM = 1;
const TO = 3;

/** Resolves with the report and the sandbox, which is still up. Only a sandbox that does not start rejects. */
export const demonstrate = async (
  options: DemonstrationOptions,
): Promise<{ report: Report; sandbox: Sandbox }> => {
  const started = Date.now();
  const phases: StepReport[] = [];
  const phase = async <Result>(name: string, work: () => Promise<Result>): Promise<Result> => {
    options.onPhase(name);
    const begun = Date.now();
    try {
      return await work();
    } finally {
      phases.push({ name, seconds: (Date.now() - begun) / 1000 });
    }
  };

  const sandbox = await phase("The manager comes up, forms the swarm, and the service is deployed", () =>
    startSandbox({ ...options, managers: 1, workers: FROM }),
  );
  options.onUp(sandbox);
  let load: Load | undefined;
  let counting: NodeJS.Timeout | undefined;
  const failures: string[] = [];
  try {
    await phase("The worker joins by its launch hook", () => sandbox.settled(FROM, PATIENCE_SECONDS));
    load = loadThroughBalancer(sandbox);
    counting = setInterval(countAloud(sandbox, load, options.onCounts), COUNTS_MILLISECONDS);
    await phase("The load runs, on one worker", () => delay(STEADY_MILLISECONDS));
    await phase(`The group grows to ${TO}`, async () => {
      await sandbox.scale(TO);
      await sandbox.settled(TO, PATIENCE_SECONDS);
    });
    await phase(`The load runs, on ${TO} workers`, () => delay(STEADY_MILLISECONDS));
    await phase(`The group shrinks to ${FROM}`, async () => {
      await sandbox.scale(FROM);
      await sandbox.settled(FROM, PATIENCE_SECONDS);
    });
    await phase("The load runs, on one worker again", () => delay(STEADY_MILLISECONDS));
  } catch (error) {
    // What was measured until here is worth a report all the same.
    failures.push(error instanceof Error ? error.message : String(error));
  }
  clearInterval(counting);
  const requests = (await load?.stop()) ?? { sent: 0, failed: 0, reasons: {}, slowestMilliseconds: 0 };
  await phase("The last log lines arrive", () => untilShipped(sandbox));
  const measured: Measured = {
    seconds: (Date.now() - started) / 1000,
    phases,
    requests,
    logLines: lines(sandbox),
    hooks: await sandbox.control.hooks(),
    flows: await sandbox.control.flows(),
  };
  const report = judge(measured, { launches: TO, terminations: TO - FROM });
  return { sandbox, report: withFailures(report, failures) };
};

const withFailures = (report: Report, failures: string[]): Report => ({
  ...report,
  passed: report.passed && failures.length === 0,
  broken: [...failures, ...report.broken],
});

export const loadThroughBalancer = ({ url }: Sandbox): Load => {
  const { hostname, port } = new URL(url);
  return startLoad({
    host: hostname,
    port: Number(port),
    path: (requestNumber) => `/cgi-bin/work?n=${requestNumber}`,
    // The container's host name: the first twelve digits of its id.
    answers: (body) => /^[0-9a-f]{12}\n$/.test(body),
    ratePerSecond: REQUESTS_PER_SECOND,
    maximumInFlight: REQUESTS_IN_FLIGHT,
    timeoutMilliseconds: REQUEST_MILLISECONDS,
  });
};

const countAloud = (sandbox: Sandbox, load: Load, tell: (text: string) => void) => () => {
  const { sent, failed } = load.counts();
  sandbox.control.logLines().then(
    ({ written, accepted }) =>
      tell(`requests: ${sent} sent, ${failed} failed · log lines: ${written} written, ${accepted} shipped`),
    // The sandbox was taken down between two counts; whoever did that tells why.
    () => {},
  );
};

const lines = ({ stateDirectory }: Sandbox) =>
  compareLines(writtenLines(stateDirectory), shippedLines(join(stateDirectory, files.collected)));

/** Until nothing is missing, or it must be given up for lost. */
const untilShipped = async (sandbox: Sandbox): Promise<void> => {
  const deadline = Date.now() + SHIPPING_SECONDS * 1000;
  while (lines(sandbox).lost.length > 0 && Date.now() < deadline) await delay(250);
};

/** What the demonstration runs, for people. */
export const DESCRIPTION = `A real swarm on this machine: service ${names.service}, ${REQUESTS_PER_SECOND} requests a second, workers ${FROM} → ${TO} → ${FROM}`;
