// What AWS refuses is told with what was tried, on what, what came back and what to do, and ends with 3.
import { awsError } from "./aws-client.ts";
import { hiveSwarm } from "./cli-tool.ts";

const ROLL = ["roll", "hive-tomcat:1.4.2"];

describe("a call that AWS refuses", () => {
  it.each([
    ["CredentialsProviderError", "Could not load credentials from any providers", "AWS_PROFILE"],
    ["ExpiredTokenException", "The security token included in the request is expired", "aws sso login"],
    [
      "UnrecognizedClientException",
      "The security token included in the request is invalid.",
      "not valid there",
    ],
    ["ResourceNotFoundException", "Function not found: arn:aws:lambda:…", "--stage and --region"],
    [
      "AccessDeniedException",
      "User: me is not authorized to perform",
      "permission lambda:InvokeFunction on hive-swarm-dev-dispatch",
    ],
    ["TooManyRequestsException", "Rate Exceeded.", "try again in a minute"],
    ["Error", "getaddrinfo ENOTFOUND lambda.ap-northeast-1.amazonaws.com", "is the network up"],
  ])("%s", async (name, message, advice) => {
    const { code, stdout, stderr } = await hiveSwarm(ROLL, { lambda: { Invoke: awsError(name, message) } });
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    const [tried, todo] = stderr.split("\n");
    expect(tried).toBe(
      `Could not ask for a roll through hive-swarm-dev-dispatch in ap-northeast-1: ${name}: ${message}`,
    );
    expect(todo).toContain(advice);
  });

  it("names the parameter and its permission where a history may not be read", async () => {
    const { code, stderr } = await hiveSwarm(["history", "hive-web", "--cluster", "blue"], {
      systemsManager: { GetParameterHistory: awsError("AccessDeniedException") },
    });
    expect(code).toBe(3);
    expect(stderr).toContain("read the history /hive-swarm/blue/rolls/hive-web in ap-northeast-1");
    expect(stderr).toContain("ssm:GetParameterHistory on /hive-swarm/blue/rolls/hive-web");
  });

  it("is not even made where no region is known", async () => {
    const { code, stderr, asked } = await hiveSwarm(ROLL, {
      region: () => Promise.reject(new Error("Region is missing")),
    });
    expect({ code, asked }).toEqual({ code: 3, asked: [] });
    expect(stderr).toContain("--region, or AWS_REGION");
  });
});

const answer = (value: unknown) => Buffer.from(JSON.stringify(value));

describe("dispatch", () => {
  it("is asked in the words that it knows", async () => {
    const { asked } = await hiveSwarm(
      [...ROLL, "--service", "hive-web", "--why", "it's time", "--dry-run", "--stage", "prod"],
      {
        lambda: { Invoke: { Payload: answer({ ignored: "repository hive-tomcat is not ours" }) } },
      },
    );
    expect(asked).toEqual([
      {
        operation: "Invoke",
        input: { FunctionName: "hive-swarm-prod-dispatch", Payload: expect.any(String) },
      },
    ]);
    expect(JSON.parse(String(asked[0]?.input.Payload))).toEqual({
      source: "hive-swarm",
      "detail-type": "Roll Requested",
      detail: {
        repository: "hive-tomcat",
        image: "1.4.2",
        service: "hive-web",
        why: "it's time",
        dryRun: true,
      },
    });
  });

  it("that begins nothing says why, with 1", async () => {
    const lambda = { Invoke: { Payload: answer({ ignored: "repository hive-tomcat is not ours" }) } };
    expect(await hiveSwarm(ROLL, { lambda })).toMatchObject({
      code: 1,
      stdout: "Nothing was done: repository hive-tomcat is not ours.\n",
    });
    const { stdout } = await hiveSwarm([...ROLL, "--json"], { lambda });
    expect(JSON.parse(stdout)).toMatchObject({
      status: "ignored",
      because: "repository hive-tomcat is not ours",
    });
  });

  it("that fails is told with its error and its log group", async () => {
    const error = { errorType: "EventError", errorMessage: "request for a roll: unknown member" };
    const { code, stderr } = await hiveSwarm(ROLL, {
      lambda: { Invoke: { FunctionError: "Unhandled", Payload: answer(error) } },
    });
    expect(code).toBe(3);
    expect(stderr).toContain("EventError: request for a roll: unknown member");
    expect(stderr).toContain("/aws/lambda/hive-swarm-dev-dispatch");
  });

  it("that answers something else is told with what it answered", async () => {
    const { code, stderr } = await hiveSwarm(ROLL, { lambda: { Invoke: { Payload: answer({ hello: 1 }) } } });
    expect(code).toBe(3);
    expect(stderr).toContain('{"hello":1}');
  });
});

describe("an execution", () => {
  const Invoke = {
    Payload: answer({ started: "roll-by-hand-1-0", function: "hive-swarm-dev-roll-service" }),
  };
  const ListDurableExecutionsByFunction = {
    DurableExecutions: [{ DurableExecutionName: "roll-by-hand-1-0", DurableExecutionArn: "arn:1" }],
  };

  it("that is never listed is told after a while, with what to do", async () => {
    const { code, stderr, asked } = await hiveSwarm(ROLL, {
      lambda: { Invoke, ListDurableExecutionsByFunction: { DurableExecutions: [] } },
    });
    expect(code).toBe(3);
    expect(stderr).toContain("lists no execution roll-by-hand-1-0 after 20 s");
    expect(stderr).toContain("follow it again:\n  npm run -s hive-swarm -- roll hive-tomcat:1.4.2\n");
    expect(asked.length).toBeGreaterThan(10);
  });

  it("is followed through two minutes in which AWS does not answer, and no longer", async () => {
    const { code, stderr, asked, lastWord } = await hiveSwarm(ROLL, {
      lambda: {
        Invoke,
        ListDurableExecutionsByFunction,
        GetDurableExecutionHistory: awsError("ThrottlingException"),
      },
    });
    expect(code).toBe(3);
    expect(stderr).toContain("Could not follow the roll in hive-swarm-dev-roll-service");
    expect(stderr).toContain(lastWord);
    expect(asked.length).toBeGreaterThan(100);
    expect(lastWord).toBe(
      "The roll goes on without this tool. To follow it again:\n  npm run -s hive-swarm -- roll hive-tomcat:1.4.2",
    );
  });

  it("that failed is told with its error, with 1", async () => {
    const Events = [
      { EventId: 1, EventType: "ExecutionStarted", EventTimestamp: new Date() },
      {
        EventId: 2,
        EventType: "ExecutionFailed",
        EventTimestamp: new Date(),
        ExecutionFailedDetails: {
          Error: { Payload: { ErrorMessage: "survey services: no manager answered" } },
        },
      },
    ];
    const lambda = {
      Invoke,
      ListDurableExecutionsByFunction,
      GetDurableExecutionHistory: { Events: Events.reverse() },
    };
    const { code, stdout } = await hiveSwarm(ROLL, { lambda });
    expect(code).toBe(1);
    expect(stdout).toContain("The roll failed: survey services: no manager answered");
    const programs = await hiveSwarm([...ROLL, "--json"], { lambda });
    expect(JSON.parse(programs.stdout)).toMatchObject({
      status: "failed",
      roll: "roll-by-hand-1-0",
      outcomes: [],
    });
  });
});

describe("where nothing is deployed", () => {
  const gone = awsError("ResourceNotFoundException", "Function not found: hive-swarm-prod-dispatch");
  const answers = { lambda: { Invoke: gone, ListDurableExecutionsByFunction: gone } };

  it.each([
    [["status"]],
    [["plan"]],
    [["repair"]],
    [["repair", "--apply", "--rotate-tokens"]],
    [["explain", "i-0123456789abcdef0"]],
    [["retire", "i-0123456789abcdef0", "--apply"]],
    [["pause", "--why", "a test"]],
  ])("%j says so, what to give, and changes nothing", async (words) => {
    const { code, stdout, stderr, asked } = await hiveSwarm([...words, "--stage", "prod"], answers);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("Function not found: hive-swarm-prod-dispatch");
    expect(stderr).toContain(
      "Give --cluster, --stage and --region as they were given to `serverless deploy`",
    );
    expect(asked).toHaveLength(1);
  });
});
