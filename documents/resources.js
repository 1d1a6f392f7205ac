// serverless.yml can name only .js resolvers; Node 24 loads the TypeScript behind it.
export { resources, revision } from "./resources.ts";
