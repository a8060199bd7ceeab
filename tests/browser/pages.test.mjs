// Every page on desktop and phone, in both schemes: its content comes, nothing is said on the console, axe finds
// nothing serious, nothing scrolls sideways.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityFindings, api, demo, desktop, launch, open, phone, sidewaysScroll } from "./harness.mjs";

let browser;
let server;
let incident;
let trace;
before(async () => {
  browser = await launch();
  server = await demo();
  const [row] = (await api(server.url, "/api/incidents")).incidents;
  incident = await api(server.url, `/api/incidents/${row.id}`);
  trace = incident.correlated_events.find((e) => e.trace_id).trace_id;
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

// Path, and a text that is only there when the page's data have come.
const pages = () => [
  ["/", "payment-service"],
  ["/incidents", incident.title],
  [`/incidents/${incident.id}`, `Look at ${incident.causes[0].service}`], // the numbers go on changing
  ["/services/payment-service", "Why it did or did not alert"],
  ["/logs", "lines"],
  ["/logs?view=patterns&level=error", "connection pool exhausted"],
  [`/traces/${trace}`, "order-service"],
  ["/runbooks", "Payment database connection pool exhausted"],
  [`/runbooks/${incident.matched_runbooks[0].id}`, "Root cause."],
  [`/runbooks/new?incident=${incident.id}`, "Steps, one per line"],
  ["/silences", "In the last week it would have muted"],
  ["/coverage", "in time"],
  ["/settings", "polling.interval_seconds"],
];

for (const [name, viewport, colorScheme] of [
  ["desktop, light", desktop, "light"],
  ["phone, dark", phone, "dark"],
]) {
  test(`every page: ${name}`, async (t) => {
    for (const [path, text] of pages()) {
      await t.test(path.replace(/INC-[^/]+|[0-9a-f]{16,}/, "ID"), async () => {
        const { page, close } = await open(browser, server.url, path, { viewport, colorScheme });
        await page.getByText(text, { exact: false }).first().waitFor();
        await page.locator(".bones").first().waitFor({ state: "detached" });
        assert.deepEqual(await page.locator(".failed").allTextContents(), [], "a panel shows an error");
        assert.deepEqual(await accessibilityFindings(page), []);
        assert.ok((await sidewaysScroll(page)) <= 0, "scrolls sideways");
        await close();
      });
    }
  });
}

test("a page that is opened again is there again", async () => {
  const { page, close } = await open(browser, server.url, `/incidents/${incident.id}`);
  for (let i = 0; i < 2; ++i) {
    await page.getByRole("heading", { level: 1, name: incident.title }).waitFor();
    await page.goto(`${server.url}/incidents/${incident.id}`);
  }
  await page.getByRole("heading", { level: 1, name: incident.title }).waitFor();
  await close();
});

test("an unknown path says so, and the menu leads back", async () => {
  const { page, close } = await open(browser, server.url, "/settings");
  await page.evaluate(() => {
    history.pushState(null, "", "/nowhere");
    dispatchEvent(new PopStateEvent("popstate"));
  });
  await page.getByText("There is no such page.").waitFor();
  await page.getByRole("link", { name: "Now", exact: true }).click();
  await page.getByText("open incident").first().waitFor();
  await close();
});

test("an unknown incident is an error in its place, not a blank page", async () => {
  const { page, close } = await open(browser, server.url, "/incidents/INC-20200101000000-00000000", { expected: [/404/] });
  await page.getByRole("alert").filter({ hasText: "not found" }).waitFor();
  await page.getByRole("button", { name: "Try again" }).waitFor();
  await close();
});

test("times show UTC on hover", async () => {
  const { page, close } = await open(browser, server.url, "/");
  const title = await page.locator(".incident time").first().getAttribute("title");
  assert.match(title, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? UTC/);
  await close();
});

test("severities differ in shape", async () => {
  const { page, close } = await open(browser, server.url, "/silences");
  const icons = page.locator("fieldset .severity svg");
  await icons.nth(3).waitFor();
  const shapes = await icons.evaluateAll((all) => all.map((svg) => svg.innerHTML));
  assert.equal(new Set(shapes).size, 4);
  await close();
});
