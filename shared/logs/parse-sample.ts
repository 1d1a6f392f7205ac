// Reads the facts' own lines (a letter, a tab, fields) into samples. The script documents/log-state.sh names them.

import type {
  FilebeatProcess,
  FilebeatStats,
  FileFacts,
  RegistryEntry,
  RegistryLayout,
  Sample,
} from "./facts.ts";
import { parseRegistryEntry } from "./registry-entry.ts";

const layouts: readonly RegistryLayout[] = ["operation-log", "data-json", "single-file", "none", "unknown"];

/** @throws {Error} when a line is not one that the script prints. */
export const parseSamples = (facts: string): Sample[] => {
  const bodies = expandRepeated(facts.split("\n").filter((line) => line !== ""));
  return bodies.map(parseBody);
};

/**
 * A second sample says `=<from>,<to>` for lines it shares with the first (counted from 1, after the line that
 * begins the sample): two samples must fit where one does.
 */
const expandRepeated = (lines: readonly string[]): string[][] => {
  const bodies: string[][] = [];
  for (const line of lines) {
    const body = bodies.at(-1);
    const repeated = /^=(\d+),(\d+)$/.exec(line);
    if (line.startsWith("T\t")) bodies.push([line]);
    else if (body === undefined)
      throw new Error(`A sample must begin with its time, not with ${quoted(line)}`);
    else if (repeated === null) body.push(line);
    else body.push(...(bodies[0] ?? []).slice(Number(repeated[1]), Number(repeated[2]) + 1));
  }
  return bodies;
};

const parseBody = (lines: readonly string[]): Sample => {
  const containers: { id: string; name: string }[] = [];
  const writers: Sample["writers"][number][] = [];
  const filebeat: FilebeatProcess[] = [];
  const files: FileFacts[] = [];
  const entries: RegistryEntry[] = [];
  const errors: string[] = [];
  const complete: Sample["leftOut"]["complete"][number][] = [];
  const stats: FilebeatStats = {};
  let [takenAtSeconds, unknown, checkpoint] = [0, 0, "0"];
  let layout: RegistryLayout = "unknown";
  let [dockerAnswered, hasStats] = [false, false];

  for (const line of lines) {
    const [letter, ...fields] = line.split("\t");
    const field = (index: number): string => {
      const text = fields[index];
      if (text === undefined) throw new Error(`Field ${index + 1} is missing in ${quoted(line)}`);
      return text;
    };
    switch (letter) {
      case "T": // the sample's time
        takenAtSeconds = integer(field(0));
        break;
      case "D": // docker answered
        dockerAnswered = true;
        break;
      case "C": // a running task container
        containers.push({ id: field(0), name: decoded(field(1)) });
        break;
      case "W": // a writer
        writers.push({
          pid: integer(field(0)),
          device: field(1),
          inode: field(2),
          command: decoded(field(3)),
          path: decoded(field(4)),
        });
        break;
      case "P": // a process of filebeat
        filebeat.push({
          pid: integer(field(0)),
          startTicks: field(1),
          holdsRegistry: field(2) === "1",
        });
        break;
      case "F":
        files.push(parseFile(fields.length, field));
        break;
      case "L": // the registry's layout
        layout = layouts.find((known) => known === field(0)) ?? "unknown";
        checkpoint = field(1);
        break;
      case "E": // an entry of the registry
        try {
          entries.push(parseRegistryEntry(line.slice(2)));
        } catch {
          // Reported, not thrown: one damaged entry must not hide all that is known about the other files.
          errors.push(`registry entry not understood: ${line.slice(2, 200)}`);
        }
        break;
      case "S": // a member of /stats
        setStat(stats, field(0), field(1));
        hasStats = true;
        break;
      case "K": // left out, complete
        complete.push({ device: field(0), inode: field(1), sizeBytes: integer(field(2)) });
        break;
      case "U": // left out, unknown
        unknown = integer(field(0));
        break;
      case "X":
        errors.push(decoded(field(0)));
        break;
      default:
        throw new Error(`No such fact: ${quoted(line)}`);
    }
  }
  return {
    takenAtSeconds,
    ...(dockerAnswered ? { taskContainers: containers } : {}),
    writers,
    filebeat,
    files,
    layout,
    checkpoint,
    entries,
    ...(hasStats ? { stats } : {}),
    errors,
    leftOut: { complete, unknown },
  };
};

/** `device inode size flags fragment fingerprint path`; flags: g matched by a glob, o open in filebeat, d deleted, r read to its end. */
const parseFile = (count: number, field: (index: number) => string): FileFacts => {
  if (count !== 7) throw new Error(`A file has 7 fields, not ${count}`);
  const [flags, fragment, fingerprint, encodedPath] = [field(3), field(4), field(5), field(6)];
  return {
    path: decoded(encodedPath),
    encodedPath,
    device: field(0),
    inode: field(1),
    sizeBytes: integer(field(2)),
    deleted: flags.includes("d"),
    matchedByGlob: flags.includes("g"),
    openInFilebeat: flags.includes("o"),
    readToEnd: flags.includes("r"),
    ...(fragment === "-" ? {} : { fragmentBytes: integer(fragment) }),
    ...(fingerprint === "-" ? {} : { fingerprint }),
  };
};

const statNames = {
  "libbeat.pipeline.events.active": "pipelineActive",
  "libbeat.output.events.active": "outputActive",
  "libbeat.output.events.acked": "acked",
  "libbeat.output.events.failed": "failed",
  "libbeat.output.events.dropped": "dropped",
  "filebeat.harvester.open_files": "openFiles",
  "filebeat.harvester.running": "runningHarvesters",
} as const;

const setStat = (stats: FilebeatStats, name: string, value: string): void => {
  if (name === "beat.info.ephemeral_id") stats.ephemeralId = value;
  for (const [member, property] of Object.entries(statNames)) {
    // What counts up and down can be a little below zero (filebeat 8.15): nothing is what is meant.
    if (name === member) stats[property] = /^-\d+$/.test(value) ? 0 : integer(value);
  }
};

const integer = (text: string): number => {
  if (!/^\d{1,16}$/.test(text)) throw new Error(`${quoted(text)} is not a whole number`);
  return Number(text);
};

/** Undoes the script's %XX, byte by byte. */
const decoded = (text: string): string =>
  Buffer.from(
    text.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  ).toString("utf8");

const quoted = (text: string): string => JSON.stringify(text.slice(0, 120));
