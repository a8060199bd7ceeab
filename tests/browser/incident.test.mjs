// What a person does to an incident and around it, by mouse, by keyboard and on a phone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityFindings, api, demo, launch, open, phone } from "./harness.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

async function withDemo(run) {
  const server = await demo();
  try {
    const [row] = (await api(server.url, "/api/incidents")).incidents;
    await run(server, row);
  } finally {
    await server.stop();
  }
}
const timeline = (page) => page.locator(".timeline");
// In the bar of actions: a word about what was just done may have the same name.
const action = (page, name) => page.getByRole("group", { name: "actions" }).getByRole("button", { name });

test("by mouse", async () => {
  await withDemo(async (server, row) => {
    const { page, close } = await open(browser, server.url, "/settings");
    await page.getByLabel("Your name in timelines").fill("mira");
    await page.getByRole("button", { name: "Keep" }).click();
    await page.getByRole("link", { name: "Now", exact: true }).click();
    await page.getByRole("link", { name: row.title }).click();
    await page.getByRole("heading", { level: 1, name: row.title }).waitFor();

    await action(page, "Acknowledge").click();
    await page.getByText("acknowledged by mira").waitFor();

    await page.getByPlaceholder("what you saw, what you did").fill("looking at the <b>pool</b>");
    await page.getByRole("button", { name: "Add comment" }).click();
    await timeline(page).getByText("looking at the <b>pool</b>").waitFor();
    assert.equal(await timeline(page).locator("bdi b").count(), 0, "a comment became markup");

    await action(page, "Silence").click();
    await page.getByLabel("Why").fill("known");
    await page.getByRole("dialog").getByRole("button", { name: "Silence" }).click();
    await timeline(page).getByText("silenced").first().waitFor();

    await action(page, "Copy as Markdown").click();
    await page.getByText("incident copied").waitFor();
    const markdown = await page.evaluate(() => navigator.clipboard.readText());
    assert.ok(markdown.includes(`/incidents/${row.id}`) && markdown.includes("started by: payment-service"), markdown);

    await action(page, "Post-mortem draft").click();
    const draft = await page.getByRole("textbox", { name: "draft" }).inputValue();
    for (const words of ["## Root cause", "## Timeline (UTC)", "acknowledged by mira", "payment-service"]) assert.ok(draft.includes(words), words);
    assert.deepEqual(await accessibilityFindings(page), []);
    await page.getByRole("button", { name: "close" }).click();

    await page.getByRole("checkbox").first().check();
    await page.reload();
    assert.ok(await page.getByRole("checkbox").first().isChecked(), "a ticked step was forgotten");

    await action(page, "Resolve").click();
    await page.getByLabel(/What ended it/).fill("pool raised");
    await page.getByRole("dialog").getByRole("button", { name: "Resolve" }).click();
    await action(page, "Reopen").waitFor();
    await timeline(page).getByText("pool raised").waitFor();
    await action(page, "Reopen").click();
    await timeline(page).getByText("reopened by hand").waitFor();
    await action(page, "Resolve").waitFor();

    const kept = await api(server.url, `/api/incidents/${row.id}`);
    const kinds = kept.timeline.map((e) => e.kind);
    for (const kind of ["acknowledged", "commented", "resolved", "reopened"]) assert.ok(kinds.includes(kind), kind);
    await close();
  });
});

test("by keyboard alone", async () => {
  await withDemo(async (server, row) => {
    const { page, close } = await open(browser, server.url, "/");
    await page.getByRole("link", { name: row.title }).waitFor();
    const press = (key) => page.keyboard.press(key);
    await press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    await press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await press("/");
    await page.keyboard.type("auth");
    await page.locator("a.service").filter({ hasText: "gateway" }).waitFor({ state: "detached" });
    await page.getByRole("searchbox").fill("");
    await press("Escape");
    await press("j");
    await page.locator(".incident.chosen").waitFor();
    await press("a");
    await page.getByText("acknowledged").first().waitFor();
    await press("j");
    await page.locator(".service.chosen").waitFor();
    await press("k");
    await press("Enter");
    await page.getByRole("heading", { level: 1, name: row.title }).waitFor();
    await press("c");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.type("seen at night");
    await press("Tab");
    await press("Enter");
    await timeline(page).getByText("seen at night").waitFor();
    await press("s");
    await page.getByRole("dialog").waitFor();
    await press("Tab");
    await page.keyboard.type("known");
    await press("Enter");
    await timeline(page).getByText("silenced").first().waitFor();
    await press("m");
    await page.getByText("incident copied").waitFor();
    await press("r");
    await page.getByRole("dialog").waitFor();
    await press("Tab");
    await press("Enter");
    await action(page, "Reopen").waitFor();
    await close();
  });
});

test("on a phone", async () => {
  await withDemo(async (server, row) => {
    const { page, close } = await open(browser, server.url, "/", { viewport: phone });
    await page.getByRole("link", { name: row.title }).tap();
    await action(page, "Acknowledge").tap();
    await page.locator(".state.acknowledged").waitFor();
    // What to do comes before the curves where there is one column.
    const [steps, curves] = await Promise.all(["What to do", "What is unusual"].map((name) => page.getByRole("heading", { name }).boundingBox()));
    assert.ok(steps.y < curves.y, "what to do is below the curves");
    await action(page, "Silence").tap();
    await page.getByRole("dialog").getByRole("button", { name: "Silence" }).tap();
    await timeline(page).getByText("silenced").first().waitFor();
    await action(page, "Resolve").tap();
    await page.getByRole("dialog").getByRole("button", { name: "Resolve" }).tap();
    await action(page, "Reopen").waitFor();
    await close();
  });
});

test("causes, evidence, map, replay and failing request", async () => {
  await withDemo(async (server, row) => {
    const { page, close } = await open(browser, server.url, `/incidents/${row.id}`);
    const evidence = page.locator(".evidence li").first();
    await evidence.waitFor();
    assert.match(await evidence.getAttribute("title"), /weight/, "the evidence does not say where its number comes from");
    await page.locator(".map .node.cause").filter({ hasText: "payment-service" }).waitFor();
    await page.locator(".map .edge.failing").first().waitFor();
    const moment = page.getByRole("slider", { name: "moment of the incident" });
    const before = await moment.getAttribute("aria-valuetext");
    await moment.fill("0");
    assert.notEqual(await moment.getAttribute("aria-valuetext"), before);
    await page.locator(".map .edge.failing").first().waitFor({ state: "detached" });
    await page.locator(".charts canvas").nth(2).waitFor(); // a chart for each metric
    await page.locator(".waterfall .failed-span").first().waitFor();
    await page.locator(".patterns .text").first().click();
    await page.waitForURL(/\/logs\?q=/);
    await page.locator(".logline").first().waitFor();
    await close();
  });
});

test("logs: completion, histogram, a line's trace, live tail, patterns", async () => {
  await withDemo(async (server) => {
    const { page, close } = await open(browser, server.url, "/logs");
    await page.locator(".logline").first().waitFor();
    const query = page.getByRole("combobox", { name: "query" });
    await query.fill("serv");
    await page.getByRole("option", { name: /^service:/ }).click();
    await page.keyboard.type("pay");
    await page.getByRole("option", { name: /service:payment-service/ }).click();
    await page.keyboard.type("exhausted");
    await page.keyboard.press("Enter");
    await page.waitForURL(/payment-service/);
    await page.locator(".logline").filter({ hasText: "connection pool exhausted" }).first().click();
    await page.getByRole("dialog").getByRole("link").nth(1).click();
    await page.waitForURL(/\/traces\//);
    await page.locator(".waterfall li").first().waitFor();
    await page.goBack();
    await page.getByRole("button", { name: "Patterns" }).click();
    await page.locator(".patterns li").first().waitFor();
    await query.fill("");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Live tail" }).click();
    await page.locator(".logline").first().waitFor();
    await close();
  });
});

test("runbooks: write, find, edit, remove, learn", async () => {
  await withDemo(async (server, row) => {
    const { page, close } = await open(browser, server.url, "/runbooks/new");
    await page.getByLabel("Title").fill("Queue runs full");
    await page.getByLabel("Steps, one per line").fill("stop the importer\nwatch the queue");
    await page.getByLabel(/Tags/).fill("backpressure");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator(".detail li").filter({ hasText: "watch the queue" }).waitFor();
    await page.getByRole("searchbox").fill("backpressure");
    await page.locator(".books li").filter({ hasText: "Queue runs full" }).waitFor();
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Root cause").fill("the importer does not wait");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator(".detail").getByText("the importer does not wait").waitFor();
    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.waitForURL(/\/runbooks$/);

    await page.goto(`${server.url}/incidents/${row.id}`);
    await page.getByRole("link", { name: "write a runbook from this" }).click();
    await page.getByLabel("Services, separated by commas").waitFor();
    assert.match(await page.getByLabel("Services, separated by commas").inputValue(), /payment-service/);
    await page.getByLabel("Title").fill("Learnt from the demo");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Learnt from the demo" }).waitFor();
    await close();
  });
});

test("silences: preview of the last week, make, end", async () => {
  await withDemo(async (server, row) => {
    const { page, close } = await open(browser, server.url, "/silences");
    await page.getByLabel("Service (* stands for anything)").fill("payment-*");
    await page.getByText("parts of 1 more").waitFor();
    await page.getByLabel("Service (* stands for anything)").fill("*");
    await page.getByText("1 incident", { exact: true }).waitFor();
    await page.getByRole("link", { name: row.title }).waitFor();
    await page.getByLabel("Why").fill("database upgrade");
    await page.getByRole("button", { name: "Silence", exact: true }).click();
    await page.locator(".silences li.active").filter({ hasText: "database upgrade" }).waitFor();
    await page.getByRole("button", { name: "End now" }).click();
    await page.locator(".silences li.expired").waitFor();
    await close();
  });
});

test("service: a longer range, and why it alerted at a chosen moment", async () => {
  await withDemo(async (server) => {
    const { page, close } = await open(browser, server.url, "/services/payment-service");
    await page.getByRole("button", { name: "6 h" }).click();
    await page.waitForURL(/range=6h/);
    await page.locator(".charts canvas").first().waitFor();
    await page.locator(".explain summary").first().click();
    await page.getByRole("columnheader", { name: "held back by" }).first().waitFor();
    const chart = await page.locator(".charts .u-over").first().boundingBox();
    await page.mouse.click(chart.x + chart.width - 4, chart.y + chart.height / 2);
    await page.waitForURL(/at=\d+/);
    await page.getByRole("button", { name: "the last look" }).click();
    await close();
  });
});
