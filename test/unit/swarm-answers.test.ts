import { activateAnswer, joinHostAnswer, parseAnswer, reportedFailure } from "../../shared/swarm/answers.ts";

describe("the answer of a document", () => {
  it("is its first line, whatever follows", () => {
    const stdout =
      '{"outcome":"active","tasks":"t1 t2","images":"r/hive:1@sha256:ab","directories":""}\nnoise {';
    expect(parseAnswer(activateAnswer, "activate-node", stdout)).toEqual({
      outcome: "active",
      tasks: ["t1", "t2"],
      images: ["r/hive:1@sha256:ab"],
      directories: [],
    });
  });

  it.each(["", "not json", "[]", '{"outcome":"joined"}', '{"outcome":"other"}', "null"])(
    "%j is refused with what was printed",
    (stdout) => {
      expect(() => parseAnswer(joinHostAnswer, "join-host", stdout)).toThrow(/answered something else/);
    },
  );

  it("can be a failure that names its step and cause", () => {
    const stdout = '{"failed":{"step":"pull","cause":"no \\"such\\" image"}}\n';
    expect(reportedFailure(stdout)).toEqual({ step: "pull", cause: 'no "such" image' });
    expect(reportedFailure('{"outcome":"joined"}')).toBeUndefined();
    expect(reportedFailure("")).toBeUndefined();
  });
});
