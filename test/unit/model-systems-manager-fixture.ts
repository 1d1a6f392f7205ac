// One document and a few instances, as the tests of the Systems Manager model use them.
import { VirtualClock } from "../../sandbox/clock.ts";
import { sequentialIdentifiers } from "../../sandbox/models/identifiers.ts";
import { SystemsManager } from "../../sandbox/models/systems-manager/systems-manager.ts";
import type { Limits } from "../../sandbox/models/systems-manager/types.ts";
import type { ScriptResult } from "../../sandbox/ports.ts";
import { FakeBus, FakeMachines, operator } from "./model-fakes.ts";

export const A = "i-0a";
export const B = "i-0b";

export const drainDocument = {
  schemaVersion: "2.2",
  description: "Drains a node",
  parameters: {
    nodeId: { type: "String", allowedPattern: "^[a-z0-9]+$", interpolationType: "ENV_VAR" },
    mode: { type: "String", default: "soft", allowedValues: ["soft", "hard"] },
    paths: { type: "StringList", default: [], maxItems: 2 },
    executionTimeout: { type: "String", default: "60", allowedPattern: "^[0-9]+$" },
  },
  mainSteps: [
    {
      action: "aws:runShellScript",
      name: "drain",
      inputs: {
        timeoutSeconds: "{{ executionTimeout }}",
        runCommand: ["#!/bin/sh", 'echo "$SSM_nodeId" "{{ nodeId }}" {{mode}}', "{{ paths }}"],
      },
    },
  ],
};

export function fixture(limits: Partial<Limits> = {}) {
  const clock = new VirtualClock();
  const machines = new FakeMachines();
  const bus = new FakeBus();
  const errors: string[] = [];
  machines.boot(A);
  machines.boot(B);
  const model = new SystemsManager({
    clock,
    machines,
    publish: bus.publish,
    documents: [{ name: "hive-drain", shortName: "drain", content: drainDocument }],
    instances: () => [...machines.machines.keys()],
    byTag: (key, values) => (key === "role" && values.includes("worker") ? [B] : []),
    limits,
    ids: sequentialIdentifiers(),
    report: (message) => errors.push(message),
  });
  const api = model.operations;
  return {
    clock,
    machines,
    bus,
    errors,
    model,
    api,
    /** Sends the document to instances; answers the command's id. */
    send(
      ids: string[] = [A],
      parameters: Record<string, string[]> = { nodeId: ["n1"] },
      more: { TimeoutSeconds?: number; DocumentName?: string; DocumentVersion?: string } = {},
    ): string {
      const { Command } = api.SendCommand(
        { DocumentName: "hive-drain", InstanceIds: ids, Parameters: parameters, ...more },
        operator,
      );
      return Command?.CommandId ?? "";
    },
    get: (CommandId: string, InstanceId = A) => api.GetCommandInvocation({ CommandId, InstanceId }),
  };
}

/** Scripts that run until told to end. */
export function held() {
  const running: { instanceId: string; end: (result?: Partial<ScriptResult>) => void }[] = [];
  const script: FakeMachines["script"] = (instanceId, { signal }) =>
    new Promise((resolve) => {
      const end = (result: Partial<ScriptResult> = {}) =>
        resolve({ exitCode: 0, stdout: "", stderr: "", timedOut: false, ...result });
      running.push({ instanceId, end });
      signal.addEventListener("abort", () => end({ exitCode: 143 }));
    });
  return { running, script };
}
