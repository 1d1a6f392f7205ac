// The control socket, as a shell reaches it: a list of arguments in, a result or a plain sentence out.
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { serveControl } from "../../sandbox/cloud/control.ts";
import type { Operations } from "../../sandbox/cloud/operations.ts";
import { Timeline } from "../../sandbox/cloud/timeline.ts";

const directory = mkdtempSync(join(tmpdir(), "hive-control-"));
const socketPath = join(directory, "control.sock");
const thawed: unknown[][] = [];

const ask = (path: string, body: string): Promise<{ status: number | undefined; answer: unknown }> =>
  new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method: "POST" }, (response) => {
      text(response).then(
        (answer) => resolve({ status: response.statusCode, answer: JSON.parse(answer) }),
        reject,
      );
    });
    asked.once("error", reject);
    asked.end(body);
  });

describe("the control socket", () => {
  let server: Awaited<ReturnType<typeof serveControl>>;
  beforeAll(async () => {
    const operations = { thaw: (...values: unknown[]) => void thawed.push(values) };
    server = await serveControl(
      socketPath,
      operations as unknown as Operations,
      new Timeline(join(directory, "t")),
    );
  });
  afterAll(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });

  it("takes a list of arguments, and none at all", async () => {
    expect(await ask("/thaw", '["i-1"]')).toEqual({ status: 200, answer: {} });
    expect(await ask("/thaw", "")).toEqual({ status: 200, answer: {} });
    expect(thawed).toEqual([["i-1"], []]);
  });

  it.each(['"i-1"', "null", "{}", "i-1"])("says of the body %s what it should be", async (body) => {
    expect(await ask("/thaw", body)).toEqual({
      status: 400,
      answer: {
        error: expect.stringMatching(/^The body of thaw must be its arguments as a JSON list, such as/),
      },
    });
  });

  it("says what it knows when asked for something else", async () => {
    expect(await ask("/fly", "[]")).toEqual({
      status: 400,
      answer: { error: 'The cloud knows no "fly"; it knows thaw' },
    });
  });
});
