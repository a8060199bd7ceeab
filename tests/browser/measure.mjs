// node measure.mjs: how fast the page is on the demo, and with 1,000 services and 500 incidents. Prints; judges
// nothing: a test may not depend on how busy the machine is.
import { gzipSync } from "node:zlib";
import { demo, desktop, launch, open, phone } from "./harness.mjs";
import { fillWithMany, scrollThrough } from "./many.mjs";

const [browser, server] = await Promise.all([launch(), demo()]);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const print = (what, value) => console.log(what.padEnd(62), value);
try {
  const html = await (await fetch(server.url, { headers: { Accept: "text/html" } })).text();
  let bytes = gzipSync(html).length;
  for (const [, path] of html.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css))"/g)) {
    bytes += gzipSync(Buffer.from(await (await fetch(server.url + path)).arrayBuffer()), { level: 9 }).length;
  }
  print("page, script and style of the first load, gzip", `${(bytes / 1000).toFixed(0)} kB`);

  for (const [name, viewport] of [["1280 x 860", desktop], ["390 x 844", phone]]) {
    const took = [];
    for (let i = 0; i < 7; ++i) {
      // A new context each time: nothing is cached. Usable: the incident and a service can be clicked.
      const { page, close } = await open(browser, server.url, "/settings", { viewport });
      const began = performance.now();
      await page.goto(server.url, { waitUntil: "commit" });
      await page.locator("a.incident").first().waitFor();
      await page.locator("a.service").first().waitFor();
      took.push(performance.now() - began);
      await close();
    }
    print(`Now usable, ${name}, median and slowest of ${took.length}`, `${median(took).toFixed(0)} ms, ${Math.max(...took).toFixed(0)} ms`);
  }

  const { page, close } = await open(browser, server.url, "/settings");
  await fillWithMany(page);
  await page.goto(server.url);
  await page.getByText("500 open incidents").waitFor();
  await page.getByText("1,000 services").waitFor();
  for (const round of [1, 2]) {
    const { lengths } = await scrollThrough(page);
    print(
      `1,000 services and 500 incidents, scroll ${round}: ${lengths.length} frames`,
      `median ${median(lengths).toFixed(0)} ms, longest ${Math.max(...lengths).toFixed(0)} ms`,
    );
  }
  await close();
} finally {
  await browser.close();
  await server.stop();
}
