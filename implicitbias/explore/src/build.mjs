// Builds the files that pages and notebooks load: `node build.mjs [folder]`, by default ../static.
import { build } from "esbuild";
import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const outdir = process.argv[2] ?? join(here, "..", "static");

// "./panels/*.js" is all kinds of panels, each under the name of its file; so are the models.
const folders = {
  name: "folders",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/\*\.js$/ }, ({ path }) => ({ path: basename(dirname(path)), namespace: "folder" }));
    onLoad({ filter: /.*/, namespace: "folder" }, ({ path }) => {
      const files = readdirSync(join(here, path)).filter((file) => file.endsWith(".js")).sort();
      const imports = files.map((file, k) => `import file${k} from "./${path}/${file}";`);
      const entries = files.map((file, k) => `"${basename(file, ".js")}": file${k}`);
      return { contents: `${imports.join("\n")}\nexport default { ${entries.join(", ")} };`, resolveDir: here };
    });
  },
};
const shared = {
  bundle: true,
  minify: true,
  charset: "utf8",
  target: "es2022",
  legalComments: "none",
  plugins: [folders],
  outdir,
};

await Promise.all([
  build({ ...shared, entryPoints: [join(here, "explorables.js"), join(here, "explorables.css")], format: "iife" }),
  build({ ...shared, entryPoints: [join(here, "widget.js")], format: "esm" }),
]);
