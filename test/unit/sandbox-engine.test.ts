// Which programs make an engine, found in directories made for the test: no Docker is needed here.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { engineIn } from "../../sandbox/machines/engine.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "engine of mine-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const program = (path: string, script = "echo 'Docker version 26.1.5+dfsg1, build 411e817'"): string => {
  const file = join(directory, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
};

describe("an engine", () => {
  it("is all programs of one directory, as Docker's own archives have them", () => {
    const programs = ["dockerd", "docker", "containerd", "runc"].map((name) => program(name));
    program("something-else");
    expect(engineIn(directory)).toEqual({ directory, programs, version: "26.1.5+dfsg1" });
  });

  it("is found below its directory too, as packages are unpacked", () => {
    const programs = ["usr/sbin/dockerd", "usr/bin/docker", "usr/bin/containerd"].map((path) =>
      program(path),
    );
    expect(engineIn(directory).programs).toEqual(programs);
  });

  it("has no program that leads nowhere or that is not to be run: there the machine's own is used", () => {
    const daemon = program("usr/sbin/dockerd");
    mkdirSync(join(directory, "usr/bin"));
    symlinkSync("tini-static", join(directory, "usr/bin/docker-init"));
    writeFileSync(join(directory, "usr/bin/docker"), "not to be run", { mode: 0o644 });
    mkdirSync(join(directory, "usr/bin/containerd"));
    expect(engineIn(directory).programs).toEqual([daemon]);
  });

  it("without a daemon is none, and the error says where it was looked for and how to get one", () => {
    program("docker");
    expect(() => engineIn(directory)).toThrow(`There is no Docker engine in ${directory}`);
    expect(() => engineIn(directory)).toThrow(/usr\/sbin.*npm run engine/);
    expect(() => engineIn(join(directory, "nowhere"))).toThrow(/no program dockerd/);
  });

  it("whose daemon does not run here is refused, with what it said", () => {
    program("dockerd", "echo 'GLIBC_2.99 not found' >&2; exit 127");
    expect(() => engineIn(directory)).toThrow(/does not run on this machine/);
    expect(() => engineIn(directory)).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ stderr: "GLIBC_2.99 not found\n" }) }),
    );
  });

  it("whose daemon tells no version is refused", () => {
    program("dockerd", "echo hello");
    expect(() => engineIn(directory)).toThrow(/says no version: hello/);
  });
});
