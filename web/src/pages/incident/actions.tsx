// The dialogs behind an incident's buttons.
import { type FormEvent, type ReactNode, useState } from "react";
import { get, type Incident, type Schemas } from "../../api/client";
import { useResource } from "../../api/use_resource";
import { incidentPath, navigate } from "../../lib/router";
import { plainVisible } from "../../lib/text";
import { Dialog, Empty, Show } from "../../ui/basics";
import { copy } from "../../ui/toast";
import { comment, merge, resolve, silence, split } from "./commands";
import { postMortem } from "./markdown";

function Ask({
  title,
  close,
  action,
  submit,
  children,
  disabled = false,
}: {
  title: string;
  close: () => void;
  action: string;
  submit: () => Promise<unknown>;
  children: ReactNode;
  disabled?: boolean;
}) {
  const [busy, setBusy] = useState(false);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    await submit();
    setBusy(false);
  };
  return (
    <Dialog title={title} close={close}>
      <form className="stack" onSubmit={(event) => void send(event)}>
        {children}
        <div className="row">
          <button type="submit" className="primary" disabled={busy || disabled}>
            {action}
          </button>
          <button type="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface Common {
  incident: Incident;
  close: () => void;
  done: (changed: Incident | undefined) => void;
}

export function ResolveDialog({ incident, close, done }: Common) {
  const [why, setWhy] = useState("");
  return (
    <Ask title="Resolve this incident" close={close} action="Resolve" submit={() => resolve(incident.id, why).then(done)}>
      <label className="field">
        What ended it (goes into the timeline; may stay empty)
        <textarea rows={3} autoFocus value={why} maxLength={2000} onChange={(event) => setWhy(event.target.value)} />
      </label>
      <p className="dim">If the trouble comes back within the cooldown, the incident is opened again by itself.</p>
    </Ask>
  );
}

export function CommentDialog({ incident, close, done }: Common) {
  const [text, setText] = useState("");
  return (
    <Ask
      title="Comment"
      close={close}
      action="Add comment"
      disabled={!text.trim()}
      submit={() => comment(incident.id, text.trim()).then(done)}
    >
      <label className="field">
        What you saw, what you did
        <textarea rows={4} autoFocus value={text} maxLength={10000} onChange={(event) => setText(event.target.value)} />
      </label>
    </Ask>
  );
}

const kLengths: [number, string][] = [
  [30, "30 minutes"],
  [60, "1 hour"],
  [240, "4 hours"],
  [1440, "1 day"],
  [10080, "7 days"],
];

export function SilenceDialog({ incident, close, done }: { incident: Incident; close: () => void; done: () => void }) {
  const [minutes, setMinutes] = useState(60);
  const [reason, setReason] = useState("");
  return (
    <Ask
      title="Silence"
      close={close}
      action="Silence"
      submit={() => silence(incident.id, minutes, reason).then((made) => made && done())}
    >
      <p>
        Nothing about {incident.services.map(plainVisible).slice(0, 8).join(", ")}
        {incident.services.length > 8 && ` and ${incident.services.length - 8} more`} is announced while it lasts. It is still
        judged and recorded.
      </p>
      <label className="field">
        For
        <select autoFocus value={minutes} onChange={(event) => setMinutes(Number(event.target.value))}>
          {kLengths.map(([length, text]) => (
            <option key={length} value={length}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        Why
        <input value={reason} maxLength={2000} placeholder="known, the fix is rolling out" onChange={(event) => setReason(event.target.value)} />
      </label>
    </Ask>
  );
}

export function MergeDialog({ incident, close }: { incident: Incident; close: () => void }) {
  const [into, setInto] = useState("");
  const [why, setWhy] = useState("");
  const others = useResource("merge.candidates", (signal) => get("/api/incidents", { query: { status: "active", limit: 200 }, signal }));
  const suggested = new Map((incident.merge_suggestions ?? []).map((s) => [s.id, s.reason]));
  const rank = (row: Schemas["IncidentRow"]) => (suggested.has(row.id) ? 0 : 1);
  const candidates = (others.data?.incidents ?? []).filter((row) => row.id !== incident.id).sort((a, b) => rank(a) - rank(b));
  return (
    <Ask
      title="Merge into another incident"
      close={close}
      action="Merge"
      disabled={!into}
      submit={() =>
        merge(incident.id, into, why).then((survivor) => {
          if (!survivor) return;
          close();
          navigate(incidentPath(survivor.id));
        })
      }
    >
      <p>This incident ends; the other one takes its anomalies and goes on.</p>
      <Show of={others} lines={3}>
        {() =>
          candidates.length === 0 ? (
            <Empty title="There is no other open incident." />
          ) : (
            <label className="field">
              The one that goes on
              <select value={into} onChange={(event) => setInto(event.target.value)}>
                <option value="">choose</option>
                {candidates.map((row) => (
                  <option key={row.id} value={row.id}>
                    {`${row.severity} ${plainVisible(row.title)}${suggested.has(row.id) ? ` (suggested: ${suggested.get(row.id)})` : ""}`}
                  </option>
                ))}
              </select>
            </label>
          )
        }
      </Show>
      <label className="field">
        Why
        <input value={why} maxLength={2000} onChange={(event) => setWhy(event.target.value)} />
      </label>
    </Ask>
  );
}

export function SplitDialog({ incident, close }: { incident: Incident; close: () => void }) {
  const [leaving, setLeaving] = useState<string[]>([]);
  const [why, setWhy] = useState("");
  const services = servicesWithAnomaly(incident);
  return (
    <Ask
      title="Split off another outage"
      close={close}
      action="Split"
      disabled={leaving.length === 0 || leaving.length === services.length}
      submit={() =>
        split(incident.id, leaving, why).then((off) => {
          if (!off) return;
          close();
          navigate(incidentPath(off.id));
        })
      }
    >
      <p>The services you choose leave with their anomalies and get an incident of their own. At least one stays. It can be undone.</p>
      <fieldset>
        <legend>Which are another outage?</legend>
        {services.map((service) => (
          <label key={service} className="row">
            <input
              type="checkbox"
              checked={leaving.includes(service)}
              onChange={(event) => setLeaving(event.target.checked ? [...leaving, service] : leaving.filter((s) => s !== service))}
            />
            {plainVisible(service)}
          </label>
        ))}
      </fieldset>
      <label className="field">
        Why
        <input value={why} maxLength={2000} onChange={(event) => setWhy(event.target.value)} />
      </label>
    </Ask>
  );
}
export const servicesWithAnomaly = (incident: Incident) => [...new Set(incident.anomalies.map((a) => a.service))].sort();

export function PostMortemDialog({ incident, close }: { incident: Incident; close: () => void }) {
  const [text, setText] = useState(() => postMortem(incident));
  return (
    <Dialog title="Post-mortem draft" close={close} wide>
      <textarea className="mono" rows={22} aria-label="draft" value={text} onChange={(event) => setText(event.target.value)} />
      <div className="row">
        <button type="button" className="primary" onClick={() => void copy(text, "draft")}>
          Copy
        </button>
        <button
          type="button"
          onClick={() => {
            const url = URL.createObjectURL(new Blob([text], { type: "text/markdown" }));
            const a = document.createElement("a");
            a.href = url;
            a.download = `${incident.id}.md`;
            a.click();
            URL.revokeObjectURL(url);
          }}
        >
          Download
        </button>
      </div>
    </Dialog>
  );
}
