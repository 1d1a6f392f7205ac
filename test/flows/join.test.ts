// join-node on the models of AWS: what becomes of a launched instance.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { createTestWorld, problemsOf, type TestWorld } from "./world.ts";

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

const only = (world: TestWorld): string => {
  const [first, ...more] = world.members();
  if (!first || more.length > 0) throw new Error(`one instance was expected, not ${more.length + 1}`);
  return first.id;
};

describe("a launched instance", () => {
  it("joins, serves, and is in service at the load balancer that its group owns", async () => {
    const world = await createTestWorld({ loadBalancer: "attached" });
    await world.desire(1);
    await world.rest();
    console.log(world.log, world.execution(`join-${only(world)}-0`).outcome, world.reports, (world.clock.now()-Date.UTC(2026,0,1))/1000);
    expect(problemsOf(world)).toEqual([]);
    await world.desire(0);
    await world.rest();
    console.log(world.log.slice(-20), world.machines.gone);
    expect(problemsOf(world)).toEqual([]);
  });
});
