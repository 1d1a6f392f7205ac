// What is left to do whatever becomes of the instance: a hold that no state of it can overtake, with its hook or without.
import type { Hold } from "./watch.ts";

/** The instance may be terminated meanwhile; the hook, if it still waits, is kept alive. */
export const whateverItsState = (hold: Hold): Hold => ({
  ...hold,
  lease: { ...hold.lease, mayGoOn: () => true },
});

/** Nor is there a hook any more that would have to be kept alive. */
export const withoutHook = (hold: Hold): Hold => ({
  ...hold,
  lease: { ...hold.lease, mayGoOn: () => true, heartbeatTimeoutSeconds: undefined },
});
