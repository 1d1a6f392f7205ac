// Events of several lines: what the stand-in makes of them, and what of them reaches the collector.
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { readConfiguration } from "../../sandbox/shipper/configuration.ts";
import type { Line } from "../../sandbox/shipper/harvester.ts";
import { Multiline } from "../../sandbox/shipper/multiline.ts";
import { ShipperHost, until } from "./shipper-host.ts";

const options = { pattern: /^\d{4} /, timeoutMs: 1000, maxLines: 4 };

const linesOf = (...texts: string[]): Line[] => {
  let offset = 0;
  return texts.map((message) => {
    const line = { message, offset, endOffset: offset + message.length + 1 };
    offset = line.endOffset;
    return line;
  });
};

describe("an event of several lines", () => {
  it("ends where the next one begins, or when nothing came for long enough", () => {
    const multiline = new Multiline(options);
    const events = multiline.add(linesOf("2026 a", "\tat b", "Caused by: c", "2027 d"), 0);
    expect(events).toEqual([{ message: "2026 a\n\tat b\nCaused by: c", offset: 0, endOffset: 26 }]);
    expect(multiline.holds).toBe(true);
    expect(multiline.due(999)).toEqual([]);
    expect(multiline.due(1000)).toEqual([{ message: "2027 d", offset: 26, endOffset: 33 }]);
    expect(multiline.holds).toBe(false);
  });

  it("has no more lines than it may, but counts all of them as read", () => {
    const multiline = new Multiline(options);
    multiline.add(linesOf("2026 a", "1", "2", "3", "4", "5"), 0);
    expect(multiline.due(2000)).toEqual([{ message: "2026 a\n1\n2\n3", offset: 0, endOffset: 17 }]);
  });

  it("leaves out no byte, however the lines come in", () => {
    const line = fc.constantFrom("2026 x", "2027 y", " at z", "");
    fc.assert(
      fc.property(fc.array(line), fc.infiniteStream(fc.integer({ min: 1, max: 3 })), (texts, cuts) => {
        const multiline = new Multiline({ ...options, maxLines: 1000 });
        const lines = linesOf(...texts);
        const events: Line[] = [];
        for (let at = 0; at < lines.length; ) {
          const size = cuts.next().value;
          events.push(...multiline.add(lines.slice(at, at + size), 0));
          at += size;
        }
        events.push(...multiline.due(5000));
        expect(events.map(({ message }) => message).join("\n")).toBe(texts.join("\n"));
        expect(events.map(({ offset }) => offset)).toEqual(
          [0, ...events.map(({ endOffset }) => endOffset)].slice(0, events.length),
        );
      }),
    );
  });
});

describe("a stack trace", () => {
  let host: ShipperHost;
  beforeEach(async () => {
    host = await ShipperHost.start();
  });
  afterEach(() => host.close());

  it("needs a parser that the stand-in knows: another one is refused, not left out", () => {
    const path = join(host.directory, "filebeat.yml");
    writeFileSync(path, readFileSync(path, "utf8").replace("negate: true", "negate: false"));
    expect(() => readConfiguration(path, {})).toThrow(/one multiline of type pattern, negate true/);
  });

  it("is one event in debug.log, shipped once across a restart; the same lines in stdout.log are as many as they are", async () => {
    const trace = "java.lang.IllegalStateException: x\n\tat a.B.c(B.java:1)\nCaused by: y\n";
    const log = host.write("logs/a/debug.log", `2026-11-28 08:00:00.000 ERROR one\n${trace}`);
    host.write("logs/a/stdout.log", `2026-11-28 08:00:00.000 ERROR two\n${trace}`);
    await until("five events", () => host.collector.lines() >= 5);
    await host.stopShipper("SIGTERM");
    appendFileSync(log.path, "2026-11-28 08:00:01.000 INFO  three\n");
    await host.startShipper();
    await until("six events", () => host.collector.lines() >= 6);
    expect((await host.judgeUntilFlushed()).flushed).toBe(true);
    const events = readFileSync(join(host.directory, "lines.jsonl"), "utf8").split("\n").filter(Boolean);
    const messages = events.map((event) => (JSON.parse(event) as { message: string }).message);
    expect(messages.filter((message) => message.startsWith("2026")).sort()).toEqual([
      `2026-11-28 08:00:00.000 ERROR one\n${trace.trimEnd()}`,
      "2026-11-28 08:00:00.000 ERROR two",
      "2026-11-28 08:00:01.000 INFO  three",
    ]);
    expect(messages).toHaveLength(6);
  });
});
