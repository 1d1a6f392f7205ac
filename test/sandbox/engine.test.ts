// Join and retire on another Docker engine than the machine's: HIVE_ENGINE=DIRECTORY, or else Debian trixie's, which is fetched.
import { join } from "node:path";
import { projectDirectory } from "../../sandbox/cli/launch.ts";
import { names } from "../../sandbox/cloud/configuration.ts";
import { type EnginePrograms, engineIn, machineEngine } from "../../sandbox/machines/engine.ts";
import { fetchEngine, trixie } from "../../sandbox/machines/engine-packages.ts";
import { endedHook, expectNothingLeft, outcomeOf, withSandbox, workerIn } from "./support.ts";

const given = process.env.HIVE_ENGINE;
const other: EnginePrograms = given
  ? engineIn(given)
  : await fetchEngine(trixie, join(projectDirectory, ".engines"), console.error);

interface EngineVersion {
  Version: string;
  Components: { Name: string; Version: string }[];
}

describe(`on Docker ${other.version}`, () => {
  const sandbox = withSandbox({ workers: 1, engine: other.directory });

  const versionOf = (instanceId: string) => sandbox().engine(instanceId).get<EngineVersion>("/version");

  it("a worker joins, and every daemon of the swarm is of that version", async () => {
    const { instances } = await sandbox().settled(1);
    expect(instances).toHaveLength(2);
    for (const { instanceId } of instances) expect((await versionOf(instanceId)).Version).toBe(other.version);
    const worker = instances.find(({ group }) => group === names.workerGroup)?.instanceId ?? "";
    expect(await endedHook(sandbox(), worker, "join")).toMatchObject({ result: "CONTINUE", completions: 1 });
  });

  it("a worker retires, and leaves nothing behind", async () => {
    const [worker] = await sandbox().workers();
    await sandbox().scale(0);
    const retiring = await workerIn(sandbox(), "Terminating:Wait");
    expect(retiring).toBe(worker?.instanceId);
    expect(await endedHook(sandbox(), retiring, "retire")).toMatchObject({
      result: "CONTINUE",
      by: "call",
      completions: 1,
    });
    await outcomeOf(sandbox(), `retire-${retiring}-0`);
    await expectNothingLeft(sandbox(), retiring);
  });
});

describe("an engine", () => {
  it("that is not there is refused before anything is started, with what to do", () => {
    expect(() => engineIn(join(projectDirectory, "docs"))).toThrow(/no program dockerd.*npm run engine/s);
  });

  it("brings the docker command that belongs to its daemon", () => {
    for (const { programs } of [other, machineEngine()]) {
      expect(programs.filter((path) => /\/docker(d)?$/.test(path))).toHaveLength(2);
    }
  });
});
