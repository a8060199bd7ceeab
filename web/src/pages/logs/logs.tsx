// Log search: a query, the matches over time, and the lines as a table, as patterns, or as they come.
import { useState } from "react";
import { get, type LogEvent, type Schemas } from "../../api/client";
import { useResource } from "../../api/use_resource";
import { number, plural } from "../../lib/format";
import { useKeys } from "../../lib/keys";
import { setSearch, useSearch } from "../../lib/router";
import { localText } from "../../lib/time";
import { Empty, Failed, Panel, Show, Tabs } from "../../ui/basics";
import { Chart } from "../../ui/chart";
import { PatternTable } from "../incident/patterns";
import { LogTable } from "./log_table";
import { QueryBox } from "./query_box";
import { useTail } from "./tail";

const kRanges: [string, string][] = [
  ["now-15m", "15 min"],
  ["now-1h", "1 h"],
  ["now-6h", "6 h"],
  ["now-24h", "24 h"],
  ["now-7d", "7 d"],
];
const kPage = 200;
type Level = "debug" | "info" | "warning" | "error" | "fatal";

export function Logs() {
  const search = useSearch();
  const q = search.get("q") ?? "";
  const from = search.get("from") ?? "now-1h";
  const to = search.get("to") ?? undefined;
  const level = (search.get("level") || undefined) as Level | undefined;
  const view = search.get("view") ?? "lines";
  const ranged = kRanges.some(([r]) => r === from) && !to;
  const query = { q: q || undefined, level, from, to };
  const key = JSON.stringify(query);
  const tailing = view === "tail";

  const histogram = useResource(tailing ? undefined : `histogram ${key}`, (signal) =>
    get("/api/logs/histogram", { query: { ...query, buckets: 80 }, signal }),
  );
  return (
    <>
      <h1 className="hidden">Logs</h1>
      <Panel>
        <QueryBox value={q} run={(text) => setSearch({ q: text }, { replace: false })} />
        <div className="row">
          <Tabs
            names={[
              ["lines", "Lines"],
              ["patterns", "Patterns"],
              ["tail", "Live tail"],
            ]}
            value={view}
            set={(v) => setSearch({ view: v === "lines" ? undefined : v })}
            label="view"
          />
          <label className="row">
            <span className="dim">level</span>
            <select value={level ?? ""} onChange={(event) => setSearch({ level: event.target.value })}>
              <option value="">any</option>
              <option value="info">info or worse</option>
              <option value="warning">warning or worse</option>
              <option value="error">error or worse</option>
            </select>
          </label>
          {!tailing && <Tabs names={kRanges} value={ranged ? from : ""} set={(r) => setSearch({ from: r, to: undefined })} label="time range" />}
          {!tailing && !ranged && (
            <span className="chip">
              {moment(from)} – {to ? moment(to) : "now"}{" "}
              <button type="button" className="link" aria-label="back to the last hour" onClick={() => setSearch({ from: undefined, to: undefined })}>
                ✕
              </button>
            </span>
          )}
        </div>
        {!tailing && (
          <Show of={histogram} lines={3}>
            {(data) => <Histogram data={data} />}
          </Show>
        )}
      </Panel>
      {view === "patterns" ? (
        <PatternsView query={query} cacheKey={key} from={from} to={to} />
      ) : tailing ? (
        <Tail q={q} level={level} />
      ) : (
        <Lines query={query} cacheKey={key} />
      )}
    </>
  );
}

function moment(text: string): string {
  const at = /^\d+(\.\d+)?$/.test(text) ? new Date(Number(text) * (text.length > 11 ? 1 : 1000)) : new Date(text);
  return Number.isNaN(at.getTime()) ? text : localText(at);
}

function Histogram({ data }: { data: Schemas["LogHistogram"] }) {
  const times = data.buckets.map((b) => new Date(b.at).getTime() / 1000);
  if (times.length < 2) return null;
  return (
    <Chart
      label={`matches over time, ${data.buckets.reduce((sum, b) => sum + b.total, 0)} in all`}
      times={times}
      height={92}
      lines={[
        { label: "lines", values: data.buckets.map((b) => b.total), colour: "dim", bars: true },
        { label: "warnings and errors", values: data.buckets.map((b) => b.warnings + b.errors), colour: "series2", bars: true },
        { label: "errors", values: data.buckets.map((b) => b.errors), colour: "p1", bars: true },
      ]}
      format={(value) => number(value)}
      zoom={(a, b) => setSearch({ from: String(Math.floor(a)), to: String(Math.ceil(b)) }, { replace: false })}
      pick={(at) => setSearch({ from: String(at), to: String(at + data.step_seconds) }, { replace: false })}
    />
  );
}

interface Query {
  q?: string;
  level?: Level;
  from: string;
  to?: string;
}

function Lines({ query, cacheKey }: { query: Query; cacheKey: string }) {
  const page = useResource(`lines ${cacheKey}`, (signal) => get("/api/logs", { query: { ...query, limit: kPage }, signal }));
  // Pages behind the first belong to one query; another query starts anew.
  const [more, setMore] = useState<{ key: string; events: LogEvent[]; cursor: string | null }>();
  const [busy, setBusy] = useState(false);
  const mine = more?.key === cacheKey ? more : undefined;
  const events = [...(page.data?.events ?? []), ...(mine?.events ?? [])];
  const cursor = mine ? mine.cursor : (page.data?.next_cursor ?? null);
  useKeys({ R: page.refresh });
  const load = async () => {
    if (!cursor) return;
    setBusy(true);
    const next = await get("/api/logs", { query: { ...query, limit: kPage, cursor, total: false } }).catch(() => undefined);
    setBusy(false);
    if (next) setMore({ key: cacheKey, events: [...(mine?.events ?? []), ...next.events], cursor: next.next_cursor });
  };
  return (
    <Panel
      title={page.data ? plural(page.data.total ?? events.length, "line") : "Lines"}
      aside={
        <button type="button" className="link" onClick={page.refresh}>
          look again
        </button>
      }
    >
      <Show of={page} lines={8}>
        {() =>
          events.length === 0 ? (
            <Empty title="No line matches.">
              A line matches when its message has every word, wherever it stands; <code>"pool exhausted"</code> in quotes is one
              phrase. <code>service:payment-service level:error status:503 trace:4bf9… tenant:"acme corp"</code> narrow by field. A
              longer time range may help.
            </Empty>
          ) : (
            <>
              <LogTable events={events} />
              {cursor && (
                <div>
                  <button type="button" disabled={busy} onClick={() => void load()}>
                    {busy ? "loading…" : `${kPage} older lines`}
                  </button>
                </div>
              )}
            </>
          )
        }
      </Show>
    </Panel>
  );
}

function PatternsView({ query, cacheKey, from, to }: { query: Query; cacheKey: string; from: string; to?: string }) {
  const patterns = useResource(`logpatterns ${cacheKey}`, (signal) => get("/api/logs/patterns", { query, signal }));
  return (
    <Panel title="Patterns" aside={patterns.data && `from the newest ${number(patterns.data.sampled)} matching lines`}>
      <Show of={patterns} lines={8}>
        {(data) =>
          data.patterns.length ? (
            <PatternTable patterns={data.patterns} from={from} to={to} />
          ) : (
            <Empty title="No line matches.">Lines that differ only in their numbers are one pattern.</Empty>
          )
        }
      </Show>
    </Panel>
  );
}

function Tail({ q, level }: { q: string; level?: Level }) {
  const tail = useTail({ q: q || undefined, level });
  return (
    <Panel
      title="As they come"
      aside={
        <span className="row">
          <span role="status">{tail.paused ? "paused" : tail.connected ? "listening" : "connecting"}</span>
          {tail.skipped && <span className="chip mark">lines came too fast, some were left out</span>}
          <button type="button" onClick={tail.toggle}>
            {tail.paused ? "Go on" : "Pause"}
          </button>
        </span>
      }
    >
      {tail.problem && <Failed error={tail.problem} />}
      {tail.events.length === 0 ? (
        <Empty title="Waiting for the next line.">What matches the query above appears here within a second or two.</Empty>
      ) : (
        <LogTable events={tail.events} />
      )}
    </Panel>
  );
}
