import { isTransient } from "../../shared/aws/errors.ts";
import { membershipOf } from "../../shared/aws/load-balancing.ts";
import { versionAtLeast } from "../../shared/aws/run-command.ts";

describe("an instance at the Classic ELB", () => {
  it.each([
    ["InService", "N/A", "in-service"],
    ["InService", "Instance deregistration currently in progress.", "draining"],
    ["OutOfService", "Instance is not currently registered with the LoadBalancer.", "not-registered"],
    ["OutOfService", "Instance registration is still in progress.", "out-of-service"],
    [
      "OutOfService",
      "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.",
      "out-of-service",
    ],
    ["Unknown", "A transient error occurred. Please try again later.", "out-of-service"],
  ])("that is %s with %j is %s", (state, description, standing) => {
    expect(membershipOf(state, description).standing).toBe(standing);
  });
});

describe("an error of AWS", () => {
  it.each([
    [{ name: "Throttling" }, true],
    [{ name: "ThrottlingException" }, true],
    [{ name: "Anything", $metadata: { httpStatusCode: 503 } }, true],
    [{ name: "Error", code: "ECONNREFUSED" }, true],
    [{ name: "ValidationError", $metadata: { httpStatusCode: 400 } }, false],
    [{ name: "AccessDenied", $metadata: { httpStatusCode: 403 } }, false],
    ["text", false],
    [undefined, false],
  ])("%j passes by itself: %s", (error, transient) => {
    expect(isTransient(error)).toBe(transient);
  });
});

describe("the agent's version", () => {
  it.each([
    ["3.3.2746.0", true],
    ["3.3.2747.0", true],
    ["3.4.0.0", true],
    ["4.0", true],
    ["3.3.2745.9", false],
    ["3.2.9999.0", false],
    ["3.3", false],
    ["", false],
    ["latest", false],
  ])("%s is new enough for 3.3.2746.0: %s", (version, enough) => {
    expect(versionAtLeast(version, "3.3.2746.0")).toBe(enough);
  });
});
