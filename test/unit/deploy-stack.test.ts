// A service of the stack is deployed if it is not there, and nothing is ever deployed over: by the script itself, against an engine whose
// docker command writes down what it was given, and by the simulated managers, with the same answers.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createFixture, image, repository } from "./simulated-fixture.ts";
import { type Raw, recorded, SwarmManager } from "./swarm-manager.ts";

const PARAMETER = "/hive-swarm/hive/stack";
const IMAGE = image("a", "1.4.2");
const SEEN = "2026-01-01T00:00:00.000Z";
const WORKERS = ["i-00000bb1", "i-00000bb2", "i-00000bb3"];

const compose = {
  version: "3.8",
  services: {
    web: {
      image: repository,
      environment: { PASSWORD: "correct horse $$1" },
      depends_on: ["viz"],
      networks: ["outside"],
      volumes: [{ type: "bind", source: "/var/log/hive", target: "/logs" }],
      deploy: {
        replicas: 6,
        labels: { team: "hive" },
        placement: { constraints: ["node.role == worker"] },
      },
    },
    viz: { image: "viz:1", deploy: { placement: { constraints: ["node.role==manager"] } } },
    agent: { image: "agent:1", deploy: { mode: "global", labels: ["a=b"] } },
  },
  networks: { outside: { external: true, name: "bridge" } },
};

interface Manager {
  deploy(parameters: Record<string, string>): Promise<Raw>;
  /** `docker service create` by somebody else. */
  create(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** @param parameter undefined: there is none */
type Create = (parameter: string | undefined) => Promise<Manager>;

const whole = (parameters: Record<string, string>) => ({
  stack: "hive",
  parameter: PARAMETER,
  ...parameters,
});

/** The real script. What docker was given stands in the directory: arguments, and the file of its standard input. */
class ScriptManager extends SwarmManager implements Manager {
  readonly names = new Set<string>();
  /** What a deployment ends with, where it does not end well. */
  fails = "";

  async begin(parameter: string | undefined): Promise<this> {
    const given = join(this.directory, "parameter");
    if (parameter !== undefined) writeFileSync(given, JSON.stringify({ Parameter: { Value: parameter } }));
    await this.start();
    this.program(
      "docker",
      `case "$1" in info) echo true ;; stack)
         printf '%s\\n' "$*" >>${this.directory}/commands; cat >${this.directory}/given; cat ${this.directory}/fails 2>/dev/null && exit 1
         jq -r --arg stack "\${!#}" '.services | keys[] | "\\($stack)_\\(.)"' ${this.directory}/given >>${this.directory}/created ;;
       *) exit 1 ;; esac`,
    );
    this.program(
      "curl",
      `case "$*" in
         *--version*) echo "curl 7.88.1 (x)" ;;
         *api/token*) echo token ;;
         */placement/region*) echo ap-northeast-1 ;;
         */services/domain*) echo amazonaws.com ;;
         */security-credentials/manager*) echo '{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T"}' ;;
         */security-credentials/*) echo manager ;;
         *AmazonSSM.GetParameter*) cat ${given} 2>/dev/null || { echo '{"__type":"ParameterNotFound"}'; exit 22; } ;;
         *) exec engine-curl "$@" ;;
       esac`,
    );
    this.intercept = ({ method, path }) => {
      const name = path.replace(/^\/services\//, "");
      const created = join(this.directory, "created");
      if (existsSync(created))
        for (const line of readFileSync(created, "utf8").split("\n")) if (line) this.names.add(line);
      return method === "GET" && this.names.has(name)
        ? { status: 200, body: JSON.stringify({ ...this.scene.service, ID: idOf(name) }) }
        : undefined;
    };
    return this;
  }

  async deploy(parameters: Record<string, string>): Promise<Raw> {
    if (this.fails) writeFileSync(join(this.directory, "fails"), this.fails);
    const { answer, stdout, stderr } = await this.run("deploy-stack", whole(parameters));
    expect(stdout + stderr).not.toContain("horse");
    return answer;
  }

  async create(name: string): Promise<void> {
    this.names.add(name);
  }

  given(): Raw {
    return JSON.parse(readFileSync(join(this.directory, "given"), "utf8"));
  }
}

const idOf = (name: string): string => name.replaceAll("_", "0").padEnd(25, "0");

let manager: Manager;
afterEach(() => manager.stop());

const script = async (parameter: string | undefined): Promise<ScriptManager> => {
  const scene = recorded("none");
  const like = (role: string, instance: string): Raw => {
    const node = structuredClone(scene.nodes.find(({ Spec }) => Spec.Role === role));
    node.ID = idOf(instance.replace("-", ""));
    node.Spec.Labels = { "hive.instance-id": instance };
    return node;
  };
  const managers = ["i-00000aa1", "i-00000aa2", "i-00000aa3"].map((id) => like("manager", id));
  scene.nodes = [...managers, ...WORKERS.map((id) => like("worker", id))];
  // As the simulated ones are.
  for (const { Spec } of managers) Spec.Availability = "drain";
  const made = await new ScriptManager(scene).begin(parameter);
  manager = made;
  return made;
};

const simulated: Create = async (parameter) => {
  const { ask, swarm } = await createFixture(
    parameter === undefined ? {} : { parameters: { [PARAMETER]: parameter } },
  );
  manager = {
    deploy: (parameters) => ask("deploy-stack", whole(parameters)),
    create: async (id) => void swarm.deploy({ id, image: image("c"), directories: [], replicas: 2 }),
    stop: async () => {},
  };
  return manager;
};

describe.each<[string, Create]>([
  ["the script", script],
  ["the simulated managers", simulated],
])("%s", (_what, create) => {
  const stack = JSON.stringify(compose);
  const hosts = WORKERS.join(" ");

  it("deploys what is not there, once", async () => {
    await create(stack);
    const parameters = { service: "web", image: IMAGE, seen: SEEN, hosts };
    expect(await manager.deploy(parameters)).toEqual({ outcome: "deployed", serviceId: idOf("hive_web") });
    expect(await manager.deploy(parameters)).toEqual({ outcome: "exists", serviceId: idOf("hive_web") });
  });

  it("names the hosts that were not asked to hold the image, and deploys nothing until they are", async () => {
    await create(stack);
    const parameters = { service: "web", image: IMAGE };
    expect(await manager.deploy(parameters)).toEqual({ outcome: "new-hosts", hosts });
    expect(await manager.deploy({ ...parameters, hosts: "i-00000bb2" })).toEqual({
      outcome: "new-hosts",
      hosts: "i-00000bb1 i-00000bb3",
    });
    expect((await manager.deploy({ ...parameters, hosts })).outcome).toBe("deployed");
  });

  it("leaves one that exists alone, whoever created it, and whichever hosts there are", async () => {
    await create(stack);
    await manager.create("hive_web");
    expect((await manager.deploy({ service: "web", image: IMAGE })).outcome).toBe("exists");
  });

  it("asks no host for an image of somebody else's", async () => {
    await create(stack);
    expect((await manager.deploy({ service: "viz" })).outcome).toBe("deployed");
    expect((await manager.deploy({ service: "agent" })).outcome).toBe("deployed");
  });

  it("knows no service that is not in the stack", async () => {
    await create(stack);
    expect(await manager.deploy({ service: "web2" })).toEqual({ outcome: "not-in-stack" });
  });

  it.each([
    ["there is none", undefined, /^ssm GetParameter \/hive-swarm\/hive\/stack: .*ParameterNotFound/],
    ["it is no JSON", "services:\n  web: horse", /stack holds no compose file as JSON: jq ended with \d/],
  ])("says what is wrong with the parameter: %s", async (_case, text, cause) => {
    await create(text);
    expect(await manager.deploy({ service: "web" })).toEqual({
      failed: { step: "stack", cause: expect.stringMatching(cause) },
    });
  });
});

describe("what docker is given", () => {
  it("is the stack of that one service: its image, the push that was decided on, and all else as it stands", async () => {
    const made = await script(JSON.stringify(compose));
    await made.deploy({ service: "web", image: IMAGE, seen: SEEN, hosts: WORKERS.join(" ") });
    const { depends_on: _others, ...web } = compose.services.web;
    expect(made.given()).toEqual({
      ...compose,
      services: {
        web: {
          ...web,
          image: IMAGE,
          deploy: { ...web.deploy, labels: { team: "hive", "hive.roll.seen": SEEN } },
        },
      },
    });
    expect(readFileSync(join(made.directory, "commands"), "utf8")).toBe(
      "stack deploy -c - --resolve-image never hive\n",
    );
  });

  it("has labels in either way, or none, and the image of the file where no other is named", async () => {
    const made = await script(JSON.stringify({ services: { ...compose.services, bare: { image: "b:1" } } }));
    await made.deploy({ service: "agent", seen: SEEN });
    expect(made.given()).toEqual({
      version: "3.8",
      services: {
        agent: { image: "agent:1", deploy: { mode: "global", labels: { a: "b", "hive.roll.seen": SEEN } } },
      },
    });
    await made.deploy({ service: "bare" });
    expect(made.given().services).toEqual({ bare: { image: "b:1" } });
  });

  it("is told of when it is refused; where somebody else was faster, that is no failure", async () => {
    const made = await script(JSON.stringify(compose));
    made.fails = "network outside is declared as external, but could not be found";
    const parameters = { service: "viz" };
    expect((await made.deploy(parameters)).failed).toEqual({
      step: "deploy",
      cause: `docker stack deploy hive (viz) ended with 1: ${made.fails}`,
    });
    made.fails = "Error response from daemon: rpc error: The swarm does not have a leader.";
    expect((await made.deploy(parameters)).failed.step).toBe("manager");
    const { intercept } = made;
    let looks = 0;
    made.intercept = (request) => {
      if (request.path === "/services/hive_viz" && ++looks === 2) made.names.add("hive_viz");
      return intercept(request);
    };
    expect((await made.deploy(parameters)).outcome).toBe("exists");
  });

  it("is nothing, where the host is no manager", async () => {
    const made = await script(JSON.stringify(compose));
    made.program("docker", "echo false");
    expect((await made.deploy({ service: "viz" })).failed.step).toBe("manager");
  });
});
