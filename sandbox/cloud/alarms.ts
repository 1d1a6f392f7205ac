// What would have woken somebody: the alarms of both packaged stacks, over what this cloud's functions really logged and its queues hold.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Change, CloudWatch } from "../models/cloud-watch/cloud-watch.ts";
import { type Monitoring, readMonitoring } from "../template/monitoring.ts";
import { PACKAGE_DIRECTORY } from "../template/packaging.ts";
import { REGISTRY_TEMPLATE_FILE } from "../template/registry-template.ts";
import { TEMPLATE_FILE } from "../template/template.ts";
import { parseYamlTemplate } from "../template/yaml.ts";
import { names } from "./configuration.ts";

export interface AlarmReport {
  /** By their names: in which state each is now. */
  alarms: Readonly<Record<string, string>>;
  changes: readonly Change[];
}

export interface Told {
  /** By the function's name: its log file. */
  logs: Readonly<Record<string, string>>;
  /** By the queue's name: when its messages were sent. */
  queues: Readonly<Record<string, readonly number[]>>;
}

export const readAlarms = (projectDirectory: string, stackName: string): Monitoring => {
  const read = (file: string) => readFileSync(join(projectDirectory, file), "utf8");
  const { account, region, registryRegion } = names;
  const own = readMonitoring(JSON.parse(read(`${PACKAGE_DIRECTORY}/${TEMPLATE_FILE}`)), {
    account,
    region,
    stackName,
  });
  const registry = readMonitoring(parseYamlTemplate(read(REGISTRY_TEMPLATE_FILE)), {
    account,
    region: registryRegion,
    stackName: `${stackName}-registry-events`,
  });
  return {
    alarms: [...own.alarms, ...registry.alarms],
    filters: [...own.filters, ...registry.filters],
    dashboards: [...own.dashboards, ...registry.dashboards],
  };
};

/** Until a schedule has come for the first time, and for some minutes after, `repair-blind` is in ALARM, as after a deployment. */
export const alarmReport = (monitoring: Monitoring, { logs, queues }: Told, now: number): AlarmReport => {
  const cloudWatch = new CloudWatch(monitoring);
  let begins = now;
  for (const [name, text] of Object.entries(logs))
    for (const line of text.split("\n")) {
      const at = timeOf(line);
      if (at === undefined) continue;
      begins = Math.min(begins, at);
      cloudWatch.take({ logGroup: `/aws/lambda/${name}`, line, at });
    }
  for (const [name, sentAt] of Object.entries(queues)) cloudWatch.putQueue(name, sentAt, begins, now);
  const alarms = monitoring.alarms.map((alarm) => [alarm.name, cloudWatch.stateAt(alarm, now)]);
  return { alarms: Object.fromEntries(alarms), changes: cloudWatch.changes(begins, now) };
};

/** Of a record; what the runtime itself prints has none, and is no record. */
const timeOf = (line: string): number | undefined => {
  const [, time = ""] = /"timestamp":"([^"]+)"/.exec(line) ?? [];
  const at = Date.parse(time);
  return Number.isNaN(at) ? undefined : at;
};
