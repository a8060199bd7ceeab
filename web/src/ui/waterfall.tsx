// One trace as bars in time: who waited for whom, and where it failed.
import type { Schemas } from "../api/client";
import { milliseconds } from "../lib/format";
import { Link, servicePath } from "../lib/router";
import { Raw } from "../lib/text";
import { When } from "../lib/time";

const kMost = 300;

export function Waterfall({ trace, withLogs = true }: { trace: Schemas["Trace"]; withLogs?: boolean }) {
  const length = Math.max(1, trace.duration_ms);
  return (
    <div className="waterfall">
      <ol aria-label="spans">
        {trace.spans.slice(0, kMost).map((span, i) => (
          <li key={span.span_id + i} className={span.failed ? "failed-span" : ""}>
            <span className="clip who" style={{ paddingLeft: `${Math.min(8, span.depth) * 12}px` }}>
              <Link to={servicePath(span.service)}>{span.service}</Link>{" "}
              <span className="dim" title={span.name}>
                <Raw text={span.name} limit={80} />
              </span>
            </span>
            <span className="track">
              <i
                style={{
                  left: `${Math.min(99, (span.offset_ms / length) * 100)}%`,
                  width: `${Math.max(0.6, Math.min(100, (span.duration_ms / length) * 100))}%`,
                }}
              />
            </span>
            <span className="num right nowrap">
              {span.failed && <b title="failed">✕ </b>}
              {milliseconds(span.duration_ms)}
              {span.status_code ? <span className="dim"> {span.status_code}</span> : null}
            </span>
          </li>
        ))}
      </ol>
      {trace.spans.length > kMost && <p className="dim">the first {kMost} of {trace.spans.length} spans</p>}
      {trace.spans.some((span) => span.inferred) && (
        <p className="dim">Bars are made from log lines with a duration: this trace has no spans of its own.</p>
      )}
      {withLogs && trace.logs.length > 0 && (
        <ul className="lines" aria-label="log lines of the trace">
          {trace.logs.slice(0, 200).map((line, i) => (
            <li key={i} className={`level-${line.level || "none"}`}>
              <When at={line.timestamp} /> <b>{line.service}</b> <span className="lvl">{line.level}</span> <Raw text={line.message} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
