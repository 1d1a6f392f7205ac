// The verdict of the demonstration: each promise that is broken is named, and nothing passes by not happening.
import fc from "fast-check";
import { type HookReport, judge, LAUNCHING, type Measured, TERMINATING } from "../../sandbox/demo/report.ts";

const hook = (more: Partial<HookReport> = {}): HookReport => ({
  instanceId: "i-00000000000000001",
  transition: LAUNCHING,
  hook: "join",
  result: "CONTINUE",
  completions: 1,
  seconds: 4,
  ...more,
});

const flawless: Measured = {
  seconds: 100,
  phases: [],
  requests: { sent: 5000, failed: 0, reasons: {}, slowestMilliseconds: 12 },
  logLines: { written: 5000, shipped: 5000, lost: [] },
  hooks: [hook(), hook({ transition: TERMINATING, hook: "retire" })],
  flows: [],
};
const expected = { launches: 1, terminations: 1 };

describe("the verdict of the demonstration", () => {
  it("passes when every promise was kept", () => {
    expect(judge(flawless, expected)).toMatchObject({ passed: true, broken: [] });
  });

  it("fails for a single failed request and says why it failed", () => {
    const requests = { ...flawless.requests, failed: 1, reasons: { "status 503": 1 } };
    const report = judge({ ...flawless, requests }, expected);
    expect(report.passed).toBe(false);
    expect(report.broken).toEqual(["1 of 5000 requests failed: 1 × status 503."]);
  });

  it("fails for a single lost line and shows it", () => {
    const logLines = { written: 5000, shipped: 4999, lost: ["i-1/a.log: line 7"] };
    const report = judge({ ...flawless, logLines }, expected);
    expect(report.broken).toEqual([
      "1 of 5000 log lines did not reach the collector. For example: i-1/a.log: line 7",
    ]);
  });

  it.each([0, 2])("fails when a hook was completed %i times", (completions) => {
    const hooks = [hook({ completions }), hook({ transition: TERMINATING })];
    expect(judge({ ...flawless, hooks }, expected).broken).toEqual([
      `The join hook of i-00000000000000001 was completed ${completions} times, not once.`,
    ]);
  });

  it("fails when a hook ended with ABANDON", () => {
    const hooks = [hook({ result: "ABANDON" }), hook({ transition: TERMINATING })];
    expect(judge({ ...flawless, hooks }, expected).broken).toEqual([
      "The join hook of i-00000000000000001 ended with ABANDON.",
    ]);
  });

  it("fails when nothing happened: no requests, no lines, no hooks", () => {
    const nothing: Measured = {
      ...flawless,
      requests: { sent: 0, failed: 0, reasons: {}, slowestMilliseconds: 0 },
      logLines: { written: 0, shipped: 0, lost: [] },
      hooks: [],
    };
    expect(judge(nothing, expected).broken).toHaveLength(4);
  });

  it("passes only if no request failed, no line was lost and each hook was completed once", () => {
    fc.assert(
      fc.property(
        fc.nat(3),
        fc.nat(3),
        fc.array(fc.record({ completions: fc.nat(2), result: fc.constantFrom("CONTINUE", "ABANDON") })),
        (failed, lost, outcomes) => {
          const hooks = outcomes.map((outcome) => hook(outcome));
          const report = judge(
            {
              ...flawless,
              requests: {
                sent: 10,
                failed,
                reasons: failed > 0 ? { timeout: failed } : {},
                slowestMilliseconds: 1,
              },
              logLines: { written: 10, shipped: 10 - lost, lost: Array<string>(lost).fill("a line") },
              hooks,
            },
            { launches: hooks.length, terminations: 0 },
          );
          const kept =
            failed === 0 &&
            lost === 0 &&
            hooks.every((one) => one.completions === 1 && one.result === "CONTINUE");
          expect(report.passed).toBe(kept);
        },
      ),
    );
  });
});
