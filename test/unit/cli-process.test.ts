// The command line tool as a process: its streams, its exit codes, and Ctrl-C while AWS does not answer.
import { spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

let server: Server;
let asked = 0;

beforeAll(async () => {
  // Takes each request, and never answers.
  server = createServer(() => {
    asked++;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** @param endWhen Ctrl-C once standard error has said this */
const hiveSwarm = (words: readonly string[], endWhen?: RegExp): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    const env = {
      PATH: process.env.PATH ?? "",
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: "key",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_DEFAULT_REGION: "ap-northeast-1",
    };
    const child = spawn(process.execPath, ["cli/main.ts", ...words], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
        if (endWhen?.test(said.stderr)) child.kill("SIGINT");
      });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...said }));
  });

it("prints its help, and ends with 0", async () => {
  const { code, stdout, stderr } = await hiveSwarm(["help"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("npm run -s hive-swarm -- COMMAND");
});

it("refuses a command that it does not know with 2, before anything is asked", async () => {
  const { code, stdout, stderr } = await hiveSwarm(["rolback", "hive-web"]);
  expect({ code, stdout, asked }).toEqual({ code: 2, stdout: "", asked: 0 });
  expect(stderr).toContain("Did you mean rollback?");
});

it("shows that it waits, and says at Ctrl-C how to find the roll again, with 130", async () => {
  const words = ["roll", "hive-tomcat:1.4.2", "--json", "--service", "hive-web"];
  const { code, stdout, stderr } = await hiveSwarm(words, /is asked/);
  expect({ code, stdout, asked }).toEqual({ code: 130, stdout: "", asked: 1 });
  expect(stderr).toMatch(/^ +[\d.]+s {2}… hive-swarm-dev-dispatch in ap-northeast-1 is asked \(\d s\)\n/);
  expect(stderr).toContain(
    "A roll may have begun. This finds it, or begins it:\n  npm run -s hive-swarm -- roll hive-tomcat:1.4.2 --service hive-web --json\n",
  );
}, 20_000);
