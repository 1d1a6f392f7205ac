// What a roll came to for one service, in a line.
import type { Ending } from "../follow/narrate.ts";
import type { End } from "../instance/ends.ts";
import { plain } from "../terminal/text.ts";
import { imageCell } from "./image-names.ts";
import { parseReport } from "./report.ts";

/** @param service of several; one that the report does not name counts as all of them */
export const endOfRoll = (ending: Ending, service: string): End => {
  if (ending.kind !== "succeeded")
    return { standing: "bad", words: `its roll ${ending.kind}: ${plain(ending.because)}` };
  const outcomes = parseReport(ending.result)?.outcomes ?? [];
  const named = outcomes.filter((one) => one.service === service);
  const [outcome] = named.length > 0 ? named : outcomes;
  if (!outcome) return { standing: "bad", words: "its roll ended, and its report cannot be read" };
  const { outcome: end, runs, from, because, cause } = outcome;
  if (end === "converged")
    return { standing: "good", words: `converged: ${imageCell(from)} → ${imageCell(runs)}` };
  const words = plain(`${end}: ${cause?.text ?? because}`);
  return { standing: ["skipped", "superseded"].includes(end) ? "left" : "bad", words };
};
