// The documents that form a swarm and keep its tokens, as documents/*.sh answer them.
import { readToken, withLock } from "./host-documents.ts";
import { requireLeader, requireManager } from "./manager-documents.ts";
import { type AwsCall, type Document, Failed, type Script } from "./script.ts";

export const initSwarm: Document = async (script) => {
  const { host, swarm, timings, parameter, pause } = script;
  const managerToken = parameter("managerTokenParameter");
  parameter("addressPool");
  parameter("advertise");
  await withLock(script, 60, "init: another join or retire holds /run/hive-swarm/lock for over 60 s");
  if (host.tombstone) return { outcome: "retiring" };
  const outcome = host.nodeId === undefined ? "initialised" : "already";
  if (host.nodeId === undefined) {
    script.ask("token", readToken(managerToken));
    if (script.readParameter(managerToken) !== undefined) return { outcome: "formed before" };
    await pause(timings.joinMs);
    const { instanceId, address } = host;
    host.nodeId = swarm.init({ instanceId, address }).id;
  }
  if (swarm.nodes.get(host.nodeId)?.role === "worker")
    throw new Failed("role", "this host is in a swarm, and not as a manager that can be asked");
  await storeTokens(script);
  return { outcome, nodeId: host.nodeId };
};

export const rotateTokens: Document = async (script) => {
  requireManager(script);
  await script.pause(script.timings.askMs);
  requireLeader(script.swarm);
  script.swarm.rotateTokens();
  await storeTokens(script);
  return { rotated: true };
};

/** The second token is stored a moment after the first: a host can die between the two. */
const storeTokens = async (script: Script): Promise<void> => {
  const { swarm, timings, parameter, pause } = script;
  const tokens: readonly [string, () => string][] = [
    [parameter("workerTokenParameter"), () => swarm.workerToken],
    [parameter("managerTokenParameter"), () => swarm.managerToken],
  ];
  for (const [name, token] of tokens) {
    await pause(timings.askMs);
    script.ask("store", putToken(name));
    script.writeParameter(name, token());
  }
};

const putToken = (Name: string): AwsCall => ({
  service: "ssm",
  operation: "PutParameter",
  input: { Name, Type: "SecureString", Overwrite: true },
  shown: `ssm PutParameter ${Name}`,
});

export const surveyManagers: Document = async (script) => {
  const { swarm, timings, pause } = script;
  requireManager(script);
  await pause(timings.askMs);
  requireLeader(swarm);
  const managers = [...swarm.nodes.values()].filter(({ role }) => role === "manager");
  return {
    managers: managers.length,
    unreachable: managers.filter((node) => !swarm.answers(node)).length,
  };
};
