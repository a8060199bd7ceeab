// What people decide that rules cannot: what is one outage and what is two, who may only look, what becomes of a
// message that a channel refused, and how far a model's words are to be believed.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { accessibilityFindings, api, bulk, demo, launch, open, service, start, temporaryFolder } from "./harness.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const action = (page, name) => page.getByRole("group", { name: "actions" }).getByRole("button", { name });
const post = (body) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

// The data of a demo that has found its incident, for a service with other settings.
async function demoData(folder, scenario) {
  const args = ["demo", "--exit", "--listen", "127.0.0.1:0", "--data-dir", `${folder.path}/data`];
  if (scenario) args.push("--scenario", scenario);
  const past = await start(args, { until: ["sentinelops.stopped"] });
  await past.stop();
}

test("an incident is split, and the split is undone", async () => {
  const server = await demo();
  try {
    const [row] = (await api(server.url, "/api/incidents")).incidents;
    const { page, close } = await open(browser, server.url, `/incidents/${row.id}`);
    await action(page, "Split").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("get an incident of their own").waitFor();
    assert.ok(await dialog.getByRole("button", { name: "Split" }).isDisabled(), "nothing is chosen yet");
    assert.deepEqual(await accessibilityFindings(page), []);
    await dialog.getByRole("checkbox", { name: "order-service" }).check();
    await dialog.getByLabel("Why").fill("their own deploy");
    await dialog.getByRole("button", { name: "Split" }).click();
    await page.getByRole("heading", { level: 1, name: /order-service/ }).waitFor();
    await page.locator(".timeline").getByText(`split off ${row.id}`).waitFor();
    assert.equal((await api(server.url, "/api/incidents?status=active")).total, 2);

    await page.goto(`${server.url}/incidents/${row.id}`);
    await page.locator(".timeline").getByText("their own deploy").waitFor();
    await action(page, "Undo “split”").click();
    await page.locator(".timeline").getByText("took back: split").waitFor();
    await action(page, "Undo").waitFor({ state: "detached" });
    assert.equal((await api(server.url, "/api/incidents?status=active")).total, 1);
    await close();
  } finally {
    await server.stop();
  }
});

test("an incident is merged into another one, and the merge is undone", async () => {
  const server = await demo();
  try {
    const [row] = (await api(server.url, "/api/incidents")).incidents;
    const off = await api(server.url, `/api/incidents/${row.id}/split`, post({ services: ["order-service"] }));
    const { page, close } = await open(browser, server.url, `/incidents/${off.id}`);
    await action(page, "Merge").click();
    const dialog = page.getByRole("dialog");
    const choices = dialog.getByLabel("The one that goes on").locator("option:not([value=''])");
    await choices.first().waitFor({ state: "attached" });
    assert.deepEqual(await choices.evaluateAll((all) => all.map((o) => o.value)), [row.id]);
    await dialog.getByLabel("The one that goes on").selectOption(row.id);
    await dialog.getByLabel("Why").fill("one outage after all");
    await dialog.getByRole("button", { name: "Merge" }).click();
    await page.waitForURL(new RegExp(row.id));
    await page.locator(".timeline").getByText("one outage after all").waitFor();
    await page.goto(`${server.url}/incidents/${off.id}`);
    await page.getByText("Merged into").waitFor();
    await page.getByRole("link", { name: row.id, exact: true }).click();
    await action(page, "Undo “merged”").click();
    await page.locator(".timeline").getByText("took back: merged").waitFor();
    assert.equal((await api(server.url, "/api/incidents?status=active")).total, 2);
    await close();
  } finally {
    await server.stop();
  }
});

test("a viewer sees everything and can change nothing", async () => {
  const folder = temporaryFolder();
  await demoData(folder);
  const viewer = "looking-only-0123456789";
  const server = await service(folder.path, {
    env: { SENTINELOPS_SERVER_TOKEN: "operators-0123456789abc", SENTINELOPS_VIEWER_TOKEN: viewer },
  });
  try {
    const headers = { Authorization: `Bearer ${viewer}` };
    const [row] = (await api(server.url, "/api/incidents", { headers })).incidents;
    const { page, close } = await open(browser, server.url, "/", { expected: [/401/] });
    await page.getByLabel("Token").fill(viewer);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("link", { name: row.title }).click();
    await page.getByRole("heading", { level: 1, name: row.title }).waitFor();
    await page.locator(".evidence li").first().waitFor();
    await page.locator(".timeline li").first().waitFor();
    await action(page, "Copy as Markdown").waitFor();
    for (const name of ["Acknowledge", "Resolve", "Comment", "Silence", "Merge", "Split", "Undo", "Add comment"])
      assert.equal(await page.getByRole("button", { name }).count(), 0, name);
    // Their keys are dead, too.
    for (const key of ["a", "r", "c", "s"]) await page.keyboard.press(key);
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    assert.equal(await page.getByRole("dialog").count(), 1);
    await page.keyboard.press("Escape");
    await page.goto(`${server.url}/silences`);
    await page.getByText("Nothing is silenced.").waitFor();
    assert.equal(await page.getByRole("button", { name: "Silence" }).count(), 0);
    await page.goto(`${server.url}/runbooks`);
    await page.getByText("Payment database connection pool exhausted").waitFor();
    assert.equal(await page.getByRole("link", { name: /new|write/i }).count(), 0);
    const refused = await fetch(`${server.url}/api/incidents/${row.id}/acknowledge`, { ...post({}), headers: { ...headers, "Content-Type": "application/json" } });
    assert.equal(refused.status, 403);
    assert.equal((await api(server.url, `/api/incidents/${row.id}`, { headers })).state, "open");
    await close();
  } finally {
    await server.stop();
    folder.remove();
  }
});

test("a message that a channel refused is tried again, or given up", async () => {
  const folder = temporaryFolder();
  await demoData(folder, "healthy");
  let answer = 400;
  let delivered = 0;
  const channel = createServer((request, response) => {
    request.resume();
    if (answer < 300) ++delivered;
    response.writeHead(answer).end();
  });
  await new Promise((done) => channel.listen(0, "127.0.0.1", done));
  const server = await service(folder.path, { env: { SENTINELOPS_WEBHOOK_URL: `http://127.0.0.1:${channel.address().port}/hook` } });
  try {
    const { page, close } = await open(browser, server.url);
    await page.getByText("No open incident").waitFor();
    const failing = (serviceName) =>
      Array.from({ length: 400 }, (_, i) => ({
        "@timestamp": new Date(Date.now() - (i % 100) * 1000).toISOString(),
        "service.name": serviceName,
        level: "error",
        message: `refused connection ${i}`,
        status_code: 503,
      }));
    await bulk(server.url, failing("payment-service"));
    await page.locator(".incident").filter({ hasText: "payment-service" }).waitFor();
    await page.goto(`${server.url}/coverage`);
    const stuck = page.locator("li").filter({ has: page.getByText("parked", { exact: true }) });
    await stuck.first().waitFor();
    answer = 204;
    await stuck.first().getByRole("button", { name: "Try again" }).click();
    await page.getByText("will be tried again").waitFor();
    await page.getByRole("row").filter({ hasText: "webhook" }).getByRole("cell").nth(2).filter({ hasText: "1" }).waitFor();
    assert.equal(delivered, 1);

    answer = 400;
    const [row] = (await api(server.url, "/api/incidents")).incidents;
    await api(server.url, `/api/incidents/${row.id}/resolve`, post({ why: "over" }));
    await stuck.first().waitFor();
    const parked = async () => (await api(server.url, "/api/outbox?limit=100")).rows.filter((r) => r.status === "parked").map((r) => r.id);
    const before = await parked();
    await stuck.first().getByRole("button", { name: "Give up" }).click();
    await page.getByText("given up").first().waitFor();
    const now = await parked();
    assert.ok(before.some((id) => !now.includes(id)), "nothing was given up");
    assert.equal(delivered, 1);
    await close();
  } finally {
    await server.stop();
    channel.close();
    folder.remove();
  }
});

test("a model's claims: what the facts bear out and what they do not, the price and what was sent", async () => {
  const server = await demo();
  try {
    const [row] = (await api(server.url, "/api/incidents")).incidents;
    const incident = await api(server.url, `/api/incidents/${row.id}`);
    const evidence = incident.causes[0].evidence[0];
    incident.analysis = {
      ...incident.analysis,
      source: "some-model",
      summary: `payment-service ran out of connections (${evidence.id})`,
      claims: [
        { text: "payment-service failed first", evidence: [{ id: evidence.id, text: evidence.sentence }], verified: true, problems: [] },
        { text: "billing-service was deployed", evidence: [], verified: false, problems: ["billing-service is not in the facts"] },
      ],
      cost_usd: 0.0123,
      questions: 2,
      sent: JSON.stringify({ messages: [{ content: "facts about <host-1>" }] }),
      sent_at: incident.created_at,
      sent_to: "some-model",
    };
    const { page, close } = await open(browser, server.url, "/settings");
    await page.route(`**/api/incidents/${row.id}`, (route) =>
      route.fulfill({ contentType: "application/json", body: JSON.stringify(incident) }),
    );
    await page.goto(`${server.url}/incidents/${row.id}`);
    const panel = page.locator("section, .panel").filter({ has: page.getByRole("heading", { name: "Analysis" }) }).last();
    await panel.getByText("by some-model").waitFor();
    await panel.getByText("$0.0123").waitFor();
    await panel.getByText("1 claim not borne out by the facts").waitFor();
    await panel.locator("li.verified").filter({ hasText: "✓ verified" }).filter({ hasText: "payment-service failed first" }).waitFor();
    const doubtful = panel.locator("li.doubtful").filter({ hasText: "? not verified" });
    await doubtful.filter({ hasText: "billing-service is not in the facts" }).waitFor();
    await panel.getByText("What was sent to some-model").click();
    await panel.locator("pre").filter({ hasText: "facts about <host-1>" }).waitFor();
    await panel.locator("li.verified").getByRole("link", { name: evidence.id }).click();
    await page.locator(`#evidence-${evidence.id}`).waitFor();
    assert.deepEqual(await accessibilityFindings(page), []);
    await close();
  } finally {
    await server.stop();
  }
});
