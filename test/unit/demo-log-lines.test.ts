// Which log lines were written and which arrived: also those of dead instances, also rotated ones, never guessed.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareLines, shippedLines, writtenLines } from "../../sandbox/cloud/log-lines.ts";

const directory = mkdtempSync(join(tmpdir(), "hive-lines-"));
afterAll(() => rmSync(directory, { recursive: true }));

const write = (path: string, text: string): void => {
  mkdirSync(join(directory, path, ".."), { recursive: true });
  writeFileSync(join(directory, path), text);
};

describe("log lines", () => {
  it("are read from every instance that there ever was, rotated files included", () => {
    write("instances/i-1/log/c1/access.log", "one\ntwo\n");
    write("instances/i-1/log/c1/access.log.1", "zero\n");
    write("instances/i-2/log/c2/access.log", "three\n");
    write("instances/i-2/log/c2/core", "no log\n");
    expect(writtenLines(directory)).toEqual(
      expect.arrayContaining([
        { instanceId: "i-1", text: "zero" },
        { instanceId: "i-1", text: "one" },
        { instanceId: "i-1", text: "two" },
        { instanceId: "i-2", text: "three" },
      ]),
    );
    expect(writtenLines(directory)).toHaveLength(4);
  });

  it("count only when they are whole", () => {
    write("instances/i-3/log/c3/access.log", "whole\nhal");
    expect(writtenLines(directory).filter(({ instanceId }) => instanceId === "i-3")).toHaveLength(1);
  });

  it("are none where nothing was started or shipped yet", () => {
    expect(writtenLines(join(directory, "nowhere"))).toEqual([]);
    expect(shippedLines(join(directory, "nowhere"))).toEqual([]);
  });

  it("that arrived are those of the collector's file", () => {
    write("collected.jsonl", '{"host":"h","message":"one"}\n{"host":"h","message":"two"}\n{"host":"h","mess');
    expect(shippedLines(join(directory, "collected.jsonl"))).toEqual(["one", "two"]);
  });

  it("that arrived twice make up for none that is missing", () => {
    const written = ["one", "two"].map((text) => ({ instanceId: "i-1", text }));
    expect(compareLines(written, ["one", "one"])).toEqual({ written: 2, shipped: 1, lost: ["i-1: two"] });
    expect(compareLines(written, ["two", "one", "one"])).toEqual({ written: 2, shipped: 2, lost: [] });
  });
});
