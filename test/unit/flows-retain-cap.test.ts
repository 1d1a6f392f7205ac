// Who of many retirements that cannot ship their logs may decide to be kept, and when.
import fc from "fast-check";
import { mayDecide } from "../../shared/flows/unshipped.ts";

const MINUTE = 60_000;

describe("a retirement that would be kept", () => {
  const facts = { retained: 0, cap: 2, ahead: 0, waitedMillis: 0 };

  it.each([
    ["is among the first, for which places are free", { ahead: 1 }, true],
    ["would take a place that belongs to others", { ahead: 2 }, false],
    ["would take the last place, and another one is ahead", { retained: 1, ahead: 1 }, false],
    ["cannot be kept any more, whoever is ahead", { retained: 2, ahead: 50 }, true],
    ["cannot be kept at all", { cap: 0, ahead: 50 }, true],
    ["waited a minute for the one ahead of it", { ahead: 2, waitedMillis: MINUTE }, true],
    ["waited a minute, and two are ahead", { ahead: 3, waitedMillis: MINUTE }, false],
    ["waited a quarter of an hour", { ahead: 50, waitedMillis: 15 * MINUTE }, true],
  ])("%s: with %j it may decide: %s", (_who, more, expected) => {
    expect(mayDecide({ ...facts, ...more })).toBe(expected);
  });

  it("is never one of more than there are free places, where all have just come and see the same", () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(10), fc.nat(10), (waiting, cap, kept) => {
        const retained = Math.min(kept, cap);
        fc.pre(retained < cap);
        const deciding = Array.from({ length: waiting }, (_, ahead) =>
          mayDecide({ retained, cap, ahead, waitedMillis: 0 }),
        ).filter(Boolean);
        expect(deciding).toHaveLength(Math.min(waiting, cap - retained));
      }),
    );
  });
});
