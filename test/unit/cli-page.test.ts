// docs/command-line.md shows the helps as the tool prints them, and of its recorded outputs none that was never recorded.
import { readFileSync } from "node:fs";
import { commands } from "../../cli/commands/index.ts";
import { hiveSwarm } from "./cli-tool.ts";

const page = readFileSync("docs/command-line.md", "utf8");

/** What stands between two marks. */
const blocks = (kind: "help" | "recorded"): [name: string, text: string][] =>
  [...page.matchAll(new RegExp(`<!-- ${kind}: (\\S+) -->\\n\\n(.*?)<!-- end -->`, "gs"))].map(
    ([, name = "", text = ""]) => [name, text],
  );

it("shows the help of every command, as it is", async () => {
  const shown = new Map(blocks("help"));
  expect([...shown.keys()].sort()).toEqual(["all", ...commands.map(({ name }) => name)].sort());
  for (const [name, text] of shown) {
    const { stdout } = await hiveSwarm(name === "all" ? ["help"] : ["help", name]);
    expect(text).toBe(`\`\`\`text\n${stdout}\`\`\`\n\n`);
  }
});

it("shows outputs that a run has recorded", () => {
  const recorded = blocks("recorded");
  expect(recorded.length).toBeGreaterThan(10);
  for (const [name, text] of recorded)
    expect([name, text]).toEqual([
      name,
      expect.stringMatching(/^```text\n\$ npm run -s hive-swarm -- .+\n(.*\n)+\$ echo \$\?\n\d+\n```\n\n$/),
    ]);
});
