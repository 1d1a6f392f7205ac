// The record of the swarm: two never claim it, and what cannot be read is never taken for nothing.
import { SSMClient } from "@aws-sdk/client-ssm";
import { claimRecord, readRecord, recordTokens } from "../../shared/flows/swarm-record.ts";
import type { InstanceId } from "../../shared/identifiers.ts";

const NAME = "/hive-swarm/hive/swarm";
const [ONE, OTHER] = ["i-0123456789abcdef0", "i-0123456789abcdef1"] as InstanceId[] as [
  InstanceId,
  InstanceId,
];
const NOON = Date.parse("2026-02-01T12:00:00Z");

/** Parameter Store with one parameter. */
const shelf = (value?: string) => {
  const store = { value };
  const systemsManager = new SSMClient({ region: "ap-northeast-1" });
  const fail = (name: string) => Object.assign(new Error(name), { name });
  systemsManager.send = (async ({ input }: { input: { Value?: string; Overwrite?: boolean } }) => {
    if (input.Value === undefined) {
      if (store.value === undefined) throw fail("ParameterNotFound");
      return { Parameter: { Value: store.value } };
    }
    if (store.value !== undefined && !input.Overwrite) throw fail("ParameterAlreadyExists");
    store.value = input.Value;
    return {};
  }) as SSMClient["send"];
  return { store, world: { systemsManager, config: { swarmParameter: NAME } } };
};

it("is not there before a swarm is formed", async () => {
  expect(await readRecord(shelf().world)).toBeUndefined();
});

it("names the first one that claims it, whoever else tries", async () => {
  const { world } = shelf();
  const claimed = { formedBy: ONE, at: "2026-02-01T12:00:00.000Z", tokensAt: "2026-02-01T12:00:00.000Z" };
  expect(await claimRecord(world, ONE, NOON)).toEqual(claimed);
  expect(await claimRecord(world, OTHER, NOON + 1)).toEqual(claimed);
  expect(await claimRecord(world, ONE, NOON + 2)).toEqual(claimed);
  expect(await readRecord(world)).toEqual(claimed);
});

it("tells when the tokens are new, and keeps who formed the swarm", async () => {
  const { world } = shelf();
  const record = await claimRecord(world, ONE, NOON);
  await recordTokens(world, record, NOON + 60_000);
  expect(await readRecord(world)).toEqual({ ...record, tokensAt: "2026-02-01T12:01:00.000Z" });
});

it.each(["", "{}", "i-0123456789abcdef0", '{"formedBy":"me","at":"2026-02-01T12:00:00Z","tokensAt":""}'])(
  "is no record, and not nothing, when it is %j",
  async (text) => {
    const { world } = shelf(text);
    await expect(readRecord(world)).rejects.toThrow(`Parameter ${NAME} holds no record of the swarm`);
    await expect(claimRecord(world, ONE, NOON)).rejects.toThrow("holds no record");
  },
);
