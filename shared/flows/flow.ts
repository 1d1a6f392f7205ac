// The little that a flow needs of a durable engine: a step that is stored, and a poll whose waits cost nothing. Flows are
// written against this alone, so they read as prose and could be driven by another engine.

/** What one check of a poll says: the state to go on with, and when to look again; no `againInSeconds`: the poll has ended. */
export interface Check<State> {
  state: State;
  againInSeconds?: number;
}

export interface Flow {
  /** Name of the execution, for log records. */
  readonly name: string;
  /**
   * Runs once and stores the result; a crash before that runs it again. What passes by itself (throttling, server faults) is
   * tried again for some minutes.
   * @throws when it fails for good.
   */
  step<T>(name: string, run: () => Promise<T>): Promise<T>;
  /** Checks until a check says no `againInSeconds`. A check must not throw: its state carries what went wrong. */
  poll<State>(name: string, initial: State, check: (state: State) => Promise<Check<State>>): Promise<State>;
}
