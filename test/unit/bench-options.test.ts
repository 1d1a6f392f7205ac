// The benchmark's command line.
import { readOptions, USAGE } from "../../bench/options.ts";

describe("the options of the benchmark", () => {
  it("are all parts, five times, where nothing is said", () => {
    expect(readOptions([])).toEqual({
      help: false,
      json: undefined,
      repetitions: 5,
      parts: ["hooks", "rolls", "functions"],
    });
  });

  it("name parts, which are measured in their own order, each once", () => {
    const { parts, json, repetitions } = readOptions([
      "functions",
      "--json",
      "a.json",
      "rolls",
      "rolls",
      "--repetitions",
      "2",
    ]);
    expect({ parts, json, repetitions }).toEqual({
      parts: ["rolls", "functions"],
      json: "a.json",
      repetitions: 2,
    });
  });

  it.each([
    [["dance"], /There is no part dance; there are hooks, rolls, functions/],
    [["--repetitions", "0"], /--repetitions is 0; give it a whole number/],
    [["--repetitions", "some"], /--repetitions is some/],
    [["--fast"], /--fast/],
  ])("refuse %j", (words, message) => {
    expect(() => readOptions(words)).toThrow(message);
  });

  it("are all explained", () => {
    for (const word of [...readOptions([]).parts, "--json", "--repetitions"]) expect(USAGE).toContain(word);
  });
});
