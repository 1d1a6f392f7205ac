// Hosts on which tasks were refused for want of an image: they pull what the services of their kind run, by digest, and create what those
// mount.
import { applied } from "../../fleet/applied.ts";
import type { Role, Snapshot } from "../../fleet/snapshot.ts";
import { isInstanceId } from "../../identifiers.ts";
import { parseImage } from "../../rolls/image.ts";
import { imagesToKeep } from "../../rolls/marker.ts";
import { sourceWord } from "../../swarm/needs.ts";
import type { Applier } from "./errand.ts";
import { type Holding, holdOn } from "./hosts.ts";

export const holdImages: Applier = async (errand, actions) => {
  const { snapshot } = errand;
  const views = [];
  for (const role of ["worker", "manager"] as const) {
    const ofRole = actions.filter(({ nodeId }) => roleOf(snapshot, nodeId) === role);
    const hosts = ofRole.flatMap(({ instanceId = "" }) => (isInstanceId(instanceId) ? [instanceId] : []));
    if (hosts.length === 0) continue;
    const holding = holdingFor(snapshot, role);
    const troubles = await holdOn(errand, hosts, holding);
    for (const action of ofRole) {
      const trouble = troubles.find(({ instanceId }) => instanceId === action.instanceId);
      views.push(
        trouble
          ? applied(action, "failed", trouble.cause)
          : applied(action, "done", `it holds ${count(holding)} that services need`),
      );
    }
  }
  return views;
};

const count = ({ images }: Holding): string => {
  const { length } = images.split(" ").filter(Boolean);
  return `${length} ${length === 1 ? "image" : "images"}`;
};

const roleOf = ({ swarm }: Snapshot, nodeId: string | undefined): Role => {
  const nodes = swarm.known ? swarm.value.nodes : [];
  return nodes.find((node) => node.nodeId === nodeId)?.role ?? "worker";
};

/** What runs is needed; what a roll could go to, or back to, is held if it can be had. */
const holdingFor = ({ swarm, stack }: Snapshot, role: Role): Holding => {
  const services = swarm.known ? swarm.value.services : [];
  const here = services.filter(({ managersOnly }) => managersOnly === (role === "manager"));
  const needed = new Set(here.map(({ image }) => image).filter(isByDigest));
  const spares = here.flatMap(imagesToKeep).filter((image) => isByDigest(image) && !needed.has(image));
  const mounted = (stack.known ? stack.value : [])
    .filter(({ name }) => here.some((service) => service.name === name))
    .flatMap(({ directories }) => directories);
  return {
    images: [...needed, ...new Set(spares.map((image) => `+${image}`))].sort().join(" "),
    directories: [...new Set(mounted.map(sourceWord))].sort().join(" "),
  };
};

/** A label may hold anything, and a tag is pulled by whoever runs it. */
const isByDigest = (image: string): boolean =>
  parseImage(image).digest !== undefined && /^[A-Za-z0-9._:/@-]{1,1000}$/.test(image);
