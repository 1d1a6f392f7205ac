// The awk that reduces filebeat's operation log says what a plain reading of the format says, whatever the log holds.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import fc from "fast-check";

interface Reduced {
  /** The raw line of each key's last operation. */
  lines: string[];
  /** Something stands in the log after which nothing may be trusted. */
  damaged: boolean;
}

/** The rule in its plainest form: checkpoint, then the operations after it, up to the first gap or torn line. */
const reference = (checkpoint: number, table: readonly string[], log: string): Reduced => {
  const entries = new Map(table.map((line) => [(JSON.parse(line) as { _key: string })._key, line]));
  const lines = log.split("\n");
  const rest = lines.at(-1) === "" ? lines.length - 1 : lines.length;
  let last = checkpoint;
  for (let at = 0; at < rest; at += 2) {
    const action = parsed(lines[at]) as { op: string; id: number } | undefined;
    const operation = parsed(lines[at + 1]) as { k: string; v?: unknown } | undefined;
    const isAction = action !== undefined && "op" in action;
    if (isAction && action.id > last && action.id !== last + 1)
      return { lines: [...entries.values()], damaged: true };
    const isOperation = operation !== undefined && "k" in operation;
    if (!isAction || !isOperation) {
      const tornAt = isAction ? at + 1 : at;
      return { lines: [...entries.values()], damaged: tornAt < rest - 1 };
    }
    if (action.id <= last) continue;
    last = action.id;
    if (action.op === "set") entries.set(operation.k, lines[at + 1] ?? "");
    else entries.delete(operation.k);
  }
  return { lines: [...entries.values()], damaged: false };
};

const parsed = (line: string | undefined): object | undefined => {
  try {
    return JSON.parse(line ?? "") as object;
  } catch {
    return undefined; // torn
  }
};

const directory = mkdtempSync(join(tmpdir(), "reduction-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** One shell for all cases: starting a new one for each costs more than the reduction. */
class Reducer {
  readonly #shell;
  readonly #answers;

  constructor(path: string | undefined) {
    const library = fileURLToPath(new URL("../../documents/lib/log-registry.sh", import.meta.url));
    const loop = `set -eu -o pipefail; export LC_ALL=C; . "$1"; registry=$2
      while read -r checkpoint file; do reduce_operations "$file"; echo "=end"; done`;
    this.#shell = spawn("bash", ["--norc", "-c", loop, "-", library, directory], {
      env: { PATH: path },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#answers = createInterface({ input: this.#shell.stdout })[Symbol.asyncIterator]();
  }

  async reduce(checkpoint: number, table: readonly string[], log: string): Promise<Reduced> {
    const file = checkpoint === 0 ? "/dev/null" : join(directory, `${checkpoint}.json`);
    if (checkpoint !== 0) writeFileSync(file, table.length === 0 ? "[\n]" : `[\n${table.join(",\n")}\n]`);
    writeFileSync(join(directory, "log.json"), log);
    this.#shell.stdin.write(`${checkpoint} ${file}\n`);
    const facts: string[] = [];
    for (;;) {
      const { value, done } = await this.#answers.next();
      if (done === true) throw new Error("the shell ended");
      if (value === "=end") break;
      facts.push(value);
    }
    return {
      lines: facts
        .filter((line) => !line.startsWith("!"))
        .map((line) => line.split("\t").slice(2).join("\t")),
      damaged: facts.some((line) => line.startsWith("!")),
    };
  }

  async close(): Promise<void> {
    const exited = once(this.#shell, "exit");
    this.#shell.stdin.end();
    await exited;
  }
}

const sorted = ({ lines, damaged }: Reduced): Reduced => ({ lines: [...lines].sort(), damaged });

const key = fc.oneof(
  fc.constantFrom("a", 'quo"te', "back\\slash", 'end\\"', "{}}{", '","v":{', "::native::1-2", "ü"),
  fc.string({ maxLength: 6 }),
);
const value = fc.record({
  ttl: fc.constant(-1),
  cursor: fc.option(fc.record({ offset: fc.nat() })),
  meta: fc.record({ source: fc.oneof(key, fc.constant('x","offset":5}')) }),
});
const step = fc.record({
  remove: fc.boolean(),
  key,
  value,
  /** Mostly 1; 0 repeats a number, 2 leaves a gap. */
  skip: fc.constantFrom(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 2),
  /** Where the text of this operation is torn off, mostly nowhere. */
  torn: fc.option(fc.nat(200), { freq: 12, nil: undefined }),
});

const logOf = (
  steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
  first: number,
): string => {
  let id = first;
  return steps
    .map(({ remove, key: k, value: v, skip, torn }) => {
      id += skip;
      const action = JSON.stringify({ op: remove ? "remove" : "set", id });
      const text = `${action}\n${JSON.stringify(remove ? { k } : { k, v })}\n`;
      return torn === undefined ? text : text.slice(0, torn);
    })
    .join("");
};

describe("reducing the operation log", () => {
  const cases = fc.record({
    checkpoint: fc.constantFrom(0, 0, 3, 17),
    table: fc.uniqueArray(fc.record({ key, value }), { selector: ({ key: k }) => k, maxLength: 4 }),
    /** The log may begin before the checkpoint's number: it was not emptied yet. */
    before: fc.nat(3),
    steps: fc.array(step, { maxLength: 12 }),
  });
  const agree = async (path: string | undefined, runs: number): Promise<void> => {
    const reducer = new Reducer(path);
    const property = fc.asyncProperty(cases, async ({ checkpoint, table, before, steps }) => {
      const lines =
        checkpoint === 0 ? [] : table.map((entry) => JSON.stringify({ _key: entry.key, ...entry.value }));
      const log = logOf(steps, Math.max(0, checkpoint - before));
      expect(sorted(await reducer.reduce(checkpoint, lines, log))).toEqual(
        sorted(reference(checkpoint, lines, log)),
      );
    });
    try {
      await fc.assert(property, { numRuns: runs });
    } finally {
      await reducer.close();
    }
  };

  it("equals the reference, with gaps, torn lines, removals and checkpoints", async () => {
    await agree(process.env.PATH, 500);
  }, 60_000);

  it("does not take a torn value for whole because the next operation stands behind it on the same line", async () => {
    const log =
      '{"op":"set","id":1}\n{"k":"a","v":{"ttl":-1,"cursor":{"offset":5},"meta":{"source":"a"}}}\n' +
      '{"op":"set","id":2}\n{"k":"a","v":{"op":"remove","id":3}\n{"k":"a"}\n{"op":"set","id":4}\n{"k":"b","v":{}}\n';
    const reducer = new Reducer(process.env.PATH);
    try {
      expect(sorted(await reducer.reduce(0, [], log))).toEqual(sorted(reference(0, [], log)));
    } finally {
      await reducer.close();
    }
  });

  it("does so with busybox's awk, too", async () => {
    const bin = join(directory, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "awk"), '#!/bin/sh\nexec busybox awk "$@"\n', { mode: 0o755 });
    await agree(`${bin}:${process.env.PATH}`, 150);
  }, 60_000);
});
