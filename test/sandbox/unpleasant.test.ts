// All of AWS's unpleasant sides at once, on the real swarm and the built functions: joins and retirements end as they should.
import type { Sides } from "../../sandbox/unpleasant/sides.ts";
import { endedHook, expectNothingLeft, withSandbox } from "./support.ts";

const together: Partial<Sides> = {
  throttleFirst: 4,
  throttleEvery: 5,
  invocationUnknownMs: 2_000,
  noActiveActionMs: 5_000,
  staleReadsMs: 3_000,
  unreported: { document: "activate-node", times: 1 },
  commandsAtATime: 2,
  events: { deliveries: [[2_000, 2_500], [0, 300], [1_000]] },
};

describe("while every API throttles, reads are stale, and events come twice and out of order", () => {
  const sandbox = withSandbox({ workers: 1, retryDelaysSeconds: [2, 4] });
  const ids = async () => (await sandbox().workers()).map(({ instanceId }) => instanceId);

  it("two workers join and go as ever, and every hook is completed once", async () => {
    const before = await ids();
    expect(await sandbox().control.unpleasant(together)).toMatchObject(together);
    await sandbox().scale(3);
    await sandbox().settled(3, 180);
    const joined = (await ids()).filter((id) => !before.includes(id));
    expect(joined.length).toBe(2);
    for (const id of joined)
      expect(await endedHook(sandbox(), id, "join")).toMatchObject({ result: "CONTINUE", completions: 1 });

    const there = await ids();
    await sandbox().scale(1);
    await sandbox().settled(1, 240);
    const left = await ids();
    for (const id of there.filter((one) => !left.includes(one))) {
      expect(await endedHook(sandbox(), id, "retire")).toMatchObject({ result: "CONTINUE", completions: 1 });
      await expectNothingLeft(sandbox(), id);
    }
    const retired = (await sandbox().control.executions()).filter(({ name }) => name.startsWith("retire-"));
    expect(retired.map(({ result }) => JSON.parse(result ?? "null"))).toEqual(
      Array(2).fill(expect.objectContaining({ outcome: "retired", logs: "shipped" })),
    );
    expect(await sandbox().control.deadLetters()).toEqual([]);
  }, 500_000);

  it("and when it is switched off, nothing of it stays", async () => {
    expect(await sandbox().control.unpleasant(null)).toMatchObject({
      throttleFirst: 0,
      staleReadsMs: 0,
      events: null,
    });
    await sandbox().scale(2);
    await sandbox().settled(2, 60);
  });
});
