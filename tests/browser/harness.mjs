// Drives the real page in Debian's Chromium against the real binary: its own folder, a free port, simulated
// incidents. Every page that a test opens is watched: an error on the console, a fault of the page or a request
// to another host fails the test. Waiting means waiting for something to be seen, with a deadline only a hang
// reaches.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const binary =
  process.env.SENTINELOPS_BINARY ?? fileURLToPath(new URL("../../build/release/sentinelops", import.meta.url));
const chrome = process.env.SENTINELOPS_CHROMIUM ?? "/usr/bin/chromium";
export const kHang = 30_000;

// A clean environment: no proxies, no keys of whoever runs the tests.
const environment = { PATH: process.env.PATH, HOME: tmpdir(), LANG: "C.UTF-8", TZ: "UTC" };

export async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

export function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), "sentinelops-browser-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

// A running `sentinelops` with these arguments; resolves when its log has said all of `until`.
export async function start(args, { env = {}, until = ["server.listening", "detection.cycle.complete"] } = {}) {
  const child = spawn(binary, args, { env: { ...environment, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  let url = "";
  const missing = new Set(until);
  const ended = new Promise((done) => child.once("exit", done));
  const stop = async (signal = "SIGTERM") => {
    child.kill(signal);
    await ended;
  };
  await new Promise((ready, broken) => {
    const timer = setTimeout(() => (child.kill("SIGKILL"), broken(new Error(`never said ${[...missing]}: ${log}`))), kHang);
    const read = (chunk) => {
      log += chunk;
      if (!missing.size) return;
      for (const event of missing) if (log.includes(`"event":"${event}"`)) missing.delete(event);
      url = /"event":"server.listening","url":"([^"]+)"/.exec(log)?.[1] ?? url;
      if (!missing.size) (clearTimeout(timer), ready());
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", (code) => (clearTimeout(timer), broken(new Error(`ended with ${code}: ${log}`))));
  });
  return { url, stop, kill: () => stop("SIGKILL"), log: () => log };
}

// The demo: an hour of traffic over five services, and an outage that the service has just found.
export function demo(...args) {
  return start(["demo", "--listen", "127.0.0.1:0", ...args]);
}

// The service itself on a folder of its own.
export function service(folder, { listen = "127.0.0.1:0", interval = 1, env, until = ["server.listening"] } = {}) {
  const config = join(folder, "config.yaml");
  writeFileSync(
    config,
    `telemetry:\n  store: embedded\n  data_dir: ${folder}/data\nserver:\n  listen: ${listen}\npolling:\n  interval_seconds: ${interval}\nlogging:\n  format: json\n`,
  );
  return start([config], { env, until });
}

export async function bulk(url, documents, headers = {}) {
  const body = documents.map((d) => `{"create":{"_index":"app-logs"}}\n${JSON.stringify(d)}\n`).join("");
  const answer = await fetch(url + "/_bulk", { method: "POST", body, headers: { "Content-Type": "application/x-ndjson", ...headers } });
  const said = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(said));
  assert.equal(said.errors, false, JSON.stringify(said).slice(0, 500));
}

export async function api(url, path, options) {
  const answer = await fetch(url + path, options);
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

export function launch() {
  return chromium.launch({
    executablePath: chrome,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export const desktop = { width: 1280, height: 860 };
export const phone = { width: 390, height: 844 };

// A watched page. `expected`: console errors that the test brings about itself (a server that is stopped).
export async function open(browser, url, path = "/", { viewport = desktop, colorScheme = "light", expected = [] } = {}) {
  const context = await browser.newContext({
    viewport,
    colorScheme,
    hasTouch: viewport.width < 600,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(kHang);
  const faults = [];
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    const text = `${message.text()} ${message.location().url}`;
    if (!expected.some((pattern) => pattern.test(text))) faults.push(`console: ${text}`);
  });
  page.on("pageerror", (error) => faults.push(`fault: ${error.stack ?? error.message}`));
  page.on("request", (request) => {
    const to = new URL(request.url());
    if (!["data:", "blob:"].includes(to.protocol) && to.origin !== new URL(url).origin) faults.push(`request to ${request.url()}`);
  });
  await page.goto(url + path);
  return {
    page,
    faults,
    // Closes and fails when anything was wrong behind the scenes.
    close: async () => {
      await context.close();
      assert.deepEqual(faults, []);
    },
  };
}

const axeSource = readFileSync(fileURLToPath(new URL("node_modules/axe-core/axe.min.js", import.meta.url)), "utf8");

// Serious and critical findings of axe on what is shown. The policy of the page forbids injected scripts, so axe
// comes in by the debugger, as Playwright's evaluate does.
export async function accessibilityFindings(page) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return result.violations
    .filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target.join(" ")} ${n.failureSummary?.split("\n")[1] ?? ""}`).join(" | ")}`);
}

export async function sidewaysScroll(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
