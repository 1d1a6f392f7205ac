import fc from "fast-check";
import { judgeRescue, logDirectories } from "../../shared/flows/rescue.ts";
import { whyNotRetain } from "../../shared/flows/unshipped.ts";
import { heartbeatDueMillis, pauseSeconds } from "../../shared/flows/watch.ts";
import { sameNeeds } from "../../shared/swarm/needs.ts";

describe("the pause between two looks", () => {
  it("begins with a second and slows down, so that two days fit into an execution's 3,000 operations", () => {
    let waited = 0;
    let looks = 0;
    while (waited < 172_800_000) {
      looks++;
      waited += pauseSeconds(looks, waited) * 1000;
    }
    expect(pauseSeconds(1, 0)).toBe(1);
    expect(looks).toBeLessThan(2_000);
  });

  it("is never less than a second and never more than two minutes", () => {
    fc.assert(
      fc.property(fc.nat(5_000), fc.nat(172_800_000), (looks, waited) => {
        const pause = pauseSeconds(looks, waited);
        expect(pause).toBeGreaterThanOrEqual(1);
        expect(pause).toBeLessThanOrEqual(120);
      }),
    );
  });
});

describe("a heartbeat", () => {
  it("is due before half of the timeout has passed", () => {
    for (const timeout of [30, 300, 3600, 7200]) {
      expect(heartbeatDueMillis(timeout)).toBeLessThan((timeout * 1000) / 2);
    }
  });
});

describe("a machine whose logs were not shipped", () => {
  const may = { everActive: true, dying: false, groupRetains: true, retained: 0, cap: 1 };
  it.each([
    ["is taken back by EC2", { dying: true }, /in any case/],
    ["was never active", { everActive: false }, /never active/],
    ["is in a group that does not retain", { groupRetains: false }, /does not retain/],
    ["would be one too many", { retained: 1 }, /cap is 1/],
  ])("is not kept when it %s", (_what, facts, reason) => {
    expect(whyNotRetain({ ...may, ...facts })).toMatch(reason);
  });
  it("is kept otherwise", () => {
    expect(whyNotRetain(may)).toBeUndefined();
  });
});

describe("a rescue", () => {
  const range = {
    path: "/x",
    encodedPath: "/x",
    device: "1",
    inode: "2",
    deleted: false,
    offset: 0,
    size: 9,
  };
  it("is one of everything when every range is there and no other is thinkable", () => {
    expect(judgeRescue({ ranges: [range], allKnown: true }, [])).toEqual({ rescued: "all" });
  });
  it.each([
    [
      "a range was gone from the host",
      { ranges: [range], allKnown: true },
      ["1:2:0:9"],
      /gone from the host/,
    ],
    [
      "there were more ranges than one command takes",
      { ranges: Array(401).fill(range), allKnown: true },
      [],
      /1 ranges more/,
    ],
    ["there may be ranges that nobody knows of", { ranges: [range], allKnown: false }, [], /not everything/],
  ])("is one of a part when %s", (_what, shipping, missing, because) => {
    expect(judgeRescue(shipping, missing)).toEqual({
      rescued: "part",
      because: expect.stringMatching(because),
    });
  });
});

describe("the directories of log globs", () => {
  it.each([
    ["/var/log/hive/*/*.log", ["/var/log/hive"]],
    ["/var/log/hive/*/*.log /var/log/hive/*/*.out", ["/var/log/hive"]],
    ["/var/log/app.log /srv/?/x.log", ["/var/log", "/srv"]],
    ["/*.log", ["/"]],
  ])("%s are %j", (globs, directories) => {
    expect(logDirectories(globs)).toEqual(directories);
  });
});

describe("what services need", () => {
  it("is the same in any order, and not when anything is missing or more", () => {
    const needs = { images: ["a@sha256:1", "b@sha256:2"], directories: ["/x"] };
    expect(sameNeeds(needs, { images: [...needs.images].reverse(), directories: ["/x"] })).toBe(true);
    expect(sameNeeds(needs, { images: ["a@sha256:1"], directories: ["/x"] })).toBe(false);
    expect(sameNeeds(needs, { ...needs, directories: ["/y"] })).toBe(false);
  });
});
