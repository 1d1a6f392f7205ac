// Join tokens that a repair rotates: both anew, stored, recorded, printed nowhere; who is in the swarm stays in it.

import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { recordOf } from "./form.ts";
import { ageTokens, LONG_AGO, ROTATED } from "./old-tokens.ts";
import { look } from "./plans.ts";
import { repaired } from "./repairs.ts";
import {
  createTestWorld,
  MANAGER_TOKEN_PARAMETER,
  problemsOf,
  RECORD_PARAMETER,
  type TestWorld,
  TOKEN_PARAMETER,
} from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

const withOldTokens = async (): Promise<TestWorld> => {
  const world = await createTestWorld(ROTATED);
  await world.desire(1);
  await world.rest();
  ageTokens(world);
  return world;
};

const stored = (world: TestWorld): (string | undefined)[] => [
  world.parameter(TOKEN_PARAMETER),
  world.parameter(MANAGER_TOKEN_PARAMETER),
];

it("are new, and let new instances in, when they were older than they may be", async () => {
  const world = await withOldTokens();
  const before = stored(world);
  const since = world.clock.now();
  const { applied } = await repaired(world);
  expect(applied).toMatchObject([{ kind: "rotate-tokens", result: "done" }]);
  const { workerToken, managerToken } = world.machines.swarm;
  expect(stored(world)).toEqual([workerToken, managerToken]);
  expect(stored(world)).not.toEqual(before);
  expect(Date.parse(recordOf(world).tokensAt)).toBeGreaterThanOrEqual(since);
  expect(recordOf(world).formedBy).toBe("i-0123456789abcdef0");
  expect((await look(world)).plan.actions).toEqual([]);
  await world.desire(2);
  await world.rest();
  expect(problemsOf(world)).toEqual([]);
  const told = JSON.stringify([
    world.log,
    world.executions(),
    world.systemsManager.commands(),
    world.letters,
  ]);
  expect(told).toContain("rotate-tokens");
  for (const token of [...before, workerToken, managerToken]) expect(told).not.toContain(token);
});

it("stay old in the record when they could not be stored, so that the next repair rotates again", async () => {
  const world = await withOldTokens();
  world.machines.authorize = (_instanceId, { operation }) => {
    if (operation === "PutParameter") throw new AwsError("AccessDeniedException", "not authorized");
  };
  const { applied } = await repaired(world);
  expect(applied).toMatchObject([
    { kind: "rotate-tokens", result: "failed", details: expect.stringContaining("store: ssm PutParameter") },
  ]);
  expect(recordOf(world).tokensAt).toBe(LONG_AGO);
  world.machines.authorize = () => {};
  expect((await repaired(world)).applied).toMatchObject([{ kind: "rotate-tokens", result: "done" }]);
  expect(stored(world)).toEqual([world.machines.swarm.workerToken, world.machines.swarm.managerToken]);
});

it("are left alone when somebody has rotated them since the look", async () => {
  let world: TestWorld | undefined;
  world = await createTestWorld({
    ...ROTATED,
    interceptors: [
      async (call, next) => {
        const answer = await next(call);
        const { Name } = call.input as { Name?: string };
        // The record was read for the plan: from now on it is another one.
        if (world && call.caller.principal === "function:repair" && Name === RECORD_PARAMETER)
          world.putParameter(
            RECORD_PARAMETER,
            JSON.stringify({ ...recordOf(world), tokensAt: "2026-01-01T00:00:00.000Z" }),
          );
        return answer;
      },
    ],
  });
  await world.after(30);
  ageTokens(world);
  const { applied } = await repaired(world);
  expect(applied).toMatchObject([{ kind: "rotate-tokens", result: "not applied" }]);
  expect(world.commands("rotate-tokens")).toEqual([]);
});
