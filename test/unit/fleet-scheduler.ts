// Where tasks are that reserve CPUs: as swarm's scheduler has it, they stay while they may, and take what is free.
import type { ServiceFacts } from "../../shared/swarm/services.ts";
import type { Parts } from "./fleet-scene.ts";

/** The world once nobody waits for a place that there is. */
export const settled = (world: Parts): Parts => {
  const free = { manager: roomOn(world, "manager"), worker: roomOn(world, "worker") };
  const kept = world.services.map((service) => {
    if (service.reservedCpus <= 0 || service.mode !== "replicated") return service;
    const role = service.managersOnly ? "manager" : "worker";
    const most = Math.min(Math.floor(free[role] / service.reservedCpus), mostOf(world, service));
    const stay = Math.min(service.replicas ?? 0, placedOf(service), most);
    free[role] -= stay * service.reservedCpus;
    return { ...service, tasks: tasksOf(service, stay) };
  });
  const services = kept.map((service) => {
    if (service.reservedCpus <= 0 || service.mode !== "replicated") return service;
    const role = service.managersOnly ? "manager" : "worker";
    const more = Math.min(
      (service.replicas ?? 0) - placedOf(service),
      Math.floor(free[role] / service.reservedCpus),
      mostOf(world, service) - placedOf(service),
    );
    free[role] -= more * service.reservedCpus;
    return { ...service, tasks: tasksOf(service, placedOf(service) + more) };
  });
  return { ...world, services };
};

const placedOf = ({ tasks }: ServiceFacts): number =>
  tasks.reduce((sum, { placed, count }) => sum + (placed ? count : 0), 0);

const tasksOf = ({ image, replicas }: ServiceFacts, placed: number): ServiceFacts["tasks"] => [
  { image, state: "running", placed: true, count: placed },
  { image, state: "pending", placed: false, count: (replicas ?? 0) - placed },
];

const usable = ({ nodes }: Parts, role: "manager" | "worker") =>
  nodes
    .filter((node) => node.role === role && node.state === "ready" && node.availability === "active")
    .filter(({ retiring }) => !retiring);

/** By what one node may have of it. */
const mostOf = (world: Parts, { name, managersOnly }: ServiceFacts): number => {
  const { mostPerNode = 0 } = world.stack.find((wanted) => wanted.name === name) ?? {};
  if (mostPerNode === 0) return Number.POSITIVE_INFINITY;
  return mostPerNode * usable(world, managersOnly ? "manager" : "worker").length;
};

const roomOn = (world: Parts, role: "manager" | "worker"): number => {
  const everywhere = world.services
    .filter(({ mode, managersOnly }) => mode === "global" && managersOnly === (role === "manager"))
    .reduce((sum, { reservedCpus }) => sum + reservedCpus, 0);
  return usable(world, role).reduce((sum, { cpus }) => sum + Math.max(0, Math.floor(cpus - everywhere)), 0);
};
