// Systems Manager apart from Run Command: the instances it knows, and Parameter Store; and ECR's login.
import { ContainerRegistry } from "../../sandbox/models/registry/container-registry.ts";
import { operator, refusal } from "./model-fakes.ts";
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

it("ECR's token is the user AWS with the issued password", async () => {
  const expiresAt = Date.UTC(2026, 0, 1, 12);
  const model = new ContainerRegistry({
    issue: ({ principal }) => ({ password: `for ${principal}`, expiresAt }),
    proxyEndpoint: "http://10.78.0.1:5000",
  });
  const { authorizationData } = await model.operations.GetAuthorizationToken({}, operator);
  expect(authorizationData).toEqual([
    {
      authorizationToken: Buffer.from("AWS:for operator").toString("base64"),
      expiresAt: new Date(expiresAt),
      proxyEndpoint: "http://10.78.0.1:5000",
    },
  ]);
});
