// The Debian packages that the sandbox runs on: installs those that are missing, without starting their services.

import { execFile, spawn } from "node:child_process";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Each with what it is for. */
const packages: Readonly<Record<string, string>> = {
  "docker.io": "a real Docker daemon in each instance",
  iptables: "the daemons' published ports",
  "docker-registry": "the registry behind ECR",
  haproxy: "the load balancer",
  iproute2: "the instances' network",
  "busybox-static": "the demo service's image",
  awscli: "the `aws` command",
  curl: "signed calls from the documents' scripts",
  shellcheck: "checking the scripts",
  bats: "testing the scripts",
};

/** dpkg asks this program before it starts a package's service; 101 says no. */
const policyFile = "/usr/sbin/policy-rc.d";
const policy =
  "#!/bin/sh\n# Written by hive-swarm's sandbox for the time of one installation; may be removed.\nexit 101\n";

/**
 * Makes sure that all packages are there.
 * @param log receives one line for each thing done; nothing when nothing is missing
 * @throws when something is missing and cannot be installed: not Debian, not root, or apt-get failed
 */
export async function ensurePackages(log: (line: string) => void): Promise<void> {
  const missing = await missingPackages();
  if (missing.length === 0) return;
  const list = missing.join(" ");
  if (process.getuid?.() !== 0) {
    throw new Error(`Debian packages are missing, and only root can install them: apt-get install ${list}`);
  }
  for (const name of missing) log(`Installing the Debian package ${name}: ${packages[name]}`);
  await withoutServices(async () => {
    const install = ["install", "--yes", "--no-install-recommends", ...missing];
    // The lists may be old or, in a container, not there at all; fetching them takes a while, so only when needed.
    const refused = await aptGet(install).then(
      () => undefined,
      (error: Error) => error,
    );
    if (refused === undefined) return;
    log(`apt-get did not find them: ${/^E: .*$/m.exec(refused.message)?.[0] ?? refused.message}`);
    log("Fetching Debian's package lists (apt-get update)");
    await aptGet(["update"]);
    await aptGet(install);
  });
  const still = await missingPackages();
  if (still.length > 0) throw new Error(`apt-get succeeded, but these are not installed: ${still.join(" ")}`);
}

async function missingPackages(): Promise<string[]> {
  const names = Object.keys(packages);
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
