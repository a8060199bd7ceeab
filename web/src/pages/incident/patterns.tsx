// What the logs say that they did not say before: messages that differ only in their numbers, as one line each.
import type { Incident, Pattern } from "../../api/client";
import { number } from "../../lib/format";
import { Link } from "../../lib/router";
import { plainVisible, Raw } from "../../lib/text";
import { When } from "../../lib/time";
import { Empty, Panel } from "../../ui/basics";

// The longest run of words without a placeholder or a quote finds the lines again.
export function wordsOf(pattern: Pick<Pattern, "text" | "example">): string {
  const runs = pattern.text.split(/<[^<>\s]+>|"/).map((run) => run.trim());
  const longest = runs.reduce((a, b) => (b.length > a.length ? b : a), "");
  return (longest || pattern.example).slice(0, 120);
}
export function linesPath(words: string, from: string | number, to?: string | number | null): string {
  const search = new URLSearchParams({ q: `"${words.replace(/"/g, " ")}"`, from: String(from) });
  if (to) search.set("to", String(to));
  return `/logs?${search.toString()}`;
}

export function Patterns({ incident }: { incident: Incident }) {
  return (
    <Panel title="New and changed log patterns" className="order-5">
      {incident.patterns.length === 0 ? (
        <Empty title="No message stands out.">The logs say what they always say, as often as always.</Empty>
      ) : (
        <Split incident={incident} />
      )}
    </Panel>
  );
}

// What changed is shown; what is as always can be asked for.
function Split({ incident }: { incident: Incident }) {
  const changed = incident.patterns.filter((p) => p.change !== "steady");
  const steady = incident.patterns.filter((p) => p.change === "steady");
  return (
    <>
      {changed.length === 0 && <Empty title="No message is new, and none comes more or less often." />}
      <PatternTable patterns={changed} from={incident.onset} to={incident.resolved_at} />
      {steady.length > 0 && (
        <details>
          <summary>{steady.length} more, as often as always</summary>
          <PatternTable patterns={steady} from={incident.onset} to={incident.resolved_at} />
        </details>
      )}
    </>
  );
}

export function PatternTable({ patterns, from, to }: { patterns: Pattern[]; from: string; to?: string | null }) {
  return (
    <ul className="patterns">
      {patterns.map((p) => (
        <li key={p.id} className={`level-${p.level || "none"}`}>
          <div className="row">
            {p.change !== "steady" && <span className={`chip change-${p.change}`}>{kWords[p.change]}</span>}
            <span className="lvl">{p.level}</span>
            <b className="num">{number(p.count)}×</b>
            {p.baseline_per_window > 0 && <span className="dim num">usual {number(p.baseline_per_window)}</span>}
            <span className="dim clip">{plainVisible(Object.keys(p.services).slice(0, 3).join(", "))}</span>
            <span className="dim nowrap">
              <When at={p.first_seen} /> – <When at={p.last_seen} />
            </span>
          </div>
          <Link to={linesPath(wordsOf(p), from, to)} className="text" title="show the lines">
            <Raw text={p.text} limit={400} />
          </Link>
          {p.example && p.example !== p.text && (
            <div className="dim example">
              for example: <Raw text={p.example} limit={400} />
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}
const kWords: Record<Pattern["change"], string> = { new: "new", more: "more often", less: "less often", gone: "gone", steady: "steady" };
