// Bundle the pages and the verifier: node build.mjs STATIC-FOLDER TOOLS-FOLDER (build.py calls it).

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const [statics, tools] = process.argv.slice(2);
const here = (path) => new URL(path, import.meta.url).pathname;

const common = {
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  // The licences of what is bundled travel with it.
  legalComments: "inline",
  charset: "utf8",
  logLevel: "warning",
  write: false,
};

async function script(entry, options = {}) {
  const { outputFiles } = await build({ ...common, entryPoints: [here(entry)], ...options });
  return outputFiles[0].text;
}

function source(text) {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** One HTML file with script and style in it, and a policy that lets nothing else run. */
async function page() {
  // Within an HTML script nothing may look like its end.
  const code = (await script("src/page/main.ts")).replace(/<(\/script|!--)/gi, "\\x3c$1");
  const { outputFiles } = await build({ ...common, entryPoints: [here("src/page/style.css")] });
  const style = outputFiles[0].text.trim();
  const policy = [
    "default-src 'none'",
    `script-src ${source(code)}`,
    `style-src ${source(style)}`,
    // Header services: those that ship with the verifier, and whichever the reader names instead.
    "connect-src https: http://127.0.0.1:* http://localhost:*",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const catalogues = readdirSync(here("src/locales")).map((name) => [
    name.replace(".json", ""),
    JSON.parse(readFileSync(here(`src/locales/${name}`), "utf8")),
  ]);
  const noscript = catalogues.map(
    ([language, texts]) => `<noscript><p lang="${language}" dir="${texts.direction}">${texts.noscript}</p></noscript>`,
  );
  const values = { policy, style, script: code, noscript: noscript.join(""), title: Object.fromEntries(catalogues).en.title };
  return readFileSync(here("src/page/page.html"), "utf8").replace(/\{\{(\w+)\}\}/g, (_, name) => values[name]);
}

mkdirSync(statics, { recursive: true });
mkdirSync(tools, { recursive: true });
writeFileSync(join(statics, "verifier.js"), await script("src/verifier.ts"));
writeFileSync(join(statics, "passport.js"), await script("src/passport/main.ts"));
writeFileSync(join(statics, "pay.js"), await script("src/pay/main.ts"));
writeFileSync(join(statics, "claim.js"), await script("src/own/main.ts"));
writeFileSync(join(statics, "wallet.js"), await script("src/pay/wallet.ts"));
writeFileSync(join(statics, "verify.html"), await page());
writeFileSync(join(tools, "agree.mjs"), await script("src/agree.ts", { minify: false }));
