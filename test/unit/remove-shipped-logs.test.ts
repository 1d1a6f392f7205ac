// cluster/host/remove-shipped-logs.sh, really run on a host made of a temporary directory: what goes, what stays, and why.
import { execFile } from "node:child_process";
import { existsSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { TestHost } from "./log-state-host.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));
const HOUR = 3_600_000;

describe("old log directories", () => {
  let host: TestHost;
  beforeEach(() => {
    host = new TestHost();
  });
  afterEach(() => host.close());

  /** A file of 10 bytes in a container's directory, of so many hours ago. */
  const logOf = (container: string, { name = "debug.log", hours = 2, content = "123456789\n" } = {}) => {
    const file = host.write(`logs/${container}/${name}`, content);
    const then = new Date(Date.now() - hours * HOUR);
    for (const path of [file.path, dirname(file.path)]) utimesSync(path, then, then);
    return file;
  };
  const shipped = (...files: [file: { path: string; native: string }, offset: number | null][]) =>
    host.operations(
      ...files.map(
        ([{ path, native }, offset]) => [`filestream::hive::native::${native}`, offset, path] as const,
      ),
    );
  const containers = (...hosts: string[]) =>
    host.docker(`case $1 in ps) printf 'id\\n' ;; inspect) printf '%s\\n' ${hosts.join(" ")} ;; esac`);
  const run = () =>
    promisify(execFile)("bash", [join(project, "cluster/host/remove-shipped-logs.sh")], {
      env: {
        PATH: `${join(host.directory, "bin")}:${process.env.PATH}`,
        HIVE_LOGS: join(host.directory, "logs"),
        FILEBEAT_DATA: host.data,
        HIVE_LIB: join(project, "documents/lib"),
      },
    });
  const there = (container: string) => existsSync(join(host.directory, "logs", container));

  it("go when their container is gone, they are old, and every byte was shipped; no other", async () => {
    containers("aaaaaaaaaaaa");
    const [living, gone, rolled] = [
      logOf("aaaaaaaaaaaa"),
      logOf("bbbbbbbbbbbb"),
      logOf("bbbbbbbbbbbb", { name: "debug.1.log" }),
    ];
    const [half, young, never] = [
      logOf("cccccccccccc"),
      logOf("dddddddddddd", { hours: 0 }),
      logOf("eeeeeeeeeeee"),
    ];
    const empty = logOf("bbbbbbbbbbbb", { name: "stdout.log", content: "" });
    shipped([living, 10], [gone, 10], [rolled, 10], [half, 9], [young, 10], [empty, null]);
    const { stdout } = await run();
    expect(["a", "b", "c", "d", "e"].filter((letter) => there(letter.repeat(12)))).toEqual([
      "a",
      "c",
      "d",
      "e",
    ]);
    for (const said of [
      /a{12} stays: its container is still there/,
      /b{12} is removed/,
      /c{12} stays: of debug.log 9 bytes of 10 are shipped/,
      /d{12} stays: it was written to in the last 60 minutes/,
      /e{12} stays: of debug.log 0 bytes of 10 are shipped/,
    ])
      expect(stdout).toMatch(said);
    expect(never.path).toMatch(/e{12}/);
  });

  it("stay when two inputs read a file and one of them is behind", async () => {
    containers();
    const file = logOf("bbbbbbbbbbbb");
    host.operations(
      [`filestream::hive::native::${file.native}`, 10, file.path],
      [`filestream::hive-tomcat::native::${file.native}`, 4, file.path],
    );
    await run();
    expect(there("bbbbbbbbbbbb")).toBe(true);
  });

  it.each([
    ["docker does not answer", () => host.docker("exit 1"), /docker ps failed/],
    [
      "the registry's layout is not known",
      () => host.write("data/registry/filebeat/meta.json", '{"version":"2"}'),
      /layout "unknown"/,
    ],
    [
      "the registry is damaged",
      () => host.write("data/registry/filebeat/log.json", "nonsense\nmore\n"),
      /cannot be read/,
    ],
    ["there is no registry", () => host.write("data/registry/nothing", ""), /layout "unknown"/],
  ])("all stay when %s", async (_name, disturb, said) => {
    containers();
    const file = logOf("bbbbbbbbbbbb");
    if (!/no registry/.test(_name)) shipped([file, 10]);
    disturb();
    await expect(run()).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(said) });
    expect(there("bbbbbbbbbbbb")).toBe(true);
  });
});
