import { PauseError, parsePause, pauseText } from "../../shared/fleet/pause.ts";

const NAME = "/hive-swarm/hive/pause";
const PAUSE = { why: "moving the registry", by: "ann@desk", at: "2026-01-01T00:00:00.000Z" };

describe("a pause", () => {
  it("says who paused, when and why; what a newer version adds is left out", () => {
    const pause = parsePause(NAME, JSON.stringify({ ...PAUSE, until: "tomorrow" }));
    expect(pause).toEqual(PAUSE);
    expect(pauseText(pause)).toBe("paused since 2026-01-01T00:00:00.000Z by ann@desk: moving the registry");
  });

  it.each([
    ["no JSON", "it is no JSON"],
    ["null", "it: "],
    ["[]", "it: "],
    [JSON.stringify({ ...PAUSE, why: "" }), "why: "],
    [JSON.stringify({ ...PAUSE, why: "x".repeat(501) }), "why: "],
    [JSON.stringify({ ...PAUSE, by: undefined }), "by: "],
    [JSON.stringify({ ...PAUSE, at: "2026-01-01" }), "at: "],
  ])("that is %s is an error that names the parameter, what is wrong, and the way out", (text, problem) => {
    const parse = () => parsePause(NAME, text);
    expect(parse).toThrow(PauseError);
    expect(parse).toThrow(`the parameter ${NAME} is there`);
    expect(parse).toThrow(problem);
    expect(parse).toThrow("hive-swarm resume");
  });
});
