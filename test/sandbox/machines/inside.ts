// The part of the machines' tests that runs inside a sandbox, where the cloud process would: does what it is told
// over the channel of its parent, and answers with the result.

import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { HaproxyProxy } from "../../../sandbox/load-balancer/haproxy.ts";
import { RealMachines } from "../../../sandbox/machines/machines.ts";
import { buildDemoImage, pushImage } from "../../../sandbox/registry/demo-image.ts";
import { startRegistry } from "../../../sandbox/registry/registry.ts";
import { RegistryTokens } from "../../../sandbox/registry/tokens.ts";

const [stateDirectory = "", projectDirectory = ""] = process.argv.slice(2);
const machines = await RealMachines.open({
  stateDirectory,
  projectDirectory,
  shipper: ["sleep", "1000000"],
  boot: { agentMilliseconds: 0, dockerMilliseconds: 2_000 },
});
const secret = randomBytes(32);
const tokens = {
  valid: new RegistryTokens({ secret }),
  expired: new RegistryTokens({ secret, lifetimeSeconds: -1 }),
};
const registry = await startRegistry({ stateDirectory, tokens: tokens.valid });
const proxy = await HaproxyProxy.start({ stateDirectory, addressOf: (id) => machines.address(id) });
let runs = 0;

const actions = {
  start: (instanceId: string) => machines.start({ instanceId, group: "group", role: "worker" }),
  agent: async (instanceId: string) => machines.agent(instanceId),
  /** A run that got no answer within the patience is `silent`. */
  run: (
    instanceId: string,
    script: string,
    environment = {},
    patienceMilliseconds = 120_000,
    limitSeconds = 60,
  ) =>
    machines
      .run(instanceId, {
        commandId: `command-${runs++}`,
        script,
        environment,
        executionTimeoutSeconds: limitSeconds,
        document: "test",
        signal: AbortSignal.timeout(patienceMilliseconds),
      })
      .catch((error: Error) => {
        if (error.name === "TimeoutError") return "silent";
        throw error;
      }),
  freeze: async (instanceId: string) => machines.freeze(instanceId),
  thaw: async (instanceId: string) => machines.thaw(instanceId),
  kill: (instanceId: string) => machines.kill(instanceId),
  terminate: (instanceId: string) => machines.terminate(instanceId),
  push: async () => {
    const { password } = tokens.valid.issue();
    return { password, reference: await pushImage(await buildDemoImage(), { url: registry.url, password }) };
  },
  ask: async (url: string, token?: "valid" | "expired") => {
    const headers = token && { authorization: `Basic ${tokens[token].issue().authorizationToken}` };
    const response = await fetch(url, headers && { headers });
    return { status: response.status, text: (await response.text()).trim() };
  },
  register: (instanceId: string) => proxy.add(instanceId),
  health: (instanceId: string) => proxy.health(instanceId),
  crash: async () => process.kill(process.pid, "SIGKILL"),
};

export type Actions = typeof actions;

process.on("message", async (message: { id: number; name: keyof Actions; input: unknown[] }) => {
  const action: (...input: never[]) => Promise<unknown> = actions[message.name];
  try {
    process.send?.({ id: message.id, output: await action(...(message.input as never[])) });
  } catch (error) {
    process.send?.({ id: message.id, error: inspect(error) });
  }
});
process.send?.({ ready: true });
