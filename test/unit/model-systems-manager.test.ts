// Systems Manager apart from Run Command: the instances it knows, and Parameter Store.
import { refusal } from "./model-fakes.ts";
import { A, B, fixture } from "./model-systems-manager-fixture.ts";

describe("DescribeInstanceInformation", () => {
  it("knows an instance from the moment its agent was online, and says when it is lost", () => {
    const { api, machines } = fixture();
    machines.boot("i-0c", { online: false });
    const seen = () =>
      (api.DescribeInstanceInformation({}).InstanceInformationList ?? []).map(
        ({ InstanceId, PingStatus }) => [InstanceId, PingStatus],
      );
    expect(seen()).toEqual([
      [A, "Online"],
      [B, "Online"],
    ]);
    machines.boot(A, { online: false });
    machines.kill(B);
    expect(seen()).toEqual([[A, "ConnectionLost"]]);
  });

  it("notices a lost connection only after a while, when told to", async () => {
    const { api, machines, clock } = fixture({ connectionLostAfterMs: 60_000 });
    const status = () =>
      api.DescribeInstanceInformation({ Filters: [{ Key: "InstanceIds", Values: [A] }] })
        .InstanceInformationList?.[0]?.PingStatus;
    expect(status()).toBe("Online");
    machines.boot(A, { online: false });
    await clock.advance(59_000);
    expect(status()).toBe("Online");
    await clock.advance(2000);
    expect(status()).toBe("ConnectionLost");
  });

  it("filters by id and by tag, in pages", async () => {
    const { api, machines } = fixture();
    for (let number = 0; number < 10; number++) machines.boot(`i-${number}`);
    const ids = (more: object) =>
      (api.DescribeInstanceInformation(more).InstanceInformationList ?? []).map(
        ({ InstanceId }) => InstanceId,
      );
    expect(ids({ Filters: [{ Key: "InstanceIds", Values: [A, "i-3"] }] })).toEqual([A, "i-3"]);
    expect(ids({ Filters: [{ Key: "tag:role", Values: ["worker"] }] })).toEqual([B]);
    expect(
      ids({ InstanceInformationFilterList: [{ key: "PingStatus", valueSet: ["ConnectionLost"] }] }),
    ).toEqual([]);
    const first = api.DescribeInstanceInformation({ MaxResults: 8 });
    expect(first.InstanceInformationList).toHaveLength(8);
    expect(ids({ MaxResults: 8, NextToken: first.NextToken })).toHaveLength(4);
    expect(await refusal(() => ids({ Filters: [{ Key: "Name", Values: ["x"] }] }))).toContain(
      "InvalidFilterKey",
    );
  });
});

describe("Parameter Store", () => {
  const token = "/hive/worker-token";

  it("keeps versions, and refuses to overwrite unless told to", async () => {
    const { api } = fixture();
    const put = (Value: string, Overwrite = false) =>
      api.PutParameter({ Name: token, Value, Type: "String", Overwrite });
    expect(put("one")).toEqual({ Version: 1, Tier: "Standard" });
    expect(await refusal(() => put("two"))).toContain("ParameterAlreadyExists");
    expect(put("two", true).Version).toBe(2);
    expect(api.GetParameter({ Name: token }).Parameter).toMatchObject({
      Value: "two",
      Version: 2,
      Type: "String",
    });
    expect(api.GetParameter({ Name: `${token}:1` }).Parameter).toMatchObject({
      Value: "one",
      Selector: ":1",
    });
    expect(await refusal(() => api.GetParameter({ Name: `${token}:3` }))).toContain(
      "ParameterVersionNotFound",
    );
  });

  it("shows a SecureString only decrypted", () => {
    const { api } = fixture();
    api.PutParameter({ Name: token, Value: "SWMTKN-secret", Type: "SecureString" });
    const value = (WithDecryption: boolean) =>
      api.GetParameter({ Name: token, WithDecryption }).Parameter?.Value;
    expect(value(true)).toBe("SWMTKN-secret");
    expect(value(false)).not.toContain("SWMTKN");
  });

  it("tells the history of a parameter, the oldest version first, in pages", async () => {
    const { api, clock } = fixture();
    for (let version = 1; version <= 70; version++) {
      api.PutParameter({ Name: token, Value: `v${version}`, Type: "String", Overwrite: true });
      await clock.advance(1000);
    }
    const first = api.GetParameterHistory({ Name: token });
    expect(first.Parameters).toHaveLength(50);
    expect(first.Parameters?.[0]).toEqual({
      Name: token,
      Type: "String",
      Value: "v1",
      Version: 1,
      LastModifiedDate: new Date("2026-01-01T00:00:00Z"),
      DataType: "text",
      Labels: [],
      Tier: "Standard",
      Policies: [],
    });
    const second = api.GetParameterHistory({ Name: token, NextToken: first.NextToken });
    expect(second.Parameters?.map(({ Version }) => Version)).toEqual(
      Array.from({ length: 20 }, (_, index) => 51 + index),
    );
    // "If there are no additional items to return, the string is empty."
    expect(second.NextToken).toBe("");
    expect(api.GetParameterHistory({ Name: token, MaxResults: 2 }).Parameters).toHaveLength(2);
    for (const MaxResults of [0, 51]) {
      expect(await refusal(() => api.GetParameterHistory({ Name: token, MaxResults }))).toContain(
        "ValidationException",
      );
    }
    expect(await refusal(() => api.GetParameterHistory({ Name: "/none" }))).toBe(
      "ParameterNotFound: Parameter /none not found.",
    );
    expect(await refusal(() => api.GetParameterHistory({ Name: token, NextToken: "x" }))).toContain(
      "InvalidNextToken",
    );
  });

  it("keeps a hundred versions; with the next one the oldest goes", async () => {
    const { api } = fixture();
    for (let version = 1; version <= 103; version++) {
      api.PutParameter({ Name: token, Value: `v${version}`, Type: "String", Overwrite: true });
    }
    const [oldest] = api.GetParameterHistory({ Name: token }).Parameters ?? [];
    expect(oldest).toMatchObject({ Version: 4, Value: "v4" });
    expect(api.GetParameter({ Name: token }).Parameter).toMatchObject({ Version: 103, Value: "v103" });
    expect(await refusal(() => api.GetParameter({ Name: `${token}:3` }))).toContain(
      "ParameterVersionNotFound",
    );
  });

  it("shows the versions of a SecureString only decrypted", () => {
    const { api } = fixture();
    api.PutParameter({ Name: token, Value: "SWMTKN-secret", Type: "SecureString" });
    const value = (WithDecryption: boolean) =>
      api.GetParameterHistory({ Name: token, WithDecryption }).Parameters?.[0]?.Value;
    expect(value(true)).toBe("SWMTKN-secret");
    expect(value(false)).not.toContain("SWMTKN");
  });

  it("answers several, and those below a path", () => {
    const { api } = fixture();
    for (const Name of ["/hive/a", "/hive/b", "/hive/deep/c", "/other"]) {
      api.PutParameter({ Name, Value: "x", Type: "String" });
    }
    const names = (found: { Name?: string | undefined }[] | undefined) => found?.map(({ Name }) => Name);
    const several = api.GetParameters({ Names: ["/hive/a", "/none"] });
    expect(names(several.Parameters)).toEqual(["/hive/a"]);
    expect(several.InvalidParameters).toEqual(["/none"]);
    expect(names(api.GetParametersByPath({ Path: "/hive" }).Parameters)).toEqual(["/hive/a", "/hive/b"]);
    expect(
      names(api.GetParametersByPath({ Path: "/hive/", Recursive: true, MaxResults: 2 }).Parameters),
    ).toEqual(["/hive/a", "/hive/b"]);
    expect(names(api.GetParametersByPath({ Path: "/hive", Recursive: true }).Parameters)).toHaveLength(3);
  });

  it("deletes, and finds nothing afterwards", async () => {
    const { api } = fixture();
    api.PutParameter({ Name: token, Value: "x", Type: "String" });
    api.DeleteParameter({ Name: token });
    expect(await refusal(() => api.GetParameter({ Name: token }))).toContain("ParameterNotFound");
    expect(await refusal(() => api.DeleteParameter({ Name: token }))).toContain("ParameterNotFound");
  });

  it("refuses more than 4096 bytes, and a value without a type", async () => {
    const { api } = fixture();
    const put = (Value: string) => api.PutParameter({ Name: token, Value, Type: "String" });
    expect(await refusal(() => put("x".repeat(4097)))).toContain("maximum parameter value of 4096");
    expect(await refusal(() => put("x".repeat(4096)))).toBe("accepted");
    expect(await refusal(() => api.PutParameter({ Name: "/new", Value: "x" }))).toContain("type is required");
  });
});
