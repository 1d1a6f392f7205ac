// A flow goes on with the documents that were deployed with it, whatever is deployed meanwhile (facts S11).
import { documentContent, documentNames, revision } from "../../documents/resources.ts";
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { createTestWorld, problemsOf, type TestWorld } from "./world.ts";

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

const NEXT = "fedcba987654";

/** Another deployment: each document gets a version more, by which CloudFormation may move the default or not. */
const deploy = (world: TestWorld, mark = NEXT): void => {
  for (const name of documentNames()) {
    const content = documentContent(name);
    const description = content.description.replace(/\[\w+\]$/, `[${mark}]`);
    world.systemsManager.publishDocument({
      name: `hive-swarm-dev-${name}`,
      shortName: name,
      content: { ...content, description },
    });
  }
};

const worldOf = (DOCUMENTS_REVISION: string) => createTestWorld({ environment: { DOCUMENTS_REVISION } });

const sent = (world: TestWorld) =>
  world.calls
    .filter(({ operation, principal }) => operation === "SendCommand" && principal !== "operator")
    .map(({ input }) => input as { DocumentName: string; DocumentVersion?: string });

const versionsSent = (world: TestWorld, since = 0) => [
  ...new Set(
    sent(world)
      .slice(since)
      .map(({ DocumentVersion }) => DocumentVersion),
  ),
];

it("a life that goes on while something is deployed, twice, sends what was deployed with it", async () => {
  const world = await worldOf(revision());
  await world.desire(1);
  await world.until(() => sent(world).length > 0);
  deploy(world);
  await world.rest();
  deploy(world, revision().replace(/./, "x"));
  await world.desire(0);
  await world.rest();
  expect(problemsOf(world)).toEqual([]);
  expect(new Set(sent(world).map(({ DocumentName }) => DocumentName)).size).toBeGreaterThan(6);
  expect(versionsSent(world)).toEqual(["1"]);
  expect(world.logged("document version not found, the newest is sent")).toEqual([]);
});

it("what is deployed anew is sent by what begins then, and each document is looked for once", async () => {
  const world = await worldOf(NEXT);
  deploy(world);
  await world.desire(2);
  await world.rest();
  expect(versionsSent(world)).toEqual(["2"]);
  const looked = world.calls
    .filter(({ operation }) => operation === "DescribeDocument")
    .map(({ principal, input }) => `${principal} ${(input as { Name: string }).Name}`);
  expect(looked.length).toBeGreaterThan(1);
  expect(looked).toEqual([...new Set(looked)]);
});

it("going back to an older content makes a version more, and is found", async () => {
  const world = await worldOf(revision());
  deploy(world);
  deploy(world, revision());
  await world.desire(1);
  await world.rest();
  expect(versionsSent(world)).toEqual(["3"]);
});

it("a version that nobody has any more is no reason to stop: the newest is sent, and that is told", async () => {
  const world = await worldOf("000000000000");
  deploy(world);
  await world.desire(1);
  await world.rest();
  expect(problemsOf(world)).toEqual([]);
  expect(versionsSent(world)).toEqual(["$LATEST"]);
  expect(world.logged("document version not found, the newest is sent").length).toBeGreaterThan(0);
});

it("without a revision documents are sent as they are by default", async () => {
  const world = await worldOf("");
  await world.desire(1);
  await world.rest();
  expect(versionsSent(world)).toEqual([undefined]);
  expect(world.calls.some(({ operation }) => operation === "DescribeDocument")).toBe(false);
});
