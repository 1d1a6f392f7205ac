// image/release.sh without a cloud: what it refuses before it does anything, and what it makes of the answers of AWS.
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../image/release.sh", import.meta.url));
const registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const digest = `sha256:${"a".repeat(64)}`;

describe("a release", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "release-"));
    program("docker", "exit 1");
    program("aws", "exit 1");
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** What a program does, as shell text; each call is written down. */
  const program = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, `#!/bin/sh\necho "${name} $*" >>${join(directory, "calls")}\n${text}\n`);
    chmodSync(path, 0o755);
  };
  const calls = (): string =>
    existsSync(join(directory, "calls")) ? readFileSync(join(directory, "calls"), "utf8") : "";
  const run = (...words: string[]) =>
    new Promise<{ code: number; stderr: string }>((done) => {
      const env = { PATH: `${directory}:${process.env.PATH}`, AWS_REGION: "ap-northeast-1" };
      execFile("bash", [script, ...words], { env }, (error, _stdout, stderr) =>
        done({ code: error ? Number(error.code) : 0, stderr }),
      );
    });
  const inEcr = `{"imageDetails":[{"imageDigest":"${digest}","imagePushedAt":"2026-11-28T00:00:00Z"}]}`;
  const history = (...entries: object[]) =>
    writeFileSync(
      join(directory, "history"),
      JSON.stringify({ Parameters: entries.map((entry) => ({ Value: JSON.stringify(entry) })) }),
    );
  const answers = () =>
    program(
      "aws",
      `case "$1 $2" in "ecr describe-images") echo '${inEcr}' ;; *) cat ${join(directory, "history")} ;; esac`,
    );
  const entry = {
    outcome: "converged",
    image: `${registry}/hive-tomcat:1.4.2@${digest}`,
    because: "2 tasks run it",
    runs: `${registry}/hive-tomcat:1.4.2@${digest}`,
    seconds: 31.2,
  };
  const asked = ["--registry", registry, "--version", "1.4.2"];

  it.each([
    ["nothing is to be done", asked, /is told to do nothing/],
    ["there is no registry", ["--version", "1.4.2", "push"], /--registry is missing/],
    [
      "the version is none that would be rolled",
      ["--registry", registry, "--version", "latest", "push"],
      /"latest" is no version/,
    ],
    [
      "the version would be more than one word",
      ["--registry", registry, "--version", "1.4.2 x", "push"],
      /is no version/,
    ],
    [
      "nobody knows where the registry is",
      ["--registry", "10.0.0.1:5000", "--version", "1", "push"],
      /--region is missing/,
    ],
    ["a word is not known", [...asked, "pull"], /does not know pull/],
    ["an option has no value", [...asked, "--war"], /--war what\?/],
  ])("is not begun when %s", async (_name, words, said) => {
    expect(await run(...words)).toMatchObject({ code: 2, stderr: expect.stringMatching(said) });
    expect(calls()).toBe("");
  });

  it("is refused under a version that is there, before anything is built", async () => {
    answers();
    expect(await run(...asked, "--war", script, "release")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/hive-tomcat:1\.4\.2 is released already: sha256:a{64} 2026/),
    });
    expect(calls()).toMatch(/^aws ecr describe-images --region us-east-1 .*imageTag=1\.4\.2/);
    expect(calls()).not.toMatch(/docker/);
  });

  it("does not take a refusal of AWS for a version that is free", async () => {
    program("aws", "echo 'AccessDeniedException: not authorized' >&2; exit 254");
    expect(await run(...asked, "--war", script, "build")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/asked for hive-tomcat:1\.4\.2 and answered: AccessDeniedException/),
    });
    expect(calls()).not.toMatch(/docker/);
  });

  it("is well when its roll converged, whatever was rolled before it", async () => {
    answers();
    history({ ...entry, image: `${registry}/hive-tomcat:1.4.1@sha256:b`, outcome: "rolled back" }, entry);
    const { code, stderr } = await run(...asked, "await");
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/hive_hive-server runs hive-tomcat:1\.4\.2, after 31\.2 s/),
    ]);
    expect(calls()).toMatch(
      /ssm get-parameter-history --region ap-northeast-1 --name \/hive-swarm\/hive\/rolls\/hive_hive-server/,
    );
  });

  it.each(["rolled back", "rollback failed", "superseded", "stalled"])(
    "has failed when it came to %s, and says why",
    async (outcome) => {
      answers();
      history(entry, { ...entry, outcome, cause: "unhealthy: its health check says: 503", runs: "1.4.1" });
      expect(await run(...asked, "await")).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          `hive_hive-server to hive-tomcat:1.4.2: ${outcome}. unhealthy: its health check says: 503 .runs 1.4.1.`,
        ),
      });
    },
  );

  it("has failed when nobody rolled it in time, and says what was looked at", async () => {
    answers();
    history({ ...entry, image: "another" });
    expect(await run(...asked, "--wait-seconds", "1", "await")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /no outcome of hive-tomcat:1\.4\.2 for hive_hive-server in \/hive-swarm.* after 1 s/,
      ),
    });
  });
});
