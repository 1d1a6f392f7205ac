// The answers of survey-cluster, as the functions take them: checked, and joined to the whole swarm or refused.
import { gzipSync } from "node:zlib";
import { AnswerError, parseAnswer } from "../../shared/swarm/answers.ts";
import { type ClusterAnswer, surveyClusterAnswer, wholeSwarm } from "../../shared/swarm/cluster.ts";
import { factsOf, markerLabels } from "./rolls-facts.ts";

const pack = (value: unknown): string => gzipSync(JSON.stringify(value)).toString("base64");

const worker = {
  nodeId: "jyt2my645eypxy85l5m5oxszl",
  instanceId: "i-08ace4892e28fd2ff",
  address: "10.78.0.12",
  role: "worker",
  state: "ready",
  availability: "active",
  leader: false,
  reachability: "",
  retiring: false,
  activeSince: "2026-11-27T21:53:03.223Z",
  running: 2,
  cpus: 2,
  missing: [],
};
const manager = { ...worker, instanceId: "", role: "manager", leader: true, reachability: "reachable" };
const service = factsOf({ labels: markerLabels() });

const printed = (page: unknown, number = 1, pages = 1): string =>
  JSON.stringify({ outcome: "seen", page: number, pages, gz: pack(page) });
const parse = (stdout: string): ClusterAnswer => parseAnswer(surveyClusterAnswer, "survey-cluster", stdout);

describe("the answer of survey-cluster", () => {
  it("is a page of nodes and services, whatever a later version adds to it", () => {
    const later = {
      nodes: [{ ...worker, engine: "29.0" }, manager],
      services: [{ ...service, order: "" }],
      now: 1,
      networks: [],
    };
    expect(parse(`${printed(later)}\nnoise`)).toEqual({
      outcome: "seen",
      page: 1,
      pages: 1,
      gz: { nodes: [worker, manager], services: [service] },
    });
  });

  it("may be that it takes several", () => {
    expect(parse('{"outcome":"paged","pages":2}')).toEqual({ outcome: "paged", pages: 2 });
  });

  it.each<[string, unknown]>([
    ["no nodes", { services: [] }],
    ["no services", { nodes: [worker] }],
    ["a node without an id", { nodes: [{ ...worker, nodeId: "" }], services: [] }],
    [
      "an instance that is none",
      { nodes: [{ ...worker, instanceId: "i-08ace4892e28fd2ff " }], services: [] },
    ],
    ["another role", { nodes: [{ ...worker, role: "leader" }], services: [] }],
    ["tasks that are not counted", { nodes: [{ ...worker, running: null }], services: [] }],
    ["no word on retiring", { nodes: [{ ...worker, retiring: undefined }], services: [] }],
    ["one service of many that cannot be read", { nodes: [], services: [service, { ...service, mode: "" }] }],
  ])("is refused with %s, as a whole", (_what, page) => {
    expect(() => parse(printed(page))).toThrow(AnswerError);
  });

  it("is refused without its page, and when it was cut", () => {
    const gz = pack({ nodes: [worker], services: [] });
    expect(() => parse(JSON.stringify({ outcome: "seen", gz }))).toThrow(AnswerError);
    expect(() => parse(printed({ nodes: [worker], services: [] }).slice(0, 80))).toThrow(AnswerError);
  });
});

describe("the whole swarm", () => {
  /** A manager whose swarm takes so many pages; its n-th look may find another number. */
  const asked: string[] = [];
  const managerOf =
    (...takes: number[]) =>
    async (page: number, pages: number): Promise<ClusterAnswer> => {
      asked.push(`${page}/${pages}`);
      const needed = takes[Math.min(asked.length, takes.length) - 1] ?? 1;
      if (pages < needed) return { outcome: "paged", pages: needed };
      return parse(
        printed({ nodes: [{ ...worker, nodeId: `node ${page}` }], services: [service] }, page, pages),
      );
    };
  beforeEach(() => {
    asked.length = 0;
  });

  it("is asked for at once, where that is enough", async () => {
    expect(await wholeSwarm(managerOf(1))).toEqual({
      nodes: [{ ...worker, nodeId: "node 1" }],
      services: [service],
    });
    expect(asked).toEqual(["1/1"]);
  });

  it("is joined from as many pages as it takes", async () => {
    const { nodes, services } = await wholeSwarm(managerOf(3));
    expect(nodes.map(({ nodeId }) => nodeId)).toEqual(["node 1", "node 2", "node 3"]);
    expect(services).toHaveLength(3);
    expect(asked).toEqual(["1/1", "1/3", "2/3", "3/3"]);
  });

  it("that grows meanwhile is asked for anew, and nothing of the pages before is kept", async () => {
    const { nodes } = await wholeSwarm(managerOf(2, 2, 3));
    expect(nodes).toHaveLength(3);
    expect(asked).toEqual(["1/1", "1/2", "2/2", "1/3", "2/3", "3/3"]);
  });

  it("that always takes more is given up, in the end", async () => {
    await expect(wholeSwarm(managerOf(2, 3, 4, 5, 6))).rejects.toThrow(
      /5 pages are needed, where it was asked 4 times/,
    );
    expect(asked).toHaveLength(4);
  });

  it("is never put together from other pages than were asked for", async () => {
    const page = parse(printed({ nodes: [worker], services: [] }));
    const ask = async (_page: number, pages: number): Promise<ClusterAnswer> =>
      pages === 1 ? { outcome: "paged", pages: 2 } : page;
    await expect(wholeSwarm(ask)).rejects.toThrow(/page 1 of 1, where page 1 of 2 was asked for/);
    await expect(wholeSwarm(ask)).rejects.toThrow(AnswerError);
  });

  it("does not fit, says a manager that asks for no more pages than it was given", async () => {
    await expect(wholeSwarm(async () => ({ outcome: "paged", pages: 1 }))).rejects.toThrow(
      /1 pages are needed, where 1 were asked for/,
    );
  });

  it("is unknown when one page cannot be had", async () => {
    const ask = managerOf(2);
    await expect(
      wholeSwarm(async (page, pages) => {
        if (page === 2) throw new Error("no manager answers");
        return ask(page, pages);
      }),
    ).rejects.toThrow("no manager answers");
  });
});
