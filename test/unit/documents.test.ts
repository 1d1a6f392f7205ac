import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { documentContent, documentNames } from "../../documents/resources.ts";

interface Parameter {
  type: string;
  allowedPattern?: string;
  allowedValues?: string[];
  interpolationType?: string;
  default?: string;
}
const parametersOf = (name: string) =>
  Object.entries(documentContent(name).parameters as Record<string, Parameter>);

describe.each(documentNames())("the document %s", (name) => {
  const script = documentContent(name).mainSteps[0]?.inputs.runCommand.join("\n") ?? "";

  it("hands every value over in the environment, checked by a pattern or a list; only the time limit is text", () => {
    for (const [parameter, { interpolationType, allowedPattern, allowedValues }] of parametersOf(name)) {
      expect(parameter).toMatch(/^[a-z][A-Za-z]*$/);
      if (parameter === "executionTimeout") {
        expect(allowedPattern).toBe("^[0-9]{1,5}$");
        continue;
      }
      expect(interpolationType).toBe("ENV_VAR");
      expect(allowedPattern ?? allowedValues).toBeDefined();
    }
  });

  it("stops at once when the agent is too old to hand a value over", () => {
    for (const [parameter, { interpolationType }] of parametersOf(name)) {
      if (interpolationType === "ENV_VAR")
        expect(script).toMatch(new RegExp(`\\$\\{SSM_${parameter}:?\\?agent too old\\}`));
    }
  });

  it("lets no character through that a shell could act on", () => {
    for (const [, { allowedPattern }] of parametersOf(name)) {
      if (!allowedPattern || allowedPattern.includes("*")) continue;
      const pattern = new RegExp(allowedPattern);
      fc.assert(
        fc.property(
          fc.string(),
          fc.constantFrom("`", "$", ";", "&", "|", "<", "\n", "'", '"', "\\", "("),
          (text, evil) => {
            expect(pattern.test(text + evil)).toBe(false);
          },
        ),
      );
    }
  });

  it("holds no double braces, which Systems Manager would read as its own", () => {
    expect(script).not.toContain("{{");
  });
});

it("no document needs a parameter that an older function, still in flight after a deployment, would not send", () => {
  const needed = documentNames().map((name) => [
    name,
    parametersOf(name)
      .filter(([, parameter]) => parameter.default === undefined)
      .map(([parameter]) => parameter),
  ]);
  // A flow outlives a deployment: parameters only grow, each new one with a default. This table may shrink, never grow.
  expect(Object.fromEntries(needed)).toEqual({
    "activate-node": ["nodeId", "instanceId", "now"],
    "await-tasks": [],
    "backup-swarm": ["bucket", "prefix", "time"],
    "begin-retire": ["markRetiring"],
    "demote-node": ["instanceId"],
    "deploy-stack": ["stack", "service", "parameter"],
    "drain-node": ["instanceId"],
    "explain-task": ["container"],
    "hold-images": ["registry", "registryRegion"],
    "init-swarm": ["addressPool", "advertise", "workerTokenParameter", "managerTokenParameter"],
    "join-host": ["mode", "managers", "tokenParameter", "registry", "registryRegion"],
    "leave-swarm": [],
    "log-state": [],
    "mend-nodes": [],
    "remove-node": ["instanceId"],
    "rescue-logs": ["bucket", "prefix", "ranges", "logDirectories"],
    "restart-shipper": [],
    "restore-swarm": ["bucket", "key", "workerTokenParameter", "managerTokenParameter"],
    "rotate-tokens": ["workerTokenParameter", "managerTokenParameter"],
    "survey-cluster": [],
    "survey-managers": [],
    "survey-services": ["image"],
    "update-service": ["serviceId", "rollId", "act"],
    "watch-service": ["serviceId", "rollId"],
  });
});

it("the packaged template holds every script byte for byte", () => {
  const file = ".serverless/cloudformation-template-update-stack.json";
  expect(existsSync(file)).toBe(true);
  const { Resources } = JSON.parse(readFileSync(file, "utf8")) as {
    Resources: Record<string, { Type: string; Properties: { Content: unknown } }>;
  };
  const packaged = Object.values(Resources)
    .filter(({ Type }) => Type === "AWS::SSM::Document")
    .map(({ Properties }) => JSON.stringify(Properties.Content));
  const differing = documentNames().filter(
    (name) => !packaged.includes(JSON.stringify(documentContent(name))),
  );
  expect(differing).toEqual([]);
  expect(packaged.length).toBe(documentNames().length);
});

describe("text that a script prints as JSON", () => {
  const library = readFileSync("documents/lib/json.sh", "utf8");
  it("comes out as it went in, but for control characters", () => {
    const texts = [
      "",
      'a "quoted" \\ word',
      "tab\there",
      "line\nline",
      "ünïcödé",
      "$(reboot) `x`",
      "\u0001x",
    ];
    for (const text of texts) {
      const { stdout } = spawnSync("bash", ["-c", `${library}\njson_string "$1"`, "-", text], {
        encoding: "utf8",
      });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters become spaces
      expect(JSON.parse(stdout)).toBe(text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, " "));
    }
  });
});

it("every library is used", () => {
  const scripts = documentNames()
    .map((name) => readFileSync(`documents/${name}.sh`, "utf8"))
    .join("\n");
  for (const library of readdirSync("documents/lib")) expect(scripts).toContain(`. lib/${library}`);
});
