// The stand-in's parts: its reading of filebeat.yml, its registry, its globs, and the collector it ships to.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type Collector, startCollector } from "../../sandbox/collector/collector.ts";
import { expand, milliseconds, readConfiguration } from "../../sandbox/shipper/configuration.ts";
import { Registry } from "../../sandbox/shipper/registry.ts";
import { expandGlob, scan } from "../../sandbox/shipper/scan.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "shipper-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("the project's filebeat.yml", () => {
  const path = fileURLToPath(new URL("../../cluster/filebeat.yml", import.meta.url));

  it("ships our logs by device and inode, and holds deleted files open", () => {
    const common = {
      byFingerprint: false,
      scanIntervalMs: 10_000,
      pollMs: 1000,
      closeInactiveMs: 300_000,
      closeRemoved: false,
      cleanRemoved: true,
    };
    expect(readConfiguration(path, {})).toEqual({
      dataPath: "/var/lib/filebeat",
      inputs: [
        {
          ...common,
          id: "hive",
          paths: ["/var/log/hive/*/*.log"],
          excludeFiles: [expect.any(RegExp)],
        },
        {
          ...common,
          id: "hive-tomcat",
          paths: ["debug.log", "debug.*.log", "catalina.*.log", "localhost.*.log", "manager.*.log"]
            .concat("host-manager.*.log")
            .map((name) => `/var/log/hive/*/${name}`),
          excludeFiles: [],
          multiline: { pattern: /^[0-9]{4}-[0-9]{2}-[0-9]{2} /, timeoutMs: 1000, maxLines: 500 },
        },
      ],
      registryFlushMs: 1000,
      shutdownTimeoutMs: 30_000,
      http: { host: "127.0.0.1", port: 5066 },
      output: {
        hosts: ["http://127.0.0.1:9200"],
        username: "",
        password: "",
        backoffInitMs: 1000,
        backoffMaxMs: 10_000,
      },
    });
  });

  it("reads each file by exactly one input, and a rolled file by the one that read it before", () => {
    const { inputs } = readConfiguration(path, {});
    const names = {
      hive: [
        "access.log",
        "stdout.log",
        "catalina.log",
        "debug-of-another.log",
        "my-debug.log",
        "xdebug.1.log",
      ],
      "hive-tomcat": [
        "debug.log",
        "debug.2026-11-28.0.log",
        "catalina.2026-11-28.log",
        "localhost.2026-11-28.log",
      ].concat(["manager.2026-11-28.log", "host-manager.2026-11-28.log"]),
    };
    for (const name of Object.values(names).flat()) {
      mkdirSync(join(directory, "0123456789ab"), { recursive: true });
      writeFileSync(join(directory, "0123456789ab", name), "");
    }
    const found = inputs.map((input) => {
      const paths = input.paths.map((glob) => glob.replace("/var/log/hive", directory));
      return [
        input.id,
        scan({ ...input, paths })
          .map((file) => basename(file.path))
          .sort(),
      ];
    });
    expect(Object.fromEntries(found)).toEqual({
      hive: names.hive.sort(),
      "hive-tomcat": names["hive-tomcat"].sort(),
    });
  });

  it("takes hosts, scan interval and data path from the environment", () => {
    const environment = {
      ELASTICSEARCH_HOSTS: "https://a:1,b:2",
      FILEBEAT_SCAN_INTERVAL: "500ms",
      FILEBEAT_DATA: "/data",
    };
    const { output, inputs, dataPath } = readConfiguration(path, environment);
    expect([output.hosts, inputs[0]?.scanIntervalMs, dataPath]).toEqual([
      ["https://a:1", "http://b:2"],
      500,
      "/data",
    ]);
  });

  it("is refused with a reason when it asks for what the stand-in cannot do", () => {
    const file = join(directory, "f.yml");
    writeFileSync(file, "filebeat.inputs: [{type: container}]");
    expect(() => readConfiguration(file, {})).toThrow(/filestream, not container/);
    expect(() => expand(`\${MISSING}`, {})).toThrow(/MISSING is not set/);
    expect(() => milliseconds("soon")).toThrow(/no duration/);
  });
});

describe("the registry", () => {
  const meta = { source: "/var/log/a.log", identifier_name: "native" };
  const home = (): string => join(directory, "registry/filebeat");

  it("resumes from its operations, also after a crash cut the last one", () => {
    const first = new Registry(directory);
    first.set("a", { cursor: null, meta });
    first.set("b", { cursor: { offset: 5 }, meta });
    first.remove("a");
    first.set("b", { cursor: { offset: 9 }, meta });
    first.close();
    const log = join(home(), "log.json");
    writeFileSync(log, readFileSync(log, "utf8").slice(0, -10));

    const second = new Registry(directory);
    expect([...second.entries]).toEqual([["b", { cursor: { offset: 5 }, meta }]]);
    second.set("c", { cursor: { offset: 1 }, meta });
    second.close();
    expect([...new Registry(directory).entries.keys()]).toEqual(["b", "c"]);
    // What was cut made it start anew from a checkpoint, numbered after the last operation.
    expect(readdirSync(home()).sort()).toEqual(["4.json", "active.dat", "log.json", "meta.json"]);
  });

  it("begins a new checkpoint when its log has grown, and keeps only that", () => {
    const registry = new Registry(directory, 2000);
    for (let offset = 1; offset <= 100; offset++) registry.set("a", { cursor: { offset }, meta });
    registry.close();
    expect(readdirSync(home()).filter((name) => /^\d+\.json$/.test(name))).toHaveLength(1);
    expect(new Registry(directory).entries.get("a")?.cursor).toEqual({ offset: 100 });
  });
});

describe("a glob", () => {
  it("matches within names, hidden ones too, and never across directories", () => {
    for (const name of ["a.log", ".b.log", "c.txt", "[d].log"]) writeFileSync(join(directory, name), "");
    expect(expandGlob(`${directory}/*.log`).sort()).toEqual(
      [".b.log", "[d].log", "a.log"].map((name) => join(directory, name)).sort(),
    );
    expect(expandGlob(`${directory}/*/x.log`)).toEqual(
      readdirSync(directory).map((name) => join(directory, name, "x.log")),
    );
    expect(expandGlob("/no/such/*/place")).toEqual([]);
  });
});

describe("the collector", () => {
  let collector: Collector;
  beforeEach(async () => {
    collector = await startCollector({ host: "127.0.0.1", port: 0, file: join(directory, "lines.jsonl") });
  });
  afterEach(() => collector.close());

  const bulk = (path: string, messages: string[], zip = false): Promise<Response> => {
    const body = messages
      .map(
        (message) =>
          `{"create":{"_index":"filebeat"}}\n${JSON.stringify({ message, host: { name: "h1" } })}\n`,
      )
      .join("");
    return fetch(`http://127.0.0.1:${collector.port}${path}`, {
      method: "POST",
      body: zip ? gzipSync(body) : body,
      headers: { "content-type": "application/json", ...(zip ? { "content-encoding": "gzip" } : {}) },
    });
  };

  it("says what filebeat's output wants to know of an Elasticsearch", async () => {
    const answer = await fetch(`http://127.0.0.1:${collector.port}/`);
    expect(answer.headers.get("x-elastic-product")).toBe("Elasticsearch");
    expect(await answer.json()).toMatchObject({
      version: { number: expect.stringMatching(/^8\./) },
      tagline: "You Know, for Search",
    });
    for (const [method, path, status] of [
      ["GET", "/_license", 200],
      ["GET", "/_cluster/health", 200],
      ["HEAD", "/_index_template/filebeat", 404],
      ["PUT", "/_index_template/filebeat", 200],
      ["PUT", "/_ilm/policy/filebeat", 200],
    ] as const) {
      expect((await fetch(`http://127.0.0.1:${collector.port}${path}`, { method })).status).toBe(status);
    }
  });

  it("counts lines, hosts and requests, zipped or not, to an index or not", async () => {
    const answer = await bulk("/_bulk", ["request a", "request b"]);
    expect(await answer.json()).toMatchObject({ errors: false, items: [{ create: { status: 201 } }, {}] });
    await bulk("/filebeat-8/_bulk", ["GET / request a x", "started"], true);
    expect(collector.lines()).toBe(4);
    expect(collector.countsBy("h1")).toBe(4);
    expect(collector.countsBy("h2")).toBe(0);
    expect(collector.requests()).toEqual({ distinct: 2, duplicate: 1 });
    expect(collector.hasRequest("b")).toBe(true);
    expect(readFileSync(join(directory, "lines.jsonl"), "utf8").trimEnd().split("\n")).toHaveLength(4);
  });

  it("accepts nothing while blocked, refuses each line while rejecting, and goes on afterwards", async () => {
    collector.block();
    expect((await bulk("/_bulk", ["request a"])).status).toBe(429);
    collector.reject();
    expect(await (await bulk("/_bulk", ["request a"])).json()).toMatchObject({
      errors: true,
      items: [{ create: { status: 400 } }],
    });
    expect(collector.lines()).toBe(0);
    collector.unblock();
    expect((await bulk("/_bulk", ["request a"])).status).toBe(200);
    expect(collector.lines()).toBe(1);
  });

  it("outlives a request that makes no sense", async () => {
    const logged = console.error;
    console.error = () => undefined;
    const answer = await fetch(`http://127.0.0.1:${collector.port}/_bulk`, {
      method: "POST",
      body: "rubbish",
    });
    console.error = logged;
    expect(answer.status).toBe(400);
    expect((await bulk("/_bulk", ["x"])).status).toBe(200);
  });
});
