// What the flow of an instance came to, in words.
import * as z from "zod/mini";
import type { Ending } from "../follow/narrate.ts";
import { parseJson } from "../follow/step-result.ts";
import { plain } from "../terminal/text.ts";

/** `good`: as it was meant. `left`: nothing failed, and it is not so. */
export interface End {
  standing: "good" | "left" | "bad";
  words: string;
}

const outcome = z.object({
  outcome: z.string(),
  state: z.optional(z.string()),
  nodeId: z.optional(z.string()),
  tasks: z.optional(z.number()),
  loadBalancer: z.optional(z.string()),
  step: z.optional(z.string()),
  cause: z.optional(z.string()),
  logs: z.optional(z.string()),
  details: z.optional(z.string()),
});

type Outcome = z.infer<typeof outcome>;

export const endOfInstance = (ending: Ending): End => {
  if (ending.kind !== "succeeded")
    return { standing: "bad", words: `its flow ${ending.kind}: ${plain(ending.because)}` };
  const parsed = outcome.safeParse(parseJson(ending.result));
  if (!parsed.success) return { standing: "bad", words: "its flow ended, and its report cannot be read" };
  const { standing, words } = inWords(parsed.data);
  return { standing, words: plain(words) };
};

/** Log lines that went with the machine. */
const LOSSES = ["partly rescued", "given up", "died with the host"];

const inWords = (end: Outcome): End => {
  const { state = "gone", details = "" } = end;
  switch (end.outcome) {
    case "joined":
      return { standing: "good", words: joined(end) };
    case "prepared":
      return { standing: "good", words: "prepared for the warm pool" };
    case "retired": {
      const logs = end.logs ?? "";
      const said = details && `: ${details}`;
      if (LOSSES.includes(logs)) return { standing: "bad", words: `retired, logs ${logs}${said}` };
      return { standing: "good", words: `retired, logs: ${logs || "not told"}` };
    }
    case "retained":
      return { standing: "bad", words: `kept, its logs could not be shipped: ${details}` };
    case "abandoned":
      return { standing: "bad", words: `abandoned at "${end.step ?? ""}": ${end.cause ?? ""}` };
    case "failed":
      return {
        standing: "bad",
        words: `failed at "${end.step ?? ""}", and it stays as it is: ${end.cause ?? ""}`,
      };
    case "ignored":
      return { standing: "left", words: `nothing was done: the instance is ${state}` };
    case "overtaken":
      return { standing: "left", words: `overtaken: the instance is ${state} now` };
    default:
      return { standing: "left", words: end.outcome };
  }
};

const joined = ({ nodeId = "", tasks, loadBalancer = "none" }: Outcome): string =>
  [
    `joined${nodeId && ` as node ${nodeId}`}`,
    ...(tasks === undefined ? [] : [`${tasks} task${tasks === 1 ? "" : "s"}`]),
    ...(loadBalancer === "none" ? [] : [`load balancer: ${loadBalancer}`]),
  ].join(", ");
