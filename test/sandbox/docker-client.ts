// The machine's own docker client, with an engine of the sandbox and a login of its own.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GetAuthorizationTokenCommand } from "@aws-sdk/client-ecr";
import type { Sandbox } from "../../sandbox/cli/session.ts";
import { addresses } from "../../sandbox/cloud/configuration.ts";

/**
 * @param on an instance; default: the first worker
 * @returns what it printed. @throws with all of it when it fails
 */
export const docker = async (
  { stateDirectory, workers }: Sandbox,
  words: readonly string[],
  { input = "", on }: { input?: string; on?: string } = {},
): Promise<string> => {
  const instanceId = on ?? (await workers())[0]?.instanceId ?? "";
  const socket = join(stateDirectory, "instances", instanceId, "docker.sock");
  const where = ["--config", join(stateDirectory, "docker"), "-H", `unix://${socket}`];
  return await new Promise((resolve, reject) => {
    // Images are built by the engine itself: not every client has BuildKit's plugin.
    const child = spawn("docker", [...where, ...words], { env: { ...process.env, DOCKER_BUILDKIT: "0" } });
    let printed = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
      });
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve(printed.trim()) : reject(new Error(`docker ${words.join(" ")}: ${printed}`)),
    );
    child.stdin.end(input);
  });
};

export const logIn = async (sandbox: Sandbox): Promise<void> => {
  const { authorizationData } = await sandbox.registry.send(new GetAuthorizationTokenCommand({}));
  const token = Buffer.from(authorizationData?.[0]?.authorizationToken ?? "", "base64").toString();
  const login = ["login", "--username", "AWS", "--password-stdin", addresses.registry];
  await docker(sandbox, login, { input: token.slice("AWS:".length) });
};

/** As if somebody had logged in with it: docker itself would not take a password that is refused. */
export const pretendLogIn = (sandbox: Sandbox, password: string): void => {
  const auth = Buffer.from(`AWS:${password}`).toString("base64");
  const config = JSON.stringify({ auths: { [addresses.registry]: { auth } } });
  mkdirSync(join(sandbox.stateDirectory, "docker"), { recursive: true });
  writeFileSync(join(sandbox.stateDirectory, "docker", "config.json"), config);
};
