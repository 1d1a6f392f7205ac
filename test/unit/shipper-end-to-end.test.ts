// filebeat (the stand-in, or the real one where it is on the path or HIVE_FILEBEAT names it), the collector, log-state.sh and the judgement together: what becomes of each line.

import { appendFileSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { realFilebeat } from "../../sandbox/shipper/real.ts";
import { judge, describe as say, unshippedRanges } from "../../shared/logs/index.ts";
import { ShipperHost, until } from "./shipper-host.ts";

// Each look takes two samples a second apart, and some tests look several times.

let host: ShipperHost;
beforeEach(async () => {
  host = await ShipperHost.start();
});
afterEach(() => host.close());

const lines = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `GET /hive request ${from + index}\n`).join("");

const shipped = (count: number): Promise<void> =>
  until(
    `${count} lines shipped, of which ${host.collector.lines()} are`,
    () => host.collector.lines() >= count,
  );

describe(`filebeat ${realFilebeat() ?? "(the stand-in)"}`, () => {
  it("ships every complete line once; a rest without newline waits and is reported", async () => {
    host.write("logs/a/app.log", `${lines(1, 5000)}half a li`);
    host.write("logs/b/app.log", lines(5001, 5100));
    await shipped(5100);
    const judgement = await host.judgeUntilFlushed();
    expect(say(judgement)).toBe(
      "Flushed: filebeat shipped all of 2 files, but for 9 bytes without a newline at the end of 1 file.",
    );
    expect(host.collector.requests()).toEqual({ distinct: 5100, duplicate: 0 });
    const events = readFileSync(join(host.directory, "lines.jsonl"), "utf8").split("\n").filter(Boolean);
    const [first] = events.map((line) => JSON.parse(line)).filter(({ path }) => path.endsWith("a/app.log"));
    expect(first).toMatchObject({ offset: 0, message: "GET /hive request 1" });
  });

  it("goes on with a file that was rotated, and takes up the new one", async () => {
    const log = host.write("logs/a/app.log", lines(1, 10));
    await shipped(10);
    host.collector.block();
    appendFileSync(log.path, lines(11, 20));
    renameSync(log.path, `${log.path}.1`);
    host.write("logs/a/app.log", lines(21, 30));
    const blocked = await host.judge();
    expect(blocked.flushed).toBe(false);
    host.collector.unblock();
    await shipped(30);
    expect(await host.judgeUntilFlushed()).toMatchObject({
      flushed: true,
      files: [{}, { inode: log.inode }],
    });
    expect(host.collector.requests()).toEqual({ distinct: 30, duplicate: 0 });
  });

  it("reads a deleted file to its end while it holds it open", async () => {
    const log = host.write("logs/a/app.log", lines(1, 10));
    const writer = openSync(log.path, "a");
    await shipped(10);
    host.collector.block();
    writeSync(writer, lines(11, 20));
    rmSync(log.path);
    const blocked = await host.judge();
    expect(blocked.files).toMatchObject([{ path: log.path, deleted: true, verdict: { kind: "pending" } }]);
    expect(unshippedRanges(blocked)).toMatchObject([
      { inode: log.inode, offset: 201, size: 411, deleted: true },
    ]);
    // The test's own process still has the file open for writing.
    expect(blocked.writers.map(({ pid }) => pid)).toEqual([process.pid]);
    host.collector.unblock();
    await shipped(20);
    await host.judge();
    expect((await host.judge()).files).toMatchObject([{ deleted: true, verdict: { kind: "shipped" } }]);
  });

  it("keeps everything while its output is blocked, and is judged so", async () => {
    host.collector.block();
    const log = host.write("logs/a/app.log", lines(1, 100));
    await host.judge();
    const judgement = await host.judge();
    expect(judgement).toMatchObject({ flushed: false, waitingHelps: true, filebeat: "running" });
    expect(judgement.files).toMatchObject([{ path: log.path, verdict: { kind: "blocked" } }]);
    expect(judgement.counters.active).toBe(100);
    // Where a request that is refused as a whole is not counted, it shows in the backlog alone.
    if (host.countsRefused) expect(judgement.counters.newFailed).toBeGreaterThan(0);
    else expect(judgement.counters.newFailed).toBe(0);
    host.collector.unblock();
    await shipped(100);
    expect(await host.judgeUntilFlushed()).toMatchObject({ flushed: true });
    expect(host.collector.requests()).toEqual({ distinct: 100, duplicate: 0 });
  });

  it("drops what is rejected, which never counts as flushed", async () => {
    host.write("logs/a/app.log", lines(1, 3));
    await shipped(3);
    await host.judge();
    host.collector.reject();
    appendFileSync(join(host.directory, "logs/a/app.log"), lines(4, 10));
    await host.judge();
    const judgement = await host.judge();
    expect(judgement.files).toMatchObject([{ verdict: { kind: "shipped" } }]);
    expect(judgement).toMatchObject({ flushed: false, waitingHelps: false, counters: { newDropped: 7 } });
  });

  it("is dead when killed, restarted when started again, and then goes on where it was", async () => {
    const log = host.write("logs/a/app.log", lines(1, 10));
    await shipped(10);
    await host.judge();
    await host.stopShipper("SIGKILL");
    appendFileSync(log.path, lines(11, 20));
    expect(await host.judge()).toMatchObject({ flushed: false, filebeat: "dead" });
    await host.startShipper();
    await shipped(20);
    expect(host.collector.requests()).toEqual({ distinct: 20, duplicate: 0 });
    expect(await host.judgeUntilFlushed()).toMatchObject({ flushed: true, filebeat: "running" });
  });

  it("acknowledges what is on its way before it stops", async () => {
    host.write("logs/a/app.log", lines(1, 2000));
    await until("an entry", () => existsSync(join(host.data, "registry/filebeat/log.json")));
    await shipped(1);
    await host.stopShipper("SIGTERM");
    const after = host.collector.lines();
    await host.startShipper();
    await shipped(2000);
    expect(after).toBeGreaterThan(0);
    expect(host.collector.requests()).toEqual({ distinct: 2000, duplicate: 0 });
  });

  it("never takes up a file that its globs do not match: a configuration error", async () => {
    await host.judge();
    // What the operator was told to look at is more than what filebeat was told to ship.
    host.write("logs/a/b/app.log", lines(1, 3));
    const more = { logGlobs: `${host.directory}/logs/*/*.log ${host.directory}/logs/*/*/*.log` };
    const state = await host.state({ ...more, settleSeconds: "1" });
    const judgement = judge(state.samples, { scanIntervalSeconds: 1 });
    expect(judgement).toMatchObject({ flushed: false, waitingHelps: false });
    expect(judgement.files).toMatchObject([{ verdict: { kind: "not-matched" } }]);
  });
});
