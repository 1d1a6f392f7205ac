// Adds to package-lock.json the optional platform packages that it names but does not hold. A registry that mirrors only part
// of npm makes `npm install` leave them out, and `npm ci` then refuses the lock. Run after every `npm install`.
import { readFileSync, writeFileSync } from "node:fs";

interface Locked {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const SYSTEMS = [
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "aix",
  "win32",
];
/** Part of a package's name → npm's name of the processor; the longer names first. */
const PROCESSORS: readonly (readonly [string, string])[] = [
  ["aarch64", "arm64"],
  ["arm64", "arm64"],
  ["mips64el", "mips64el"],
  ["loong64", "loong64"],
  ["riscv64", "riscv64"],
  ["ppc64", "ppc64"],
  ["s390x", "s390x"],
  ["wasm32", "wasm32"],
  ["ia32", "ia32"],
  ["x64", "x64"],
  ["arm", "arm"],
];

const stub = (name: string, version: string, dev: boolean): Locked => {
  const os = SYSTEMS.find((system) => name.includes(system));
  const cpu = PROCESSORS.find(([part]) => name.includes(part))?.[1];
  const libc =
    os === "linux"
      ? name.includes("musl")
        ? "musl"
        : name.includes("gnu")
          ? "glibc"
          : undefined
      : undefined;
  return {
    version: version.replace(/^[\^~]/, ""),
    ...(cpu ? { cpu: [cpu] } : {}),
    ...(dev ? { dev: true } : {}),
    ...(libc ? { libc: [libc] } : {}),
    optional: true,
    ...(os ? { os: [os] } : {}),
  };
};

const file = "package-lock.json";
const lock = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, Locked> };

/** npm's own way: from the folder that asks, upwards. */
const isLocked = (from: string, name: string): boolean => {
  for (
    let at = from;
    ;
    at = at.includes("/node_modules/") ? at.slice(0, at.lastIndexOf("/node_modules/")) : ""
  ) {
    if (lock.packages[`${at ? `${at}/` : ""}node_modules/${name}`]) return true;
    if (!at) return false;
  }
};

let added = 0;
for (const [path, locked] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(locked.optionalDependencies ?? {})) {
    if (isLocked(path, name)) continue;
    lock.packages[`node_modules/${name}`] = stub(name, version, locked.dev === true);
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${file}: ${added} optional platform packages added`);
