// The scripts that the benchmark runs by hand are the documents that a flow sent, with the same parameters.
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import type { SentCommand } from "../../bench/calls.ts";
import { answerOf, type RecipeStep, recipeOf, scriptFor } from "../../bench/recipe.ts";
import { documentContent } from "../../documents/resources.ts";
import { type CommandDocument, parseDocument } from "../../sandbox/models/systems-manager/document.ts";

const sent = (document: string, instanceId: string, parameters = {}): SentCommand => ({
  time: 0,
  document: `hive-swarm-dev-${document}`,
  instanceId,
  parameters,
});

const packaged = (name: string, content: object = documentContent(name)): [string, CommandDocument] => [
  `hive-swarm-dev-${name}`,
  parseDocument(`hive-swarm-dev-${name}`, name, "1", content),
];

describe("the recipe", () => {
  const documents = new Map(["drain-node", "leave-swarm", "log-state"].map((name) => packaged(name)));

  it("has each document once, in the order in which the flow sent them, on the machine that it was for", () => {
    const recipe = recipeOf(
      [
        sent("drain-node", "i-0manager", { nodeId: "a" }),
        sent("log-state", "i-0worker"),
        sent("log-state", "i-0worker"),
        sent("leave-swarm", "i-0worker"),
      ],
      "i-0worker",
      documents,
    );
    expect(
      recipe.map(({ document, on, parameters }) => ({ document: document.shortName, on, parameters })),
    ).toEqual([
      { document: "drain-node", on: "manager", parameters: { nodeId: "a" } },
      { document: "log-state", on: "host", parameters: {} },
      { document: "leave-swarm", on: "host", parameters: {} },
    ]);
  });

  it("refuses a document that the project does not have", () => {
    expect(() => recipeOf([sent("format-disk", "i-0worker")], "i-0worker", documents)).toThrow(
      /hive-swarm-dev-format-disk, which is none of hive-swarm-dev-drain-node/,
    );
  });
});

describe("a script by hand", () => {
  const identity = { instanceId: "i-0new", nodeId: "new", address: "10.0.0.2", now: "now" };
  const text = (more: object = {}) => ({ type: "String", interpolationType: "ENV_VAR", ...more });
  const step = (
    parameters: Record<string, string>,
    declared: object,
    lines = ["#!/bin/bash", "body"],
  ): RecipeStep => {
    const inputs = { timeoutSeconds: "{{ executionTimeout }}", runCommand: lines };
    const content = {
      schemaVersion: "2.2",
      parameters: { ...declared, executionTimeout: { type: "String", default: "60" } },
      mainSteps: [{ action: "aws:runShellScript", name: "run", inputs }],
    };
    return { document: packaged("any", content)[1], on: "host", parameters };
  };

  it("is the document's own, with the parameters that were sent set after its first line, and its time limit", () => {
    const { script, seconds } = scriptFor(
      step({ a: "two words", executionTimeout: "7" }, { a: text() }),
      identity,
    );
    expect(script).toBe("#!/bin/bash\nexport SSM_a='two words'\nbody");
    expect(seconds).toBe(7);
  });

  it("gets what was not sent by the document's default", () => {
    const { script, seconds } = scriptFor(step({}, { a: text({ default: "yes" }) }), identity);
    expect(script).toContain("export SSM_a='yes'");
    expect(seconds).toBe(60);
  });

  it("is told who this machine is, whoever the flow's was", () => {
    const old = { instanceId: "i-0old", nodeId: "old", address: "10.0.0.1", now: "then", images: "a" };
    const declared = Object.fromEntries(Object.keys(old).map((name) => [name, text()]));
    expect(scriptFor(step(old, declared), identity).script.split("\n").slice(1, -1)).toEqual([
      "export SSM_instanceId='i-0new'",
      "export SSM_nodeId='new'",
      "export SSM_address='10.0.0.2'",
      "export SSM_now='now'",
      "export SSM_images='a'",
    ]);
  });

  it("hands any value over as it is", () => {
    const value = fc.string({ unit: fc.constantFrom("'", '"', "$", "`", "\\", " ", "\n", "(", "a", "*") });
    fc.assert(
      fc.property(value, (given) => {
        const { script } = scriptFor(
          step({ v: given }, { v: text() }, ["#!/bin/bash", 'printf %s "$SSM_v"']),
          identity,
        );
        expect(execFileSync("bash", ["-c", script]).toString()).toBe(given);
      }),
      { numRuns: 40 },
    );
  });
});

describe("an answer by hand", () => {
  it("is the first line, whatever follows", () => {
    expect(answerOf('{"nodeId":"a"}\nH4sIAAA\n')).toEqual({ nodeId: "a" });
  });

  it("must be a JSON object, or what was printed is told", () => {
    for (const stdout of ["", "leave: no\n", "7\n"])
      expect(() => answerOf(stdout)).toThrow(/A script printed no JSON first, but/);
  });
});
