// Invocations on virtual time: a flow may pause inside a check, and meanwhile the clock has to go on; an invocation that has
// ended (by a crash too) must do nothing any more, as a Lambda that is gone.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Interceptor } from "../../sandbox/aws/handle.ts";
import { sleep, type VirtualClock } from "../../sandbox/clock.ts";
import type { InvokeDurable } from "../../sandbox/lambda/durable-service.ts";
import type { Quiet } from "../../sandbox/lambda/virtual-driver.ts";

interface Invocation {
  over: boolean;
  pausing: boolean;
}

export class Invocations implements Quiet {
  readonly #clock: VirtualClock;
  readonly #current = new AsyncLocalStorage<Invocation>();
  readonly #active = new Set<Invocation>();
  #waiters: (() => void)[] = [];

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  track(invoke: InvokeDurable): InvokeDurable {
    return (...asked) => {
      const invocation: Invocation = { over: false, pausing: false };
      this.#active.add(invocation);
      return this.#current.run(invocation, async () => {
        try {
          return await invoke(...asked);
        } finally {
          invocation.over = true;
          this.#active.delete(invocation);
          this.#notify();
        }
      });
    };
  }

  /** World.pause: on the virtual clock, which goes on for it. */
  readonly pause = async (milliseconds: number): Promise<void> => {
    const invocation = this.#current.getStore();
    if (invocation) invocation.pausing = true;
    this.#notify();
    await sleep(this.#clock, milliseconds);
    if (invocation?.over) await never();
    if (invocation) invocation.pausing = false;
  };

  /** Calls of an invocation that is over never come to pass. */
  readonly guard: Interceptor = async (call, next) => {
    if (this.#current.getStore()?.over) await never();
    return await next(call);
  };

  /** Invocations that neither have returned nor pause. */
  running(): number {
    return [...this.#active].filter(({ pausing }) => !pausing).length;
  }

  /** Resolves when there are none. */
  async quiet(): Promise<void> {
    while (this.running() > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  #notify(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}

const never = (): Promise<never> => new Promise(() => {});
