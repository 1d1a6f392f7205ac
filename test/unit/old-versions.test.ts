// What a deployment leaves for flows that began before it: the function's version, and the versions of the documents that it sends.
import { readFileSync } from "node:fs";
import { documentNames, revision } from "../../documents/resources.ts";

interface Resource {
  Type: string;
  DeletionPolicy?: string;
  Properties: Record<string, unknown>;
}
const { Resources } = JSON.parse(
  readFileSync(".serverless/cloudformation-template-update-stack.json", "utf8"),
) as { Resources: Record<string, Resource> };
const ofType = (type: string): Resource[] => Object.values(Resources).filter(({ Type }) => Type === type);

it("each function's version stays when the next one comes", () => {
  const versions = ofType("AWS::Lambda::Version");
  expect(versions).toHaveLength(ofType("AWS::Lambda::Function").length);
  expect(versions.map(({ DeletionPolicy }) => DeletionPolicy)).toEqual(versions.map(() => "Retain"));
});

it("each document is published as one version more, under the same name", () => {
  const documents = ofType("AWS::SSM::Document");
  expect(documents).toHaveLength(documentNames().length);
  for (const { Properties } of documents) {
    expect(Properties).toMatchObject({ UpdateMethod: "NewVersion", Name: { "Fn::Join": expect.anything() } });
    // The name of a version can be given once, and a deployment that is rolled back would give it again.
    expect(Properties).not.toHaveProperty("VersionName");
  }
});

it("each function names the revision that all documents of its deployment carry", () => {
  expect(revision()).toMatch(/^[0-9a-f]{12}$/);
  for (const { Properties } of ofType("AWS::Lambda::Function"))
    expect(Properties.Environment).toMatchObject({ Variables: { DOCUMENTS_REVISION: revision() } });
  for (const { Properties } of ofType("AWS::SSM::Document")) {
    const { description } = Properties.Content as { description: string };
    expect(description.endsWith(` [${revision()}]`)).toBe(true);
  }
});

it("the documents are there before the functions that send them: roles name both", () => {
  const written = JSON.stringify(ofType("AWS::IAM::Role"));
  const sent = documentNames().filter((name) => !["restore-swarm"].includes(name));
  const logicalId = (name: string) =>
    `${name.replace(/(^|-)(.)/g, (_match, _dash, letter: string) => letter.toUpperCase())}Document`;
  expect(sent.filter((name) => !written.includes(logicalId(name)))).toEqual([]);
  for (const { Properties } of ofType("AWS::Lambda::Function"))
    expect(JSON.stringify(Properties.Role)).toMatch(/Role/);
});
