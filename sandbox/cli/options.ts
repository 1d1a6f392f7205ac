// Options of the sandbox's command line: read strictly, as those of the operator's tool are.
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { inWords, nearest, UsageError } from "../../cli/options.ts";

export { nearest, UsageError };

/** @throws UsageError */
export const readOptions = <Options extends ParseArgsOptionsConfig>(args: string[], options: Options) => {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
  } catch (cause) {
    throw new UsageError(inWords(cause, Object.keys(options)), { cause });
  }
};
