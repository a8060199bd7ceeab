// What is kept quiet, until when and why; a new silence shows first what it would have muted in the last week.
import { type FormEvent, useEffect, useState } from "react";
import { call, get, post, type Schemas, type Severity, type Silence } from "../api/client";
import { useSession, who } from "../api/session";
import { useResource } from "../api/use_resource";
import { metricName, plural } from "../lib/format";
import { incidentPath, Link, useSearch } from "../lib/router";
import { plainVisible } from "../lib/text";
import { When } from "../lib/time";
import { ActionButton, Empty, Panel, SeverityMark, Show } from "../ui/basics";
import { attempt } from "../ui/toast";

const kSeverities: Severity[] = ["P1", "P2", "P3", "P4"];

export function Silences() {
  const list = useResource("silences", (signal) => get("/api/silences", { signal }), ["silence"]);
  const { canWrite } = useSession();
  return (
    <>
      <div className="pagehead">
        <h1>Silences</h1>
      </div>
      <div className="halves">
        {canWrite && <NewSilence made={list.refresh} />}
        <Panel title="In force, to come, and over">
          <Show of={list}>
            {(data) =>
              data.silences.length ? (
                <Table silences={data.silences} canWrite={canWrite} changed={list.refresh} />
              ) : (
                <Empty title="Nothing is silenced.">
                  A silence keeps what matches from being announced. It goes on being judged, and stays in the history.
                </Empty>
              )
            }
          </Show>
        </Panel>
      </div>
    </>
  );
}

const kOrder = { active: 0, pending: 1, expired: 2 };

function Table({ silences, canWrite, changed }: { silences: Silence[]; canWrite: boolean; changed: () => void }) {
  const sorted = [...silences].sort((a, b) => kOrder[a.status] - kOrder[b.status] || b.starts_at.localeCompare(a.starts_at));
  return (
    <ul className="plain silences">
      {sorted.slice(0, 200).map((s) => (
        <li key={s.id} className={s.status}>
          <div className="row">
            <span className={`chip${s.status === "active" ? " good" : ""}`}>{s.status === "active" ? "in force" : s.status}</span>
            <b className="mono">{plainVisible(s.service)}</b>
            <span>{s.metric === "*" ? "every metric" : metricName(s.metric)}</span>
            {s.severities.map((severity) => (
              <SeverityMark key={severity} severity={severity} />
            ))}
            {canWrite && s.status !== "expired" && (
              <ActionButton
                className="end"
                run={() =>
                  attempt("silence ended", () => call("delete", "/api/silences/{id}", { path: { id: s.id } })).then((done) => done && changed())
                }
              >
                End now
              </ActionButton>
            )}
          </div>
          <div className="dim">
            <When at={s.starts_at} seconds={false} /> to <When at={s.ends_at} seconds={false} />
            {s.author && ` · ${plainVisible(s.author)}`}
            {s.reason && `: ${plainVisible(s.reason)}`}
          </div>
        </li>
      ))}
    </ul>
  );
}

function NewSilence({ made }: { made: () => void }) {
  const search = useSearch();
  const [service, setService] = useState(search.get("service") ?? "");
  const [metric, setMetric] = useState("");
  const [severities, setSeverities] = useState<Severity[]>([]);
  const [start, setStart] = useState("");
  const [minutes, setMinutes] = useState(60);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const services = useResource("now.services", (signal) => get("/api/services", { signal }));
  const body: Schemas["NewSilence"] = {
    service: service.trim() || "*",
    metric: metric.trim() || "*",
    severities,
    minutes,
    starts_at: start ? new Date(start).toISOString() : undefined,
    reason: reason.trim() || "-",
  };
  // What is asked for settles before the server is asked.
  const wanted = JSON.stringify([body.service, body.metric, severities]);
  const [settled, setSettled] = useState(wanted);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(wanted), 300);
    return () => clearTimeout(timer);
  }, [wanted]);
  const preview = useResource(`preview ${settled}`, (signal) => post("/api/silences/preview", { body: { ...body, reason: "preview" }, signal }));

  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const silence = await attempt("silenced", () => post("/api/silences", { body: { ...body, ...who(), reason: reason.trim() } }));
    setBusy(false);
    if (!silence) return;
    setReason("");
    made();
  };
  return (
    <Panel title="New silence">
      <form className="stack" onSubmit={(event) => void save(event)}>
        <div className="fields">
          <label className="grow">
            Service (* stands for anything)
            <input list="silence-services" placeholder="*" value={service} maxLength={500} onChange={(event) => setService(event.target.value)} />
          </label>
          <label className="grow">
            Metric
            <input list="silence-metrics" placeholder="*" value={metric} maxLength={200} onChange={(event) => setMetric(event.target.value)} />
          </label>
        </div>
        <datalist id="silence-services">
          {(services.data?.services ?? []).slice(0, 500).map((s) => (
            <option key={s.service} value={s.service} />
          ))}
        </datalist>
        <datalist id="silence-metrics">
          {["error_rate", "latency_p99", "silence", "traffic"].map((m) => (
            <option key={m} value={m} />
          ))}
        </datalist>
        <fieldset className="row">
          <legend className="dim">Severities (none chosen: all)</legend>
          {kSeverities.map((severity) => (
            <label key={severity} className="row">
              <input
                type="checkbox"
                checked={severities.includes(severity)}
                onChange={(event) =>
                  setSeverities(event.target.checked ? [...severities, severity] : severities.filter((s) => s !== severity))
                }
              />
              <SeverityMark severity={severity} />
            </label>
          ))}
        </fieldset>
        <div className="fields">
          <label>
            From (empty: now)
            <input type="datetime-local" value={start} onChange={(event) => setStart(event.target.value)} />
          </label>
          <label>
            For
            <select value={minutes} onChange={(event) => setMinutes(Number(event.target.value))}>
              <option value={30}>30 minutes</option>
              <option value={60}>1 hour</option>
              <option value={240}>4 hours</option>
              <option value={1440}>1 day</option>
              <option value={10080}>7 days</option>
            </select>
          </label>
        </div>
        <label className="field">
          Why
          <input required value={reason} maxLength={2000} placeholder="database upgrade" onChange={(event) => setReason(event.target.value)} />
        </label>
        <div>
          <button type="submit" className="primary" disabled={busy || !reason.trim()}>
            Silence
          </button>
        </div>
      </form>
      <h3>In the last week it would have muted</h3>
      <Show of={preview}>{(data) => <Preview preview={data} />}</Show>
    </Panel>
  );
}

function Preview({ preview }: { preview: Schemas["SilencePreview"] }) {
  if (preview.matches.length === 0) return <Empty title="Nothing.">No incident of the last seven days matches.</Empty>;
  const incidents = [...new Map(preview.matches.map((m) => [m.incident_id, m])).values()];
  return (
    <>
      <p>
        <b>{plural(preview.incidents_muted, "incident")}</b> as a whole
        {preview.incidents_touched > preview.incidents_muted &&
          `, and parts of ${preview.incidents_touched - preview.incidents_muted} more, which would still have been announced`}
        .
      </p>
      <ul className="plain">
        {incidents.slice(0, 8).map((m) => (
          <li key={m.incident_id} className="row">
            <SeverityMark severity={m.severity} />
            <Link to={incidentPath(m.incident_id)} className="clip">
              {plainVisible(m.title)}
            </Link>
            <span className="dim nowrap">
              <When at={m.at} seconds={false} /> {m.whole ? "" : "in part"}
            </span>
          </li>
        ))}
      </ul>
      {incidents.length > 8 && <p className="dim">and {incidents.length - 8} more</p>}
    </>
  );
}
