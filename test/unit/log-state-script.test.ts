// documents/log-state.sh, run for real: what it says of a host's files, processes and registry.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { documentContent } from "../../documents/resources.ts";
import { LogStateError, parseLogState, type Sample } from "../../shared/logs/index.ts";
import { TestHost } from "./log-state-host.ts";

let host: TestHost;
beforeEach(() => {
  host = new TestHost();
});
afterEach(() => host.close());

const sampleOf = async (...parameters: Parameters<TestHost["state"]>): Promise<Sample> => {
  const [first] = (await host.state(...parameters)).samples;
  if (first === undefined) throw new Error("no sample came");
  return first;
};

const fixture = (name: string): string =>
  readFileSync(new URL(`./fixtures/filebeat/${name}`, import.meta.url), "utf8");

describe("the document", () => {
  it("holds no double braces but SSM's own, and every parameter that the script reads", () => {
    const { parameters, mainSteps } = documentContent("log-state");
    const script = mainSteps[0]?.inputs.runCommand.join("\n") ?? "";
    const read = new Set([...script.matchAll(/SSM_([A-Za-z]+)/g)].map(([, name]) => name));
    expect(Object.keys(parameters).sort()).toEqual([...read, "executionTimeout"].sort());
    expect(script).not.toMatch(/\{\{|\}\}/);
  });

  it("is clean for shellcheck", () => {
    const directory = fileURLToPath(new URL("../../documents/", import.meta.url));
    expect(() =>
      execFileSync("shellcheck", ["-x", "log-state.sh"], { cwd: directory, stdio: "pipe" }),
    ).not.toThrow();
  });

  it("refuses an agent that hands no parameters over", async () => {
    await expect(host.output({ logGlobs: "" })).rejects.toThrow(/agent too old/);
  });
});

describe("the files", () => {
  it("are listed with sizes and what a glob matches, and joined with their entries", async () => {
    const first = host.write("logs/a/app.log", "one\ntwo\n");
    const second = host.write("logs/b/.hidden.log", "1234");
    host.write("logs/b/readme.txt", "not ours");
    host.write("elsewhere/b/app.log", "not ours");
    host.operations(
      [`filestream::hive::native::${first.native}`, 8, first.path],
      [`filestream::hive::native::${second.native}`, null, second.path],
      ["filestream::hive::native::99999999-1", 5, "/elsewhere/gone.log"],
    );
    const sample = await sampleOf();
    expect(sample.files).toMatchObject([
      { path: first.path, sizeBytes: 8, matchedByGlob: true, openInFilebeat: false, deleted: false },
      { path: second.path, sizeBytes: 4, matchedByGlob: true, fragmentBytes: 4 },
    ]);
    expect(sample.entries.map(({ source, offsetBytes }) => [source, offsetBytes])).toEqual([
      [first.path, 8],
      [second.path, 0],
    ]);
    expect(sample).toMatchObject({
      layout: "operation-log",
      checkpoint: "0",
      errors: [],
      taskContainers: [],
    });
  });

  it("keep their names, whatever bytes these hold", async () => {
    const names = [
      "with space",
      "new\nline",
      "quo\"te's",
      "tab\there",
      "$(touch pwned)`id`;",
      "%41",
      "ünï",
      "-n",
    ];
    for (const name of names) host.write(`logs/a/${name}.log`, "x\n");
    const raw = Buffer.concat([
      Buffer.from(join(host.directory, "logs/a/")),
      Buffer.from([0xff, 0x2e]),
      Buffer.from("log"),
    ]);
    writeFileSync(raw, "x\n");
    const { files, errors } = await sampleOf();
    expect(errors).toEqual([]);
    expect(files.map(({ path }) => path).sort()).toEqual(
      [...names.map((name) => join(host.directory, `logs/a/${name}.log`)), raw.toString("utf8")].sort(),
    );
    expect(files.some(({ encodedPath }) => encodedPath.endsWith("/%FF.log"))).toBe(true);
  });

  it("that were rotated out of the glob are still there while the registry knows them", async () => {
    const log = host.write("logs/a/app.log", "old\n");
    host.write("logs/a/never-known.1", "x");
    host.operations([`filestream::hive::native::${log.native}`, 2, log.path]);
    renameSync(log.path, `${log.path}.1`);
    const { files } = await sampleOf();
    expect(files).toMatchObject([{ path: `${log.path}.1`, inode: log.inode, matchedByGlob: false }]);
  });

  it("that were deleted are there as long as filebeat holds them open", async () => {
    const log = host.write("logs/a/app.log", "line\nrest");
    const { path: registry } = host.write("data/registry/filebeat/log.json", "");
    host.operations([`filestream::hive::native::${log.native}`, 5, log.path]);
    await host.process("filebeat", { [log.path]: "r", [registry]: "a" });
    rmSync(log.path);
    const { files, filebeat, writers } = await sampleOf();
    expect(files).toMatchObject([
      {
        path: log.path,
        inode: log.inode,
        sizeBytes: 9,
        deleted: true,
        openInFilebeat: true,
        readToEnd: false,
        fragmentBytes: 4,
      },
    ]);
    expect(filebeat.filter(({ holdsRegistry }) => holdsRegistry)).toHaveLength(1);
    expect(writers).toEqual([]);
  });

  it("that left the globs are read to their end or not, by filebeat's own descriptor, as far as no newline is missing", async () => {
    const long = host.write("logs/a/long.log", `${"x".repeat(99)}\n`.repeat(1_000));
    const part = host.write("logs/a/part.log", "line\nrest");
    const short = host.write("logs/a/short.log", "line\n");
    const kept = host.write("logs/a/kept.log", "line\n");
    host.operations([`filestream::hive::native::${long.native}`, null, long.path]);
    const registry = join(host.data, "registry/filebeat/log.json");
    const read = [long, part, kept].map(({ path }) => path);
    await host.process("filebeat", { [short.path]: "r", [registry]: "a" }, read);
    for (const { path } of [long, part]) rmSync(path);
    renameSync(short.path, `${short.path}.1`);
    const { files } = await sampleOf();
    const facts = files.map(({ path, readToEnd, fragmentBytes }) => [
      basename(path),
      readToEnd,
      fragmentBytes,
    ]);
    expect(facts).toEqual([
      ["kept.log", false, 0],
      ["long.log", true, 0],
      ["part.log", true, 4],
      ["short.log.1", false, 0],
    ]);
    // Another filebeat's descriptors prove nothing.
    host.write("data/registry/filebeat/log.json.copy", "");
    rmSync(registry);
    renameSync(`${registry}.copy`, registry);
    expect((await sampleOf()).files.filter(({ readToEnd }) => readToEnd)).toEqual([]);
  });

  it("are no symbolic links, as filebeat follows none", async () => {
    const { path } = host.write("logs/a/app.log", "x\n");
    symlinkSync(path, join(host.directory, "logs/a/link.log"));
    expect((await sampleOf()).files).toHaveLength(1);
  });

  it.each([
    ["ends with a newline", "abc\ndef\n", 4, 0],
    ["ends without", "abc\ndef", 4, 3],
    ["holds lines and a rest", "abc\ndef\ngh", 0, 2],
    ["is one line without end", "abcdef", 0, 6],
    ["holds backslashes and blanks", "abc\n  \\n  ", 4, 6],
  ])("whose unshipped part %s", async (_, content, offset, fragmentBytes) => {
    const log = host.write("logs/a/app.log", content);
    host.operations([`filestream::hive::native::${log.native}`, offset, log.path]);
    expect((await sampleOf()).files[0]?.fragmentBytes).toBe(fragmentBytes);
  });

  it("have a fingerprint only where the registry goes by it", async () => {
    const content = "y".repeat(1024);
    const hash = createHash("sha256").update(content).digest("hex");
    const log = host.write("logs/a/app.log", `${content}more\n`);
    host.write("logs/a/small.log", "small\n");
    host.operations([`filestream::hive::fingerprint::${hash}`, 1029, log.path]);
    expect((await sampleOf()).files.map(({ fingerprint }) => fingerprint)).toEqual([hash, undefined]);
    host.operations([`filestream::hive::native::${log.native}`, 1029, log.path]);
    expect((await sampleOf()).files.map(({ fingerprint }) => fingerprint)).toEqual([undefined, undefined]);
  });
});

describe("the processes", () => {
  it("that write one of the files are named; readers and filebeat itself are not", async () => {
    const log = host.write("logs/a/app.log", "x\n");
    const other = host.write("other.log", "x\n");
    const writer = await host.process("tomcat ä", { [log.path]: "a" });
    await host.process("reader", { [log.path]: "r" });
    await host.process("stranger", { [other.path]: "a" });
    await host.process("filebeat", { [log.path]: "a" });
    expect((await sampleOf()).writers).toEqual([
      { pid: writer.pid, command: "tomcat ä", device: log.device, inode: log.inode, path: log.path },
    ]);
  });

  it("called filebeat are told apart by the registry that they hold open, and by their start", async () => {
    const { path: registry } = host.write("data/registry/filebeat/log.json", "");
    const ours = await host.process("filebeat", { [registry]: "a" });
    const foreign = await host.process("filebeat", {});
    const { filebeat } = await sampleOf();
    expect(filebeat).toEqual(
      expect.arrayContaining([
        { pid: ours.pid, holdsRegistry: true, startTicks: expect.stringMatching(/^\d+$/) },
        { pid: foreign.pid, holdsRegistry: false, startTicks: expect.stringMatching(/^\d+$/) },
      ]),
    );
  });

  it("of swarm tasks are named by docker, waited for, and unknown when docker fails", async () => {
    const flag = host.write("running", "").path;
    host.docker(`[ ! -e ${flag} ] || echo "0123456789abcdef hive_web.1.xyz"`);
    const running = await host.state();
    expect(running.taskContainers).toBe(1);
    expect(running.samples[0]?.taskContainers).toEqual([{ id: "0123456789ab", name: "hive_web.1.xyz" }]);

    // The container ends once the script has seen it; the long wait is never waited for.
    host.docker(`[ ! -e ${flag} ] || { rm ${flag}; echo "0123456789abcdef hive_web.1.xyz"; }`);
    expect((await host.state({ waitContainersSeconds: "600" })).taskContainers).toBe(0);
    expect(existsSync(flag)).toBe(false);

    host.docker('echo "Cannot connect to the Docker daemon" >&2; exit 1');
    const failed = await sampleOf();
    expect(failed.taskContainers).toBeUndefined();
    expect(failed.errors).toEqual(["docker ps failed: Cannot connect to the Docker daemon"]);
  });
});

describe("the registry", () => {
  it("is a checkpoint and the operations after its number", async () => {
    const log = host.write("logs/a/app.log", "0123456789\n");
    const [key, source] = [`filestream::hive::native::${log.native}`, log.path];
    const line = (offset: number): string =>
      JSON.stringify({ _key: key, ttl: -1, cursor: { offset }, meta: { source } });
    host.write("data/registry/filebeat/9.json", `[\n${line(1)}\n]`);
    host.write("data/registry/filebeat/12.json", `[\n${line(3)}\n]`);
    host.write("data/registry/filebeat/checkpoint.new", `[\n${line(9)}`);
    host.write("data/registry/filebeat/active.dat", "/somewhere/9.json");
    const operation = (id: number, offset: number): string =>
      `{"op":"set","id":${id}}\n${JSON.stringify({ k: key, v: { cursor: { offset }, meta: { source } } })}\n`;
    host.write("data/registry/filebeat/log.json", operation(12, 8) + operation(13, 5) + operation(14, 7));
    const sample = await sampleOf();
    expect(sample).toMatchObject({ layout: "operation-log", checkpoint: "12", errors: [] });
    expect(sample.entries).toMatchObject([{ offsetBytes: 7 }]);
  });

  it("in filebeat's own recorded lines is understood", async () => {
    host.write("data/registry/filebeat/1.json", fixture("checkpoint.json"));
    host.write(
      "data/registry/filebeat/log.json",
      fixture("operations.log.json").replaceAll(/"id":(\d)}/g, (_, id) => `"id":${Number(id) + 1}}`),
    );
    const { entries, errors } = await sampleOf({ logGlobs: "/logs/*.log /tmp/*.log" });
    expect(errors).toEqual([]);
    expect(entries.map(({ source, offsetBytes }) => [source, offsetBytes]).sort()).toEqual([
      ["/logs/error.log", 0],
      ["/tmp/bar.log", 914],
      ["/tmp/flog.log", 0],
      ["/tmp/foo.log", 458],
      ['/tmp/with "quotes".log', 12],
    ]);
  });

  it.each([
    ["before 7.9", "data/registry/filebeat/data.json", "data-json"],
    ["before 7", "data/registry", "single-file"],
  ])("%s is one array", async (_, name, layout) => {
    host.write(name, fixture("data.json"));
    const sample = await sampleOf({ logGlobs: "/logs/*.log" });
    expect(sample).toMatchObject({ layout, errors: [] });
    expect(sample.entries.map(({ source, offsetBytes }) => [source, offsetBytes]).sort()).toEqual([
      ["/logs/access.log", 1534],
      ['/logs/odd }] " name.log', 7],
    ]);
  });

  it.each<[string, () => void, string]>([
    ["that is not there", () => undefined, "none"],
    [
      "of a later version",
      () => host.write("data/registry/filebeat/meta.json", '{"version":"2"}'),
      "unknown",
    ],
    ["of another kind", () => host.write("data/registry/filebeat.db", "SQLite"), "unknown"],
  ])("%s is said to be so", async (_, prepare, layout) => {
    prepare();
    expect((await sampleOf()).layout).toBe(layout);
  });

  it.each([
    [
      "a gap",
      '{"op":"set","id":1}\n{"k":"a","v":{}}\n{"op":"set","id":3}\n{"k":"a","v":{}}\n',
      /a gap before operation 3/,
    ],
    [
      "rubbish",
      '{"op":"set","id":1}\nrubbish\n{"op":"set","id":2}\n{"k":"a","v":{}}\n',
      /an operation that is cut/,
    ],
  ])("with %s in its log is an error", async (_, content, message) => {
    host.write("data/registry/filebeat/log.json", content);
    expect((await sampleOf()).errors).toEqual([expect.stringMatching(message)]);
  });

  it("whose last line is just being written is none", async () => {
    host.write(
      "data/registry/filebeat/log.json",
      '{"op":"set","id":1}\n{"k":"a","v":{}}\n{"op":"set","id":2}\n{"k":"a","v":{"cur',
    );
    expect((await sampleOf()).errors).toEqual([]);
  });

  it("with a damaged checkpoint is an error", async () => {
    host.write("data/registry/filebeat/4.json", '[\n{"_key":"a","ttl":1}');
    expect((await sampleOf()).errors).toEqual(["checkpoint 4.json is damaged"]);
  });
});

describe("the statistics", () => {
  let server: Server | undefined;
  afterEach(() => server?.close());
  const answering = async (body: string): Promise<string> => {
    server?.close();
    const fresh = createServer((_, response) => response.end(body));
    server = fresh;
    await new Promise<void>((resolve) => fresh.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(fresh.address() as AddressInfo).port}`;
  };

  it("are the few members that matter", async () => {
    const body = {
      beat: {
        cgroup: { memory: { id: "}{" } },
        info: { ephemeral_id: "8f-1", name: 'file"beat', uptime: { ms: 12 } },
      },
      filebeat: { events: { active: 77, added: 1 }, harvester: { open_files: 3, running: 2, skipped: 0 } },
      libbeat: {
        config: { modules: [{ active: 88 }, [1, 2]] },
        output: {
          events: { acked: 1234567890, active: 5, batches: 1, dropped: 7, failed: 8 },
          type: "elasticsearch",
        },
        pipeline: { clients: 1, events: { active: 6, dropped: 99, failed: 98 }, queue: { acked: 97 } },
      },
    };
    for (const text of [JSON.stringify(body), JSON.stringify(body, undefined, 2)]) {
      const { stats, errors } = await sampleOf({ filebeatHttp: await answering(text) });
      expect(errors).toEqual([]);
      expect(stats).toEqual({
        ephemeralId: "8f-1",
        openFiles: 3,
        runningHarvesters: 2,
        acked: 1234567890,
        outputActive: 5,
        dropped: 7,
        failed: 8,
        pipelineActive: 6,
      });
    }
  });

  it("that do not come, or are none, are an error", async () => {
    const garbled = await sampleOf({ filebeatHttp: await answering("<html>") });
    expect(garbled.errors).toEqual([expect.stringContaining("was not understood")]);
    expect((await sampleOf({ filebeatHttp: "127.0.0.1:1" })).errors).toEqual([
      expect.stringContaining("did not answer"),
    ]);
  });
});

describe("the answer", () => {
  const many = (files: number, shipped: boolean): void => {
    const entries = Array.from({ length: files }, (_, index) => {
      const id = createHash("sha256").update(String(index)).digest("hex").slice(0, 24);
      const log = host.write(`logs/${id}/catalina.log`, `${"x".repeat(index % 900)}\n`);
      return [`filestream::hive::native::${log.native}`, shipped ? (index % 900) + 1 : 0, log.path] as const;
    });
    host.operations(...entries);
  };

  it("of two samples says only once what did not change", async () => {
    const log = host.write("logs/a/app.log", "x\n");
    host.write("logs/b/app.log", "y\n");
    // Each sample begins with the containers: what is written while it asks for the second time lies between the two.
    const asked = join(host.directory, "asked");
    host.docker(`[ ! -e ${asked} ] || echo more >>${log.path}; touch ${asked}`);
    const { samples } = await host.state({ settleSeconds: "1" });
    expect(samples.map(({ files }) => files.map(({ sizeBytes }) => sizeBytes))).toEqual([
      [2, 2],
      [7, 2],
    ]);
    const [first, second] = samples;
    expect((second?.takenAtSeconds ?? 0) - (first?.takenAtSeconds ?? 0)).toBeGreaterThanOrEqual(1);
  });

  it("that would not fit leaves out what is complete first, and loses nothing by it", async () => {
    many(900, true);
    const output = await host.output();
    expect(output.length).toBeLessThan(24_000);
    const state = parseLogState(output);
    expect(state.truncated).toBe(false);
    expect(state.samples[0]?.files).toEqual([]);
    expect(state.samples[0]?.leftOut.complete).toHaveLength(900);
  });

  it("that still does not fit says how much is missing", async () => {
    many(900, false);
    const output = await host.output();
    expect(output.length).toBeLessThan(24_000);
    const state = parseLogState(output);
    expect(state.truncated).toBe(true);
    const [sample] = state.samples;
    expect((sample?.files.length ?? 0) + (sample?.leftOut.unknown ?? 0)).toBe(900);
    expect(sample?.files.length).toBeGreaterThan(100);
  });

  it("that was cut on its way, or is of another version, is refused", async () => {
    host.write("logs/a/app.log", "x\n");
    const output = await host.output();
    for (const cut of [1, 2, 40, output.length - 1]) {
      expect(() => parseLogState(output.slice(0, output.length - 1 - cut))).toThrow(LogStateError);
    }
    expect(() => parseLogState("")).toThrow(LogStateError);
    expect(() => parseLogState(output.replace('"schema":1', '"schema":2'))).toThrow(/schema 1/);
  });

  it("comes from a registry of 10 MB too, with its last word", async () => {
    const log = host.write("logs/a/app.log", "x\n");
    const lines: string[] = [];
    for (let id = 1, bytes = 0; bytes < 10e6; id++) {
      const text = `{"op":"set","id":${id}}\n{"k":"filestream::hive::native::${log.native}","v":{"updated":[2061957913080,1700000000],"ttl":-1,"cursor":{"offset":${id}},"meta":{"source":"${log.path}","identifier_name":"native"}}}\n`;
      bytes += text.length;
      lines.push(text);
    }
    host.write("data/registry/filebeat/log.json", lines.join(""));
    const { entries } = await sampleOf();
    expect(entries).toMatchObject([{ offsetBytes: lines.length }]);
  });
});
