// All incidents, newest first, by state, severity and service.
import { useState } from "react";
import { get, type Schemas } from "../api/client";
import { useResource } from "../api/use_resource";
import { number } from "../lib/format";
import { useKeys } from "../lib/keys";
import { incidentPath, navigate, setSearch, useSearch } from "../lib/router";
import { Empty, Panel, Show } from "../ui/basics";
import { acknowledge } from "./incident/commands";
import { IncidentList } from "./incident/incident_row";

const kMost = 1000;
type Status = "open" | "acknowledged" | "resolved" | "active";

export function Incidents() {
  const search = useSearch();
  const [chosen, setChosen] = useState(-1);
  const status = (search.get("status") ?? "") as Status | "";
  const severity = (search.get("severity") ?? "") as Schemas["Severity"] | "";
  const words = (search.get("q") ?? "").toLowerCase();
  const page = useResource(
    `incidents ${status} ${severity}`,
    (signal) =>
      get("/api/incidents", { query: { status: status || undefined, severity: severity || undefined, limit: kMost }, signal }),
    ["incident"],
  );
  const rows = (page.data?.incidents ?? []).filter(
    (row) => !words || [row.title, row.id, ...row.services].some((text) => text.toLowerCase().includes(words)),
  );
  const filtered = Boolean(status || severity || words);
  useKeys({
    j: () => setChosen((i) => Math.min(rows.length - 1, i + 1)),
    k: () => setChosen((i) => Math.max(0, i - 1)),
    Enter: rows[chosen] ? () => navigate(incidentPath(rows[chosen]!.id)) : undefined,
    a: () => {
      const row = rows[chosen];
      if (row?.state === "open") void acknowledge(row.id).then(page.refresh);
    },
  });
  return (
    <>
      <div className="pagehead">
        <h1>Incidents</h1>
      </div>
      <Panel>
        <div className="fields">
          <label className="grow">
            Search
            <input
              type="search"
              placeholder="title, id or service"
              value={search.get("q") ?? ""}
              onChange={(event) => setSearch({ q: event.target.value })}
            />
          </label>
          <label>
            State
            <select value={status} onChange={(event) => setSearch({ status: event.target.value })}>
              <option value="">any</option>
              <option value="active">open or acknowledged</option>
              <option value="open">open</option>
              <option value="acknowledged">acknowledged</option>
              <option value="resolved">resolved</option>
            </select>
          </label>
          <label>
            Severity
            <select value={severity} onChange={(event) => setSearch({ severity: event.target.value })}>
              <option value="">any</option>
              <option value="P1">P1</option>
              <option value="P2">P2 or worse</option>
              <option value="P3">P3 or worse</option>
            </select>
          </label>
        </div>
        <Show of={page} lines={6}>
          {(data) =>
            rows.length ? (
              <>
                <IncidentList rows={rows} chosen={chosen} label="incidents, newest first" />
                {data.total > data.incidents.length && (
                  <p className="dim">
                    the newest {number(data.incidents.length)} of {number(data.total)}
                  </p>
                )}
              </>
            ) : filtered ? (
              <Empty title="No incident matches.">Take a filter away to see more.</Empty>
            ) : (
              <Empty title="There has been no incident yet.">
                What happened stays here, with its causes, its log patterns and what was done. <code>sentinelops demo</code> shows one.
              </Empty>
            )
          }
        </Show>
      </Panel>
    </>
  );
}
