// Rolls on a real swarm: pushed with a real client to a real registry, watched on real tasks.
import { names } from "../../sandbox/cloud/configuration.ts";
import { loadThroughBalancer } from "../../sandbox/demo/run.ts";
import { docker, logIn, pretendLogIn } from "./docker-client.ts";
import {
  expectAtRest,
  outcomeFor,
  outcomes,
  rollSettings,
  running,
  sampleRunning,
  service,
} from "./rolls.ts";
import { withSandbox } from "./support.ts";

const REPLICAS = 6;
const WORKERS = 2;

describe("a pushed image", () => {
  const sandbox = withSandbox({
    workers: WORKERS,
    replicas: REPLICAS,
    // Lambda's own tries are minutes apart.
    retryDelaysSeconds: [1, 1],
    settings: { ...rollSettings, ROLL_MINIMUM_RUNNING: "1" },
  });
  const images = () => running(sandbox());
  const now = async () => (await service(sandbox())).Spec.TaskTemplate.ContainerSpec.Image;

  it("as a version and then as latest, by a real client, is one roll of an over-committed service, shown under its version", async () => {
    const before = await service(sandbox());
    const repository = before.Spec.TaskTemplate.ContainerSpec.Image.split(/:\d+\.\d+/)[0] ?? "";
    await logIn(sandbox());
    await docker(sandbox(), ["build", "--tag", `${repository}:1.1.0`, "-"], {
      input: `FROM ${before.Spec.TaskTemplate.ContainerSpec.Image}\nENV VERSION=1.1.0\n`,
    });
    await docker(sandbox(), ["tag", `${repository}:1.1.0`, `${repository}:latest`]);
    const pushed = await docker(sandbox(), ["push", `${repository}:1.1.0`]);
    await docker(sandbox(), ["push", `${repository}:latest`]);
    const digest = /sha256:[0-9a-f]{64}/.exec(pushed)?.[0] ?? "";

    const outcome = await outcomeFor(sandbox(), digest);
    expect(outcome).toMatchObject({ outcome: "converged", service: names.service, version: "1.1.0" });
    const image = `${repository}:1.1.0@${digest}`;
    await expectAtRest(sandbox(), image, REPLICAS);
    expect(await images()).toEqual({ [image]: WORKERS });
    const rolls = (await sandbox().control.executions()).filter(({ name }) => name.startsWith("roll-"));
    expect(rolls).toHaveLength(1);
  });

  it("loses no request on its way through the load balancer: a task says that it goes before it goes", async () => {
    const load = loadThroughBalancer(sandbox());
    const { digest, image } = await sandbox().push({ version: "1.1.1" });
    await outcomeFor(sandbox(), digest);
    const { sent, failed, reasons } = await load.stop();
    await expectAtRest(sandbox(), image, REPLICAS);
    expect(sent).toBeGreaterThan(200);
    console.log(`during the roll ${sent} requests were sent, ${failed} failed ${JSON.stringify(reasons)}`);
    expect({ failed, reasons }).toEqual({ failed: 0, reasons: {} });
  });

  it.each([
    ["exits at once", { variant: "exits" }, "start-failed", /exit code 3.*no database answers/s],
    ["is never healthy", { variant: "never-healthy", stopCode: 143 }, "unhealthy", /unhealthy/],
    ["is never healthy and ends cleanly", { variant: "never-healthy" }, "unhealthy", /unhealthy/],
  ] as const)(
    "that %s is rolled back, with the cause named and a task running all the while",
    async (_name, options, code, text) => {
      const before = await now();
      const sampling = sampleRunning(sandbox());
      const { digest } = await sandbox().push({ version: "1.2.0", ...options });
      const outcome = await outcomeFor(sandbox(), digest);
      expect(await sampling()).toBeGreaterThanOrEqual(1);
      expect(outcome).toMatchObject({ outcome: "rolled back", runs: before, cause: { code } });
      expect(outcome.cause?.text).toMatch(text);
      await expectAtRest(sandbox(), before, REPLICAS);
      expect(await images()).toEqual({ [before]: WORKERS });
    },
  );

  it("that does not exist, or that no host may pull, touches nothing and says why", async () => {
    const before = await service(sandbox());
    const missing = `sha256:${"e".repeat(64)}`;
    await sandbox().forgePush({ repository: names.repository, digest: missing, tag: "9.9.9" });
    expect(await outcomeFor(sandbox(), missing)).toMatchObject({
      outcome: "refused",
      cause: { code: "image-missing" },
    });
    await sandbox().control.refusePulls(names.repository, true);
    const { digest } = await sandbox().push({ version: "1.3.0" });
    const refused = await outcomeFor(sandbox(), digest);
    await sandbox().control.refusePulls(names.repository, false);
    expect(refused).toMatchObject({ outcome: "refused", cause: { code: "credentials" } });
    expect(refused.cause?.text).toMatch(/not authorized/);
    expect((await service(sandbox())).Version.Index).toBe(before.Version.Index);
  });

  it("that comes in the middle of another's roll takes over, and an older one that arrives late changes nothing", async () => {
    const first = await sandbox().push({ version: "1.4.0" });
    await sandbox().until("the first task of 1.4.0", async () => (await images())[first.image] === 1);
    const second = await sandbox().push({ version: "1.4.1" });
    expect(await outcomeFor(sandbox(), second.digest)).toMatchObject({ outcome: "converged" });
    expect(await outcomeFor(sandbox(), first.digest)).toMatchObject({ outcome: "superseded" });
    await expectAtRest(sandbox(), second.image, REPLICAS);

    const { Version } = await service(sandbox());
    const told = outcomes(sandbox()).length;
    await sandbox().forgePush({ repository: names.repository, digest: first.digest, tag: "1.4.0" });
    await sandbox().until("the late push to be told", () => outcomes(sandbox()).length > told);
    expect(outcomes(sandbox()).at(-1)?.outcome).toMatch(/superseded|skipped/);
    expect((await service(sandbox())).Version.Index).toBe(Version.Index);
  });

  it("of ten in a burst the newest is rolled, in no more rolls than needed", async () => {
    const pushes = [];
    for (let number = 0; number < 10; number++)
      pushes.push(await sandbox().push({ version: `1.5.${number}` }));
    const newest = pushes.at(-1);
    expect(await outcomeFor(sandbox(), newest?.digest ?? "")).toMatchObject({ outcome: "converged" });
    await expectAtRest(sandbox(), newest?.image ?? "", REPLICAS);
    const burst = outcomes(sandbox()).filter(({ version }) => version.startsWith("1.5."));
    expect(burst.filter(({ outcome }) => outcome === "converged")).toHaveLength(1);
  });

  it("is what a worker runs that joins on day two, although the token that the service was given has expired", async () => {
    // As after `docker service update --with-registry-auth` twelve hours ago: every pull by a task is refused.
    pretendLogIn(sandbox(), await sandbox().control.expiredPassword());
    const update = [
      "service",
      "update",
      "--detach",
      "--no-resolve-image",
      "--with-registry-auth",
      names.service,
    ];
    await docker(sandbox(), update, { on: (await sandbox().managers())[0]?.instanceId ?? "" });
    await sandbox().scale(WORKERS + 1);
    await sandbox().settled(WORKERS + 1, 120);
    expect(await images()).toEqual({ [await now()]: WORKERS + 1 });
    await sandbox().scale(WORKERS);
    await sandbox().settled(WORKERS, 120);
  });

  it("has the name of no shell's liking: odd tags are rolled as they are, what is no name starts nothing", async () => {
    const { digest } = await sandbox().push({ version: "1.6.0", tags: ["1.6.0-rc_1.--x", "_-..", "1.6.0"] });
    expect(await outcomeFor(sandbox(), digest)).toMatchObject({ outcome: "converged" });
    const letters = (await sandbox().control.deadLetters()).length;
    const rolls = (await sandbox().control.executions()).length;
    for (const tag of ["1.0.0;reboot", "$(touch /tmp/x)", "{{ tag }}", 'a"b', "a\nb"])
      await sandbox().forgePush({ repository: names.repository, digest, tag });
    await sandbox().forgePush({ repository: "hive-`id`", digest, tag: "1.0.0" });
    await sandbox().until(
      "the dead letters",
      async () => (await sandbox().control.deadLetters()).length >= letters + 6,
      30,
    );
    expect((await sandbox().control.executions()).length).toBe(rolls);
  });
});
