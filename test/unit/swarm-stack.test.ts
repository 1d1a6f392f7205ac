// The stack as a plan sees it: what compose leaves out, and in which of its two ways each thing is said.
import { parseStack, StackError, type StackService } from "../../shared/swarm/stack.ts";

const services = (compose: object): StackService[] => parseStack(JSON.stringify(compose), "hive");
const service = (definition: object): StackService | undefined =>
  services({ services: { web: { image: "registry/web", ...definition } } })[0];

it("a service that says nothing is one task anywhere, under the stack's name", () => {
  expect(service({})).toEqual({
    name: "hive_web",
    image: "registry/web",
    mode: "replicated",
    replicas: 1,
    managersOnly: false,
    workersOnly: false,
    reservedCpus: 0,
    mostPerNode: 0,
    directories: [],
    labels: {},
  });
});

it("has replicas, reservation and labels, however they are written", () => {
  expect(
    service({
      deploy: {
        replicas: 6,
        labels: ["hive.roll=false", "a=b=c", "bare"],
        resources: { reservations: { cpus: "1.5", memory: "1G" } },
      },
    }),
  ).toMatchObject({ replicas: 6, reservedCpus: 1.5, labels: { "hive.roll": "false", a: "b=c", bare: "" } });
  expect(
    service({
      deploy: { labels: { n: 1, yes: true, none: null }, resources: { reservations: { cpus: 2 } } },
    }),
  ).toMatchObject({ reservedCpus: 2, labels: { n: "1", yes: "true", none: "" } });
});

it("a global one has no number of replicas, and one task a node", () => {
  expect(service({ deploy: { mode: "global" } })).toMatchObject({ replicas: null, mostPerNode: 1 });
});

it.each([
  ["node.role==manager", true, false],
  ["node.role == manager", true, false],
  ["node.role != worker", true, false],
  ["node.role==worker", false, true],
  ["node.role != manager", false, true],
  ["node.labels.disk==ssd", false, false],
])("constrained by %s: managers only %s, workers only %s", (constraint, managersOnly, workersOnly) => {
  expect(service({ deploy: { placement: { constraints: ["a==b", constraint] } } })).toMatchObject({
    managersOnly,
    workersOnly,
  });
});

it("a port in host mode allows one task a node, as a limit that is written does", () => {
  expect(service({ ports: [{ target: 80, published: 80, mode: "host" }] })).toMatchObject({ mostPerNode: 1 });
  expect(service({ ports: ["80:80", 8080, { target: 80, mode: "ingress" }] })).toMatchObject({
    mostPerNode: 0,
  });
  expect(service({ deploy: { placement: { max_replicas_per_node: 3 } } })).toMatchObject({ mostPerNode: 3 });
});

it("needs the sources of bind mounts, but no volume and not the engine's socket", () => {
  expect(
    service({
      volumes: [
        "/var/log/hive:/logs:ro",
        "named:/data",
        "/anonymous",
        { type: "bind", source: "/srv/a b", target: "/b" },
        { type: "volume", source: "/x", target: "/c" },
        { type: "tmpfs", target: "/tmp" },
        "/var/run/docker.sock:/var/run/docker.sock:ro",
        { type: "bind", source: "/run/docker.sock", target: "/s" },
        { type: "bind", source: "/srv/a b", target: "/again" },
      ],
    })?.directories,
  ).toEqual(["/var/log/hive", "/srv/a b"]);
});

it.each([
  ["half a file", '{"services":', /JSON/],
  ["no services", '{"version":"3.8"}', /services: /],
  ["a service without an image", '{"services":{"web":{}}}', /services\.web\.image: /],
  ["an image with a blank", '{"services":{"web":{"image":"a b"}}}', /services\.web\.image: is no name/],
  [
    "an unknown mode",
    '{"services":{"web":{"image":"a","deploy":{"mode":"x"}}}}',
    /services\.web\.deploy\.mode/,
  ],
  ["half a replica", '{"services":{"web":{"image":"a","deploy":{"replicas":0.5}}}}', /replicas/],
])("%s is refused, and the place told", (_what, text, place) => {
  expect(() => parseStack(text, "hive")).toThrow(StackError);
  expect(() => parseStack(text, "hive")).toThrow(place);
});
