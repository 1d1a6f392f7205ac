// How many cases of a property are tried. Where fewer are configured for all (mutation testing), no property tries more.
import fc from "fast-check";

export const times = (count: number): { numRuns: number } => ({
  numRuns: Math.min(count, fc.readConfigureGlobal().numRuns ?? count),
});
