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

export default { projects: [project("unit"), project("flows"), project("sandbox")] };
