// What the demonstration proved, as data: the shape of `.sandbox/report.json`, and the verdict over it.
// Pure functions: what was measured goes in, what is to be said comes out.

/** Requests as the client saw them. */
export interface RequestsReport {
  sent: number;
  failed: number;
  /** Why they failed, counted: `status 503`, `ECONNRESET on a kept connection`, `timeout`, `wrong body`. */
  reasons: Record<string, number>;
  slowestMilliseconds: number;
}

/** Log lines on the instances' disks (dead instances included) against those that the collector holds. */
export interface LogLinesReport {
  written: number;
  shipped: number;
  /** Lines that were written and never arrived; the first few of them. */
  lost: string[];
}

/** One lifecycle action of the worker group. */
export interface HookReport {
  instanceId: string;
  /** `autoscaling:EC2_INSTANCE_LAUNCHING` or `autoscaling:EC2_INSTANCE_TERMINATING`. */
  transition: string;
  hook: string;
  /** `CONTINUE` or `ABANDON`; `none` while it is open. */
  result: string;
  /** CompleteLifecycleAction calls that were accepted. A hook that timed out has none. */
  completions: number;
  seconds: number;
}

export interface StepReport {
  name: string;
  seconds: number;
}

/** One durable execution. */
export interface FlowReport {
  name: string;
  function: string;
  status: string;
  seconds: number;
  steps: StepReport[];
}

export interface Report {
  passed: boolean;
  /** One sentence for each promise that was not kept. Empty when all were. */
  broken: string[];
  seconds: number;
  phases: StepReport[];
  requests: RequestsReport;
  logLines: LogLinesReport;
  hooks: HookReport[];
  flows: FlowReport[];
}

export type Measured = Omit<Report, "passed" | "broken">;

/** How many lifecycle actions of each kind the demonstration brings about. */
export interface Expected {
  launches: number;
  terminations: number;
}

export const LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING";
export const TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING";

/** Adds the verdict. A demonstration in which nothing happened proves nothing, and so does not pass. */
export const judge = (measured: Measured, expected: Expected): Report => {
  const broken = [
    ...brokenRequests(measured.requests),
    ...brokenLines(measured.logLines),
    ...unwrittenLines(measured),
    ...brokenHooks(measured.hooks, expected),
  ];
  return { passed: broken.length === 0, broken, ...measured };
};

const brokenRequests = ({ sent, failed, reasons }: RequestsReport): string[] => {
  if (sent === 0) return ["No request was sent, so nothing is known about lost requests."];
  if (failed === 0) return [];
  const why = Object.entries(reasons).map(([reason, count]) => `${count} × ${reason}`);
  return [`${failed} of ${sent} requests failed: ${why.join(", ")}.`];
};

const brokenLines = ({ written, shipped, lost }: LogLinesReport): string[] => {
  if (written === 0) return ["No log line was written, so nothing is known about lost lines."];
  if (lost.length === 0 && shipped >= written) return [];
  const example = lost[0] === undefined ? "" : ` For example: ${lost[0]}`;
  return [`${written - shipped} of ${written} log lines did not reach the collector.${example}`];
};

/** The service writes a line before it answers; so a disk that holds fewer has lost some. */
const unwrittenLines = ({ requests, logLines }: Measured): string[] => {
  const missing = requests.sent - requests.failed - logLines.written;
  return missing > 0 ? [`${missing} requests were answered of which no disk holds a log line.`] : [];
};

const brokenHooks = (hooks: HookReport[], expected: Expected): string[] => {
  const count = (transition: string) => hooks.filter((hook) => hook.transition === transition).length;
  const broken: string[] = [];
  if (count(LAUNCHING) !== expected.launches) {
    broken.push(`${count(LAUNCHING)} launch hooks ran; ${expected.launches} were expected.`);
  }
  if (count(TERMINATING) !== expected.terminations) {
    broken.push(`${count(TERMINATING)} terminate hooks ran; ${expected.terminations} were expected.`);
  }
  for (const hook of hooks) {
    const name = `The ${hook.hook} hook of ${hook.instanceId}`;
    if (hook.completions !== 1) broken.push(`${name} was completed ${hook.completions} times, not once.`);
    else if (hook.result !== "CONTINUE") broken.push(`${name} ended with ${hook.result}.`);
  }
  return broken;
};
