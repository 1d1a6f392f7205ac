import { readFileSync } from "node:fs";
import { EventError } from "../../shared/events/error.ts";
import { parseEvent } from "../../shared/events/parse.ts";
import { parseRollRequest } from "../../shared/flows/roll-request.ts";

const sample = JSON.parse(readFileSync("events/roll-request.json", "utf8"));
const digest = `sha256:${"0a".repeat(32)}`;
const request = (detail: unknown) => ({ ...sample, detail });

describe("a person's request for a roll", () => {
  it("needs repository and image alone: all services, no reason, and in earnest", () => {
    expect(parseEvent(request({ repository: "hive-tomcat", image: digest }))).toEqual({
      kind: "roll-by-hand",
      repository: "hive-tomcat",
      image: digest,
      service: "",
      why: "",
      dryRun: false,
    });
  });

  it("may name one service, give a reason, and ask what would be done", () => {
    const detail = {
      repository: "hive-tomcat",
      image: "1.4.1",
      service: "shop_hive.web-1",
      why: "x".repeat(500),
      dryRun: true,
    };
    expect(parseEvent(request(detail))).toEqual({ kind: "roll-by-hand", ...detail });
  });

  it.each([
    ["no detail", undefined, /event: /],
    ["no repository", { image: "1.4.1" }, /repository: /],
    ["no image", { repository: "hive-tomcat" }, /image: /],
    ["a repository with a tag", { repository: "hive-tomcat:1", image: "1" }, /repository: not the name/],
    ["an image with a repository", { repository: "hive-tomcat", image: "hive-tomcat:1.4.1" }, /image: /],
    ["half a digest", { repository: "hive-tomcat", image: digest.slice(0, 40) }, /image: /],
    ["an empty image", { repository: "hive-tomcat", image: "" }, /image: /],
    ["a service with a space", { repository: "hive-tomcat", image: "1", service: "a b" }, /service: /],
    ["a service that is an option", { repository: "hive-tomcat", image: "1", service: "--all" }, /service: /],
    ["a long service", { repository: "hive-tomcat", image: "1", service: "x".repeat(64) }, /service: /],
    ["a long reason", { repository: "hive-tomcat", image: "1", why: "x".repeat(501) }, /why: /],
    ["a dry run in words", { repository: "hive-tomcat", image: "1", dryRun: "yes" }, /dryRun: /],
    [
      "a member that nobody knows",
      { repository: "hive-tomcat", image: "1", force: true },
      /event: no member is called "force"/,
    ],
  ])("with %s is refused, naming what is wrong", (_what, detail, message) => {
    expect(() => parseEvent(request(detail))).toThrow(EventError);
    expect(() => parseEvent(request(detail))).toThrow(message);
    expect(() => parseEvent(request(detail))).toThrow(/^Cannot understand this request for a roll: /);
  });
});

describe("the payload of a roll", () => {
  const push = { trigger: "push", repository: "hive-tomcat", digest };
  const person = {
    trigger: "person",
    repository: "hive-tomcat",
    image: "1.4.1",
    service: "",
    why: "",
    dryRun: false,
  };

  it("is a push's repository and digest, or all that a person said", () => {
    expect(parseRollRequest(push)).toEqual(push);
    expect(parseRollRequest(person)).toEqual(person);
    expect(parseRollRequest({ ...person, image: digest, service: "web" })).toMatchObject({ image: digest });
  });

  it.each([
    ["nothing", undefined],
    ["no trigger", { repository: "hive-tomcat", digest }],
    ["another trigger", { ...push, trigger: "sweep" }],
    ["a push of a tag", { ...push, digest: "latest" }],
    ["a push with more than that", { ...push, tag: "latest" }],
    ["a push of no repository", { ...push, repository: "$(id)" }],
    ["a person's without a reason", { ...person, why: undefined }],
    ["a person's of all and one", { ...person, service: "*" }],
    ["a person's with more than that", { ...person, digest }],
    ["the event itself", sample],
  ])("is refused when it is %s", (_what, payload) => {
    expect(() => parseRollRequest(payload)).toThrow(EventError);
    expect(() => parseRollRequest(payload)).toThrow(/request for a roll \{trigger, repository, digest\}: /);
  });
});
