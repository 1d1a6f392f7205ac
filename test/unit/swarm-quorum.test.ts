import fc from "fast-check";
import { mayDemote, quorumAfter, quorumOf, type Voter } from "../../shared/swarm/quorum.ts";

const nodes = (reachable: number, unreachable = 0, workers = 0): Voter[] => [
  ...Array.from({ length: reachable }, (_, at) => manager(`up${at}`, "reachable")),
  ...Array.from({ length: unreachable }, (_, at) => manager(`dead${at}`, "unreachable")),
  ...Array.from(
    { length: workers },
    (_, at): Voter => ({ nodeId: `w${at}`, role: "worker", reachability: "" }),
  ),
];
const manager = (nodeId: string, reachability: string): Voter => ({ nodeId, role: "manager", reachability });

describe("quorum", () => {
  test.each([
    // reachable, unreachable, who goes: may it?
    [5, 0, "up0", true],
    [4, 1, "up0", true],
    [3, 2, "up0", false],
    [3, 2, "dead0", true],
    [3, 0, "up0", true],
    [2, 1, "up0", false],
    [2, 1, "dead0", true],
    [2, 0, "up0", true],
    [1, 0, "up0", false],
    // The quorum is lost already: whatever is written now waits for ever.
    [1, 1, "dead0", false],
    [1, 2, "dead0", false],
    [1, 1, "up0", false],
  ])("%i reachable, %i not, %s is demoted: %s", (reachable, unreachable, who, may) =>
    expect(mayDemote(nodes(reachable, unreachable, 2), who)).toBe(may),
  );

  test("says the numbers that a person needs", () => {
    expect(quorumOf(nodes(2, 1, 4))).toEqual({ managers: 3, reachable: 2, needed: 2, holds: true });
    expect(quorumAfter(nodes(2, 1, 4), ["up1"])).toEqual({
      managers: 2,
      reachable: 1,
      needed: 2,
      holds: false,
    });
    expect(quorumAfter(nodes(3), ["up0", "up1"])).toEqual({
      managers: 1,
      reachable: 1,
      needed: 1,
      holds: true,
    });
    expect(quorumOf(nodes(0, 0, 3))).toEqual({ managers: 0, reachable: 0, needed: 1, holds: false });
  });

  const world = fc.record({ up: fc.nat(9), dead: fc.nat(9), workers: fc.nat(3) });

  test("what is demoted one after the other, as long as it may be, never costs the quorum, and one manager stays", () => {
    fc.assert(
      fc.property(world, fc.infiniteStream(fc.nat(17)), ({ up, dead, workers }, picks) => {
        let left = nodes(up, dead, workers);
        fc.pre(quorumOf(left).holds);
        for (let turn = 0; turn < 40; turn++) {
          const voters = left.filter(({ role }) => role === "manager");
          const { nodeId } = voters[(picks.next().value ?? 0) % voters.length] ?? manager("", "");
          if (mayDemote(left, nodeId)) left = left.filter((node) => node.nodeId !== nodeId);
          expect(quorumOf(left)).toMatchObject({ holds: true });
        }
        expect(quorumOf(left).managers).toBeGreaterThan(0);
      }),
    );
  });

  test("where there is a quorum, a dead manager may always go, and its going never makes the margin smaller", () => {
    fc.assert(
      fc.property(world, ({ up, dead }) => {
        const before = nodes(up, dead + 1);
        fc.pre(quorumOf(before).holds);
        const after = quorumAfter(before, ["dead0"]);
        expect(mayDemote(before, "dead0")).toBe(true);
        expect(after.reachable - after.needed).toBeGreaterThanOrEqual(
          quorumOf(before).reachable - quorumOf(before).needed,
        );
      }),
    );
  });
});
