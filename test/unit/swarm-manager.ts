// A manager to run documents on: the scripts as they are, by bash, with the real curl and jq, against an Engine API on a socket that
// answers as recorded, and takes updates as a swarm does: by compare-and-swap.
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { documentContent } from "../../documents/resources.ts";
import type { ServiceFacts, Survey } from "../../shared/swarm/services.ts";

// biome-ignore lint/suspicious/noExplicitAny: the Engine's answers, of any shape on purpose
export type Raw = any;

export interface Scene {
  service: Raw;
  tasks: Raw[];
  nodes: Raw[];
}

/** One of those that were recorded on real swarms, of 20.10 or, where the name says so, of 26.1. */
export const recorded = (name: string): Scene =>
  JSON.parse(readFileSync(new URL(`fixtures/swarm/${name}.json`, import.meta.url), "utf8"));

interface Request {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
}

type Reply = { status: number; body: string | Buffer } | "never" | undefined;

export interface Answer {
  status: number | null;
  stdout: string;
  stderr: string;
  answer: Raw;
  facts: ServiceFacts & { stopping: number; version: number; order: string; now: number };
  survey: Survey;
  seconds: number;
}

/** What a roll writes for swarm to go by, with the defaults. */
export const updateConfig = {
  Parallelism: 1,
  Delay: 200_000_000,
  FailureAction: "pause",
  Monitor: 5_000_000_000,
  MaxFailureRatio: 0,
  Order: "stop-first",
};

/** Go escapes what could hurt in HTML. */
export const asGoWrites = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

const realCurl = execFileSync("sh", ["-c", "command -v curl"], { encoding: "utf8" }).trim();

export class SwarmManager {
  scene: Scene;
  /** What was asked, in order. */
  requests: Request[] = [];
  /** The specs that were taken over, in order. */
  written: Raw[] = [];
  /** Answers instead of the swarm; undefined: the swarm answers. */
  intercept: (request: Request) => Reply = () => undefined;
  /** What a swarm does after a write. */
  afterWrite: (scene: Scene) => void = () => {};
  readonly directory = mkdtempSync(join(tmpdir(), "manager-"));
  #server: Server;

  constructor(scene: Scene) {
    this.scene = structuredClone(scene);
    this.#server = createServer(async (request, response) => {
      const url = new URL(request.url ?? "/", "http://docker");
      const { method = "", headers } = request;
      const asked = {
        method,
        path: url.pathname,
        query: url.searchParams,
        headers,
        body: await text(request),
      };
      this.requests.push(asked);
      this.#reply(response, this.intercept(asked) ?? this.#answer(asked));
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(join(this.directory, "docker.sock"), done));
    this.program("docker", 'case "$1" in info) echo true ;; *) exit 1 ;; esac');
    this.program("curl", 'exec engine-curl "$@"');
    this.program(
      "engine-curl",
      `words=(); for word; do [ "$word" != /var/run/docker.sock ] || word=${this.directory}/docker.sock; words+=("$word"); done
       exec ${realCurl} "\${words[@]}"`,
    );
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Puts a program first on the path. */
  program(name: string, script: string): void {
    writeFileSync(join(this.directory, name), `#!/bin/bash\n${script}\n`);
    chmodSync(join(this.directory, name), 0o755);
  }

  /** Runs a document; parameters that are not given have their defaults. */
  async run(document: string, parameters: Record<string, string>, path = process.env.PATH): Promise<Answer> {
    const file = join(this.directory, `${document}.sh`);
    const content = documentContent(document);
    writeFileSync(file, content.mainSteps[0]?.inputs.runCommand.join("\n") ?? "");
    const values = Object.entries(content.parameters as Record<string, { default?: string }>).map(
      ([name, { default: given }]) => [`SSM_${name}`, parameters[name] ?? given ?? ""],
    );
    const started = Date.now();
    const child = spawn("/bin/bash", [file], {
      env: { PATH: `${this.directory}:${path}`, ...Object.fromEntries(values) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [stdout, stderr, status] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise<number | null>((done) => child.once("close", done)),
    ]);
    const answer = JSON.parse(stdout.split("\n")[0] || "null");
    const packed = answer?.gz ? gunzipSync(Buffer.from(answer.gz, "base64")).toString() : "null";
    const facts = JSON.parse(packed);
    return { status, stdout, stderr, answer, facts, survey: facts, seconds: (Date.now() - started) / 1000 };
  }

  #answer({ method, path, query, body }: Request): Reply {
    const { service, tasks, nodes } = this.scene;
    const json = (value: unknown, status = 200) => ({ status, body: asGoWrites(value) });
    const known = `/services/${service.ID}`;
    if (method === "GET" && path === known) return json(service);
    if (method === "GET" && path === "/services") return json([service]);
    if (method === "GET" && path === "/nodes") return json(nodes);
    if (method === "GET" && path === "/tasks") {
      const wanted: string[] | undefined = JSON.parse(query.get("filters") ?? "{}").service;
      return json(tasks.filter(({ ServiceID }) => wanted?.includes(ServiceID) ?? true));
    }
    if (method === "POST" && path === `${known}/update`) {
      if (Number(query.get("version")) !== service.Version.Index)
        return json({ message: "rpc error: code = Unknown desc = update out of sequence" }, 500);
      service.Spec = JSON.parse(body);
      service.Version.Index += 1;
      delete service.UpdateStatus;
      this.written.push(service.Spec);
      this.afterWrite(this.scene);
      return json({ Warnings: null });
    }
    return json({ message: `service ${path.split("/")[2]} not found` }, 404);
  }

  #reply(response: ServerResponse, reply: Reply): void {
    if (reply === "never" || reply === undefined) return;
    response.writeHead(reply.status, { "content-type": "application/json" });
    response.end(reply.body);
  }
}
