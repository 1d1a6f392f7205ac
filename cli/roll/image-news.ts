// News of what comes before a service is touched: which image it is, who runs it, and which hosts hold it.
import * as z from "zod/mini";
import { isInstanceId } from "../../shared/identifiers.ts";
import { parseImage, shortImage } from "../../shared/rolls/image.ts";
import { surveyAnswer } from "../../shared/swarm/services.ts";
import { bad, counted, told } from "../follow/news.ts";
import { documentAnswer } from "../follow/step-result.ts";
import { repositoryName } from "./image-names.ts";
import type { Teller } from "./news.ts";

const image = z.object({
  kind: z.literal("image"),
  image: z.string(),
  pushedAt: z.string(),
  instead: z.string(),
});

const noImage = z.object({
  kind: z.string(),
  because: z.string(),
  cause: z.optional(z.object({ text: z.string() })),
});

/** Step `resolve image`. */
export const resolved: Teller = (value, known) => {
  const found = image.safeParse(value);
  if (found.success) {
    const { image: name, pushedAt, instead } = found.data;
    const { repository, tag, digest = "" } = parseImage(name);
    const pushed = pushedAt.slice(0, 16).replace("T", " ");
    const text = `${repositoryName(repository)}${tag ? `:${tag}` : ""} is ${digest.slice(0, 19)}, pushed ${pushed} UTC`;
    return [[told(instead ? `${text}; newer is ${instead}` : text)], known];
  }
  const none = noImage.safeParse(value);
  if (!none.success) return [[], known];
  const { kind, because, cause } = none.data;
  return [[bad(`${kind}: ${cause?.text ?? because}`)], known];
};

/** Step `survey services`. */
export const surveyed: Teller = (value, known) => {
  const answer = documentAnswer(value, surveyAnswer);
  if ("failed" in answer) return [[bad(`manager: ${answer.failed}`)], known];
  const { services, workers, unlabelled } = answer.gz;
  const runs = services.map((service) => `${service.name} (${shortImage(service.image)})`).join(", ");
  const news = [
    told(`${runs ? `run by ${runs}` : "run by no service"}; ${counted(workers.length, "worker")}`),
  ];
  if (unlabelled > 0)
    news.push(bad(`${counted(unlabelled, "worker")} without our label: nobody can have them pull the image`));
  const asked: readonly string[] = workers.filter(isInstanceId);
  return [news, { ...known, asked, held: known.held.filter((id) => asked.includes(id)) }];
};

const troubles = z.array(z.object({ instanceId: z.string(), cause: z.string() }));

/** Step `hosts hold image`: it names those that do not. */
export const pulled: Teller = (value, known) => {
  const parsed = troubles.safeParse(value);
  if (!parsed.success) return [[], known];
  const failed = parsed.data.map(({ instanceId }) => instanceId);
  const held = known.asked.filter((id) => !failed.includes(id));
  const text = `hosts hold the image: ${held.length} of ${known.asked.length}`;
  const causes = parsed.data.map(({ instanceId, cause }) => bad(`${instanceId}: ${cause}`));
  return [[failed.length > 0 ? bad(text) : told(text), ...causes], { ...known, held }];
};
