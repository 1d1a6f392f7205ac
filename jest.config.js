// ESM throughout; types are checked apart, by `npm run check`.
const project = (displayName, more = {}) => ({
  displayName,
  testMatch: [`<rootDir>/test/${displayName}/**/*.test.ts`],
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { target: "es2024", parser: { syntax: "typescript" } }, module: { type: "nodenext" } },
    ],
  },
  ...more,
});

/** A real swarm takes its time; a test that hangs for longer than this hangs for ever. */
const testTimeout = 240_000;

export default { testTimeout, projects: [project("unit"), project("flows"), project("sandbox")] };
