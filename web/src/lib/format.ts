// Numbers as people read them at three in the morning: few digits, a unit, no exponent.
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e9) return trim(value / 1e9) + " G";
  if (size >= 1e6) return trim(value / 1e6) + " M";
  if (size >= 10_000) return trim(value / 1e3) + " k";
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en-US");
  return trim(value);
}
function trim(value: number): string {
  const text = Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

export function share(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0 %";
  if (value < 0.001) return "<0.1 %";
  return (value < 0.1 ? (value * 100).toFixed(1).replace(/\.0$/, "") : Math.round(value * 100)) + " %";
}

export function milliseconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0 ms";
  if (value >= 10_000) return (value / 1000).toFixed(1) + " s";
  if (value >= 1000) return (value / 1000).toFixed(2) + " s";
  return (value < 10 ? value.toFixed(1) : Math.round(value)) + " ms";
}

export function bytes(value: number): string {
  for (const unit of ["B", "KB", "MB", "GB"]) {
    if (value < 1000) return `${trim(value)} ${unit}`;
    value /= 1000;
  }
  return `${trim(value)} TB`;
}

export function ofUnit(value: number | null | undefined, unit: string): string {
  return unit === "ms" ? milliseconds(value) : number(value);
}

export const metricNames: Record<string, string> = {
  error_rate: "errors",
  latency_p99: "latency p99",
  latency_p95: "latency p95",
  silence: "silence",
  traffic: "traffic",
};
export const metricName = (metric: string) => metricNames[metric] ?? metric;
export const metricUnit = (metric: string) =>
  metric.startsWith("latency") ? "ms" : metric === "error_rate" ? "errors" : "";
export const plural = (n: number, one: string, many = one + "s") => `${number(n)} ${n === 1 ? one : many}`;
