// The command line of the sandbox, as data. Unknown commands and flags are refused, with what would be right.
import type { ParseArgsOptionsConfig } from "node:util";
import { VARIANTS, type Variant } from "../registry/demo-image.ts";
import { nearest, readOptions, UsageError } from "./options.ts";

/** Says where all is told, to be printed after what was wrong. */
export const SEE_USAGE = "See npm run sandbox -- --help";

export interface UpArguments {
  command: "up";
  managers: number;
  workers: number;
  /** Whether the load balancer is attached to the worker group, or ours to register with. */
  attached: boolean;
  heartbeatSeconds: number;
  /** A directory with another Docker engine's binaries; the installed one where absent. */
  engine: string | undefined;
  /** Nothing that AWS reports reaches a function. */
  dropEvents: boolean;
  /** Between two repairs of the schedule; undefined: what its rule says. */
  repairEverySeconds: number | undefined;
  /** Settings of the functions, laid over those of the packaged template. */
  settings: Record<string, string>;
}

export interface PushArguments {
  command: "push";
  version: string;
  variant: Variant;
  /** `latest` is moved to it as well, as a pipeline does. */
  latest: boolean;
}

export type Arguments =
  | UpArguments
  | PushArguments
  | { command: "status"; json: boolean }
  | { command: "down" }
  | { command: "help" };

export const USAGE = `The sandbox: a small AWS on this machine, with real Docker engines, a real swarm, and this project's functions.

  npm run sandbox -- up       build what is needed, start everything, return when it is ready
  npm run sandbox -- status   show what is running
  npm run sandbox -- push VERSION   push a version of the demo service's image, which is then rolled
  npm run sandbox -- down     stop everything and leave nothing behind

up takes:
  --managers N          swarm managers (default 1; 3 is what production has)
  --workers N           workers that the group starts with (default 1)
  --attached            the load balancer is attached to the worker group (default)
  --not-attached        it is not: the functions register and deregister
  --heartbeat SECONDS   heartbeat timeout of both lifecycle hooks, 30 to 7200 (default 60)
  --engine DIRECTORY    run the Docker engine that is unpacked here instead of the installed one
  --drop-events         lose every event of AWS on its way to the functions: what comes of it comes of repair alone
  --repair-every SECONDS   between two repairs of the schedule (default: as deployed; with --drop-events 10)
  --set NAME=VALUE      set an environment variable of the functions (may be repeated)

push takes:
  --variant VARIANT     good (default), or one that fails: ${VARIANTS.slice(1).join(", ")}
  --no-latest           leave the tag latest where it is

status takes:
  --json                print it for programs, as npm run -s sandbox -- status --json
                        (without -s npm prints two lines of its own)

Afterwards, in any shell:
  . .sandbox/env
  aws autoscaling set-desired-capacity --auto-scaling-group-name "$HIVE_WORKER_GROUP" --desired-capacity 3

A second sandbox beside the first lives in a directory of its own; give it to every command, and to npm start:
  HIVE_SANDBOX_DIRECTORY=/tmp/second npm run sandbox -- up
`;

const OPTIONS = {
  up: {
    managers: { type: "string", default: "1" },
    workers: { type: "string", default: "1" },
    attached: { type: "boolean", default: false },
    "not-attached": { type: "boolean", default: false },
    heartbeat: { type: "string", default: "60" },
    engine: { type: "string" },
    "drop-events": { type: "boolean", default: false },
    "repair-every": { type: "string" },
    set: { type: "string", multiple: true, default: [] },
  },
  push: { variant: { type: "string", default: "good" }, "no-latest": { type: "boolean", default: false } },
  status: { json: { type: "boolean", default: false } },
  down: {},
} as const satisfies Record<string, ParseArgsOptionsConfig>;

/** @throws UsageError that says what is wrong and what would be right. */
export const parseArguments = (words: string[]): Arguments => {
  const [command, ...rest] = words;
  if (command === undefined || ["help", "--help", "-h"].includes(command)) return { command: "help" };
  if (rest.includes("--help") || rest.includes("-h")) return { command: "help" };
  switch (command) {
    case "up":
      return upArguments(rest);
    case "push":
      return pushArguments(rest);
    case "status":
      return { command, json: readOptions(rest, OPTIONS.status).json };
    case "down":
      readOptions(rest, OPTIONS.down);
      return { command };
    default:
      throw new UsageError(noCommand(command));
  }
};

const noCommand = (command: string): string => {
  const meant = nearest(command, Object.keys(OPTIONS));
  const ask = meant === undefined ? "" : ` Did you mean ${meant}?`;
  return `There is no command "${command}": it is up, status, push or down.${ask}`;
};

/** What ECR takes for a tag and this project for a version. */
const VERSION = /^v?\d+(\.\d+)*([-_.][0-9A-Za-z]+)*$/;

const pushArguments = ([version = "", ...words]: string[]): PushArguments => {
  if (!VERSION.test(version))
    throw new UsageError(`push takes a version first, such as 1.1.0, not "${version}".`);
  const values = readOptions(words, OPTIONS.push);
  const variant = VARIANTS.find((known) => known === values.variant);
  if (variant === undefined)
    throw new UsageError(`--variant is ${VARIANTS.join(", ")}; not "${values.variant}".`);
  return { command: "push", version, variant, latest: !values["no-latest"] };
};

const upArguments = (words: string[]): UpArguments => {
  const values = readOptions(words, OPTIONS.up);
  if (values.attached && values["not-attached"]) {
    throw new UsageError("--attached and --not-attached exclude each other: give one of them.");
  }
  return {
    command: "up",
    managers: wholeNumber("--managers", values.managers, 1, 7),
    workers: wholeNumber("--workers", values.workers, 0, 40),
    attached: !values["not-attached"],
    heartbeatSeconds: wholeNumber("--heartbeat", values.heartbeat, 30, 7200),
    engine: values.engine,
    dropEvents: values["drop-events"],
    repairEverySeconds: repairEvery(values["repair-every"], values["drop-events"]),
    settings: Object.fromEntries(values.set.map(setting)),
  };
};

/** Where no event arrives nothing else happens, and a hook waits no longer than its heartbeat. */
const repairEvery = (text: string | undefined, dropEvents: boolean): number | undefined => {
  if (text === undefined) return dropEvents ? 10 : undefined;
  return wholeNumber("--repair-every", text, 1, 3600);
};

const wholeNumber = (flag: string, text: string, least: number, most: number): number => {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new UsageError(`${flag} takes a whole number from ${least} to ${most}, not "${text}".`);
};

const setting = (text: string): [string, string] => {
  const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new UsageError(`--set takes NAME=VALUE with a name in capitals, not "${text}".`);
  }
  return [name, value];
};
