// The curve of each anomalous metric with its expected band; the incident's time is shaded. The cursor is shared.
import { useMemo } from "react";
import { get, type Incident, type Schemas } from "../../api/client";
import { useResource } from "../../api/use_resource";
import { metricName, metricUnit, ofUnit } from "../../lib/format";
import { Link, servicePath } from "../../lib/router";
import { plainVisible, Raw } from "../../lib/text";
import { Chart, type Shade } from "../../ui/chart";
import { Empty, Panel, SeverityMark, Show } from "../../ui/basics";

const kMostServices = 6;

export function MetricCharts({ incident }: { incident: Incident }) {
  const services = useMemo(() => {
    const order = new Map(incident.services.map((s, i) => [s, i]));
    const all = [...new Set(incident.anomalies.map((a) => a.service))];
    return all.sort((a, b) => (order.get(a) ?? 99) - (order.get(b) ?? 99));
  }, [incident.services, incident.anomalies]);
  return (
    <Panel title="What is unusual" className="order-3">
      {services.length === 0 && <Empty title="No metric stands out any more." />}
      {services.slice(0, kMostServices).map((service) => (
        <ServiceCharts key={service} incident={incident} service={service} />
      ))}
      {services.length > kMostServices && (
        <p className="dim">and {services.length - kMostServices} more services; each has its own page.</p>
      )}
    </Panel>
  );
}

function ServiceCharts({ incident, service }: { incident: Incident; service: string }) {
  const onset = new Date(incident.onset).getTime() / 1000;
  const end = incident.resolved_at ? new Date(incident.resolved_at).getTime() / 1000 : undefined;
  const from = Math.floor((onset - 45 * 60) / 60) * 60;
  const series = useResource(
    `series ${service} ${from} ${end ?? "live"}`,
    (signal) =>
      get("/api/services/{name}/series", {
        path: { name: service },
        query: { from: String(from), to: end ? String(Math.ceil(end) + 15 * 60) : undefined },
        signal,
      }),
    incident.resolved_at ? [] : ["tick"],
  );
  const anomalies = incident.anomalies.filter((a) => a.service === service);
  return (
    <div className="stack">
      <h3>
        <Link to={servicePath(service)}>{plainVisible(service)}</Link>
      </h3>
      <ul className="plain">
        {anomalies.map((a) => (
          <li key={a.metric + (a.channel ?? "")} className="row">
            <SeverityMark severity={a.severity} />
            <span>
              <b>{metricName(a.metric)}</b> <Raw text={a.sentence} limit={400} />{" "}
              <span className="dim" title="how far from usual, in the unit of the thresholds; docs/detection.md says what a score means">
                score {a.z_score.toFixed(1)}
              </span>
            </span>
          </li>
        ))}
      </ul>
      <Show of={series} lines={4}>
        {(data) => (
          <div className="charts">
            {[...new Set(anomalies.map((a) => a.metric))].map((metric) => (
              <MetricChart key={metric} series={data} metric={metric} shades={[{ from: onset, to: end ?? Date.now() / 1000 }]} sync={incident.id} />
            ))}
          </div>
        )}
      </Show>
    </div>
  );
}

// A metric without judged history of its own falls back to what was counted.
export function MetricChart({
  series,
  metric,
  shades,
  sync,
  marker,
  pick,
  zoom,
}: {
  series: Schemas["Series"];
  metric: string;
  shades?: Shade[];
  sync?: string;
  marker?: number;
  pick?: (at: number) => void;
  zoom?: (from: number, to: number) => void;
}) {
  const judged = series.metrics.find((m) => m.metric === metric);
  const unit = judged?.unit ?? metricUnit(metric);
  const counted = metric === "error_rate" ? series.errors : metric.startsWith("latency") ? series.p99_ms : series.traffic;
  const observed = judged?.observed ?? counted;
  const format = (value: number | null) => ofUnit(value, unit);
  return (
    <Chart
      label={`${metricName(metric)} of ${series.service}, observed and expected`}
      times={series.times}
      lines={[
        { label: metricName(metric), values: observed, colour: "series" },
        ...(judged ? [{ label: "expected", values: judged.expected, colour: "dim" as const, dashed: true }] : []),
      ]}
      band={judged ? { low: judged.band_low, high: judged.band_high } : undefined}
      shades={shades}
      format={format}
      sync={sync}
      marker={marker}
      pick={pick}
      zoom={zoom}
    />
  );
}
