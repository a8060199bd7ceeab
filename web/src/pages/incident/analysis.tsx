// What was concluded, by rules or by a model: claims that the facts bear out and claims that they do not, told
// apart by mark and word; what it cost and what was sent.
import type { ReactNode } from "react";
import type { Incident, Schemas } from "../../api/client";
import { plural } from "../../lib/format";
import { plainVisible, Raw } from "../../lib/text";
import { When } from "../../lib/time";
import { Empty, Panel } from "../../ui/basics";

export function AnalysisPanel({ incident }: { incident: Incident }) {
  const a = incident.analysis;
  if (!a) {
    return (
      <Panel title="Analysis" className="order-7">
        <Empty title="Not analysed yet.">It follows by itself within a tick; the incident does not wait for it.</Empty>
      </Panel>
    );
  }
  const known = new Set(incident.causes.flatMap((c) => c.evidence.map((e) => e.id)));
  const doubtful = (a.claims ?? []).filter((claim) => !claim.verified).length;
  const model = a.source !== "deterministic";
  const text = (content: string) => <Cited text={content} known={known} />;
  return (
    <Panel
      title="Analysis"
      className="order-7"
      aside={
        <span>
          {model ? `by ${a.source}` : "by rules, no model"} · confidence {a.confidence}
          {a.cost_usd !== undefined && (
            <span title={`${plural(a.questions ?? 1, "question")} to the model about this incident`}> · ${a.cost_usd.toFixed(4)}</span>
          )}
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
          <summary>
            What was sent{a.sent_to && <> to {plainVisible(a.sent_to)}</>}
            {a.sent_at && (
              <>
                , <When at={a.sent_at} />
              </>
            )}
          </summary>
          <p className="dim">Every byte of it; secrets and personal data had been replaced before it left this host.</p>
          <pre className="sent">
            <Raw text={readable(a.sent)} limit={6000} />
          </pre>
        </details>
      )}
    </Panel>
  );
}

function CheckedClaims({ claims }: { claims: Schemas["Claim"][] }) {
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

// The request's JSON with its lines broken, as people read it.
function readable(sent: string): string {
  try {
    return JSON.stringify(JSON.parse(sent), null, 1).replace(/\\n/g, "\n").replace(/\\"/g, '"');
  } catch {
    return sent;
  }
}

// Citations like E3 lead to their evidence.
function Cited({ text, known }: { text: string; known: Set<string> }): ReactNode {
  return text.split(/\b(E\d+)\b/g).map((part, i) => {
    if (i % 2 === 0) return <Raw key={i} text={part} limit={4000} />;
    if (!known.has(part)) return <span key={i}>{part}</span>;
    return (
      <a key={i} className="mono" href={`#evidence-${part}`} title="go to this evidence" onClick={(event) => show(event, part)}>
        {part}
      </a>
    );
  });
}

function show(event: { preventDefault: () => void }, id: string) {
  event.preventDefault();
  const element = document.getElementById(`evidence-${id}`);
  element?.closest("details")?.setAttribute("open", "");
  element?.scrollIntoView({ block: "center" });
  element?.focus();
}
