// What the server says while the page is open: one EventSource for the whole page. When it cannot be had, the
// page asks every ten seconds instead, and says so. Panels subscribe to topics and load anew when one is heard.
import { useSyncExternalStore } from "react";

export type Topic = "tick" | "incident" | "silence" | "runbook" | "outbox";
export interface LiveState {
  mode: "connecting" | "live" | "polling" | "offline";
  since: number; // ms, of this mode
  lastHeard: number; // ms, 0 before the first word
  newVersion: boolean; // the server was replaced by another version: reload the page
}

const kTopics: Topic[] = ["tick", "incident", "silence", "runbook", "outbox"];
const kPollMs = 10_000;

let state: LiveState = { mode: "connecting", since: Date.now(), lastHeard: 0, newVersion: false };
let source: EventSource | undefined;
let version = "";
let failures = 0;
let lost = false;
let pollTimer: ReturnType<typeof setInterval> | undefined;
let retryTimer: ReturnType<typeof setTimeout> | undefined;
const watchers = new Set<() => void>();
const listeners = new Map<Topic, Set<() => void>>(kTopics.map((topic) => [topic, new Set()]));

function become(change: Partial<LiveState>) {
  if (change.mode && change.mode !== state.mode) change.since = Date.now();
  state = { ...state, ...change };
  watchers.forEach((watch) => watch());
}

function emit(topic: Topic) {
  listeners.get(topic)?.forEach((listen) => listen());
}
const emitAll = () => kTopics.forEach(emit);

export function subscribe(topics: Topic[], listen: () => void): () => void {
  topics.forEach((topic) => listeners.get(topic)?.add(listen));
  return () => topics.forEach((topic) => listeners.get(topic)?.delete(listen));
}

// Called by whoever hears from the server by an ordinary request, good or bad.
export function heard(reachable: boolean) {
  if (state.mode === "live") return;
  if (reachable && state.mode === "offline") {
    become({ mode: "polling", lastHeard: Date.now() });
    emitAll();
  }
  if (!reachable && state.mode !== "connecting") become({ mode: "offline" });
}

function poll(on: boolean) {
  if (on && !pollTimer) pollTimer = setInterval(emitAll, kPollMs);
  if (!on && pollTimer) {
    clearInterval(pollTimer);
    pollTimer = undefined;
  }
}

function connect() {
  source?.close();
  source = new EventSource("/api/stream");
  source.onopen = () => {
    failures = 0;
    poll(false);
    become({ mode: "live", lastHeard: Date.now() });
    // What happened while nobody listened is not known: everything on the page is asked for again.
    if (lost) emitAll();
    lost = false;
  };
  source.onerror = () => {
    // Retried here and not by the browser, so that a restart is noticed within a second or two.
    source?.close();
    lost = true;
    failures += 1;
    if (state.mode !== "offline") become({ mode: failures > 1 ? "polling" : "connecting" });
    poll(true);
    clearTimeout(retryTimer);
    retryTimer = setTimeout(connect, Math.min(10_000, 500 * 2 ** Math.min(failures, 5)));
  };
  source.addEventListener("hello", (event) => {
    const said = parse(event as MessageEvent<string>).version;
    if (typeof said !== "string") return;
    if (version && version !== said) become({ newVersion: true });
    version = said;
  });
  source.addEventListener("reset", emitAll);
  for (const topic of kTopics) {
    source.addEventListener(topic, () => {
      become({ lastHeard: Date.now() });
      emit(topic);
    });
  }
}

function parse(event: MessageEvent<string>): Record<string, unknown> {
  try {
    return JSON.parse(event.data) as Record<string, unknown>;
  } catch {
    return {};
  }
}

export function startLive() {
  connect();
  // A phone that wakes up has a dead connection and old numbers.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") {
      if (state.mode !== "live") connect();
      emitAll();
    }
  });
}

export function useLive(): LiveState {
  return useSyncExternalStore(
    (watch) => {
      watchers.add(watch);
      return () => watchers.delete(watch);
    },
    () => state,
  );
}
