// Whether SentinelOps has looked: the ledger as a calendar, the lag of what comes in, the health of store and
// channels, and what the model costs.
import type { ReactNode } from "react";
import { get, post, type Schemas } from "../api/client";
import { useSession } from "../api/session";
import { useResource } from "../api/use_resource";
import { bytes, number } from "../lib/format";
import { incidentPath, Link } from "../lib/router";
import { Raw } from "../lib/text";
import { clock, dayOf, When } from "../lib/time";
import { ActionButton, Empty, Panel, Show } from "../ui/basics";
import { attempt } from "../ui/toast";

export function Coverage() {
  const health = useResource("now.health", (signal) => get("/api/health", { signal }), ["tick"]);
  const ledger = useResource(
    "ledger",
    (signal) => get("/api/ledger", { query: { from: String(startOfDay(6)), step: 3600 }, signal }),
    ["tick"],
  );
  const outbox = useResource("outbox", (signal) => get("/api/outbox", { query: { limit: 100 }, signal }), ["tick", "outbox"]);
  const spend = useResource("spend", (signal) => get("/api/spend", { signal }), ["incident"]);
  return (
    <>
      <div className="pagehead">
        <h1>Coverage</h1>
      </div>
      <Panel title="The last seven days, hour by hour">
        <Show of={ledger} lines={7}>
          {(data) => <Calendar ledger={data} />}
        </Show>
      </Panel>
      <div className="halves">
        <Panel title="How it stands">
          <Show of={health} lines={6}>
            {(h) => <Standing health={h} />}
          </Show>
        </Panel>
        <Panel title="Where the time of a tick goes">
          <Show of={health}>{(h) => <Stages stages={h.stages_ms ?? {}} />}</Show>
        </Panel>
      </div>
      <Panel title="Channels">
        <Show of={outbox}>{(data) => <Channels outbox={data} changed={outbox.refresh} />}</Show>
      </Panel>
      <Panel title="What the model costs">
        <Show of={spend}>{(data) => <SpendTable spend={data} />}</Show>
      </Panel>
    </>
  );
}

// Local midnight `days` days ago, s.
function startOfDay(days: number): number {
  const day = new Date();
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - days);
  return day.getTime() / 1000;
}

type Bucket = Schemas["Ledger"]["buckets"][number];

function Calendar({ ledger }: { ledger: Schemas["Ledger"] }) {
  const days = Array.from({ length: 7 }, (_, i) => startOfDay(6 - i));
  const byHour = new Map<number, Bucket>();
  for (const bucket of ledger.buckets) {
    const hour = new Date(bucket.at);
    hour.setMinutes(0, 0, 0);
    const key = hour.getTime() / 1000;
    const old = byHour.get(key);
    byHour.set(
      key,
      old
        ? { ...old, evaluated: old.evaluated + bucket.evaluated, late: old.late + bucket.late, gap: old.gap + bucket.gap, docs: old.docs + bucket.docs, late_docs: old.late_docs + bucket.late_docs }
        : bucket,
    );
  }
  const gaps = ledger.counts.gap ?? 0;
  return (
    <>
      <p>
        {gaps > 0 ? (
          <b className="bad">{number(gaps)} minutes could not be evaluated.</b>
        ) : (
          "Every minute since the start has been evaluated."
        )}{" "}
        <span className="dim">
          {number(ledger.counts.evaluated ?? 0)} in time, {number(ledger.counts.late ?? 0)} late.
        </span>
      </p>
      <div className="calendar scroll" tabIndex={0} role="group" aria-label="coverage by day and hour">
        <div className="hours" aria-hidden="true">
          <span />
          {Array.from({ length: 24 }, (_, h) => (
            <span key={h}>{h % 3 === 0 ? h : ""}</span>
          ))}
        </div>
        {days.map((day) => (
          <div key={day} className="day">
            <span className="num">{dayOf(new Date(day * 1000)).slice(5)}</span>
            {Array.from({ length: 24 }, (_, h) => {
              const at = new Date(day * 1000);
              at.setHours(h);
              return <Hour key={h} at={at} bucket={byHour.get(at.getTime() / 1000)} />;
            })}
          </div>
        ))}
      </div>
      <p className="row dim legend">
        <span>
          <i className="cell evaluated" /> in time
        </span>
        <span>
          <i className="cell late" /> some late
        </span>
        <span>
          <i className="cell gap">✕</i> gap
        </span>
        <span>
          <i className="cell none" /> not running yet
        </span>
      </p>
    </>
  );
}
function Hour({ at, bucket }: { at: Date; bucket?: Bucket }) {
  const kind = !bucket ? "none" : bucket.gap > 0 ? "gap" : bucket.late > 0 ? "late" : "evaluated";
  const about = bucket
    ? `${dayOf(at)} ${clock(at, false)}: ${bucket.evaluated} min in time, ${bucket.late} late, ${bucket.gap} gap; ${number(bucket.docs)} documents, ${number(bucket.late_docs)} of them late`
    : `${dayOf(at)} ${clock(at, false)}: nothing recorded`;
  return (
    <span className={`cell ${kind}`} title={about} role="img" aria-label={about}>
      {kind === "gap" ? "✕" : ""}
    </span>
  );
}

function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <table className="facts">
      <tbody>
        {rows.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Standing({ health: h }: { health: Schemas["Health"] }) {
  const rows: [string, ReactNode][] = [
    ["state", h.status === "ok" ? "fine" : <b className="bad">degraded</b>],
    ["version", h.version],
  ];
  if (h.started_at) rows.push(["running since", <When at={h.started_at} />]);
  if (h.last_tick) rows.push(["last look", <When at={h.last_tick} />]);
  rows.push(["services watched", number(h.services)]);
  if (h.ingest_lag_seconds !== undefined && h.ingest_lag_seconds !== null) rows.push(["ingest lag", `${number(Math.round(h.ingest_lag_seconds))} s`]);
  if (h.ticks !== undefined) rows.push(["ticks", `${number(h.ticks)}, ${number(h.failed_ticks ?? 0)} failed`]);
  if (h.blind_since) rows.push(["blind since", <span className="bad"><When at={h.blind_since} />: {h.blind_reason}</span>]);
  if (h.telemetry_gap_since) rows.push(["silence of the whole fleet since", <When at={h.telemetry_gap_since} />]);
  if (h.store) {
    rows.push([
      "store",
      h.store.error ? (
        <span className="bad">{h.store.error}</span>
      ) : (
        `${h.store.kind}: ${number(h.store.rows ?? 0)} documents, ${bytes(h.store.bytes_on_disk ?? 0)}`
      ),
    ]);
    if (h.store.last_ingest) rows.push(["last document", <When at={h.store.last_ingest} ago />]);
  }
  if (h.state_store) rows.push(["state store", <span className="bad">{h.state_store}</span>]);
  if (h.streams !== undefined) rows.push(["open pages and streams", number(h.streams)]);
  return <Facts rows={rows} />;
}

function Stages({ stages }: { stages: Record<string, number> }) {
  const list = Object.entries(stages);
  const most = Math.max(1, ...list.map(([, ms]) => ms));
  if (!list.length) return <Empty title="The first tick has not run yet." />;
  return (
    <table className="facts stages">
      <tbody>
        {list.map(([name, ms]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td className="num right">{ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms</td>
            <td>
              <span className="bar" aria-hidden="true">
                <i style={{ width: `${(ms / most) * 100}%` }} />
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Channels({ outbox, changed }: { outbox: Schemas["Outbox"]; changed: () => void }) {
  const { canWrite } = useSession();
  const stuck = outbox.rows.filter((row) => row.status === "parked" || (row.status === "pending" && row.attempts > 0));
  if (!outbox.channels.length) {
    return (
      <Empty title="No message has gone out.">
        Slack, PagerDuty, webhooks and Alertmanager are set up in config.yaml and .env; each message and its delivery shows here.
      </Empty>
    );
  }
  return (
    <>
      <div className="scroll" tabIndex={0} role="group" aria-label="channels">
        <table>
          <thead>
            <tr>
              <th>channel</th>
              <th>state</th>
              <th className="right">delivered</th>
              <th className="right">waiting</th>
              <th className="right">parked</th>
              <th>last error</th>
            </tr>
          </thead>
          <tbody>
            {outbox.channels.map((c) => (
              <tr key={c.channel}>
                <td>{c.channel}</td>
                <td>{c.status === "failing" ? <b className="bad">✕ failing</b> : c.status}</td>
                <td className="num right">{number(c.delivered)}</td>
                <td className="num right">{number(c.pending)}</td>
                <td className="num right">{number(c.parked)}</td>
                <td>{c.last_error && <Raw text={c.last_error} limit={200} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {stuck.length > 0 && <h3>Messages that did not get through</h3>}
      <ul className="plain">
        {stuck.slice(0, 50).map((row) => (
          <li key={row.id}>
            <div className="row">
              <span className="chip mark">{row.status}</span> {row.channel}
              <Link to={incidentPath(row.incident_id)}>{row.incident_id}</Link>
              <span className="dim">
                {row.attempts} tries, <When at={row.created_at} />
              </span>
              {canWrite && row.status === "parked" && (
                <>
                  <ActionButton run={() => attempt("will be tried again", () => post("/api/outbox/{id}/retry", { path: { id: row.id } })).then(changed)}>
                    Try again
                  </ActionButton>
                  <ActionButton run={() => attempt("given up", () => post("/api/outbox/{id}/drop", { path: { id: row.id } })).then(changed)}>
                    Give up
                  </ActionButton>
                </>
              )}
            </div>
            <span className="dim">
              <Raw text={row.last_error} limit={300} />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function SpendTable({ spend }: { spend: Schemas["Spend"] }) {
  if (!spend.enabled && spend.calls.length === 0) {
    return (
      <Empty title="No model is asked.">
        Incidents are explained by rules. With <code>ANTHROPIC_API_KEY</code> in .env a model words them too, within the budgets of
        config.yaml.
      </Empty>
    );
  }
  return (
    <>
      <p>
        Today <b>${spend.today_usd.toFixed(4)}</b> of ${spend.daily_budget_usd.toFixed(2)}; at most ${spend.incident_budget_usd.toFixed(2)} an
        incident. <span className="dim">{spend.model}</span>
      </p>
      <div className="scroll" tabIndex={0} role="group" aria-label="calls of the model">
        <table>
          <thead>
            <tr>
              <th>when</th>
              <th>incident</th>
              <th>outcome</th>
              <th className="right">tokens in</th>
              <th className="right">out</th>
              <th className="right">cost</th>
            </tr>
          </thead>
          <tbody>
            {spend.calls.slice(0, 30).map((c, i) => (
              <tr key={i}>
                <td>
                  <When at={c.at} />
                </td>
                <td>
                  <Link to={incidentPath(c.incident_id)}>{c.incident_id}</Link>
                </td>
                <td>{c.outcome}</td>
                <td className="num right">{number(c.input_tokens ?? 0)}</td>
                <td className="num right">{number(c.output_tokens ?? 0)}</td>
                <td className="num right">${c.usd.toFixed(4)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
