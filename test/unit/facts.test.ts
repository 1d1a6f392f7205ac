// The facts that comments lean on by number stand in docs/facts.md.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const project = fileURLToPath(new URL("../../", import.meta.url));
const FACTS = "docs/facts.md";

const filesIn = (directory: string): string[] =>
  readdirSync(join(project, directory), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|js|sh|yml|md)$/.test(name))
    .map((name) => `${directory}/${name}`);

const files = ["bench", "cluster", "docs", "documents", "functions", "sandbox", "scripts", "shared", "test"]
  .flatMap(filesIn)
  .concat(readdirSync(project).filter((name) => /\.(md|yml)$/.test(name)))
  .filter((name) => name !== FACTS);

/** By number, the files that cite it. S3 can be the storage as well: that number stands there, too. */
const citations = new Map<string, string[]>();
for (const file of files) {
  const numbers = readFileSync(join(project, file), "utf8").matchAll(/\b[ADS]\d{1,2}\b/g);
  for (const [number] of numbers) citations.set(number, [...(citations.get(number) ?? []), file]);
}

const rows = [...readFileSync(join(project, FACTS), "utf8").matchAll(/^\| ([ADS]\d{1,2}) /gm)];
const facts = rows.map(([, number]) => number);

describe("the facts", () => {
  it("that are cited anywhere stand there", () => {
    const missing = [...citations].filter(([number]) => !facts.includes(number));
    expect(missing).toEqual([]);
    expect(citations.size).toBeGreaterThan(20);
  });

  it("stand there once each", () => {
    expect(facts).toEqual([...new Set(facts)]);
  });
});
