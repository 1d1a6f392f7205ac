// Reads the parts of filebeat.yml that the stand-in obeys, as filebeat would: dotted or nested keys, ${VAR:default}.

import { readFileSync } from "node:fs";
import { parse } from "yaml";

export interface InputConfiguration {
  id: string;
  paths: string[];
  /** Of the whole path. */
  excludeFiles: RegExp[];
  /** Absent: each line is an event. */
  multiline?: MultilineConfiguration;
  /** Fingerprint of the first 1024 bytes instead of device and inode. */
  byFingerprint: boolean;
  scanIntervalMs: number;
  /** How long a file that had nothing new is left alone. */
  pollMs: number;
  closeInactiveMs: number;
  closeRemoved: boolean;
  cleanRemoved: boolean;
}

/** Lines that do not match belong to the one before them: filebeat's `negate: true` and `match: after`. */
export interface MultilineConfiguration {
  pattern: RegExp;
  /** An event to which nothing was added for so long is complete. */
  timeoutMs: number;
  /** What is more is left out of the event. */
  maxLines: number;
}

export interface ShipperConfiguration {
  dataPath: string;
  inputs: InputConfiguration[];
  registryFlushMs: number;
  shutdownTimeoutMs: number;
  http: { host: string; port: number } | undefined;
  output: {
    hosts: string[];
    username: string;
    password: string;
    backoffInitMs: number;
    backoffMaxMs: number;
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws {Error} when the file cannot be read, names no input, or uses something that the stand-in cannot do. */
export const readConfiguration = (path: string, environment: Environment): ShipperConfiguration => {
  try {
    return configurationFrom(parse(readFileSync(path, "utf8")), environment);
  } catch (cause) {
    throw new Error(`The filebeat stand-in cannot use ${path}: ${String(cause)}`, { cause });
  }
};

const configurationFrom = (document: unknown, environment: Environment): ShipperConfiguration => {
  const settings = flatten(document, environment);
  const inputs = settings.get("filebeat.inputs");
  if (!Array.isArray(inputs) || inputs.length === 0) throw new Error("filebeat.inputs holds no input");
  const text = (key: string, otherwise: string): string => String(settings.get(key) ?? otherwise);
  return {
    dataPath: text("path.data", "/var/lib/filebeat"),
    inputs: inputs.map((input) => inputFrom(flatten(input, environment))),
    registryFlushMs: milliseconds(text("filebeat.registry.flush", "1s")),
    shutdownTimeoutMs: milliseconds(text("filebeat.shutdown_timeout", "0s")),
    http:
      text("http.enabled", "false") === "true"
        ? { host: text("http.host", "127.0.0.1"), port: Number(text("http.port", "5066")) }
        : undefined,
    output: {
      hosts: list(settings.get("output.elasticsearch.hosts"), environment).map((host) =>
        host.includes("://") ? host : `http://${host}`,
      ),
      username: text("output.elasticsearch.username", ""),
      password: text("output.elasticsearch.password", ""),
      backoffInitMs: milliseconds(text("output.elasticsearch.backoff.init", "1s")),
      backoffMaxMs: milliseconds(text("output.elasticsearch.backoff.max", "60s")),
    },
  };
};

const inputFrom = (settings: Map<string, unknown>): InputConfiguration => {
  const type = settings.get("type");
  if (type !== "filestream") throw new Error(`it only knows inputs of type filestream, not ${String(type)}`);
  const text = (key: string, otherwise: string): string => String(settings.get(key) ?? otherwise);
  const multiline = multilineFrom(settings.get("parsers"));
  return {
    id: text("id", ""),
    paths: list(settings.get("paths"), {}),
    excludeFiles: list(settings.get("prospector.scanner.exclude_files"), {}).map((text) => new RegExp(text)),
    ...(multiline === undefined ? {} : { multiline }),
    byFingerprint: settings.has("file_identity.fingerprint"),
    scanIntervalMs: milliseconds(text("prospector.scanner.check_interval", "10s")),
    pollMs: milliseconds(text("backoff.init", "2s")),
    closeInactiveMs: milliseconds(text("close.on_state_change.inactive", "5m")),
    closeRemoved: text("close.on_state_change.removed", "true") === "true",
    cleanRemoved: text("clean_removed", "true") === "true",
  };
};

const multilineFrom = (parsers: unknown): MultilineConfiguration | undefined => {
  if (parsers === undefined) return undefined;
  const [parser, ...others] = Array.isArray(parsers) ? parsers : [];
  const settings = flatten(parser, {});
  const known = ["pattern", "true", "after"];
  const given = ["type", "negate", "match"].map((key) => String(settings.get(`multiline.${key}`)));
  if (others.length > 0 || given.join() !== known.join())
    throw new Error(`of parsers it only knows one multiline of type pattern, negate true, match after`);
  return {
    pattern: new RegExp(String(settings.get("multiline.pattern"))),
    timeoutMs: milliseconds(String(settings.get("multiline.timeout") ?? "5s")),
    maxLines: Number(settings.get("multiline.max_lines") ?? 500),
  };
};

/** `a: {b: 1}` and `a.b: 1` are the same to filebeat. Lists stay as they are. */
const flatten = (value: unknown, environment: Environment, prefix = ""): Map<string, unknown> => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return new Map([[prefix, typeof value === "string" ? expand(value, environment) : value]]);
  }
  return new Map(
    Object.entries(value).flatMap(([key, member]) => [
      ...flatten(member, environment, prefix === "" ? key : `${prefix}.${key}`),
    ]),
  );
};

/** @throws {Error} when a variable without default is not set. */
export const expand = (text: string, environment: Environment): string =>
  text.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?\}/g, (_, name: string, otherwise?: string) => {
    const value = environment[name] ?? otherwise;
    if (value === undefined) throw new Error(`the variable ${name} is not set and has no default`);
    return value;
  });

/** A list, or one text with commas: that is how a list comes out of an environment variable. */
const list = (value: unknown, environment: Environment): string[] =>
  (Array.isArray(value) ? value : String(value ?? "").split(","))
    .map((item) => expand(String(item).trim(), environment))
    .filter((item) => item !== "");

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

export const milliseconds = (duration: string): number => {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(duration) ?? [];
  if (number === undefined) throw new Error(`${JSON.stringify(duration)} is no duration`);
  return Number(number) * (units[unit ?? "s"] ?? 1000);
};
