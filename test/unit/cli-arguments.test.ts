// What the command line tool takes, and that everything else is refused with what would be right, before AWS is asked anything.
import { commands } from "../../cli/commands/index.ts";
import { parseReference } from "../../cli/roll/request.ts";
import { hiveSwarm } from "./cli-tool.ts";
import { digestOf } from "./rolls-facts.ts";

const DIGEST = digestOf("2");

describe("the help", () => {
  it.each([[[]], [["help"]], [["--help"]], [["-h"]]])(
    "for %j names every command and every exit code",
    async (words) => {
      const { code, stdout, stderr } = await hiveSwarm(words);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      for (const { name, summary } of commands) {
        expect(stdout).toContain(name);
        expect(stdout).toContain(summary);
      }
      for (const exit of ["0", "1", "2", "3", "4", "130"])
        expect(stdout).toMatch(new RegExp(`^ {2}${exit} `, "m"));
    },
  );

  it.each([
    ["help", "rollback"],
    ["rollback", "--help"],
    ["rollback", "hive-web", "-h"],
  ])("for %s %s tells all options of that command", async (...words) => {
    const { code, stdout } = await hiveSwarm(words);
    expect(code).toBe(0);
    for (const option of ["to", "why", "dry-run", "cluster", "stage", "region", "json", "help"])
      expect(stdout).toContain(`--${option}`);
  });

  it("fits a terminal", async () => {
    const pages = await Promise.all(
      [[], ...commands.map(({ name }) => ["help", name])].map((words) => hiveSwarm(words)),
    );
    for (const { stdout } of pages)
      for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe("a command line that is wrong", () => {
  it.each([
    [
      "a command that does not exist",
      "rol hive-tomcat:1.4.2",
      'There is no command "rol"',
      "Did you mean roll?",
    ],
    [
      "help for one that does not exist",
      "help histroy",
      'There is no command "histroy"',
      "Did you mean history?",
    ],
    ["an option before the command", "--json history hive-web", "The command comes first"],
    [
      "an option that does not exist",
      "roll hive-tomcat:1.4.2 --dryrun",
      "There is no option --dryrun",
      "did you mean --dry-run?",
    ],
    ["another command's option", "history hive-web --to 2", "There is no option --to"],
    ["an option without its value", "roll hive-tomcat:1.4.2 --why", "--why"],
    ["no image", "roll", "roll needs REPOSITORY:VERSION."],
    ["no service", "rollback", "rollback needs SERVICE."],
    ["a word too many", "history hive-web now", 'what is "now"?'],
    ["no version", "roll hive-tomcat", "says no version", "hive-tomcat:1.4.2"],
    ["an empty version", "roll hive-tomcat:", '"" is not a tag'],
    ["a repository in capitals", "roll Hive:1", '"Hive" is not the name of a repository'],
    [
      "a registry",
      "roll 123456789012.dkr.ecr.us-east-1.amazonaws.com/hive-tomcat:1.4.2",
      "leave 123456789012.dkr.ecr.us-east-1.amazonaws.com/ away",
    ],
    ["half a digest", "roll hive-tomcat@sha256:12", "64 digits"],
    ["a service with a slash", "history hive/web", '"hive/web" is not the name of a service'],
    ["a service that would break a shell", "rollback $(id)", '"$(id)" is not the name of a service'],
    ["a service option that is none", "roll hive-tomcat:1 --service=;", '";" is not the name of a service'],
    ["a region that is none", "history hive-web --region tokyo", "--region takes a region"],
    ["a stage that is none", "history hive-web --stage a/b", "--stage takes a name"],
    ["a cluster that is none", "history hive-web --cluster=", "--cluster takes a name"],
    [
      "a reason that is a story",
      `roll hive-tomcat:1 --why=${"x".repeat(501)}`,
      "500 characters at most, not 501",
    ],
  ])("is refused with what is right, nothing asked: %s", async (_what, line, ...said) => {
    const { code, stdout, stderr, asked } = await hiveSwarm(line.split(" ").filter(Boolean));
    expect({ code, stdout, asked }).toEqual({ code: 2, stdout: "", asked: [] });
    for (const text of said) expect(stderr).toContain(text);
    expect(stderr).toMatch(/\nSee npm run -s hive-swarm -- help( \w+)?\n$/);
  });
});

describe("a reference to an image", () => {
  it.each([
    ["hive-tomcat:1.4.2", "hive-tomcat", "1.4.2"],
    ["team/hive-tomcat:latest", "team/hive-tomcat", "latest"],
    [`hive-tomcat@${DIGEST}`, "hive-tomcat", DIGEST],
    // As `docker service ls` shows it, without the registry.
    [`hive-tomcat:1.4.2@${DIGEST}`, "hive-tomcat", DIGEST],
  ])("is read: %s", (text, repository, image) => {
    expect(parseReference(text)).toEqual({ repository, image });
  });
});
