// One service: its curves over an hour to a week, why it did or did not alert at a chosen moment, what its logs
// say, whom it calls and who calls it, and what happened to it before.
import { useState } from "react";
import { get, type Schemas } from "../../api/client";
import { useResource } from "../../api/use_resource";
import { milliseconds, number, share } from "../../lib/format";
import { Link, servicePath, setSearch, useSearch } from "../../lib/router";
import { plainVisible } from "../../lib/text";
import { When } from "../../lib/time";
import { Empty, Healthy, Panel, SeverityMark, Show, Tabs } from "../../ui/basics";
import { Chart, type Shade } from "../../ui/chart";
import { MetricChart } from "../incident/charts";
import { IncidentList } from "../incident/incident_row";
import { PatternTable } from "../incident/patterns";
import { Explain } from "./explain";

const kRanges: [string, string][] = [
  ["1h", "1 h"],
  ["6h", "6 h"],
  ["24h", "24 h"],
  ["7d", "7 d"],
];

export function Service({ name }: { name: string }) {
  const search = useSearch();
  const range = kRanges.some(([r]) => r === search.get("range")) ? search.get("range")! : "1h";
  const moment = Number(search.get("at")) || undefined;
  const service = useResource(`service ${name}`, (signal) => get("/api/services/{name}", { path: { name }, signal }), ["tick", "incident"]);
  const series = useResource(
    `series ${name} ${range}`,
    (signal) => get("/api/services/{name}/series", { path: { name }, query: { from: `now-${range}` }, signal }),
    ["tick"],
  );
  const pick = (at: number) => setSearch({ at: String(at) });
  return (
    <>
      <div className="pagehead">
        <div className="row">
          {service.data?.worst_severity ? <SeverityMark severity={service.data.worst_severity} /> : service.data && <Healthy />}
          <h1>{plainVisible(name)}</h1>
          {service.data && (
            <span className="dim num">
              {number(service.data.docs_per_minute)}/min · {share(service.data.error_share)} errors · p99 {milliseconds(service.data.p99_ms)}
            </span>
          )}
          {service.data?.silenced && <span className="chip">silenced</span>}
        </div>
        <div className="row">
          <Link to={`/logs?${new URLSearchParams({ q: `service:${/\s/.test(name) ? `"${name}"` : name}` }).toString()}`}>its logs</Link>
          <Link to={`/silences?${new URLSearchParams({ service: name }).toString()}`}>silence</Link>
          <Tabs names={kRanges} value={range} set={(r) => setSearch({ range: r, at: undefined })} label="time range" />
        </div>
      </div>
      <Panel title="Curves" aside="click a curve to ask why it did or did not alert then">
        <Show of={series} lines={8}>
          {(data) => <Curves series={data} moment={moment} pick={pick} />}
        </Show>
      </Panel>
      <Explain name={name} at={moment} clear={() => setSearch({ at: undefined })} />
      <div className="halves">
        <Panel title="Neighbours">
          <Show of={service}>{(data) => <Neighbours service={data} />}</Show>
        </Panel>
        <ServicePatterns name={name} />
      </div>
      <Panel title="Incidents">
        <Show of={service}>
          {(data) =>
            data.incidents.length ? (
              <IncidentList rows={data.incidents} chosen={-1} label="incidents of this service" />
            ) : (
              <Empty title="None so far.">An incident in which this service plays a part stays listed here.</Empty>
            )
          }
        </Show>
      </Panel>
    </>
  );
}

function Curves({ series, moment, pick }: { series: Schemas["Series"]; moment?: number; pick: (at: number) => void }) {
  const shades: Shade[] = (series.incidents ?? []).map((i) => ({
    from: new Date(i.from).getTime() / 1000,
    to: i.to ? new Date(i.to).getTime() / 1000 : Date.now() / 1000,
  }));
  const shared = { times: series.times, shades, sync: series.service, marker: moment, pick };
  const count = (value: number | null) => number(value);
  if (!series.traffic.some((n) => n)) {
    return <Empty title="Nothing has come from this service in this time.">Take a longer range, or look at Coverage.</Empty>;
  }
  return (
    <div className="charts two">
      <Chart
        {...shared}
        label={`documents and errors of ${series.service}`}
        lines={[
          { label: "documents", values: series.traffic, colour: "series" },
          { label: "errors", values: series.errors, colour: "p1" },
        ]}
        format={count}
      />
      <Chart
        {...shared}
        label={`latency of ${series.service}`}
        lines={[
          { label: "p99", values: series.p99_ms, colour: "series" },
          { label: "p50", values: series.p50_ms, colour: "series2" },
        ]}
        format={(value) => milliseconds(value)}
      />
      {series.metrics
        .filter((m) => m.observed.some((v) => v !== null))
        .map((m) => (
          <MetricChart key={m.metric} series={series} metric={m.metric} shades={shades} sync={series.service} marker={moment} pick={pick} />
        ))}
    </div>
  );
}

// How an edge is known. Learned ones were not seen in the last hour.
const kKnown: Record<Schemas["Edge"]["source"], string> = {
  span: "",
  trace: "by trace",
  mention: "by messages",
  learned: "earlier,",
  topology: "configured",
};

function Neighbours({ service }: { service: Schemas["ServiceDetail"] }) {
  if (service.callers.length + service.callees.length === 0) {
    return (
      <Empty title="No call to or from it has been seen.">
        Spans, shared <code>trace.id</code>s or <code>topology:</code> in config.yaml tell who calls whom.
      </Empty>
    );
  }
  const row = (edge: Schemas["Edge"], other: string, word: string) => (
    <tr key={word + other}>
      <td className="dim">{word}</td>
      <td>
        <Link to={servicePath(other)}>{plainVisible(other)}</Link>
      </td>
      <td className="dim nowrap">
        {kKnown[edge.source]}
        {edge.last_seen && (
          <>
            {" "}
            <When at={edge.last_seen} ago />
          </>
        )}
      </td>
      <td className="num right">{edge.source === "topology" ? "" : number(Math.round(edge.calls))}</td>
      <td className={`num right${edge.error_share > 0.02 ? " bad" : ""}`}>
        {edge.error_share > 0.02 && "✕ "}
        {share(edge.error_share)}
      </td>
      <td className="num right">{milliseconds(edge.p99_ms)}</td>
    </tr>
  );
  return (
    <div className="scroll" tabIndex={0} role="group" aria-label="neighbours">
      <table>
        <thead>
          <tr>
            <th />
            <th>service</th>
            <th>seen</th>
            <th className="right">calls</th>
            <th className="right">failed</th>
            <th className="right">p99</th>
          </tr>
        </thead>
        <tbody>
          {service.callers.map((e) => row(e, e.caller, "called by"))}
          {service.callees.map((e) => row(e, e.callee, "calls"))}
        </tbody>
      </table>
    </div>
  );
}

function ServicePatterns({ name }: { name: string }) {
  const [from] = useState(() => new Date(Date.now() - 3_600_000).toISOString());
  const patterns = useResource(
    `patterns ${name}`,
    (signal) => get("/api/logs/patterns", { query: { service: [name], level: "warning", from: "now-1h" }, signal }),
    [],
  );
  return (
    <Panel title="Warnings and errors of the last hour, by pattern" aside={patterns.data && `${number(patterns.data.sampled)} lines`}>
      <Show of={patterns}>
        {(data) =>
          data.patterns.length ? (
            <PatternTable patterns={data.patterns.slice(0, 12)} from={from} />
          ) : (
            <Empty title="No warning and no error.">
              The last hour was quiet since <When at={from} />.
            </Empty>
          )
        }
      </Show>
    </Panel>
  );
}

