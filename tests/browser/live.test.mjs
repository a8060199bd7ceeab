// The page while the world changes: an outage that begins, a colleague who acts, a server that goes and comes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, bulk, demo, freePort, launch, open, service, start, temporaryFolder } from "./harness.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const untouched = (page) => page.evaluate(() => (globalThis.untouched ??= performance.timeOrigin));

test("an outage appears without a reload", async () => {
  const folder = temporaryFolder();
  // An hour of ordinary traffic first, so that there is something to be unusual against.
  const past = await start(["demo", "--scenario", "healthy", "--exit", "--listen", "127.0.0.1:0", "--data-dir", `${folder.path}/data`], {
    until: ["sentinelops.stopped"],
  });
  await past.stop();
  const server = await service(folder.path);
  try {
    const { page, close } = await open(browser, server.url);
    await page.getByText("No open incident").waitFor();
    const origin = await untouched(page);
    const now = Date.now();
    const failing = Array.from({ length: 400 }, (_, i) => ({
      "@timestamp": new Date(now - (i % 100) * 1000).toISOString(),
      "service.name": "payment-service",
      level: "error",
      message: `card processor refused connection ${i}`,
      duration_ms: 2500,
      status_code: 503,
    }));
    await bulk(server.url, failing);
    await page.locator(".incident").filter({ hasText: "payment-service" }).waitFor();
    await page.getByText("1 open incident").waitFor();
    assert.equal(await untouched(page), origin, "the page was loaded anew");
    await close();
  } finally {
    await server.kill();
    folder.remove();
  }
});

test("what a colleague does shows by itself", async () => {
  const server = await demo();
  try {
    const [row] = (await api(server.url, "/api/incidents")).incidents;
    const { page, close } = await open(browser, server.url, `/incidents/${row.id}`);
    await page.getByText("live", { exact: true }).waitFor();
    await api(server.url, `/api/incidents/${row.id}/acknowledge`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ who: "jonas" }),
    });
    await page.getByText("acknowledged by jonas").waitFor();
    await close();
  } finally {
    await server.stop();
  }
});

test("the server goes and comes back", async () => {
  const folder = temporaryFolder();
  const listen = `127.0.0.1:${await freePort()}`;
  let server = await start(["demo", "--listen", listen, "--data-dir", `${folder.path}/data`]);
  try {
    const { page, close } = await open(browser, server.url, "/", { expected: [/ERR_CONNECTION|Failed to load resource|EventSource|ERR_INCOMPLETE|ERR_EMPTY/] });
    await page.getByText("live", { exact: true }).waitFor();
    const origin = await untouched(page);
    await server.kill();
    await page.getByText("no connection").waitFor();
    await page.locator(".incident").waitFor(); // what was known stays
    server = await service(folder.path, { listen });
    await page.getByText("live", { exact: true }).waitFor();
    const [row] = (await api(server.url, "/api/incidents")).incidents;
    await api(server.url, `/api/incidents/${row.id}/acknowledge`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ who: "jonas" }),
    });
    await page.getByText("acknowledged by jonas").waitFor();
    assert.equal(await untouched(page), origin, "the page was loaded anew");
    await close();
  } finally {
    await server.kill();
    folder.remove();
  }
});

test("without a stream the page asks by itself", async () => {
  const server = await demo();
  try {
    const { page, close } = await open(browser, server.url, "/settings", { expected: [/\/api\/stream/] });
    await page.route("**/api/stream", (route) => route.fulfill({ status: 503, body: "" }));
    await page.goto(server.url);
    await page.getByText("every 10 s").waitFor();
    await page.locator(".incident").waitFor();
    await close();
  } finally {
    await server.stop();
  }
});

test("a server with a token asks for it", async () => {
  const folder = temporaryFolder();
  const token = "night-shift-0123456789";
  const server = await service(folder.path, { env: { SENTINELOPS_SERVER_TOKEN: token } });
  try {
    const { page, close } = await open(browser, server.url, "/", { expected: [/401/, /403/] });
    await page.getByLabel("Token").fill("wrong");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Token").fill(token);
    await page.getByLabel(/Your name/).fill("mira");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("No open incident").waitFor();
    await page.getByText("No service is known yet.").waitFor();
    // A write needs the session's CSRF value, too.
    await page.goto(`${server.url}/silences`);
    await page.getByLabel("Why").fill("with a session");
    await page.getByRole("button", { name: "Silence" }).click();
    await page.locator(".silences li").filter({ hasText: "with a session" }).waitFor();
    await page.goto(`${server.url}/settings`);
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByLabel("Token").waitFor();
    await close();
  } finally {
    await server.stop();
    folder.remove();
  }
});
