// serverless.yml can name only .js resolvers; Node 24 loads the TypeScript behind it.
export { seconds } from "./repair-period.ts";
