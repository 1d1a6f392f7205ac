// What becomes of a compose file at packaging: a parameter that Parameter Store takes and docker reads, or all that is wrong with it.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { resources, type StackSettings, stackValue } from "../../cluster/stack-parameter.ts";
import { sandboxStack } from "../../sandbox/cloud/stack.ts";
import { parseStack } from "../../shared/swarm/stack.ts";

const REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const settings: StackSettings = {
  file: "cluster/stack.yml",
  name: "hive",
  parameter: "/hive-swarm/hive/stack",
  registry: REGISTRY,
  repositories: "hive-*",
  variables: { REGISTRY, CLUSTER: "hive", VIZ_IMAGE: "visualizer:stable" },
};
const read = (file: string): string => readFileSync(file, "utf8");
const value = (text: string, more: Partial<StackSettings> = {}): string =>
  stackValue({ ...settings, ...more }, text);
const packaged = async (file: string) =>
  (await resources({ resolveConfigurationProperty: async () => ({ ...settings, file }) })).Resources;

describe("the stack that comes with it", () => {
  it("is Tomcat on the workers and a picture on the managers", () => {
    expect(parseStack(value(read("cluster/stack.yml")), "hive")).toEqual([
      {
        name: "hive_hive-server",
        image: `${REGISTRY}/hive-tomcat`,
        mode: "replicated",
        replicas: 2,
        managersOnly: false,
        workersOnly: true,
        reservedCpus: 1,
        mostPerNode: 1,
        directories: ["/var/log/hive"],
        labels: {},
      },
      expect.objectContaining({
        name: "hive_viz",
        image: "visualizer:stable",
        managersOnly: true,
        directories: [],
      }),
    ]);
  });

  it("comes through as it is written, but for the variables", () => {
    const text = read("cluster/stack.yml");
    const expected = text
      .replace(/\$\{REGISTRY\}/g, REGISTRY)
      .replace(/\$\{VIZ_IMAGE\}/g, "visualizer:stable");
    expect(JSON.parse(value(text))).toEqual(parse(expected));
  });

  it("is one parameter, of whichever tier it fits into; without a file there is none", async () => {
    expect(await packaged("cluster/stack.yml")).toMatchObject({
      StackParameter: {
        Type: "AWS::SSM::Parameter",
        Properties: { Name: "/hive-swarm/hive/stack", Type: "String", Tier: "Intelligent-Tiering" },
      },
    });
    expect(await packaged("none")).toEqual({});
  });

  it("has an example of files on NFS, and the sandbox one of its own", () => {
    expect(parseStack(value(read("cluster/stack-nfs.example.yml")), "hive")).toMatchObject([
      { name: "hive_archive", workersOnly: true, reservedCpus: 0.5, mostPerNode: 0, directories: [] },
    ]);
    const own = { registry: "10.78.0.1:5000" };
    expect(
      parseStack(value(JSON.stringify(sandboxStack({ replicas: 6, viz: true })), own), "hive").map(
        ({ name }) => name,
      ),
    ).toEqual(["hive_web", "hive_viz"]);
  });
});

it("double braces, which Parameter Store takes for a reference, arrive as they were", () => {
  const text = JSON.stringify({
    services: {
      web: { image: "web:1", hostname: "{{.Node.Hostname}}", environment: { A: '{"b":{"c":1}}' } },
    },
  });
  expect(value(text)).not.toMatch(/\{\{|\}\}/);
  expect(JSON.parse(value(text))).toEqual(JSON.parse(text));
});

it("a doubled dollar is left to docker, which makes one of it", () => {
  expect(value("services: { web: { image: 'web:1', command: 'echo $$HOME $${X}' } }")).toContain(
    "echo $$HOME $${X}",
  );
});

const web = (more: string, image = "web:1"): string =>
  `services:\n  web: { image: "${image}"${more && `, ${more}`} }\n`;
const worker = 'deploy: { placement: { constraints: ["node.role==worker"] } }';

it.each([
  ["no YAML", "services: [", /flow sequence|Flow sequence/],
  ["no services", "version: '3.8'", /services: /],
  [
    "a variable of nobody",
    web(`command: '\${HOME}'`),
    /"\$\{HOME\}" holds a dollar .* \$\{REGISTRY\}, .*\$\$ is a dollar/,
  ],
  ["a bare dollar", web("command: 'a$b'"), /"a\$b" holds a dollar/],
  [
    "a tag of ours",
    web(worker, `${REGISTRY}/hive-web:1`),
    /hive_web: .* names a tag: write the repository alone/,
  ],
  [
    "a repository that is not rolled",
    web(worker, `${REGISTRY}/other`),
    /hive_web: the repository other is none of hive-\*/,
  ],
  ["an image of ours that could be anywhere", web("", `${REGISTRY}/hive-web`), /hive_web: say where it runs/],
  ["a build", web("build: ."), /web: build needs a file beside this one/],
  ["an env_file", web("env_file: x"), /web: env_file needs a file/],
  [
    "a secret out of a file",
    `${web("")}secrets: { key: { file: ./key } }\n`,
    /key: a config or secret is created by hand/,
  ],
  [
    "a name that swarm does not take",
    web("").replace("web:", "Web:"),
    /Web: a service's name has small letters/,
  ],
  ["a name that is too long", web("").replace("web:", `${"w".repeat(60)}:`), /longer than the 63 characters/],
  [
    "too much of it",
    web(`command: '${"x".repeat(8_200)}'`),
    /takes \d+ bytes as JSON, and a parameter holds 8192/,
  ],
])("%s is refused at packaging, and the file named", (_what, text, problem) => {
  expect(() => value(text)).toThrow(problem);
  expect(() => value(text)).toThrow(/^The stack cluster\/stack\.yml cannot be packaged:\n- /);
});

it("everything that is wrong is told at once", () => {
  expect(() => value(web("build: ., env_file: x, command: $x"))).toThrow(/dollar.*build.*env_file/s);
});
