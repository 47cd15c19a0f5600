// Builds the files that pages and notebooks load: `node build.mjs [folder]`, by default ../static.
import { build } from "esbuild";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const outdir = process.argv[2] ?? join(here, "..", "static");
const shared = { bundle: true, minify: true, charset: "utf8", target: "es2022", legalComments: "none", outdir };

await Promise.all([
  build({ ...shared, entryPoints: [join(here, "explorables.js"), join(here, "explorables.css")], format: "iife" }),
  build({ ...shared, entryPoints: [join(here, "widget.js")], format: "esm" }),
]);
