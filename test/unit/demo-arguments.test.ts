// The command line of the sandbox: what it takes, and that it refuses everything else.
import { parseArguments } from "../../sandbox/cli/arguments.ts";
import { nearest, UsageError } from "../../sandbox/cli/options.ts";

describe("the command line of the sandbox", () => {
  it("starts one manager and one worker, the balancer attached, when nothing is said", () => {
    expect(parseArguments(["up"])).toEqual({
      command: "up",
      managers: 1,
      workers: 1,
      attached: true,
      heartbeatSeconds: 60,
      engine: undefined,
      dropEvents: false,
      repairEverySeconds: undefined,
      settings: {},
    });
  });

  it("takes what it is told", () => {
    const words =
      "up --managers 3 --workers=2 --not-attached --heartbeat 30 --drop-events --set A_B=c=d --set E=".split(
        " ",
      );
    expect(parseArguments(words)).toMatchObject({
      managers: 3,
      workers: 2,
      attached: false,
      heartbeatSeconds: 30,
      dropEvents: true,
      repairEverySeconds: 10,
      settings: { A_B: "c=d", E: "" },
    });
  });

  it.each([
    ["a command that does not exist", "start"],
    ["a flag that does not exist", "up --worker 2"],
    ["a word that is no flag", "up 3"],
    ["no manager", "up --managers 0"],
    ["half a worker", "up --workers 0.5"],
    ["a negative number", "up --workers=-1"],
    ["a missing number", "up --workers"],
    ["a heartbeat that AWS would refuse", "up --heartbeat 29"],
    ["contradictory flags", "up --attached --not-attached"],
    ["a repair at every moment", "up --repair-every 0"],
    ["a setting without a value", "up --set NAME"],
    ["flags of another command", "down --json"],
  ])("refuses %s", (_what, line) => {
    expect(() => parseArguments(line.split(" "))).toThrow(UsageError);
  });

  it.each([
    ["up --worker 2", "There is no option --worker: did you mean --workers?"],
    ["up --mangers 2", "There is no option --mangers: did you mean --managers?"],
    ["up --nonsense", "There is no option --nonsense."],
    ["statsu", 'There is no command "statsu": it is up, status, push or down. Did you mean status?'],
    ["start", 'There is no command "start": it is up, status, push or down.'],
  ])("says of %s what is wrong, and what was probably meant", (line, message) => {
    expect(() => parseArguments(line.split(" "))).toThrow(expect.objectContaining({ message }));
  });

  it("takes a word for a misspelt one only when it is near", () => {
    expect(nearest("attach", ["not-attached", "attached"])).toBe("attached");
    expect(nearest("se", ["set", "engine"])).toBe("set");
    expect(nearest("", ["attached"])).toBeUndefined();
  });

  it.each([[], ["help"], ["--help"], ["up", "--help"], ["down", "-h"]])(
    "shows help for %j",
    (...words: string[]) => {
      expect(parseArguments(words)).toEqual({ command: "help" });
    },
  );
});
