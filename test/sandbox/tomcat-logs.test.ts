// Where the lines of Hive's image go: a real Tomcat on real Java, its files on the host, and what of them arrives at the collector.
import { docker } from "./docker-client.ts";
import { withSandbox } from "./support.ts";
import { buildImage, buildWar, Container, importBase } from "./tomcats.ts";

const IMAGE = "hive-tomcat:test";
const today = new Date().toISOString().slice(0, 10);

/** Two requests on one connection, so many seconds apart: of each the head of its answer, and then whether the connection is open. */
const twoRequests = (secondsBetween: number): string => `
  exec 3<>/dev/tcp/127.0.0.1/8080
  ask() {
    printf 'GET /Hive/work?n=%s HTTP/1.1\\r\\nHost: hive\\r\\n\\r\\n' "$1" >&3
    while IFS= read -r -t 10 line <&3; do line=\${line%$'\\r'}; [ -n "$line" ] || break; echo "$line"; done
    read -r -t 10 -N 13 body <&3
  }
  ask first; sleep ${secondsBetween}; ask second
  if read -r -t 2 -N 1 more <&3; [ $? -gt 128 ]; then echo open; else echo closed; fi`;

const rolledFiles = (container: Container): string[] =>
  Object.keys(container.files()).filter((name) => /^debug\.\d{4}-\d\d-\d\d\.\d+\.log$/.test(name));

describe("Hive's image", () => {
  const sandbox = withSandbox({ workers: 1, viz: false });
  let worker: string;
  /** Of a connection that is kept for longer than a Classic ELB would: what is answered on it then. It idles beside the other tests. */
  let kept: Promise<string>;
  const run = (...options: string[]) =>
    Container.run(sandbox(), worker, IMAGE, ["--env", "LAME_DUCK_SECONDS=4", ...options]);

  beforeAll(async () => {
    worker = (await sandbox().workers())[0]?.instanceId ?? "";
    await importBase(sandbox(), worker);
    await buildImage(sandbox(), worker, IMAGE, await buildWar(sandbox(), { version: "2.0.0" }));
    const idling = await run();
    kept = idling.docker("exec", idling.id, "bash", "-c", twoRequests(61));
    kept.catch(() => {});
  });

  it("holds Hive unpacked and no WAR, no log, and runs as nobody in particular", async () => {
    const look = (...words: string[]) =>
      docker(sandbox(), ["run", "--rm", "--entrypoint", "/bin/bash", IMAGE, "-c", words.join("; ")], {
        on: worker,
      });
    expect(await look("ls -A webapps logs temp work", "shopt -s globstar nullglob", "echo **/*.war")).toBe(
      "logs:\n\ntemp:\n\nwebapps:\nHive\n\nwork:",
    );
    expect(await look("id -u", "touch webapps/Hive/x 2>&1 || true")).toMatch(/^8080\n.*Permission denied/);
  });

  it("writes per container into a directory of its own, all of Tomcat's logs and logback's, and nothing twice", async () => {
    // The two applications whose logs Tomcat keeps apart are not part of the image; here Hive's stand-in plays them.
    const managers = `FROM ${IMAGE}\nUSER 0\nRUN cp -r webapps/Hive webapps/manager && cp -r webapps/Hive webapps/host-manager\nUSER 8080\n`;
    const image = "hive-tomcat:managers";
    await docker(sandbox(), ["build", "--tag", image, "-"], { input: managers, on: worker });
    const environment = ["--env", "LAME_DUCK_SECONDS=1"];
    const both = await Promise.all([
      Container.run(sandbox(), worker, image, environment),
      Container.run(sandbox(), worker, image, environment),
    ]);
    for (const container of both) {
      const { host } = container;
      await container.ask(`/Hive/work?n=${host}-work`);
      await container.ask(`/Hive/fail?how=thrown&n=${host}-hive`);
      await container.ask(`/manager/fail?how=thrown&n=${host}-manager`);
      await container.ask(`/host-manager/fail?how=thrown&n=${host}-host-manager`);
    }
    await Promise.all(both.map(({ id }) => docker(sandbox(), ["stop", "--time", "40", id], { on: worker })));

    for (const container of both) {
      const { host } = container;
      const holds = container.files();
      expect(Object.keys(holds)).toEqual([
        `catalina.${today}.log`,
        "debug.log",
        `host-manager.${today}.log`,
        `localhost.${today}.log`,
        `manager.${today}.log`,
        "stdout.log",
      ]);
      expect(holds[`catalina.${today}.log`]).toMatch(
        /Server startup in .*Told to stop: the health path fails/s,
      );
      expect(holds["debug.log"]).toMatch(new RegExp(`Hive 2\\.0\\.0 started.*request ${host}-work\n`, "s"));
      expect(holds[`localhost.${today}.log`]).toMatch(`thrown ${host}-hive`);
      expect(holds[`manager.${today}.log`]).toMatch(`thrown ${host}-manager`);
      expect(holds[`host-manager.${today}.log`]).toMatch(`thrown ${host}-host-manager`);
      // What begins with a date is an event; the rest of a stack trace repeats itself, as stack traces do.
      const events = Object.values(holds).flatMap((text) =>
        text.split("\n").filter((line) => /^\d{4}-/.test(line)),
      );
      expect(events.filter((event, index) => events.indexOf(event) !== index)).toEqual([]);
      const others = both.filter((other) => other !== container);
      for (const other of others) expect(Object.values(holds).join("")).not.toMatch(other.host);
      await container.shipped();
    }
  });

  it("keeps a stack trace together on its way, in the application's log and in Tomcat's", async () => {
    const container = await run();
    await container.ask("/Hive/fail?how=caught&n=seven");
    await container.ask("/Hive/fail?how=thrown&n=eight");
    await container.docker("stop", "--time", "40", container.id);
    await container.shipped();
    const about = (text: string) => container.collected().filter(({ message }) => message.includes(text));
    expect(about("failure seven")).toMatchObject([
      {
        message: expect.stringMatching(
          /^\d.* caught seven\n.*failure seven\n\tat .*\nCaused by: .*the reason of seven\n/s,
        ),
      },
    ]);
    expect(about("the reason of eight")).toMatchObject([
      { message: expect.stringMatching(/^\d.* SEVERE .*thrown eight.*the reason of eight\n\t\tat /s) },
    ]);
  });

  it("goes on answering when it is told to stop, on connections that end, and finishes what is under way", async () => {
    const container = await run();
    await container.docker("kill", "--signal", "TERM", container.id);
    await sandbox().until("the health path to fail", async () => /503/.test(await container.ask("/health")));
    expect(await container.ask("/health")).toMatch("about to stop");
    expect(await container.ask("/Hive/health")).toBe("healthy");
    const [answered, long] = await Promise.all([
      container
        .docker("exec", container.id, "bash", "-c", twoRequests(0))
        .catch((error: Error) => error.message),
      // Longer than the lame duck lasts.
      container.ask("/Hive/work?n=long&ms=6000", 20),
    ]);
    expect(answered).toMatch(/^HTTP\/1.1 200 \n.*Connection: close\n/s);
    expect(answered.match(/HTTP\/1.1 200/g)).toHaveLength(1);
    expect(long).toBe(container.host);
    expect(await container.ended()).toMatchObject({ ExitCode: 143 });
  });

  it("loses no line of a container that is stopped while its log rolls over", async () => {
    const container = await run("--env", "LOG_MAX_FILE_SIZE=2KB");
    const loading = container.load("rolling", 2_000);
    await sandbox().until("the first rolled file", () => rolledFiles(container).length > 0);
    await container.docker("stop", "--time", "40", container.id);
    const answered = await loading;
    expect((await container.state()).ExitCode).toBe(143);
    expect(rolledFiles(container).length).toBeGreaterThan(2);
    const written = Object.values(container.files()).join("");
    expect(answered.length).toBeGreaterThan(20);
    expect(answered.filter((number) => !written.includes(` request ${number}\n`))).toEqual([]);
    await container.shipped();
  });

  it("loses no line of a container that is killed", async () => {
    const container = await run();
    const loading = container.load("killed", 2_000);
    await sandbox().until("some lines", () => container.files()["debug.log"]?.includes("request killed-20"));
    await container.docker("kill", container.id);
    const answered = await loading;
    expect((await container.state()).ExitCode).toBe(137);
    const written = container.files()["debug.log"];
    expect(answered.length).toBeGreaterThan(15);
    expect(answered.filter((number) => !written?.includes(` request ${number}\n`))).toEqual([]);
    await container.shipped();
  });

  it.each([
    [
      "Java's heap is full",
      ["--env", "JAVA_OPTS=-Xmx64m"],
      { ExitCode: 3, OOMKilled: false },
      /Terminating due to java.lang.OutOfMemoryError/,
    ],
    // What is more than the limit is taken by the kernel, which says nothing to the process.
    [
      "the kernel kills it",
      ["--memory", "160m", "--env", "JAVA_OPTS=-Xmx1g"],
      { ExitCode: 137, OOMKilled: true },
      /^$/,
    ],
  ])("loses no line when %s", async (_name, options, end, stdout) => {
    const container = await run(...options);
    await container.load("full", 10);
    await container.ask("/Hive/fail?how=memory&n=last");
    expect(await container.ended()).toMatchObject(end);
    const holds = container.files();
    expect(holds["debug.log"]).toMatch(/request full-10\n.* memory last\n$/);
    expect(holds["stdout.log"]?.trim()).toMatch(stdout);
    await container.shipped();
    const told = await container.docker("logs", container.id);
    expect(told).toMatch(`Tomcat ended with ${end.ExitCode}. Its logs say why:`);
  });

  it("keeps an idle connection for longer than the load balancer's 60 seconds", async () => {
    const answered = await kept;
    expect(answered.match(/HTTP\/1.1 200/g)).toHaveLength(2);
    expect(answered).not.toMatch(/Connection: close/);
    expect(answered).toMatch(/open$/);
  });
});
