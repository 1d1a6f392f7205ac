// The last way out for log lines that were not shipped: their byte ranges go to S3.
import { parseAnswer, rescueAnswer } from "../swarm/answers.ts";
import { failureOf, StepFailure } from "./failure.ts";
import { onHost } from "./host.ts";
import type { Shipping } from "./ship.ts";
import type { Hold } from "./watch.ts";

/** The hook is kept open for it, past the flow's own budget: gigabytes take their time. */
const RESCUE_SECONDS = 900;
/** What one command's parameter holds. */
const MOST_RANGES = 400;

export type Rescue =
  | { rescued: "all" }
  /** With the reason why it is not all. */
  | { rescued: "part" | "nothing"; because: string };

export const rescueLogs = async (hold: Hold, shipping: Shipping): Promise<Rescue> => {
  const { world, lease, flow } = hold;
  const ranges = shipping.ranges.slice(0, MOST_RANGES);
  if (ranges.length === 0) return { rescued: "nothing", because: "nothing is known of what was not shipped" };
  const now = await flow.step("rescue begins", async () => world.now());
  try {
    const answer = await onHost(hold, "rescue logs", {
      document: "rescue-logs",
      parameters: {
        bucket: world.config.rescueBucket ?? "",
        prefix: `${world.config.cluster}/${lease.action.instanceId}`,
        ranges: ranges
          .map(({ device, inode, offset, size }) => `${device}:${inode}:${offset}:${size}`)
          .join(" "),
        logDirectories: logDirectories(world.config.logGlobs).join(" "),
      },
      executionSeconds: RESCUE_SECONDS,
      deadline: Math.min(lease.globalDeadline, now + (RESCUE_SECONDS + 60) * 1000),
    });
    if (answer.kind !== "answered") return { rescued: "nothing", because: answer.cause };
    const { missing } = parseAnswer(rescueAnswer, "rescue-logs", answer.stdout);
    return judgeRescue(shipping, missing);
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    return { rescued: "nothing", because: failureOf(error).cause };
  }
};

/** A decision of data: is everything that was not shipped in the bucket? */
export const judgeRescue = (
  shipping: Pick<Shipping, "ranges" | "allKnown">,
  missing: readonly string[],
): Rescue => {
  const reasons = [
    ...(missing.length > 0
      ? [`${missing.length} ranges are gone from the host: ${missing.slice(0, 3).join(" ")}`]
      : []),
    ...(shipping.ranges.length > MOST_RANGES
      ? [`${shipping.ranges.length - MOST_RANGES} ranges more than one command takes`]
      : []),
    ...(shipping.allKnown ? [] : ["not everything that was unshipped is known"]),
  ];
  return reasons.length === 0 ? { rescued: "all" } : { rescued: "part", because: reasons.join("; ") };
};

/** The part of each glob before its first wildcard: `/var/log/hive/*\/*.log` → `/var/log/hive`. */
export const logDirectories = (globs: string): string[] => [
  ...new Set(
    globs
      .split(" ")
      .filter(Boolean)
      .map((glob) => glob.split("/").slice(0, -1))
      .map(
        (parts) =>
          parts
            .slice(
              0,
              [...parts, "*"].findIndex((part) => /[*?[]/.test(part)),
            )
            .join("/") || "/",
      ),
  ),
];
