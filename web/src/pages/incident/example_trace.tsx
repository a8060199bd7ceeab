// One failing request of the incident, as it went through the services.
import { useState } from "react";
import { get, type Incident } from "../../api/client";
import { useResource } from "../../api/use_resource";
import { Link, tracePath } from "../../lib/router";
import { Empty, Panel, Show } from "../../ui/basics";
import { Waterfall } from "../../ui/waterfall";

export function ExampleTrace({ incident }: { incident: Incident }) {
  const [n, setN] = useState(0);
  const traces = tracesOf(incident);
  const id = traces[n % Math.max(1, traces.length)];
  const trace = useResource(id ? `trace ${id}` : undefined, (signal) =>
    get("/api/traces/{id}", {
      path: { id: id! },
      query: { from: String(new Date(incident.onset).getTime() / 1000 - 3600) },
      signal,
    }),
  );
  return (
    <Panel
      title="A failing request"
      className="order-6"
      aside={
        id && (
          <span className="row">
            {traces.length > 1 && (
              <button type="button" className="link" onClick={() => setN(n + 1)}>
                another one
              </button>
            )}
            <Link to={tracePath(id)} className="mono">
              {id.slice(0, 16)}
            </Link>
          </span>
        )
      }
    >
      {id ? (
        <Show of={trace} lines={4}>
          {(data) => <Waterfall trace={data} withLogs={false} />}
        </Show>
      ) : (
        <Empty title="None of the failing lines belongs to a trace.">
          Send <code>trace.id</code> with your documents and a request can be followed here.
        </Empty>
      )}
    </Panel>
  );
}

// Errors first, and those traces first that touch most of the incident's lines.
function tracesOf(incident: Incident): string[] {
  const lines = new Map<string, number>();
  for (const e of incident.correlated_events) {
    if (e.trace_id) lines.set(e.trace_id, (lines.get(e.trace_id) ?? 0) + (e.level === "error" || e.level === "fatal" ? 100 : 1));
  }
  return [...lines].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([id]) => id).slice(0, 20);
}
