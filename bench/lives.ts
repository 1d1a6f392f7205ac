// Lives of workers: launched, joined, in service, retired, gone; each once in the hands of the operator and once by hand, in turn.
import { projectDirectory } from "../sandbox/cli/launch.ts";
import { byHand, type HandMeasured } from "./by-hand.ts";
import { type FlowMeasured, measureFlow } from "./operator.ts";
import { packagedDocuments, type RecipeStep, recipeOf } from "./recipe.ts";
import { makeLines, type Stage, scale, workerGone } from "./stage.ts";

/** One measurement of each hook. */
export interface Life<Measured> {
  join: Measured;
  retire: Measured;
}

export interface Lives {
  /** The very first join: it finds no hint of what the services need, and asks a manager twice. */
  first: Life<FlowMeasured>;
  operator: Life<FlowMeasured>[];
  byHand: Life<HandMeasured>[];
}

/** Some log lines to ship with every retirement. */
const LINES = 20;

const operatorLife = async (stage: Stage): Promise<Life<FlowMeasured>> => {
  const proceeds = stage.enters("Pending:Proceed");
  await scale(stage, 1);
  const instanceId = await proceeds;
  await stage.sandbox.settled(1);
  const join = await measureFlow(stage, "join", instanceId);
  await makeLines(stage, LINES);
  const leaves = stage.enters("Terminating:Proceed");
  await scale(stage, 0);
  await leaves;
  const retire = await measureFlow(stage, "retire", instanceId);
  await workerGone(stage);
  return { join, retire };
};

type Recipes = Life<readonly RecipeStep[]>;

/** The events are lost, so that no flow starts; all else is as it is for the operator. */
const handLife = async (stage: Stage, recipes: Recipes): Promise<Life<HandMeasured>> => {
  const { control } = stage.sandbox;
  await control.disturbEvents({ deliveries: [] });
  try {
    const launched = stage.enters("Pending:Wait");
    await scale(stage, 1);
    const instanceId = await launched;
    // No script of a join asks for the address; asking for it here would cost time.
    const join = await byHand(stage, "join", recipes.join, { instanceId, address: "" });
    await stage.sandbox.settled(1);
    const [worker] = await stage.sandbox.workers();
    await makeLines(stage, LINES);
    const leaving = stage.enters("Terminating:Wait");
    await scale(stage, 0);
    await leaving;
    const retire = await byHand(stage, "retire", recipes.retire, {
      instanceId,
      address: worker?.address ?? "",
    });
    await workerGone(stage);
    return { join, retire };
  } finally {
    await control.disturbEvents(null);
  }
};

const recipesOf = ({ join, retire }: Life<FlowMeasured>): Recipes => {
  const documents = packagedDocuments(projectDirectory);
  const recipe = ({ flow, sent }: FlowMeasured) =>
    recipeOf(sent, /i-[0-9a-f]+/.exec(flow)?.[0] ?? "", documents);
  return { join: recipe(join), retire: recipe(retire) };
};

/** @param told of each life as it ends */
export const live = async (
  stage: Stage,
  repetitions: number,
  told: (line: string) => void,
): Promise<Lives> => {
  const seconds = ({ join, retire }: Life<{ seconds: number }>): string =>
    `join ${join.seconds.toFixed(2)} s, retire ${retire.seconds.toFixed(2)} s`;
  const first = await operatorLife(stage);
  told(`first, by the operator: ${seconds(first)}`);
  const lives: Lives = { first, operator: [], byHand: [] };

  const operator = async (count: number): Promise<void> => {
    const life = await operatorLife(stage);
    lives.operator.push(life);
    told(`${count}/${repetitions} by the operator: ${seconds(life)}`);
  };
  await operator(1);
  // What a flow that asks nothing twice has sent is what is done by hand.
  const recipes = recipesOf(lives.operator[0] ?? first);
  const hand = async (count: number): Promise<void> => {
    const life = await handLife(stage, recipes);
    lives.byHand.push(life);
    told(`${count}/${repetitions} by hand: ${seconds(life)}`);
  };
  await hand(1);
  for (let count = 2; count <= repetitions; count++) {
    // In turn first, so that whatever changes on the machine meanwhile favours neither.
    const order = count % 2 === 0 ? [hand, operator] : [operator, hand];
    for (const run of order) await run(count);
  }
  return lives;
};
