// A host for documents: their scripts are run by bash as they are, with programs of the test's own first on the path.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { documentContent } from "../../documents/resources.ts";

/** To be made anew for each test, and removed after it. Programs find its directory in `$BIN`, and note in `$CALLS` what they are asked. */
export class ScriptedHost {
  readonly directory = mkdtempSync(join(tmpdir(), "documents-"));

  /** Puts a program first on the path. */
  program(name: string, script: string): void {
    const file = join(this.directory, name);
    writeFileSync(file, `#!/bin/bash\n${script}\n`);
    chmodSync(file, 0o755);
  }

  /** Lets a program do something else in one case. */
  alter(name: string, before: string, after: string): void {
    const file = join(this.directory, name);
    writeFileSync(file, readFileSync(file, "utf8").replace(before, after));
  }

  /** Runs a document; parameters that are not given have their defaults. */
  run(document: string, parameters: Readonly<Record<string, string>>) {
    const { mainSteps, parameters: known } = documentContent(document);
    const file = join(this.directory, "script.sh");
    const script = mainSteps[0]?.inputs.runCommand.join("\n") ?? "";
    // What a script keeps of its own, and docker's state, belong to the host.
    const own = script
      .replaceAll("/run/hive-swarm", join(this.directory, "run"))
      .replaceAll("/var/lib/", join(this.directory, "lib/"));
    writeFileSync(file, own);
    const values = Object.entries(known as Record<string, { default?: string }>).flatMap(
      ([name, { default: given }]) => {
        const value = parameters[name] ?? given;
        return value === undefined ? [] : [[`SSM_${name}`, value]];
      },
    );
    const PATH = `${this.directory}:${process.env.PATH}`;
    const { status, stdout, stderr } = spawnSync("/bin/bash", [file], {
      encoding: "utf8",
      env: { PATH, BIN: this.directory, CALLS: this.#calls, ...Object.fromEntries(values) },
    });
    return { status, stdout, stderr, answer: JSON.parse(stdout.split("\n")[0] || "null") };
  }

  calls(): string {
    return existsSync(this.#calls) ? readFileSync(this.#calls, "utf8") : "";
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  get #calls(): string {
    return join(this.directory, "calls");
  }
}
