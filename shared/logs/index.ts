// What the flows need to know about a host's logs: read the answer of `log-state`, judge it, say it.

export { describe } from "./describe.ts";
export type {
  FilebeatProcess,
  FilebeatStats,
  FileFacts,
  LogState,
  RegistryEntry,
  RegistryLayout,
  Sample,
  Writer,
} from "./facts.ts";
export { judge } from "./judge.ts";
export { LogStateError, parseLogState } from "./parse-log-state.ts";
export { unshippedRanges } from "./unshipped-ranges.ts";
export type {
  FilebeatVerdict,
  FileVerdict,
  JudgedFile,
  Judgement,
  JudgeOptions,
  UnshippedRange,
} from "./verdicts.ts";
