// The curve of each anomalous metric with its expected band; the incident's time is shaded. The cursor is shared.
import { useMemo } from "react";
import { get, type Incident, type Schemas } from "../../api/client";
import { useResource } from "../../api/use_resource";
import { metricName, metricUnit, ofUnit } from "../../lib/format";
import { Link, servicePath } from "../../lib/router";
import { plainVisible, Raw } from "../../lib/text";
import { Chart, type Line, type Shade } from "../../ui/chart";
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
              <MetricChart key={metric} series={data} metric={metric} anomaly={anomalies.find((a) => a.metric === metric)} shades={[{ from: onset, to: end ?? Date.now() / 1000 }]} sync={incident.id} />
            ))}
          </div>
        )}
      </Show>
    </div>
  );
}

// Curves of one metric. Where the series holds what detection expected at each moment, that is drawn. Else what
// was counted is drawn over the window in which the anomaly was judged, beside what was expected at its judgement.
export function MetricChart({
  series,
  metric,
  anomaly,
  shades,
  sync,
  marker,
  pick,
}: {
  series: Schemas["Series"];
  metric: string;
  anomaly?: Schemas["Anomaly"];
  shades?: Shade[];
  sync?: string;
  marker?: number;
  pick?: (at: number) => void;
}) {
  const drawn = useMemo(() => judged(series, metric) ?? counted(series, metric, anomaly), [series, metric, anomaly]);
  return (
    <Chart
      label={`${metricName(metric)} of ${series.service}, observed and expected`}
      times={series.times}
      lines={drawn.lines}
      band={drawn.band}
      shades={shades}
      format={(value) => ofUnit(value, drawn.unit)}
      sync={sync}
      marker={marker}
      pick={pick}
    />
  );
}

interface Drawn {
  unit: string;
  lines: Line[];
  band?: { low: (number | null)[]; high: (number | null)[] };
}

function judged(series: Schemas["Series"], metric: string): Drawn | undefined {
  const own = series.metrics.find((m) => m.metric === metric);
  if (!own?.expected.some((value) => value !== null)) return undefined;
  return {
    unit: own.unit,
    lines: [
      { label: metricName(metric), values: own.observed, colour: "series" },
      { label: "expected", values: own.expected, colour: "dim", dashed: true },
    ],
    band: { low: own.band_low, high: own.band_high },
  };
}

function counted(series: Schemas["Series"], metric: string, anomaly?: Schemas["Anomaly"]): Drawn {
  const latency = metric.startsWith("latency");
  const base = latency ? series.p99_ms : metric === "error_rate" ? series.errors : series.traffic;
  // Counts are judged over a window of minutes: the curve adds up as many steps, so that both mean the same.
  const steps = latency || !anomaly?.horizon_seconds ? 1 : Math.max(1, Math.round(anomaly.horizon_seconds / series.step_seconds));
  const values = steps === 1 ? base : rollingSum(base, steps);
  const name = steps === 1 ? metricName(metric) : `${metricName(metric)} in ${Math.round((steps * series.step_seconds) / 60)} min`;
  const unit = metricUnit(metric);
  // Expectations of another quantile than the curve shows would mislead.
  const sameQuantile = !latency || !anomaly?.channel || anomaly.channel === "p99";
  if (!anomaly || !sameQuantile) return { unit, lines: [{ label: name, values, colour: "series" }] };
  const level = (value: number | undefined) => series.times.map(() => value ?? null);
  return {
    unit,
    lines: [
      { label: name, values, colour: "series" },
      { label: "expected when judged", values: level(anomaly.baseline_mean), colour: "dim", dashed: true },
    ],
    band: anomaly.band_high === undefined ? undefined : { low: level(anomaly.band_low ?? 0), high: level(anomaly.band_high) },
  };
}

function rollingSum(values: (number | null)[], steps: number): (number | null)[] {
  let sum = 0;
  return values.map((value, i) => {
    sum += value ?? 0;
    if (i >= steps) sum -= values[i - steps] ?? 0;
    return i < steps - 1 || value === null ? null : sum;
  });
}
