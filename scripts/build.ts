// Bundles each function into one ESM file, dist/<function>.mjs (why ESM and these conditions: docs/decisions.md).
import { existsSync, readdirSync, rmSync } from "node:fs";
import { build } from "esbuild";
import { slimSdk } from "./slim-sdk.ts";

const functions = readdirSync("functions").filter((name) => existsSync(`functions/${name}/handler.ts`));

rmSync("dist", { recursive: true, force: true });
await build({
  entryPoints: Object.fromEntries(functions.map((name) => [name, `functions/${name}/handler.ts`])),
  outdir: "dist",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  minify: true,
  sourcemap: "linked",
  sourcesContent: false,
  platform: "node",
  target: "node24",
  format: "esm",
  mainFields: ["module", "main"],
  conditions: ["module"],
  // Some of the SDK's CommonJS parts still call require() for Node's own modules.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  plugins: [slimSdk()],
  logLevel: "warning",
});
