// Documents that say of themselves that they change nothing: what their scripts call, as they are written and as they run.
import { readFileSync } from "node:fs";
import { documentContent, documentNames } from "../../documents/resources.ts";
import { recorded, SwarmManager } from "./swarm-manager.ts";

const scriptOf = (name: string): string =>
  documentContent(name).mainSteps[0]?.inputs.runCommand.join("\n") ?? "";

/** What docker is asked in order to know. */
const READS = /^(info|version|logs|ps|inspect|(container|image|node|service|task|volume) (inspect|ls|ps))\b/;
/** Where a command can begin. */
const BEGIN = String.raw`(?:^|[;|&({!]|\b(?:then|do|else|timeout \d+)\b)[ \t]*`;
const PROGRAMS = "tee|mv|cp|ln|mkdir|rmdir|chmod|chown|touch|dd [^|]*of=|truncate|kill|systemctl|sed -i|rm";

/** Everything in a script that could change the swarm, the host, or something in AWS. */
const changesIn = (script: string): string[] => {
  const code = script.replace(/^\s*#.*$/gm, "");
  const all = (pattern: RegExp): string[] => [...code.matchAll(pattern)].map(([, what = ""]) => what);
  return [
    ...all(/\bengine ([A-Z]+\b.*)$/gm).filter((call) => !call.startsWith("GET ")),
    ...all(/\bdocker(?:_format (?:"[^"]*"|'[^']*'))? ([a-z]+(?: [a-z]+)?)/g).filter(
      (words) => !READS.test(words),
    ),
    // Its own files go with it.
    ...all(new RegExp(`${BEGIN}((?:${PROGRAMS}) .*)$`, "gm")).filter(
      (call) => !/^rm -\w+ (-- )?"\$(work|inspect_errors)"/.test(call),
    ),
    ...all(/\b(aws_(?:json|signed) .*)$/gm),
  ];
};

it("the documents that change nothing are known, and every other one is seen to change something", () => {
  const reading = documentNames().filter((name) => changesIn(scriptOf(name)).length === 0);
  expect(reading).toEqual([
    "await-tasks",
    "explain-task",
    "log-state",
    "survey-cluster",
    "survey-managers",
    "survey-services",
    "watch-service",
  ]);
  const promised = documentNames().filter((name) => /changes nothing/i.test(scriptOf(name)));
  expect(promised).toEqual([
    "explain-task",
    "survey-cluster",
    "survey-managers",
    "survey-services",
    "watch-service",
  ]);
});

describe("as they run, during a roll whose tasks fail", () => {
  const scene = recorded("exits-paused");
  scene.service.Spec.Labels = { "hive.roll.id": "roll-1", "hive.roll.since": "2026-11-27T21:58:00Z" };
  const { ID: serviceId } = scene.service;
  const repository = scene.service.Spec.TaskTemplate.ContainerSpec.Image.replace(/:[^:/]*(@.*)?$/, "");
  const explained = '"exitCode":3,"oomKilled":false,"unhealthy":false,"probe":"","error":""';

  it.each([
    ["survey-cluster", {}, /^(info .*\n)+$/, ["GET"]],
    ["survey-managers", {}, /^info .*\nnode ls --filter role=manager .*\n$/, []],
    ["survey-services", { image: repository }, /^(info .*\n)+$/, ["GET"]],
    ["watch-service", { serviceId, rollId: "roll-1", waitSeconds: "1" }, /^(info .*\n)+$/, ["GET"]],
    ["explain-task", { container: "c".repeat(64) }, /^container inspect .*\nlogs .*\n$/, []],
  ])("%s only asks", async (document, parameters, docker, engine) => {
    const manager = new SwarmManager(scene);
    await manager.start();
    try {
      manager.program(
        "docker",
        `echo "$*" >>${manager.directory}/asked
         case $1 in info) echo true ;; container) echo '${explained}' ;; logs) echo no config ;; node) echo Leader ;; *) exit 1 ;; esac`,
      );
      const { status, answer } = await manager.run(document, parameters);
      expect([status, answer.failed]).toEqual([0, undefined]);
      expect(readFileSync(`${manager.directory}/asked`, "utf8")).toMatch(docker);
      expect([...new Set(manager.requests.map(({ method }) => method))]).toEqual(engine);
    } finally {
      await manager.stop();
    }
  });
});
