// What is broken, since when, what started it; below that every service, worst first.
import { useMemo, useState } from "react";
import { get, type IncidentRow, type Schemas, type ServiceRow } from "../api/client";
import { useResource } from "../api/use_resource";
import { milliseconds, number, plural, share } from "../lib/format";
import { useKeys } from "../lib/keys";
import { incidentPath, Link, navigate, servicePath, setSearch, useSearch } from "../lib/router";
import { plainVisible } from "../lib/text";
import { When } from "../lib/time";
import { useNarrow } from "../lib/narrow";
import { Empty, Healthy, Panel, SeverityMark, Show } from "../ui/basics";
import { Sparkline } from "../ui/sparkline";
import { VirtualList } from "../ui/virtual_list";
import { acknowledge } from "./incident/commands";
import { IncidentList } from "./incident/incident_row";

export function Now() {
  const incidents = useResource(
    "now.incidents",
    (signal) => get("/api/incidents", { query: { status: "active", limit: 500 }, signal }),
    ["incident", "silence", "tick"],
  );
  const services = useResource("now.services", (signal) => get("/api/services", { signal }), ["tick", "incident", "silence"]);
  const health = useResource("now.health", (signal) => get("/api/health", { signal }), ["tick"]);
  const filter = useSearch().get("q") ?? "";
  const [chosen, setChosen] = useState(-1);

  const rows = useMemo(() => byUrgency(incidents.data?.incidents ?? []), [incidents.data]);
  const list = useMemo(() => {
    const words = filter.toLowerCase();
    return (services.data?.services ?? []).filter((s) => s.service.toLowerCase().includes(words)).sort(worstFirst);
  }, [services.data, filter]);
  const all = rows.length + list.length;
  const open = (index: number) => {
    const incident = rows[index];
    const service = list[index - rows.length];
    if (incident) navigate(incidentPath(incident.id));
    else if (service) navigate(servicePath(service.service));
  };
  useKeys({
    j: () => setChosen((i) => Math.min(all - 1, i + 1)),
    k: () => setChosen((i) => Math.max(0, i - 1)),
    Enter: chosen >= 0 ? () => open(chosen) : undefined,
    a: () => {
      const incident = rows[Math.max(0, chosen)];
      if (incident?.state === "open") void acknowledge(incident.id).then(incidents.refresh);
    },
  });

  return (
    <>
      <h1 className="hidden">Now</h1>
      <Show of={health} lines={1}>
        {(h) => <CoverageLine health={h} />}
      </Show>
      <Panel
        title={incidents.data ? (rows.length ? plural(incidents.data.total, "open incident") : "No open incident") : "Open incidents"}
        aside={<Link to="/incidents">all incidents</Link>}
        className={rows.length ? "hot" : ""}
      >
        <Show of={incidents} lines={4}>
          {() =>
            rows.length ? (
              <IncidentList rows={rows} chosen={chosen} label="open incidents" />
            ) : (
              <Empty title="Nothing misbehaves beyond what is usual.">
                An outage appears here by itself, as one incident, within a minute or two of its beginning.
              </Empty>
            )
          }
        </Show>
      </Panel>
      <Panel
        title={services.data ? plural(services.data.services.length, "service") : "Services"}
        aside={
          <input
            type="search"
            aria-label="search services"
            placeholder="search services  /"
            value={filter}
            onChange={(event) => {
              setChosen(-1);
              setSearch({ q: event.target.value });
            }}
          />
        }
      >
        <Show of={services} lines={6}>
          {(data) =>
            list.length ? (
              <Services list={list} slice={data.slice_seconds} chosen={chosen - rows.length} />
            ) : filter ? (
              <Empty title={`No service has “${plainVisible(filter)}” in its name.`} />
            ) : (
              <NoServices />
            )
          }
        </Show>
      </Panel>
    </>
  );
}

function byUrgency(rows: IncidentRow[]): IncidentRow[] {
  const rank = (row: IncidentRow) => (row.state === "open" && !row.silenced ? 0 : 10) + Number(row.severity.slice(1));
  return [...rows].sort((a, b) => rank(a) - rank(b) || b.created_at.localeCompare(a.created_at));
}
const kStatusRank = { critical: 0, warning: 1, degraded: 2, healthy: 3 };
function worstFirst(a: ServiceRow, b: ServiceRow): number {
  return kStatusRank[a.status] - kStatusRank[b.status] || (b.docs_per_minute ?? 0) - (a.docs_per_minute ?? 0) || a.service.localeCompare(b.service);
}

// "Watching 5 services, all windows evaluated, ingest lag 2 s": honest above all where it is not so.
function CoverageLine({ health }: { health: Schemas["Health"] }) {
  const gaps = health.coverage?.gap ?? 0;
  const late = health.coverage?.late ?? 0;
  const lag = health.ingest_lag_seconds;
  return (
    <div className="coverline" role="status" aria-label="coverage">
      <span>watching {plural(health.services, "service")}</span>
      {health.blind_since ? (
        <span className="bad">
          blind since <When at={health.blind_since} />: {health.blind_reason}
        </span>
      ) : health.telemetry_gap_since ? (
        <span className="bad">
          nothing has come from any service since <When at={health.telemetry_gap_since} />
        </span>
      ) : gaps > 0 ? (
        <Link to="/coverage" className="bad">
          {plural(gaps, "minute")} of the last 24 h could not be evaluated
        </Link>
      ) : (
        <Link to="/coverage">{late > 0 ? `all windows evaluated, ${number(late)} of them late` : "all windows evaluated"}</Link>
      )}
      {lag !== undefined && lag !== null && <span className={lag > 120 ? "bad" : ""}>ingest lag {number(Math.round(lag))} s</span>}
      {health.last_tick && (
        <span>
          last look <When at={health.last_tick} ago />
        </span>
      )}
    </div>
  );
}

function Services({ list, slice, chosen }: { list: ServiceRow[]; slice: number; chosen: number }) {
  const narrow = useNarrow();
  return (
    <div className="services">
      {!narrow && (
        <div className="service head" aria-hidden="true">
          <span />
          <span>service</span>
          <span className="right">per min</span>
          <span className="right">errors</span>
          <span className="right">p99</span>
          <span>last hour</span>
          <span>what is unusual</span>
        </div>
      )}
      <VirtualList
        items={list}
        rowHeight={narrow ? 62 : 38}
        keyOf={(s) => s.service}
        label="services, worst first"
        reveal={chosen >= 0 ? chosen : undefined}
        row={(s, i) => <ServiceLine service={s} slice={slice} chosen={i === chosen} />}
      />
    </div>
  );
}

function ServiceLine({ service: s, chosen }: { service: ServiceRow; slice: number; chosen: boolean }) {
  const worst = s.anomalies[0];
  const about = s.silenced ? "silenced" : worst ? plainVisible(worst.sentence) : "";
  return (
    <Link to={servicePath(s.service)} className={`service${chosen ? " chosen" : ""}`}>
      {s.worst_severity ? <SeverityMark severity={s.worst_severity} bare /> : <Healthy />}
      <span className="clip name">{plainVisible(s.service)}</span>
      <span className="num right">
        {number(s.docs_per_minute)}
        <span className="unit"> /min</span>
      </span>
      <span className={`num right${s.error_share > 0.02 ? " warn" : ""}`}>
        {share(s.error_share)}
        <span className="unit"> errors</span>
      </span>
      <span className="num right">
        {milliseconds(s.p99_ms)}
        <span className="unit"> p99</span>
      </span>
      <Sparkline traffic={s.traffic ?? []} errors={s.errors ?? []} />
      <span className="clip dim about" title={about}>
        {about}
      </span>
    </Link>
  );
}

function NoServices() {
  return (
    <Empty title="No service is known yet.">
      Services appear by themselves when their log documents arrive. Point a shipper at this address, or try:
      <pre>
        {`curl -H 'Content-Type: application/x-ndjson' ${location.origin}/_bulk --data-binary @- <<'END'
{"create":{"_index":"app-logs"}}
{"@timestamp":"${new Date().toISOString()}","service.name":"my-service","level":"info","message":"hello","duration_ms":12}
END`}
      </pre>
    </Empty>
  );
}
