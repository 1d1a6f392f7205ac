// One line of filebeat's registry, in each spelling that filebeat has used.

import { readFileSync } from "node:fs";
import { parseRegistryEntry } from "../../shared/logs/registry-entry.ts";

const fixture = (name: string): string =>
  readFileSync(new URL(`./fixtures/filebeat/${name}`, import.meta.url), "utf8");

describe("a registry entry", () => {
  const operations = fixture("operations.log.json")
    .split("\n")
    .filter((line) => line.startsWith('{"k"'));

  it("of the log input holds its offset itself", () => {
    expect(parseRegistryEntry(operations[0] ?? "")).toEqual({
      key: "filebeat::logs::native::135351602-64512",
      input: "log",
      identity: { kind: "native", inode: "135351602", device: "64512" },
      source: "/logs/error.log",
      offsetBytes: 0,
    });
  });

  it("of a filestream holds its offset in the cursor", () => {
    expect(parseRegistryEntry(operations[1] ?? "")).toEqual({
      key: "filestream::my-id::native::1040242-66305",
      input: "filestream",
      identity: { kind: "native", inode: "1040242", device: "66305" },
      source: "/tmp/bar.log",
      offsetBytes: 914,
    });
  });

  it("without a cursor stands at 0", () => {
    expect(parseRegistryEntry(operations[2] ?? "")).toMatchObject({
      identity: { kind: "fingerprint", fingerprint: "688797f8" },
      offsetBytes: 0,
    });
  });

  it("of a checkpoint has its key inside, quotes and colons in it too", () => {
    const lines = fixture("checkpoint.json").split("\n").slice(1, -1);
    expect(lines.map((line) => parseRegistryEntry(line.replace(/,$/, "")))).toMatchObject([
      { identity: { inode: "1041043" }, offsetBytes: 458 },
      { key: 'filestream::my "quoted\\" id::native::7-66305', identity: { inode: "7" }, offsetBytes: 12 },
    ]);
  });

  it("from before 7.9 is known by the inode and device of its state", () => {
    const [first] = JSON.parse(fixture("data.json")) as unknown[];
    expect(parseRegistryEntry(JSON.stringify(first))).toMatchObject({
      input: "log",
      identity: { kind: "native", inode: "2097", device: "66305" },
      offsetBytes: 1534,
    });
  });

  it("with another identity is read, but as one that cannot be matched", () => {
    const line =
      '{"k":"filestream::x::path::/tmp/a.log","v":{"cursor":{"offset":3},"meta":{"source":"/tmp/a.log"}}}';
    expect(parseRegistryEntry(line).identity).toEqual({ kind: "other", name: "path" });
  });

  it.each(['{"k":"a"}', '{"k":"filestream::a::native::1-2","v":{"cursor":{"offset":-1}}}', "[]", "{"])(
    "is refused when it is none: %s",
    (line) => {
      expect(() => parseRegistryEntry(line)).toThrow();
    },
  );
});
