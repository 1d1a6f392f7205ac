// The alarms' period out of the schedule's rate.
import { periodSeconds } from "../../cluster/repair-period.ts";

describe("the period between two repairs", () => {
  it.each([
    ["1 minute", 60],
    ["5 minutes", 300],
    ["1 hour", 3_600],
    ["6 hours", 21_600],
  ])("of a rate of %s is %i s", (rate, seconds) => expect(periodSeconds(rate)).toBe(seconds));

  it.each([
    "",
    "5",
    "0 minutes",
    "5 seconds",
    "-5 minutes",
    "5.5 minutes",
    "7 hours",
    "1 day",
    "cron(0 * * * ? *)",
  ])("is refused for a rate of %j, with the way to mend it", (rate) =>
    expect(() => periodSeconds(rate)).toThrow(
      `repairRate is ${JSON.stringify(rate)}: give it as EventBridge takes it, from "1 minute" to "6 hours"`,
    ),
  );
});
