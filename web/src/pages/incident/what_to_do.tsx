// What fixed it last time, as a list to tick off. The ticks stay in this browser.
import { useState } from "react";
import type { Incident, Schemas } from "../../api/client";
import { Link } from "../../lib/router";
import { plainVisible, Raw } from "../../lib/text";
import { Empty, Panel } from "../../ui/basics";

export function WhatToDo({ incident }: { incident: Incident }) {
  const [n, setN] = useState(0);
  const books = incident.matched_runbooks;
  const book = books[Math.min(n, books.length - 1)];
  return (
    <Panel
      title="What to do"
      className="order-2"
      aside={
        <Link to={`/runbooks/new?incident=${encodeURIComponent(incident.id)}`}>write a runbook from this</Link>
      }
    >
      {!book ? (
        <>
          {(incident.analysis?.remediation_steps ?? []).length > 0 ? (
            <Steps key="analysis" storage={`steps ${incident.id}`} steps={incident.analysis?.remediation_steps ?? []} />
          ) : (
            <Empty title="No runbook fits this incident.">
              When it is over, write down what helped: the next time it is offered here.
            </Empty>
          )}
        </>
      ) : (
        <>
          {books.length > 1 && (
            <label className="field">
              Runbook
              <select value={n} onChange={(event) => setN(Number(event.target.value))}>
                {books.map((b, i) => (
                  <option key={b.id} value={i}>
                    {plainVisible(b.title)}
                  </option>
                ))}
              </select>
            </label>
          )}
          {books.length === 1 && <h3>{plainVisible(book.title)}</h3>}
          <Book book={book} />
          <Steps key={book.id} storage={`steps ${incident.id} ${book.id}`} steps={book.resolution_steps} />
        </>
      )}
    </Panel>
  );
}

function Book({ book }: { book: Schemas["RunbookMatch"] }) {
  return (
    <div className="dim">
      {book.root_cause && (
        <p>
          Then: <Raw text={book.root_cause} limit={300} />
        </p>
      )}
      <p>
        {book.incident_date && <>{book.incident_date} · </>}
        {book.reasons && book.reasons.length > 0 && <>fits because it {plainVisible(book.reasons.slice(0, 3).join("; "))} · </>}
        <Link to={`/runbooks/${encodeURIComponent(book.id)}`}>open</Link>
      </p>
    </div>
  );
}

function Steps({ steps, storage }: { steps: string[]; storage: string }) {
  const [done, setDone] = useState<string[]>(() => {
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(storage) ?? "[]");
      return Array.isArray(kept) ? kept.filter((step): step is string => typeof step === "string") : [];
    } catch {
      return [];
    }
  });
  const toggle = (step: string) => {
    const now = done.includes(step) ? done.filter((s) => s !== step) : [...done, step];
    setDone(now);
    localStorage.setItem(storage, JSON.stringify(now));
  };
  return (
    <ol className="steps">
      {steps.map((step, i) => (
        <li key={i}>
          <label className={done.includes(step) ? "done" : ""}>
            <input type="checkbox" checked={done.includes(step)} onChange={() => toggle(step)} />
            <span>
              <Raw text={step} />
            </span>
          </label>
        </li>
      ))}
    </ol>
  );
}
