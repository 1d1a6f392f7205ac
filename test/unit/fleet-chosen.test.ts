import type { Action, Plan } from "../../shared/fleet/actions.ts";
import { chooseActions } from "../../shared/fleet/chosen.ts";

const action = (kind: Action["kind"], subject: string, risk: Action["risk"] = "safe"): Action => ({
  kind,
  subject,
  reason: "seen",
  fact: "A1",
  risk,
});
const [join, drained, label, seen, kept] = [
  action("start-join", "i-01"),
  action("activate-node", "i-02", "person"),
  action("label-node", "i-03"),
  action("look-at", "i-04", "person"),
  action("look-at-kept", "i-05", "person"),
];
const plan: Plan = { takenAt: "now", holds: [], unknown: [], actions: [join, drained, label, seen, kept] };
const free = () => [];
const named = (...actions: Action[]) => ({
  actions: actions.map(({ kind, subject }) => ({ kind, subject })),
});

describe("what is chosen of a plan", () => {
  it("is nothing when nothing is to be applied", () => {
    expect(chooseActions(plan, false, free)).toEqual({ todo: [], left: [] });
  });

  it("is what is safe, in the plan's order, when nobody is asked", () => {
    expect(chooseActions(plan, "safe", free)).toEqual({ todo: [join, label], left: [] });
  });

  it("is what a person listed, in the plan's order and with what only a person may decide", () => {
    expect(chooseActions(plan, named(label, drained), free)).toEqual({ todo: [drained, label], left: [] });
  });

  it("is all of one name, when the plan has it twice", () => {
    const twice = { ...plan, actions: [label, { ...label, nodeId: "another" }] };
    expect(chooseActions(twice, named(label), free).todo).toHaveLength(2);
  });

  it("is nothing of which the new plan has no more, and that is said", () => {
    const { todo, left } = chooseActions(plan, named(join, action("remove-ghost", "i-09")), free);
    expect(todo).toEqual([join]);
    expect(left).toEqual([
      {
        kind: "remove-ghost",
        subject: "i-09",
        result: "not applied",
        details: expect.stringContaining("plan again"),
      },
    ]);
  });

  it("is never what a person has to look at, even if it is listed", () => {
    const { todo, left } = chooseActions(plan, named(seen, kept), free);
    expect(todo).toEqual([]);
    expect(left.map(({ kind, result, details }) => [kind, result, details])).toEqual(
      ["look-at", "look-at-kept"].map((kind) => [
        kind,
        "not applied",
        "a person has to look at it: there is nothing that a repair could do",
      ]),
    );
  });

  it.each<["safe" | "list", string[]]>([
    ["safe", ["label-node"]],
    ["list", ["activate-node", "label-node"]],
  ])("is nothing that is held (%s), and what holds it is said", (how, held) => {
    const holdsFor = (_plan: Plan, { kind }: Action) =>
      kind === "start-join" ? [] : ["no leader", "paused"];
    const asked = how === "safe" ? "safe" : named(join, drained, label);
    const { todo, left } = chooseActions(plan, asked, holdsFor);
    expect(todo).toEqual([join]);
    expect(left.map(({ kind, details }) => [kind, details])).toEqual(
      held.map((kind) => [kind, "held: no leader; paused"]),
    );
  });

  describe("join tokens", () => {
    const rotation = { kind: "rotate-tokens", subject: "swarm" };
    const onDemand = expect.objectContaining({ ...rotation, risk: "person", fact: "S7" });

    it("are rotated on a person's demand, whatever the plan says of their age", () => {
      expect(chooseActions(plan, { actions: [rotation] }, free)).toEqual({ todo: [onDemand], left: [] });
    });

    it("are rotated once where the plan has it as well, and never without being asked for", () => {
      const due = action("rotate-tokens", "swarm");
      const aged = { ...plan, actions: [due] };
      expect(chooseActions(aged, { actions: [rotation] }, free).todo).toEqual([due]);
      expect(chooseActions(plan, "safe", free).todo).toEqual([join, label]);
      expect(chooseActions(plan, { actions: [{ ...rotation, subject: "i-01" }] }, free).todo).toEqual([]);
    });

    it("are held as everything else is", () => {
      const { todo, left } = chooseActions(plan, { actions: [rotation] }, () => ["paused"]);
      expect([todo, left]).toEqual([[], [{ ...rotation, result: "not applied", details: "held: paused" }]]);
    });
  });
});
