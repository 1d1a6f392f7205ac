// The documents against hostile values and agents that are too old: what the service refuses, what the scripts refuse
// themselves, and names of any characters that must arrive as they are.

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { documentContent, documentNames } from "../../documents/resources.ts";
import { OPERATOR } from "../../sandbox/aws/handle.ts";
import { VirtualClock } from "../../sandbox/clock.ts";
import { SystemsManager } from "../../sandbox/models/systems-manager/systems-manager.ts";
import { sourceWord } from "../../shared/swarm/needs.ts";

interface Parameter {
  interpolationType?: string;
  default?: string;
  allowedPattern?: string;
  allowedValues?: string[];
}
const parametersOf = (name: string) => documentContent(name).parameters as Record<string, Parameter>;
const scriptOf = (name: string) => documentContent(name).mainSteps[0]?.inputs.runCommand.join("\n") ?? "";
const handedOver = (name: string): string[] =>
  Object.entries(parametersOf(name)).flatMap(([parameter, { interpolationType }]) =>
    interpolationType === "ENV_VAR" ? [`SSM_${parameter}`] : [],
  );

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "hostile-"));
  // Whatever a script does, it does with one of these.
  for (const command of ["docker", "curl", "mkdir", "systemctl", "touch", "rm", "find", "mktemp", "flock"]) {
    writeFileSync(join(directory, command), '#!/bin/sh\necho "$0 $*" >>"$CALLED"\nexit 1\n');
    chmodSync(join(directory, command), 0o755);
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.each(documentNames().filter((name) => handedOver(name).length > 0))("the script of %s", (name) => {
  const run = (environment: Record<string, string>) => {
    const called = join(directory, "called");
    rmSync(called, { force: true });
    const { status, stderr, stdout } = spawnSync("bash", ["--norc", "-c", scriptOf(name)], {
      encoding: "utf8",
      env: { PATH: `${directory}:/usr/bin:/bin`, CALLED: called, ...environment },
    });
    return { status, stderr, stdout, calls: existsSync(called) ? readFileSync(called, "utf8") : "" };
  };

  it("of an agent that hands nothing over stops before it does anything, and says why", () => {
    const { status, stderr, stdout, calls } = run({});
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/SSM_\w+: agent too old/);
    expect({ stdout, calls }).toEqual({ stdout: "", calls: "" });
  });

  it.each(handedOver(name))("stops as well when %s alone is missing", (missing) => {
    const others = handedOver(name).filter((variable) => variable !== missing);
    const { status, stderr, stdout, calls } = run(
      Object.fromEntries(others.map((variable) => [variable, "x"])),
    );
    expect(status).not.toBe(0);
    expect(stderr).toContain(`${missing}: agent too old`);
    expect({ stdout, calls }).toEqual({ stdout: "", calls: "" });
  });
});

describe("Systems Manager", () => {
  const instanceId = "i-00000000000000001";
  const systemsManager = new SystemsManager({
    clock: new VirtualClock(),
    machines: {
      agent: () => ({ online: true, agentVersion: "3.3.2746.0", address: "10.0.0.1" }),
      run: () => new Promise(() => {}),
    },
    publish: () => {},
    documents: documentNames().map((name) => ({ name, content: documentContent(name) })),
    instances: () => [instanceId],
  });
  const everyParameter = documentNames().flatMap((document) =>
    Object.keys(parametersOf(document)).map((parameter) => [document, parameter] as const),
  );
  /** Something that the pattern lets through, from the document itself or for want of a default. */
  const examples: Record<string, string> = {
    nodeId: "a".repeat(25),
    instanceId,
    managers: "10.0.0.1",
    tokenParameter: "/a/token",
    workerTokenParameter: "/a/token/worker",
    managerTokenParameter: "/a/token/manager",
    addressPool: "172.30.0.0/16",
    advertise: "10.0.0.1",
    registry: "registry.example",
    registryRegion: "us-east-1",
    now: "2026-01-01T00:00:00.000Z",
    bucket: "a-bucket",
    prefix: "hive",
    ranges: "1:2:3:4",
    logDirectories: "/var/log/hive",
    mode: "join",
    markRetiring: "yes",
    waitSeconds: "1",
    serviceId: "s".repeat(25),
    rollId: "roll-1",
    image: "registry.example/hive-web",
    container: "c".repeat(64),
    stack: "hive",
    service: "web",
    parameter: "/hive-swarm/hive/stack",
    time: "2026-01-01T00-00-00",
    key: "hive/swarm/one.tar.gz",
  };
  const send = (document: string, changed: Record<string, string>) => {
    const values = Object.entries(parametersOf(document)).map(([name, { default: given, allowedValues }]) => [
      name,
      [changed[name] ?? given ?? examples[name] ?? allowedValues?.[0] ?? ""],
    ]);
    return systemsManager.operations.SendCommand(
      { DocumentName: document, InstanceIds: [instanceId], Parameters: Object.fromEntries(values) },
      OPERATOR,
    );
  };

  it.each(documentNames())("takes what is right for %s", (document) => {
    expect(send(document, {}).Command?.CommandId).toBeDefined();
  });

  it.each(everyParameter)(
    "lets nothing through to %s's %s that a shell could act on",
    (document, parameter) => {
      const evil = fc.constantFrom(
        "$(touch x)",
        "`touch x`",
        "'",
        '"',
        "\n",
        ";",
        "&",
        "|",
        "<",
        ">",
        "\\",
        "(",
        "\0",
      );
      fc.assert(
        fc.property(
          fc.oneof(fc.constant(examples[parameter] ?? ""), fc.string({ maxLength: 10 })),
          evil,
          fc.oneof(fc.constant(""), fc.constant(examples[parameter] ?? "")),
          (before, character, after) => {
            expect(() => send(document, { [parameter]: before + character + after })).toThrow(
              new RegExp(`parameter ${parameter} (does not match|must be one of)`),
            );
          },
        ),
        { numRuns: 50 },
      );
    },
  );
});

describe("a bind mount's source of any characters", () => {
  // As Go's urlquery writes it, with slashes left readable.
  const asManagerWrites = (name: string): string =>
    encodeURIComponent(name)
      .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll("%20", "+")
      .replaceAll("%2F", "/");
  const make = /^make_directories\(\) \{\n.*?^\}$/ms.exec(scriptOf("join-host"))?.[0] ?? "";
  const decoded = (words: string): string[] => {
    const program = `set -eu\nmkdir() { printf '%s\\0' "$3"; }\nfail() { echo failed; exit 1; }\n${make}\nmake_directories "$SSM_directories"`;
    const { stdout, status } = spawnSync("bash", ["--norc", "-c", program], {
      encoding: "utf8",
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8", SSM_directories: words },
    });
    expect(status).toBe(0);
    return stdout.split("\0").slice(0, -1);
  };
  const pattern = new RegExp(parametersOf("join-host").directories?.allowedPattern ?? "nothing");

  it("is made by every document that is told of it in the same way", () => {
    expect(scriptOf("hold-images")).toContain(make);
    expect(scriptOf("hold-images")).toContain('\nmake_directories "$SSM_directories"\n');
    expect(parametersOf("hold-images").directories).toEqual(parametersOf("join-host").directories);
  });

  it.each([
    "/nowhere/my logs",
    "/nowhere/$(touch x)",
    "/nowhere/`touch x`",
    "/nowhere/'quotes\"",
    "/nowhere/new\nline and /another",
    "/nowhere/100%+1\\n~*?[a]",
    "/nowhere/ünïcödé",
    "/nowhere/-rf",
  ])("arrives as it is: %j", (name) => {
    const word = asManagerWrites(name);
    expect(word).toMatch(pattern);
    expect(decoded(word)).toEqual([name]);
    // The functions write it as managers do.
    expect(sourceWord(name)).toBe(word);
  });

  it("is one word for the service and one directory on the host, whatever it is", () => {
    const name = fc
      .string({ unit: "grapheme", maxLength: 30 })
      .filter((text) => !text.includes("\0") && text.isWellFormed())
      .map((text) => `/nowhere/${text}`);
    fc.assert(
      fc.property(fc.array(name, { minLength: 20, maxLength: 20 }), (names) => {
        const words = names.map(asManagerWrites).join(" ");
        expect(words).toMatch(pattern);
        expect(decoded(words)).toEqual(names);
      }),
      { numRuns: 20 },
    );
  });

  it("may be the root, and what exists is left alone, a file as well", () => {
    expect("/").toMatch(pattern);
    expect(decoded("/ /etc/passwd /nowhere/a")).toEqual(["/nowhere/a"]);
  });
});
