// Which real filebeat is used, and that none is taken but the one that was looked at: with archives made for the test.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type FilebeatPackage, fetchFilebeat } from "../../sandbox/shipper/package.ts";
import { realFilebeat } from "../../sandbox/shipper/real.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "filebeat of mine-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const program = (place: string): string => {
  const path = join(directory, place, "filebeat");
  mkdirSync(join(directory, place), { recursive: true });
  writeFileSync(path, `#!/bin/sh\necho ${place}\n`);
  chmodSync(path, 0o755);
  return path;
};

describe("the real filebeat", () => {
  it("is the one that HIVE_FILEBEAT names, or else the first on the path, or none", () => {
    const [first, second, named] = [program("a"), program("b"), program("named")];
    mkdirSync(join(directory, "none"));
    const path = ["none", "a", "b"].map((place) => join(directory, place)).join(":");
    expect(realFilebeat({ PATH: path })).toBe(first);
    expect(realFilebeat({ PATH: join(directory, "b") })).toBe(second);
    expect(realFilebeat({ PATH: path, HIVE_FILEBEAT: join(directory, "named") })).toBe(named);
    expect(realFilebeat({ PATH: `:${join(directory, "none")}`, HIVE_FILEBEAT: "" })).toBeUndefined();
  });

  it("that HIVE_FILEBEAT names and that is not there is an error, not the stand-in", () => {
    expect(() => realFilebeat({ PATH: "", HIVE_FILEBEAT: directory })).toThrow(/npm run filebeat/);
  });
});

describe("a filebeat that is fetched", () => {
  const sum = (algorithm: string, path: string) =>
    createHash(algorithm).update(readFileSync(path)).digest("hex");
  const packed = (): FilebeatPackage => {
    const path = program("pack-1/x/filebeat-1");
    for (const name of ["LICENSE.txt", "NOTICE.txt", "setup.py"])
      writeFileSync(join(directory, "pack-1/x/filebeat-1", name), name);
    const archive = join(directory, "archive.tar.gz");
    execFileSync("tar", ["--create", "--gzip", "--file", archive, "--directory", directory, "pack-1"]);
    return {
      version: "1.2.3",
      url: pathToFileURL(archive).href,
      sha256: sum("sha256", archive),
      directory: "pack-1/x/filebeat-1",
      sha512: sum("sha512", path),
    };
  };
  const cache = () => join(directory, "cache");

  it("is the program and its licences, in a directory with its version; once only", async () => {
    const said: string[] = [];
    const wanted = packed();
    const found = await fetchFilebeat(wanted, cache(), (line) => said.push(line));
    expect(found).toBe(join(cache(), "1.2.3"));
    expect(readdirSync(found).sort()).toEqual(["LICENSE.txt", "NOTICE.txt", "filebeat"]);
    expect(realFilebeat({ HIVE_FILEBEAT: found })).toBe(join(found, "filebeat"));
    expect(
      await fetchFilebeat({ ...wanted, url: "file:///nowhere" }, cache(), (line) => said.push(line)),
    ).toBe(found);
    expect(said).toEqual([`Fetching ${wanted.url}`]);
  });

  it.each<[string, Partial<FilebeatPackage>, RegExp]>([
    ["another archive", { sha256: "0".repeat(64) }, /archive.tar.gz is not what was looked at/],
    ["another program", { sha512: "0".repeat(128) }, /root\/filebeat is not what was looked at/],
    ["nothing", { url: "file:///nowhere" }, /curl/],
  ])("is refused when it is %s, and nothing of it stays", async (_, other, message) => {
    await expect(fetchFilebeat({ ...packed(), ...other }, cache(), () => {})).rejects.toThrow(message);
    expect(readdirSync(cache())).toEqual([]);
  });

  it("is looked at again each time", async () => {
    const wanted = packed();
    const found = await fetchFilebeat(wanted, cache(), () => {});
    writeFileSync(join(found, "filebeat"), "changed");
    await expect(fetchFilebeat(wanted, cache(), () => {})).rejects.toThrow(/Remove it to fetch it again/);
    expect(existsSync(join(found, "filebeat"))).toBe(true);
  });
});
