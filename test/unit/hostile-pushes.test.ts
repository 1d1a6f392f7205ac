// Ten thousand pushes and requests that nobody should have sent, through the code that dispatch runs: none starts a roll.
import fc from "fast-check";
import { EventError } from "../../shared/events/error.ts";
import { parseRollRequest } from "../../shared/flows/roll-request.ts";
import { enveloped, hostile, junk, orJunk, refuseOrIgnore, setUp } from "./hostile-dispatch.ts";

const digest = (character: string): string => `sha256:${character.repeat(64)}`;
const REPOSITORIES = ["hive-tomcat", "hive-nginx", "hive-team/web_1.a", "other-team", "hive"];
const DIGESTS = [digest("0"), digest("a"), digest("f")];
const ROLL_TAGS = ["latest", "1.4.2", "v3"];
const OTHER_TAGS = ["dev", "1.4.2-rc1", "latest-arm64", "LATEST", "_", "0x10"];

const pushDetail = fc.record(
  {
    result: orJunk(fc.constantFrom("SUCCESS", "FAILURE")),
    "action-type": orJunk(fc.constantFrom("PUSH", "PUSH", "DELETE")),
    "repository-name": orJunk(fc.constantFrom(...REPOSITORIES)),
    "image-digest": orJunk(fc.constantFrom(...DIGESTS)),
    "image-tag": orJunk(fc.constantFrom(...ROLL_TAGS, ...OTHER_TAGS)),
    "manifest-media-type": junk,
    "artifact-media-type": junk,
  },
  { requiredKeys: ["result", "action-type", "repository-name"] },
);
const requestDetail = fc.record(
  {
    repository: orJunk(fc.constantFrom(...REPOSITORIES)),
    image: orJunk(fc.constantFrom(...DIGESTS, ...ROLL_TAGS, ...OTHER_TAGS)),
    service: orJunk(fc.constantFrom("", "hive-tomcat", "shop_hive.web-1")),
    why: orJunk(fc.constant("slow")),
    dryRun: orJunk(fc.boolean()),
    token: junk,
  },
  { requiredKeys: ["repository", "image"] },
);
const anyPush = enveloped(["aws.ecr"], ["ECR Image Action"], pushDetail);
const anyRequest = enveloped(["hive-swarm"], ["Roll Requested"], requestDetail);

type Text = Record<string, unknown>;
const isText = (value: unknown, among: readonly string[]): boolean => among.some((one) => one === value);
const ours = REPOSITORIES.filter((name) => name.startsWith("hive-"));

/** What looks right in every member that counts: those are the roll's to judge, by registry and service. */
const looksGenuine = (event: unknown): boolean => {
  const { source, "detail-type": type, detail } = (event ?? {}) as Text;
  const said = (detail ?? {}) as Text;
  if (source === "aws.ecr" && type === "ECR Image Action")
    return (
      said.result === "SUCCESS" &&
      said["action-type"] === "PUSH" &&
      isText(said["repository-name"], ours) &&
      isText(said["image-digest"], DIGESTS) &&
      typeof said["image-tag"] === "string" &&
      // Chance finds `3`, which is a version.
      /^(latest|v?[0-9]+([.][0-9]+)*)$/.test(said["image-tag"])
    );
  const { why = "", dryRun = false, service = "" } = said;
  return (
    source === "hive-swarm" &&
    type === "Roll Requested" &&
    Object.keys(said).every((key) => ["repository", "image", "service", "why", "dryRun"].includes(key)) &&
    isText(said.repository, ours) &&
    // Any tag will do: the registry knows whether there is such an image.
    typeof said.image === "string" &&
    (DIGESTS.includes(said.image) || /^\w[\w.-]{0,127}$/.test(said.image)) &&
    typeof service === "string" &&
    /^([A-Za-z0-9][\w.-]{0,62})?$/.test(service) &&
    typeof why === "string" &&
    why.length <= 500 &&
    typeof dryRun === "boolean"
  );
};

describe("a push, or a request for a roll, that nobody should have sent", () => {
  it("is refused with an error that says why, or ignored, ten thousand times; no roll ever starts", async () => {
    const events = fc.oneof({ weight: 3, arbitrary: anyPush }, { weight: 1, arbitrary: anyRequest });
    const calls = await refuseOrIgnore(events, looksGenuine);
    // Nothing was asked either: whatever is no roll of ours is known by the event alone.
    expect(calls).toEqual([]);
  }, 60_000);
});

describe("a push that looks genuine, whoever sent it", () => {
  it("starts the one roll of that digest, with nothing of the event in its payload but repository and digest", async () => {
    const genuine = fc.record({
      source: fc.constant("aws.ecr"),
      "detail-type": fc.constant("ECR Image Action"),
      account: hostile,
      region: hostile,
      time: hostile,
      resources: fc.array(hostile),
      detail: fc.record({
        result: fc.constant("SUCCESS"),
        "action-type": fc.constant("PUSH"),
        "repository-name": fc.constantFrom(...ours),
        "image-digest": fc.constantFrom(...DIGESTS),
        "image-tag": fc.constantFrom(...ROLL_TAGS),
        "manifest-media-type": hostile,
        "artifact-media-type": hostile,
        registry: hostile,
        __proto__: hostile,
      }),
    });
    await fc.assert(
      fc.asyncProperty(genuine, async (event) => {
        const { calls, send } = setUp();
        const outcome = await send(event);
        const { "repository-name": repository, "image-digest": image } = event.detail;
        const writes = calls.filter(({ operation }) => operation !== "ListDurableExecutionsByFunction");
        const name = expect.stringMatching(/^roll-[a-z0-9-]+-(0{16}|a{16}|f{16})-0$/);
        expect(outcome).toEqual({ answer: { started: name, function: "roll-service" } });
        expect(writes.map(({ input }) => input)).toEqual([
          {
            FunctionName: "roll-service",
            Qualifier: "durable",
            InvocationType: "Event",
            DurableExecutionName: name,
            Payload: JSON.stringify({ trigger: "push", repository, digest: image }),
          },
        ]);
      }),
      { numRuns: 1_000 },
    );
  }, 60_000);
});

describe("the payload that somebody starts a roll with by hand", () => {
  it("is refused, or names a repository and an image of the form that Docker gives them; never anything else", () => {
    const payload = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          trigger: orJunk(fc.constantFrom("push", "person")),
          repository: orJunk(fc.constantFrom(...REPOSITORIES)),
          digest: orJunk(fc.constantFrom(...DIGESTS)),
          image: orJunk(fc.constantFrom(...DIGESTS, ...ROLL_TAGS)),
          service: orJunk(fc.constantFrom("", "web")),
          why: orJunk(fc.constant("")),
          dryRun: orJunk(fc.boolean()),
        },
        { requiredKeys: ["trigger", "repository"] },
      ),
      fc.record({
        trigger: fc.constant("push"),
        repository: orJunk(fc.constantFrom(...REPOSITORIES)),
        digest: orJunk(fc.constantFrom(...DIGESTS)),
      }),
    );
    const seen = { refused: 0, taken: 0 };
    fc.assert(
      fc.property(payload, (given) => {
        try {
          const request = parseRollRequest(given);
          seen.taken++;
          expect(request.repository).toMatch(/^[a-z0-9][a-z0-9._/-]{1,255}$/);
          const image = request.trigger === "push" ? request.digest : request.image;
          expect(image).toMatch(/^(sha256:[0-9a-f]{64}|\w[\w.-]{0,127})$/);
          if (request.trigger === "push") expect(image).toContain("sha256:");
          else expect(request.service).toMatch(/^[\w.-]{0,63}$/);
        } catch (error) {
          expect(error).toBeInstanceOf(EventError);
          seen.refused++;
        }
      }),
      { numRuns: 3_000 },
    );
    expect(Math.min(seen.refused, seen.taken)).toBeGreaterThan(100);
  });
});
