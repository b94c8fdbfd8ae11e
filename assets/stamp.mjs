// Writes into the built style sheets which sources they were made from. A test compares, and needs no node for it.

import { createHash } from "node:crypto";
import { appendFileSync, readFileSync, readdirSync } from "node:fs";

const sources = ["assets/admin.css", ...readdirSync("assets/css").sort().map((name) => `assets/css/${name}`), "assets/portal.css"];
const digest = createHash("sha256");
for (const source of sources) digest.update(readFileSync(source));
const stamp = digest.digest("hex");
for (const built of ["static/portal.css", "static/admin.css"]) appendFileSync(built, `/* sources ${stamp} */\n`);
