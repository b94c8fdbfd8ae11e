// Copies what the pages need of other people's code into static/, so that nothing is fetched at run time.
//
//   static/vendor/   the libraries, their licences, and SHA256SUMS (check with: cd static/vendor && sha256sum -c SHA256SUMS)
//   static/icons.svg one <symbol> for each name in assets/icons.txt

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const LIBRARIES = {
  "htmx.min.js": { from: "htmx.org", file: "dist/htmx.min.js" },
  "chart.umd.min.js": { from: "chart.js", file: "dist/chart.umd.min.js" },
};
const read = (path) => readFileSync(path, "utf8");
const version = (name) => JSON.parse(read(`node_modules/${name}/package.json`)).version;
const licence = (name, file = "LICENSE") => `${name} ${version(name)}\n\n${read(`node_modules/${name}/${file}`).trim()}\n`;

const LICENCE_FILES = { "htmx.org": "LICENSE", "chart.js": "LICENSE.md", "lucide-static": "LICENSE" };
const vendored = {
  "LICENSES.txt": Object.entries(LICENCE_FILES).map(([name, file]) => licence(name, file)).join(`\n${"-".repeat(80)}\n\n`),
};
for (const [target, { from, file }] of Object.entries(LIBRARIES)) {
  // The maps are not shipped, and a manifest of static files refuses a script that names a missing map.
  vendored[target] = read(`node_modules/${from}/${file}`).replace(/\n?\/\/# sourceMappingURL=.*\n?$/, "\n");
}
const sums = Object.entries(vendored).map(([name, text]) => `${createHash("sha256").update(text).digest("hex")}  ${name}`);
for (const [name, text] of Object.entries(vendored)) writeFileSync(`static/vendor/${name}`, text);
writeFileSync("static/vendor/SHA256SUMS", `${sums.sort().join("\n")}\n`);

const names = read("assets/icons.txt").split("\n").filter(Boolean);
const symbols = names.map((name) => {
  const svg = read(`node_modules/lucide-static/icons/${name}.svg`);
  const shapes = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
  return `<symbol id="${name}" viewBox="0 0 24 24">${shapes.replace(/\s+/g, " ").trim()}</symbol>`;
});
writeFileSync(
  "static/icons.svg",
  `<!-- Lucide ${version("lucide-static")}, ISC licence (vendor/LICENSES.txt). Made by assets/vendor.mjs from assets/icons.txt. -->\n` +
    `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`,
);
