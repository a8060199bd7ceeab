// What happened to the incident, oldest first, and a place to write.
import { type FormEvent, useState } from "react";
import type { Incident, Schemas } from "../../api/client";
import { Raw } from "../../lib/text";
import { When } from "../../lib/time";
import { Panel } from "../../ui/basics";
import { comment } from "./commands";

const kMarks: Record<string, string> = {
  opened: "●",
  escalated: "▲",
  updated: "·",
  merged: "⇒",
  split: "⇄",
  acknowledged: "✓",
  resolved: "■",
  reopened: "↺",
  undone: "↶",
  commented: "“",
  silenced: "◌",
  analyzed: "≡",
};

export function Timeline({
  incident,
  canWrite,
  changed,
}: {
  incident: Incident;
  canWrite: boolean;
  changed: (incident: Incident) => void;
}) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!text.trim()) return;
    setBusy(true);
    const now = await comment(incident.id, text.trim());
    setBusy(false);
    if (!now) return;
    changed(now);
    setText("");
  };
  return (
    <Panel title="Timeline" className="order-8">
      <ol className="timeline">
        {incident.timeline.map((event) => (
          <Entry key={event.number} event={event} />
        ))}
      </ol>
      {canWrite && (
        <form className="stack" onSubmit={(event) => void submit(event)}>
          <textarea
            rows={2}
            aria-label="comment"
            placeholder="what you saw, what you did"
            value={text}
            maxLength={10000}
            onChange={(event) => setText(event.target.value)}
          />
          <div>
            <button type="submit" disabled={busy || !text.trim()}>
              Add comment
            </button>
          </div>
        </form>
      )}
    </Panel>
  );
}

function Entry({ event }: { event: Schemas["TimelineEvent"] }) {
  return (
    <li className={`kind-${event.kind}`}>
      <span className="mark" aria-hidden="true">
        {kMarks[event.kind] ?? "·"}
      </span>
      <div>
        <div className="row dim">
          <When at={event.at} />
          <b>{event.kind}</b>
          {event.actor && event.actor !== "sentinelops" && <span>by {event.actor}</span>}
        </div>
        {event.text && <Raw text={event.text} limit={1000} />}
      </div>
    </li>
  );
}
