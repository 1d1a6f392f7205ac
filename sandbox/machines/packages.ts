// The Debian packages that the sandbox runs on: installs those that are missing, without starting their services.

import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Each with what it is for. */
const packages = {
  "docker.io": "a real Docker daemon in each instance",
  iptables: "the daemons' published ports",
  "docker-registry": "the registry behind ECR",
  haproxy: "the load balancer",
  iproute2: "the instances' network",
  "busybox-static": "the demo service's image",
  awscli: "the `aws` command",
  curl: "signed calls from the documents' scripts",
  jq: "what managers read and write of services",
  procps: "looking at processes",
  shellcheck: "checking the scripts",
} as const;

/** What only the tests of Hive's image need: whoever just wants to see a sandbox need not wait for a JDK. */
const imageParts = {
  tomcat10: "the base of Hive's image",
  "default-jdk-headless": "the same, and compiling the application that stands for Hive",
  "liblogback-java": "that application's log",
} as const;

const everything = { ...packages, ...imageParts };
export type PackageName = keyof typeof everything;
/** What the sandbox needs. */
export const everyPackage = Object.keys(packages) as PackageName[];
export const imagePackages = Object.keys(imageParts) as PackageName[];

/** Newer Debians have the `docker` command in a package of its own, which docker.io only recommends. */
const dockerCommand = { file: "/usr/bin/docker", package: "docker-cli", purpose: "the `docker` command" };

/** dpkg asks this program before it starts a package's service; 101 says no. */
const policyFile = "/usr/sbin/policy-rc.d";
const policy =
  "#!/bin/sh\n# Written by hive-swarm's sandbox for the time of one installation; may be removed.\nexit 101\n";

/**
 * Makes sure that the packages are there.
 * @param log receives one line for each thing done; nothing when nothing is missing
 * @param wanted all that the sandbox needs, unless told otherwise
 * @throws when something is missing and cannot be installed: not Debian, not root, or apt-get failed
 */
export async function ensurePackages(
  log: (line: string) => void,
  wanted: readonly PackageName[] = everyPackage,
): Promise<void> {
  await installMissing(log, Object.fromEntries(wanted.map((name) => [name, everything[name]])));
  if (wanted.includes("docker.io") && !existsSync(dockerCommand.file)) {
    await installMissing(log, { [dockerCommand.package]: dockerCommand.purpose });
  }
}

/** @param purposes each package with what it is for */
async function installMissing(
  log: (line: string) => void,
  purposes: Readonly<Record<string, string>>,
): Promise<void> {
  const missing = await missingOf(Object.keys(purposes));
  if (missing.length === 0) return;
  const list = missing.join(" ");
  if (process.getuid?.() !== 0) {
    throw new Error(`Debian packages are missing, and only root can install them: apt-get install ${list}`);
  }
  for (const name of missing) log(`Installing the Debian package ${name}: ${purposes[name]}`);
  await withoutServices(async () => {
    // Nothing that is there may go for it: another Docker, say, whose packages conflict with Debian's.
    const install = ["install", "--yes", "--no-remove", "--no-install-recommends", ...missing];
    // The lists may be old or, in a container, not there at all; fetching them takes a while, so only when needed.
    const refused = await aptGet(install).then(
      () => undefined,
      (error: Error) => error,
    );
    if (refused === undefined) return;
    log(`apt-get did not install them: ${/^E: .*$/m.exec(refused.message)?.[0] ?? refused.message}`);
    log("Fetching Debian's package lists (apt-get update)");
    await aptGet(["update"]);
    await aptGet(install);
  });
  const still = await missingOf(missing);
  if (still.length > 0) throw new Error(`apt-get succeeded, but these are not installed: ${still.join(" ")}`);
}

async function missingOf(names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  try {
    const format = `--showformat=\${Package} \${db:Status-Status}
`;
    // It exits with 1 when it does not know one of the names, and still prints the others.
    const { stdout } = await execute("dpkg-query", ["--show", format, ...names]).catch((error) => {
      if (error.code === 1) return { stdout: String(error.stdout) };
      throw error;
    });
    const installed = new Set(stdout.split("\n").filter((line) => line.endsWith(" installed")));
    return names.filter((name) => !installed.has(`${name} installed`));
  } catch (cause) {
    throw new Error(
      "The sandbox needs Debian or one of its kin (dpkg-query was not found or failed). " +
        `Elsewhere install by hand what these packages hold: ${names.join(" ")}`,
      { cause },
    );
  }
}

/** Somebody's own policy file is left alone: whoever has one has decided about services. */
async function withoutServices(install: () => Promise<void>): Promise<void> {
  const present = await readFile(policyFile, "utf8").catch((error) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  // One that a crash left behind is ours, and so is its removal.
  if (present !== undefined && present !== policy) return install();
  try {
    await writeFile(policyFile, policy);
    await chmod(policyFile, 0o755);
    await install();
  } finally {
    await rm(policyFile, { force: true });
  }
}

function aptGet(argv: string[]): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn("apt-get", ["-q", ...argv], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output = (output + text).slice(-4000);
      });
    }
    child.once("error", (cause) => failed(new Error("Could not run apt-get", { cause })));
    child.once("close", (code) => {
      if (code === 0) done();
      else failed(new Error(`apt-get ${argv.join(" ")} failed with ${code}:\n${output.trim()}`));
    });
  });
}
