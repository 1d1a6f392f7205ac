// The scripts that the benchmark runs by hand are the documents that a flow sent, with the same parameters.
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import type { SentCommand } from "../../bench/calls.ts";
import { answerOf, parametersFor, recipeOf, scriptOf } from "../../bench/recipe.ts";
import { documentContent } from "../../documents/resources.ts";

const sent = (document: string, instanceId: string, parameters = {}): SentCommand => ({
  time: 0,
  document: `hive-swarm-dev-${document}`,
  instanceId,
  parameters,
});

describe("the recipe", () => {
  const names = ["drain-node", "leave-swarm", "log-state"];

  it("has each document once, in the order in which the flow sent them, on the machine that it was for", () => {
    const recipe = recipeOf(
      [
        sent("drain-node", "i-0manager", { nodeId: "a" }),
        sent("log-state", "i-0worker"),
        sent("log-state", "i-0worker"),
        sent("leave-swarm", "i-0worker"),
      ],
      "i-0worker",
      names,
    );
    expect(recipe).toEqual([
      { document: "drain-node", on: "manager", parameters: { nodeId: "a" } },
      { document: "log-state", on: "host", parameters: {} },
      { document: "leave-swarm", on: "host", parameters: {} },
    ]);
  });

  it("refuses a document that the project does not have", () => {
    expect(() => recipeOf([sent("format-disk", "i-0worker")], "i-0worker", names)).toThrow(
      /hive-swarm-dev-format-disk, which is none of drain-node/,
    );
  });

  it("changes what says who a machine is, and nothing else", () => {
    const parameters = {
      nodeId: "old",
      instanceId: "i-0old",
      address: "10.0.0.1",
      now: "then",
      images: "a@sha256:0",
      executionTimeout: "60",
    };
    const identity = { instanceId: "i-0new", nodeId: "new", address: "10.0.0.2", now: "now" };
    expect(parametersFor({ document: "activate-node", on: "manager", parameters }, identity)).toEqual({
      ...parameters,
      ...identity,
    });
    expect(
      parametersFor({ document: "leave-swarm", on: "host", parameters: { waitSeconds: "1" } }, identity),
    ).toEqual({ waitSeconds: "1" });
  });
});

describe("a script by hand", () => {
  it("is the document's own, with the parameters set after its first line", () => {
    const lines = scriptOf("leave-swarm", { a: "1", b: "two words" }).split("\n");
    const own = documentContent("leave-swarm").mainSteps[0]?.inputs.runCommand ?? [];
    expect(lines).toEqual([own[0], "export SSM_a='1'", "export SSM_b='two words'", ...own.slice(1)]);
  });

  it("hands any value over as it is", () => {
    const value = fc.string({ unit: fc.constantFrom("'", '"', "$", "`", "\\", " ", "\n", "(", "a", "*") });
    fc.assert(
      fc.property(value, (text) => {
        const [, assignment = ""] =
          /^(export SSM_v=[\s\S]*)\n# Runs on the host: leaves/m.exec(scriptOf("leave-swarm", { v: text })) ??
          [];
        const printed = execFileSync("bash", ["-c", `${assignment}\nprintf %s "$SSM_v"`]);
        expect(printed.toString()).toBe(text);
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
