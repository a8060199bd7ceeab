// What shippers send is text, whatever it looks like; and long lists stay short in the page.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bulk, demo, launch, open, service, sidewaysScroll, temporaryFolder } from "./harness.mjs";
import { fillWithMany, scrollThrough } from "./many.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const script = `<script>window.hacked=1</script><img src=x onerror="window.hacked=1">`;
const name = `evil<img src=x onerror=window.hacked=1>`;

test("hostile log lines stay text", async () => {
  const folder = temporaryFolder();
  const server = await service(folder.path);
  try {
    const now = new Date().toISOString();
    const line = (message, more = {}) => ({ "@timestamp": now, "service.name": name, level: "error", message, ...more });
    await bulk(server.url, [
      line(`marker ${script}`, { "user.agent": script, "trace.id": `"><svg onload=window.hacked=1>` }),
      line("marker abc\u202edcba\u200b tail"),
      line("marker huge " + "x".repeat(300_000)),
      line("marker javascript:alert(1) \u0007\u001b[31mred"),
    ]);
    const { page, close } = await open(browser, server.url, "/logs?q=marker", { expected: [/404.*api\/services/] });
    await page.locator(".logline").nth(3).waitFor();
    const seen = (await page.locator(".logline").allTextContents()).join("\n");
    assert.ok(seen.includes("<script>window.hacked=1</script>"), "the script is not shown as text");
    assert.ok(seen.includes("U+202E") && seen.includes("U+200B") && seen.includes("U+0007"), "invisible characters are not shown");
    assert.ok((await sidewaysScroll(page)) <= 0);
    for (let i = 0; i < 4; ++i) {
      await page.locator(".logline").nth(i).click();
      await page.getByRole("dialog").waitFor();
      assert.equal(await page.locator("dialog img, dialog script, dialog svg").count(), 0);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
    await page.getByRole("button", { name: "Patterns" }).click();
    await page.locator(".patterns li").first().waitFor();
    await page.goto(`${server.url}/services/${encodeURIComponent(name)}`);
    await page.getByRole("heading", { level: 1, name }).waitFor();
    await page.getByText("by pattern").waitFor();
    assert.equal(await page.locator("main img, main script").count(), 0, "text became an element");
    assert.equal(await page.evaluate(() => globalThis.hacked), undefined, "a log line ran as a script");
    await close();
  } finally {
    await server.kill();
    folder.remove();
  }
});

test("the policy runs nothing inline", async () => {
  const server = await demo();
  try {
    const { page, close } = await open(browser, server.url, "/", { expected: [/Content.Security.Policy/i] });
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.hacked = 1";
      document.body.append(script);
    });
    assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
    await close();
  } finally {
    await server.stop();
  }
});

test("1,000 services and 500 incidents: only what is on the screen exists", async () => {
  const server = await demo();
  try {
    const { page, close } = await open(browser, server.url, "/settings");
    await fillWithMany(page);
    await page.goto(server.url);
    await page.getByText("500 open incidents").waitFor();
    await page.getByText("1,000 services").waitFor();
    const { lengths, rows } = await scrollThrough(page);
    assert.ok(lengths.length > 50, "the lists are not long");
    assert.ok(rows < 160, `${rows} rows exist`);
    await page.getByText("service-20", { exact: true }).last().waitFor();
    await close();
  } finally {
    await server.stop();
  }
});
