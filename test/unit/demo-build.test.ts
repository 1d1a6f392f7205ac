// When the functions are built and packaged anew: whenever a source is newer than what was made of it, and only then.
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isPackaged } from "../../sandbox/cli/build.ts";
import { PACKAGE_DIRECTORY } from "../../sandbox/template/packaging.ts";

let project = "";
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "hive-build-"));
  write("functions/join-node/handler.ts", 100);
  write("serverless.yml", 100);
  write("dist/join-node.mjs", 200);
  write(`${PACKAGE_DIRECTORY}/cloudformation-template-update-stack.json`, 201);
});
afterEach(() => rmSync(project, { recursive: true }));

const write = (path: string, seconds: number): void => {
  const file = join(project, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "");
  utimesSync(file, seconds, seconds);
};

describe("what was packaged", () => {
  it("is good while it is newer than every source", () => {
    expect(isPackaged(project)).toBe(true);
  });

  it.each(["functions/join-node/new.ts", "shared/flows/join.ts", "documents/lib/aws.sh", "serverless.yml"])(
    "is made anew after %s changed",
    (source) => {
      write(source, 300);
      expect(isPackaged(project)).toBe(false);
    },
  );

  it("is made anew after a change that came between bundling and packaging", () => {
    write("documents/join-host.sh", 200.5);
    expect(isPackaged(project)).toBe(false);
  });

  it.each(["dist", PACKAGE_DIRECTORY])("is made anew where %s is missing", (output) => {
    rmSync(join(project, output), { recursive: true });
    expect(isPackaged(project)).toBe(false);
  });

  it("does not depend on what is no source of it", () => {
    write("sandbox/cloud.ts", 300);
    write("test/unit/some.test.ts", 300);
    expect(isPackaged(project)).toBe(true);
  });
});
