// node screenshots.mjs FOLDER: the main pages of the demo, as the README shows them.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { api, demo, launch, open, phone } from "./harness.mjs";

const folder = process.argv[2] ?? ".";
mkdirSync(folder, { recursive: true });
const wide = { width: 1280, height: 800 };
const [browser, server] = await Promise.all([launch(), demo()]);
try {
  const [row] = (await api(server.url, "/api/incidents")).incidents;
  const shots = [
    ["now", "/", { viewport: wide, colorScheme: "dark" }],
    ["incident", `/incidents/${row.id}`, { viewport: { width: 1280, height: 1320 }, colorScheme: "light" }],
    ["service", "/services/payment-service", { viewport: wide, colorScheme: "dark" }],
    ["logs", "/logs", { viewport: wide, colorScheme: "light" }],
    ["phone", `/incidents/${row.id}`, { viewport: phone, colorScheme: "dark" }],
  ];
  for (const [name, path, options] of shots) {
    const { page, close } = await open(browser, server.url, path, options);
    await page.getByText("live", { exact: true }).waitFor();
    await page.locator(".bones").first().waitFor({ state: "detached" });
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.screenshot({ path: join(folder, `${name}.png`) });
    await close();
  }
} finally {
  await browser.close();
  await server.stop();
}
