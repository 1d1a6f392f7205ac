// What the simulated documents have in common: their surroundings, and how they print.
import type { ScriptResult } from "../ports.ts";
import type { Host } from "./host.ts";
import type { SimulatedSwarm } from "./swarm.ts";
import type { SimulatedTimings } from "./timings.ts";

/** One range of a log file that was copied to S3. */
export interface Rescued {
  instanceId: string;
  bucket: string;
  key: string;
  bytes: number;
}

/** A state of the swarm that was put into S3. */
export interface SavedSwarm {
  instanceId: string;
  bucket: string;
  key: string;
}

/** What a script of the host asks of AWS. */
export interface AwsCall {
  service: string;
  operation: string;
  input: object;
  /** Default: the one that the instance is in. */
  region?: string;
  /** How the script names it when it fails: `ssm GetParameter /hive-swarm/…`. */
  shown: string;
}

export interface Surroundings {
  host: Host;
  swarm: SimulatedSwarm;
  timings: SimulatedTimings;
  now(): number;
  /** Parameter Store, read with the instance's own role. */
  readParameter(name: string): string | undefined;
  /** The same for writing: a SecureString. */
  writeParameter(name: string, value: string): void;
  /** Why pulling the image fails, in the engine's words; undefined: it does not. @param region of the registry */
  refusal(image: string, region: string): string | undefined;
  /**
   * One call to AWS with the instance's own role, as far as its permission goes.
   * @throws Failed with the step, and with what the script prints of the answer.
   */
  ask(step: string, call: AwsCall): void;
  rescued: Rescued[];
  saved: SavedSwarm[];
}

export interface Script extends Surroundings {
  /** Value of a parameter. @throws AgentTooOld where the agent did not hand it over. */
  parameter(name: string): string;
  /** Goes on that much later; never, once the host is dead or the command has ended. */
  pause(milliseconds: number): Promise<void>;
  /** Marks the run itself: a lock that it holds is free when it is over. */
  run: { over: boolean };
}

export type Document = (script: Script) => Promise<object>;

/** `fail STEP CAUSE` of documents/lib/json.sh. */
export class Failed extends Error {
  readonly step: string;
  constructor(step: string, cause: string) {
    super(cause);
    this.step = step;
  }
}

/** `: "${SSM_name:?agent too old}"`. */
export class AgentTooOld extends Error {}

export const succeeded = (answer: object): ScriptResult => result(0, `${JSON.stringify(answer)}\n`);

export const failed = ({ step, message }: Failed): ScriptResult =>
  result(1, `${JSON.stringify({ failed: { step, cause: message } })}\n`);

export const result = (exitCode: number, stdout: string, stderr = ""): ScriptResult => ({
  exitCode,
  stdout,
  stderr,
  timedOut: false,
});

export const words = (text: string): string[] => text.split(" ").filter(Boolean);
