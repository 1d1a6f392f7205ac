// No step without a crash: what the scenarios come by is all that the source of the flows has.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { crashingBackups } from "./crash-backups.ts";
import { crashingForms } from "./crash-forms.ts";
import { crashingJoins } from "./crash-joins.ts";
import { crashingRepairs } from "./crash-repairs.ts";
import { crashingRetirements } from "./crash-retirements.ts";
import { crashingRolls } from "./crash-rolls.ts";
import { crashingStacks } from "./crash-stacks.ts";
import { placesOf, type Scenario } from "./crashes.ts";
import { stepNames } from "./step-names.ts";

const undo = hastenSuspension();
afterAll(() => undo());

const stepsOf = async (scenarios: readonly Scenario[]): Promise<Set<string>> => {
  const steps = new Set<string>();
  for (const scenario of scenarios)
    for (const point of (await placesOf(scenario)).points) {
      const [name = ""] = point.split(/:[A-Z]+(?:#\d+)?$/);
      if (name !== "EXECUTION") steps.add(name);
    }
  return steps;
};

it("the scenarios that crash come by every step of all flows", async () => {
  const join = await stepsOf([...crashingJoins, ...crashingForms]);
  const retire = await stepsOf(crashingRetirements);
  const roll = await stepsOf(crashingRolls);
  const repair = await stepsOf([...crashingRepairs, ...crashingStacks]);
  const backup = await stepsOf(crashingBackups);
  expect([...new Set([...join, ...retire, ...roll, ...repair, ...backup])].sort()).toEqual(await stepNames());
  // Both flows leave the load balancer.
  expect([...join]).toContain("load balancer out");
  expect([...retire]).toContain("load balancer out");
});
