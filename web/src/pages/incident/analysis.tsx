// What was concluded, by rules or by a model: claims that the facts bear out and claims that they do not, told
// apart by mark and word; what it cost and what was sent.
import type { ReactNode } from "react";
import type { Incident, Schemas } from "../../api/client";
import { plural } from "../../lib/format";
import { plainVisible, Raw } from "../../lib/text";
import { Empty, Panel } from "../../ui/basics";

// What a model's analysis carries beside the five fields, when it has been checked claim by claim.
type Checked = Schemas["Analysis"] & {
  claims?: { text: string; evidence: { id: string; text: string }[]; verified: boolean; problems: string[] }[];
  model_note?: string;
};

export function AnalysisPanel({ incident }: { incident: Incident }) {
  const a: Checked | undefined = incident.analysis;
  if (!a) {
    return (
      <Panel title="Analysis" className="order-7">
        <Empty title="Not analysed yet.">It follows by itself within a tick; the incident does not wait for it.</Empty>
      </Panel>
    );
  }
  const known = new Set(incident.causes.flatMap((c) => c.evidence.map((e) => e.id)));
  const unverified = a.unverified ?? [];
  const doubtful = unverified.length + (a.claims ?? []).filter((claim) => !claim.verified).length;
  const model = a.source !== "deterministic";
  const text = (content: string) => <Claims text={content} known={known} unverified={unverified} />;
  return (
    <Panel
      title="Analysis"
      className="order-7"
      aside={
        <span>
          {model ? `by ${a.source}` : "by rules, no model"} · confidence {a.confidence}
          {a.cost_usd !== undefined && ` · $${a.cost_usd.toFixed(4)}`}
        </span>
      }
    >
      {model && (
        <p>
          {doubtful === 0 ? (
            <span className="chip good">✓ every service, number and citation was found in the facts</span>
          ) : (
            <span className="chip mark">? {plural(doubtful, "claim")} not borne out by the facts, marked</span>
          )}
        </p>
      )}
      <p>{text(a.summary)}</p>
      <p>
        <b>Root cause.</b> {text(a.root_cause)}
      </p>
      {a.remediation_steps.length > 0 && (
        <details open={incident.matched_runbooks.length === 0}>
          <summary>Proposed steps ({a.remediation_steps.length})</summary>
          <ol>
            {a.remediation_steps.map((step, i) => (
              <li key={i}>{text(step)}</li>
            ))}
          </ol>
        </details>
      )}
      {unverified.length > 0 && (
        <details>
          <summary>Not borne out by the facts ({unverified.length})</summary>
          <ul>
            {unverified.map((claim, i) => (
              <li key={i}>
                <Raw text={claim} limit={300} />
              </li>
            ))}
          </ul>
        </details>
      )}
      {a.claims && a.claims.length > 0 && <CheckedClaims claims={a.claims} />}
      {a.model_note && (
        <p className="dim">
          <Raw text={a.model_note} limit={400} />
        </p>
      )}
      {a.note && (
        <p className="dim">
          <Raw text={a.note} limit={400} />
        </p>
      )}
      {a.sent && (
        <details>
          <summary>What was sent</summary>
          <pre className="sent">
            <Raw text={a.sent} limit={6000} />
          </pre>
        </details>
      )}
    </Panel>
  );
}

function CheckedClaims({ claims }: { claims: NonNullable<Checked["claims"]> }) {
  return (
    <details open={claims.some((claim) => !claim.verified)}>
      <summary>Claims, each held against the facts ({claims.length})</summary>
      <ul className="plain claims">
        {claims.map((claim, i) => (
          <li key={i} className={claim.verified ? "verified" : "doubtful"}>
            <span className={`chip ${claim.verified ? "good" : "mark"}`}>{claim.verified ? "✓ verified" : "? not verified"}</span>{" "}
            <Raw text={claim.text} limit={1000} />
            {claim.evidence.length > 0 && (
              <span className="dim">
                {" "}
                {claim.evidence.map((e) => (
                  <a key={e.id} className="mono" href={`#evidence-${e.id}`} title={plainVisible(e.text)} onClick={(event) => show(event, e.id)}>
                    {plainVisible(e.id)}{" "}
                  </a>
                ))}
              </span>
            )}
            {claim.problems.map((problem, n) => (
              <div key={n} className="dim">
                <Raw text={problem} limit={300} />
              </div>
            ))}
          </li>
        ))}
      </ul>
    </details>
  );
}

// Citations like E3 lead to their evidence; what the checker did not find is underlined and marked.
function Claims({ text, known, unverified }: { text: string; known: Set<string>; unverified: string[] }): ReactNode {
  const marks = unverified.filter((claim) => claim.length > 1 && text.includes(claim)).map(escape);
  const splitter = new RegExp(`(${[...marks, "\\bE\\d+\\b"].join("|")})`, "g");
  return text.split(splitter).map((part, i) => {
    if (i % 2 === 0) return <Raw key={i} text={part} limit={4000} />;
    if (known.has(part) && !unverified.includes(part)) {
      return (
        <a key={i} className="mono" href={`#evidence-${part}`} title="go to this evidence" onClick={(event) => show(event, part)}>
          {part}
        </a>
      );
    }
    if (/^E\d+$/.test(part) && !unverified.includes(part)) return <span key={i}>{part}</span>;
    return (
      <span key={i} className="unverified" title="the facts do not bear this out">
        {plainVisible(part)}
        <sup>?</sup>
      </span>
    );
  });
}
const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function show(event: { preventDefault: () => void }, id: string) {
  event.preventDefault();
  const element = document.getElementById(`evidence-${id}`);
  element?.closest("details")?.setAttribute("open", "");
  element?.scrollIntoView({ block: "center" });
  element?.focus();
}
