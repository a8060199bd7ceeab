// One incident as a line of a list: how bad, what and why, since when, who is on it.
import type { IncidentRow } from "../../api/client";
import { share } from "../../lib/format";
import { useNarrow } from "../../lib/narrow";
import { incidentPath, Link } from "../../lib/router";
import { plainVisible } from "../../lib/text";
import { Since, When } from "../../lib/time";
import { SeverityMark, StateMark } from "../../ui/basics";
import { VirtualList } from "../../ui/virtual_list";

export function IncidentList({ rows, chosen, label }: { rows: IncidentRow[]; chosen: number; label: string }) {
  const narrow = useNarrow();
  return (
    <VirtualList
      items={rows}
      rowHeight={narrow ? 124 : 60}
      keyOf={(row) => row.id}
      label={label}
      reveal={chosen >= 0 && chosen < rows.length ? chosen : undefined}
      row={(row, i) => <IncidentLine row={row} chosen={i === chosen} />}
    />
  );
}

function IncidentLine({ row, chosen }: { row: IncidentRow; chosen: boolean }) {
  const cause = row.cause_service ?? row.services[0] ?? "";
  const others = row.services.filter((s) => s !== cause);
  const onset = row.onset ?? row.created_at;
  return (
    <Link to={incidentPath(row.id)} className={`incident${chosen ? " chosen" : ""}${row.state === "resolved" ? " over" : ""}`}>
      <SeverityMark severity={row.severity} />
      <span className="what">
        <span className="clip title">{plainVisible(row.title)}</span>
        <span className="clip dim">
          {cause && (
            <>
              started by <b>{plainVisible(cause)}</b>
              {row.cause_probability !== undefined && ` (${share(row.cause_probability)})`}
            </>
          )}
          {others.length > 0 && ` · affects ${plainVisible(others.slice(0, 4).join(", "))}${others.length > 4 ? ` and ${others.length - 4} more` : ""}`}
        </span>
      </span>
      <span className="when">
        <span>
          {row.state === "resolved" ? "lasted " : "for "}
          <Since from={onset} to={row.resolved_at} />
        </span>
        <span className="dim">
          since <When at={onset} seconds={false} />
        </span>
      </span>
      <span className="who">
        <StateMark state={row.state} by={row.acknowledged_by} />
        {row.silenced && <span className="chip">silenced</span>}
        {row.flapping && <span className="chip">flapping</span>}
      </span>
    </Link>
  );
}
