// The document that deploys a service of the stack, on a manager, as documents/deploy-stack.sh answers it.
import { requireLeader, requireManager } from "./manager-documents.ts";
import { type AwsCall, type Document, Failed, type Script, words } from "./script.ts";
import { instanceOf } from "./service-facts.ts";
import { isUsable } from "./swarmkit/scheduler.ts";
import type { Service, UpdateConfig } from "./swarmkit/service.ts";
import type { SwarmNode } from "./swarmkit/store.ts";

/** As much of a compose file as the simulated swarm knows of. */
interface ComposeService {
  image: string;
  ports?: readonly { mode?: string }[];
  volumes?: readonly (string | { type: string; source: string })[];
  deploy?: {
    mode?: "replicated" | "global";
    replicas?: number;
    labels?: Readonly<Record<string, string>>;
    placement?: { constraints?: readonly string[] };
    resources?: { reservations?: { cpus?: string } };
    update_config?: { failure_action?: UpdateConfig["failureAction"]; order?: UpdateConfig["order"] };
  };
}

const MOST_HOSTS = 200;

export const deployStack: Document = async (script) => {
  const { swarm, timings, parameter, pause } = script;
  const [stack, name, image] = [parameter("stack"), parameter("service"), parameter("image")];
  const [seen, asked] = [parameter("seen"), words(parameter("hosts"))];
  requireManager(script);
  const definition = readService(script, parameter("parameter"), name);
  await pause(timings.askMs);
  requireLeader(swarm);
  if (definition === undefined) return { outcome: "not-in-stack" };
  const full = `${stack}_${name}`;
  const there = [...swarm.services.values()].find(({ spec }) => spec.name === full);
  if (there) return { outcome: "exists", serviceId: there.id };
  const hosts = [...swarm.nodes.values()]
    .filter((node) => image !== "" && couldRun(definition, node))
    .map(instanceOf)
    .filter((instance) => instance !== "" && !asked.includes(instance));
  if (hosts.length > 0)
    return { outcome: "new-hosts", hosts: [...new Set(hosts)].sort().slice(0, MOST_HOSTS).join(" ") };
  const deployed = swarm.deploy({
    ...serviceOf(full, definition),
    image: image || definition.image,
    labels: { ...definition.deploy?.labels, ...(seen === "" ? {} : { "hive.roll.seen": seen }) },
  });
  await pause(timings.askMs);
  return { outcome: "deployed", serviceId: deployed.id };
};

const readService = (script: Script, Name: string, service: string): ComposeService | undefined => {
  script.ask("stack", readParameter(Name));
  const value = script.readParameter(Name);
  if (value === undefined) throw new Failed("stack", `ssm GetParameter ${Name}: ParameterNotFound`);
  try {
    const { services } = JSON.parse(value) as { services: Record<string, ComposeService> };
    return services[service];
  } catch {
    throw new Failed("stack", `${Name} holds no compose file as JSON: jq ended with 5`);
  }
};

const readParameter = (Name: string): AwsCall => ({
  service: "ssm",
  operation: "GetParameter",
  input: { Name },
  shown: `ssm GetParameter ${Name}`,
});

const isConstrained = ({ deploy }: ComposeService, role: string): boolean =>
  (deploy?.placement?.constraints ?? []).some((text) => text.replaceAll(" ", "") === `node.role==${role}`);

const couldRun = (service: ComposeService, node: SwarmNode): boolean =>
  isUsable(node) &&
  !isConstrained(service, node.role === "manager" ? "worker" : "manager") &&
  (node.role === "manager" || !isConstrained(service, "manager"));

const serviceOf = (id: string, service: ComposeService): Service => {
  const { image, ports = [], volumes = [], deploy = {} } = service;
  const { failure_action: failureAction, order } = deploy.update_config ?? {};
  return {
    id,
    image,
    directories: volumes.flatMap((each) =>
      typeof each === "object" && each.type === "bind" ? [each.source] : [],
    ),
    replicas: deploy.replicas ?? 1,
    mode: deploy.mode ?? "replicated",
    managersOnly: isConstrained(service, "manager"),
    reservedCpus: Number(deploy.resources?.reservations?.cpus ?? 0),
    ...(ports.some(({ mode }) => mode === "host") ? { tasksPerNode: 1 } : {}),
    update: { ...(failureAction ? { failureAction } : {}), ...(order ? { order } : {}) },
  };
};
