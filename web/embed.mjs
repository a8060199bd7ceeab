// node embed.mjs DIST OUT.cpp: gzips every file of DIST and writes them as the C++ table that
// src/api/web_assets.hpp declares. Same input, same bytes.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
  ".png": "image/png",
};

function* filesBelow(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}

const [dist, out] = process.argv.slice(2);
const rows = [];
const arrays = [];
let firstLoad = 0;
for (const file of filesBelow(dist)) {
  const content = readFileSync(file);
  const type = types[extname(file)];
  if (!type) throw new Error(`${file}: no Content-Type known for ${extname(file)}; add it to embed.mjs`);
  const packed = gzipSync(content, { level: 9 });
  const etag = createHash("sha256").update(content).digest("hex").slice(0, 16);
  const path = "/" + relative(dist, file).split("\\").join("/");
  // Three-digit octal escapes never run into the next character.
  const text = Array.from(packed, (byte) => "\\" + byte.toString(8).padStart(3, "0"));
  const lines = [];
  for (let i = 0; i < text.length; i += 32) lines.push(`    "${text.slice(i, i + 32).join("")}"`);
  const name = `kFile${rows.length}`;
  arrays.push(`constexpr std::string_view ${name}(\n${lines.join("\n")},\n    ${packed.length});`);
  rows.push(`    {"${path}", "${type}", "\\"${etag}\\"", ${name}, ${path.startsWith("/assets/")}},`);
  firstLoad += packed.length;
}
writeFileSync(
  out,
  `// Made by web/embed.mjs; ${firstLoad} bytes gzipped.
#include "api/web_assets.hpp"

#include <array>

namespace sentinel::api {
namespace {

${arrays.join("\n")}

constexpr std::array<WebAsset, ${rows.length}> kAssets = {{
${rows.join("\n")}
}};

}  // namespace

std::span<const WebAsset> web_assets() { return kAssets; }

}  // namespace sentinel::api
`,
);
