// Mutation testing of the pure core: what decides, reads and judges, without AWS, hosts or waiting. How to run it, and
// what its score means: docs/testing.md.
import jest from "./jest.config.js";

const [unit] = jest.projects;

export default {
  testRunner: "jest",
  // Jest loads ESM only through Node's vm modules.
  testRunnerNodeArgs: ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"],
  jest: {
    projectType: "custom",
    // The tests of sandbox and scripts say nothing about what is mutated, and are the slow ones.
    config: {
      ...unit,
      setupFiles: ["<rootDir>/test/fewer-runs.ts"],
      testMatch: [
        "aws",
        "config",
        "events",
        "flows",
        "logs-judge",
        "logs-parse",
        "logs-registry",
        "rolls",
        "swarm",
      ].map((subject) => `<rootDir>/test/unit/${subject}*.test.ts`),
    },
  },
  mutate: [
    "shared/{logs,events,config,swarm,rolls}/**/*.ts",
    "shared/aws/{errors,load-balancing,run-command,images,event-bus,parameters}.ts",
    "shared/flows/{watch,dispatch,dispatch-roll,start,roll-request,fleet,failure}.ts",
  ],
  // A mutant runs only against the tests that reach it. What is evaluated once, when a module is loaded, would need every
  // test for each mutant: two thirds of the time for a twelfth of the mutants.
  coverageAnalysis: "perTest",
  ignoreStatic: true,
  // Each run loads the modules anew, and Node never forgets a module.
  maxTestRunnerReuse: 20,
  // Far above what an unchanged test takes, so that a busy machine is not taken for a mutant that hangs.
  timeoutMS: 10_000,
  // tsconfig.json: it would be rewritten with an interface that TypeScript 7 no longer has, and swc does not read it.
  ignorePatterns: [
    ...[
      "/bench",
      "/cluster",
      "/docs",
      "/.sandbox",
      "/.engines",
      "/.serverless",
      "/.serverless-sandbox",
      "/dist",
      "/coverage",
    ],
    "/tsconfig.json",
  ],
  // Two cores are the measure: one for the mutants, one for whoever works here.
  concurrency: 1,
  incremental: false,
  tempDirName: "coverage/stryker",
  reporters: ["clear-text", "progress-append-only", "html", "json"],
  htmlReporter: { fileName: "coverage/mutation/index.html" },
  jsonReporter: { fileName: "coverage/mutation/mutation.json" },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  thresholds: { high: 90, low: 80, break: 80 },
};
