// How many tasks of a service there is room for, next to others and within the limit of a node.
import { drawPicture } from "../../shared/fleet/picture.ts";
import { roomFor } from "../../shared/fleet/room.ts";
import { type StackService, stackServices } from "../../shared/swarm/stack.ts";
import { snapshotOf } from "./fleet-scene.ts";
import { factsOf, OLD } from "./rolls-facts.ts";

const [wanted] = stackServices(
  {
    services: {
      web: {
        image: OLD,
        ports: [{ target: 8080, mode: "host" }],
        deploy: { placement: { constraints: ["node.role==worker"] } },
      },
    },
  },
  "hive",
);
if (!wanted) throw new Error("no service");

/** Of three workers with two CPUs each. @param others CPUs that three tasks of another service reserve, each */
const room = (each: number, others: number, more: Partial<StackService> = {}): number => {
  const service = { ...factsOf(), id: "web", name: "hive_web", reservedCpus: each };
  const other = {
    ...factsOf(),
    id: "other",
    name: "other",
    reservedCpus: others,
    tasks: [{ image: OLD, state: "running", placed: true, count: 3 }],
  };
  const services = others > 0 ? [service, other] : [service];
  const own = { ...wanted, ...more };
  return roomFor(drawPicture(snapshotOf({ services })), service, own, [own], services);
};

it("is a task a worker where a port of the host is published, however little each reserves", () => {
  expect([room(1, 0), room(0.1, 0), room(3, 0)]).toEqual([3, 3, 0]);
});

it("is what the CPUs allow where there is no such limit", () => {
  expect([room(1, 0, { mostPerNode: 0 }), room(0.5, 0, { mostPerNode: 2 })]).toEqual([6, 6]);
});

it("is no less for what others reserve of CPUs that its tasks could not have had anyway", () => {
  expect([room(0.1, 1), room(1, 1), room(1, 1.5), room(1, 2)]).toEqual([3, 3, 1, 0]);
  expect(room(1, 1, { mostPerNode: 0 })).toBe(3);
});
