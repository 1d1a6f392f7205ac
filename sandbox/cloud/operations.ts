// What can be asked of a running cloud and done to it, by the CLI, the demonstration and the tests: one function
// for each question and each fault. Arguments and answers are plain JSON.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { disturbance, type EventFault } from "../unpleasant/events.ts";
import type { Sides } from "../unpleasant/sides.ts";
import { alarmReport, readAlarms } from "./alarms.ts";
import type { Cloud } from "./assemble.ts";
import { files, names } from "./configuration.ts";
import type { DemoPush } from "./ecr.ts";
import { flowReport } from "./flows.ts";
import { writtenLines } from "./log-lines.ts";
import { hookReport, readStatus } from "./status.ts";
import type { Watch } from "./watch.ts";

export const operations = (cloud: Cloud, watch: Watch) => {
  const { machines, autoScaling, collector, lambda, systemsManager, timeline, configuration, unpleasant } =
    cloud;
  const fault = (text: string, instanceId?: string) =>
    timeline.add({ kind: "fault", text, ...(instanceId !== undefined && { instanceId }) });

  return {
    status: () => readStatus(cloud, watch.picture),
    /** Every lifecycle action of the worker group so far, as it is reported. */
    hooks: () =>
      autoScaling
        .hooks()
        .filter(({ group }) => group === names.workerGroup)
        .map(hookReport),
    /** Every lifecycle action so far, as the model keeps it. */
    hookRecords: () => autoScaling.hooks(),
    /** Every change of an instance's lifecycle state so far. */
    history: () => autoScaling.history(),
    commands: () => systemsManager.commands(),
    flows: () => lambda.durable.executions().map(flowReport),
    /** Name, status, payload, result and error of every durable execution. */
    executions: () =>
      lambda.durable.executions().map(({ name, functionName, status, payload, result, error }) => ({
        name,
        functionName,
        status,
        payload,
        result,
        error,
      })),
    /** @param name of the function without the stack's prefix, for example `join-node` */
    functionLog: (name: string) =>
      readOrNothing(
        join(configuration.stateDirectory, files.functionLogs, `${lambda.functionName(name)}.log`),
      ),
    /** Which alarms would have gone off, by what was logged until now. */
    alarms: () => {
      const stackName = lambda.functionName("dispatch").replace(/-dispatch$/, "");
      const { projectDirectory, stateDirectory } = configuration;
      const logs = Object.fromEntries(
        lambda.functionNames.map((name) => [
          name,
          readOrNothing(join(stateDirectory, files.functionLogs, `${name}.log`)),
        ]),
      );
      const queues = Object.fromEntries(
        lambda.queueNames.map((name) => [name, lambda.queues.messages(name).map(({ sentAt }) => sentAt)]),
      );
      return alarmReport(readAlarms(projectDirectory, stackName), { logs, queues }, Date.now());
    },
    deadLetters: () => lambda.queueNames.flatMap((name) => lambda.queues.messages(name)),
    /** Which permissions were used so far, which not, and what was refused. */
    permissions: () => cloud.access.report(),
    logLines: () => ({
      written: writtenLines(configuration.stateDirectory).length,
      accepted: collector.lines(),
      requests: collector.requests(),
    }),

    /** Builds a demo image and pushes it through the registry, so that ECR's events follow. */
    push: async (image: DemoPush) => {
      const pushed = await cloud.ecr.push(image);
      const { repository = names.repository, version, tags = [version] } = image;
      timeline.add({
        kind: "phase",
        text: `pushed ${repository} ${tags.join(", ")} (${pushed.digest.slice(0, 15)})`,
      });
      return pushed;
    },
    /** Nobody but the operator may pull from the repository, as by a policy of its own. */
    refusePulls: (repository: string, refused = true) => {
      cloud.ecr.refusePulls(repository, refused);
      fault(`pulls from ${repository} are ${refused ? "refused" : "allowed again"}`);
    },
    /** As it stands in a service that was given its credentials twelve hours ago. */
    expiredPassword: () => cloud.ecr.expiredPassword(),
    freeze: (instanceId: string) => {
      machines.freeze(instanceId);
      fault("frozen: it answers nobody", instanceId);
    },
    thaw: (instanceId: string) => {
      machines.thaw(instanceId);
      fault("thawed", instanceId);
    },
    kill: async (instanceId: string) => {
      await machines.kill(instanceId);
      fault("power cut", instanceId);
    },
    neverOnline: (count: number) => {
      machines.neverOnline(count);
      fault(`the agents of the next ${count} instance(s) will never come online`);
    },
    /** Of one instance, or of every one that is launched from now on. Before 3.3.2746.0 it knows no ENV_VAR (facts S8). */
    agentVersion: (version: string, instanceId?: string) => {
      machines.setAgentVersion(version, instanceId);
      fault(`the SSM agent is ${version}`, instanceId);
    },
    stopShipper: async (instanceId: string) => {
      await machines.stopShipper(instanceId);
      fault("filebeat was killed", instanceId);
    },
    collectorMode: (mode: "accepting" | "blocked" | "rejecting") => {
      if (mode === "blocked") collector.block();
      else if (mode === "rejecting") collector.reject();
      else collector.unblock();
      fault(`the collector is ${mode}`);
    },
    disturbEvents: (wrong: EventFault | null) => {
      lambda.bus.disturb(wrong === null ? undefined : disturbance(wrong));
      fault(wrong === null ? "events are delivered as they should be" : `events: ${JSON.stringify(wrong)}`);
    },
    /** Switches AWS's unpleasant sides; null: all off. Answers with what is in force. */
    unpleasant: (sides: Partial<Sides> | null) => {
      const inForce = unpleasant.set(sides);
      fault(sides === null ? "AWS is pleasant again" : `AWS is unpleasant: ${JSON.stringify(sides)}`);
      return inForce;
    },
    autoScalingFaults: (faults: Partial<typeof autoScaling.faults>) => {
      Object.assign(autoScaling.faults, faults);
      fault(`Auto Scaling: ${JSON.stringify(faults)}`);
    },
    /** Ends the process of a function, as a crash would. */
    killFunction: (name: string) => {
      fault(`the process of ${name} was killed`);
      return lambda.hosts.kill(lambda.functionName(name));
    },
    interruptSpot: (instanceId: string) => {
      machines.interrupt(instanceId, new Date(Date.now() + 120_000));
      fault("Spot interruption announced", instanceId);
      lambda.bus.publish({
        source: "aws.ec2",
        "detail-type": "EC2 Spot Instance Interruption Warning",
        resources: [`arn:aws:ec2:${names.region}:${names.account}:instance/${instanceId}`],
        detail: { "instance-id": instanceId, "instance-action": "terminate" },
      });
    },
    /** Runs a script on an instance as root, past Run Command. */
    exec: (instanceId: string, script: string, timeoutSeconds = 30) =>
      machines.run(instanceId, {
        commandId: `exec-${Date.now()}`,
        script,
        environment: {},
        executionTimeoutSeconds: timeoutSeconds,
        document: "exec",
        signal: AbortSignal.timeout((timeoutSeconds + 5) * 1000),
      }),
  };
};

/** Of a function that has not run yet there is no log. */
const readOrNothing = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
};

export type Operations = ReturnType<typeof operations>;
