// Another Debian release's Docker engine for this machine: fetched with apt from the mirror that the machine itself uses,
// and unpacked beside the project. Nothing is installed.

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type EnginePrograms, engineIn } from "./engine.ts";

const execute = promisify(execFile);

/** The daemon, the command that fits it (a package of its own since trixie), and containerd. runc is the machine's. */
const packages = ["docker.io", "docker-cli", "containerd"];

export interface EngineRelease {
  /** Debian's name of the release. */
  release: string;
  /** What its engine's version begins with: a release that moves on would otherwise go unnoticed. */
  version: string;
}

/** The engine of the next Debian than the one that the sandbox is made for. */
export const trixie: EngineRelease = { release: "trixie", version: "26.1." };

/**
 * Fetches an engine, unless it is there already.
 * @param cache where engines are kept, each in a directory with the release's name
 * @param log receives one line for each thing done; nothing when nothing was to be done
 * @throws when this machine has no Debian mirror to ask, or the engine is not the expected one or does not run here
 */
export async function fetchEngine(
  wanted: EngineRelease,
  cache: string,
  log: (line: string) => void,
): Promise<EnginePrograms> {
  const directory = join(cache, wanted.release);
  if (existsSync(directory)) return checked(directory, wanted);
  mkdirSync(cache, { recursive: true });
  // Made under another name: what is there under its own is whole.
  const work = join(cache, `${wanted.release}.${process.pid}`);
  try {
    const mirror = await machineMirror();
    log(`Fetching Docker ${wanted.version}x from Debian ${wanted.release} at ${mirror.uri}`);
    await download(work, mirror, wanted.release);
    for (const name of readdirSync(work).filter((file) => file.endsWith(".deb"))) {
      log(`Unpacking ${name}`);
      await execute("dpkg", ["--extract", join(work, name), join(work, "root")]);
    }
    checked(join(work, "root"), wanted);
    if (!existsSync(directory)) renameSync(join(work, "root"), directory);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return checked(directory, wanted);
}

function checked(directory: string, { version }: EngineRelease): EnginePrograms {
  const found = engineIn(directory);
  if (found.version.startsWith(version)) return found;
  throw new Error(
    `The Docker engine in ${directory} is ${found.version}, not ${version}x: remove it to fetch it again`,
  );
}

interface Mirror {
  uri: string;
  /** Where the archive's keys are, as the machine's own source says; undefined: apt's own. */
  signedBy: string | undefined;
}

/** Asks apt from where this machine has its own release, so that a mirror or proxy in front of it is honoured. */
async function machineMirror(): Promise<Mirror> {
  const own = /^VERSION_CODENAME="?(\w+)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  const format = "$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI) $(SIGNED_BY)";
  const { stdout } = await execute("apt-get", ["indextargets", "--format", format]).catch((cause) => {
    throw new Error("The sources of this machine's packages are unknown: it needs Debian's apt", { cause });
  });
  for (const line of stdout.split("\n")) {
    const [kind, release, component, uri, ...signedBy] = line.split(" ");
    if (kind !== "Packages" || release !== own || component !== "main" || !uri) continue;
    const keys = signedBy.join(" ");
    // apt leaves what it does not know as it stands in the format.
    return { uri, signedBy: keys.startsWith("/") ? keys : debianKeys() };
  }
  throw new Error(
    `apt has no source of Debian ${own ?? "(unknown release)"} main, so there is no mirror to fetch another release from`,
  );
}

const debianKeys = (): string | undefined => {
  const ring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  return existsSync(ring) ? ring : undefined;
};

/** With lists and archives of its own: the machine's apt never hears of the other release. */
async function download(work: string, { uri, signedBy }: Mirror, release: string): Promise<void> {
  for (const name of ["lists/partial", "cache/archives/partial"])
    mkdirSync(join(work, name), { recursive: true });
  const keys = signedBy === undefined ? "" : `[signed-by=${signedBy}] `;
  writeFileSync(join(work, "sources.list"), `deb ${keys}${uri} ${release} main\n`);
  const settings = {
    "Dir::Etc::sourcelist": join(work, "sources.list"),
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::State::lists": join(work, "lists"),
    "Dir::Cache": join(work, "cache"),
    // apt's own user may not write here.
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const aptGet = async (...words: string[]) => {
    try {
      await execute("apt-get", ["-q", ...options, ...words], { cwd: work });
    } catch (cause) {
      const { stderr = "" } = cause as { stderr?: string };
      throw new Error(
        `apt-get ${words.join(" ")}, for Debian ${release} from ${uri}, failed: ${stderr.trim()}`,
        { cause },
      );
    }
  };
  await aptGet("update");
  await aptGet("download", ...packages);
}
