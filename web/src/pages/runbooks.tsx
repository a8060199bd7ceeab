// What helped: list, search, read, edit, and learn from an incident.
import { type FormEvent, useState } from "react";
import { call, get, type Runbook } from "../api/client";
import { useSession } from "../api/session";
import { useResource } from "../api/use_resource";
import { Link, navigate, setSearch, useSearch } from "../lib/router";
import { plainVisible, Raw } from "../lib/text";
import { ActionButton, Dialog, Empty, Panel, Show } from "../ui/basics";
import { attempt } from "../ui/toast";

const pathOf = (id: string) => `/runbooks/${encodeURIComponent(id)}`;

export function Runbooks({ id }: { id?: string }) {
  const search = useSearch();
  const q = search.get("q") ?? "";
  const list = useResource(`runbooks ${q}`, (signal) => get("/api/runbooks", { query: { q: q || undefined }, signal }), ["runbook"]);
  const { canWrite } = useSession();
  return (
    <>
      <div className="pagehead">
        <h1>Runbooks</h1>
        {canWrite && (
          <Link to="/runbooks/new" className="button">
            New runbook
          </Link>
        )}
      </div>
      <div className={`listdetail${id ? " chosen" : ""}`}>
        <Panel className="list">
          <input
            type="search"
            aria-label="search runbooks"
            placeholder="words, a service, a tag"
            value={q}
            onChange={(event) => setSearch({ q: event.target.value })}
          />
          <Show of={list} lines={6}>
            {(data) =>
              data.runbooks.length ? (
                <ul className="plain books">
                  {data.runbooks.map((book) => (
                    <li key={book.id}>
                      <Link to={pathOf(book.id) + (q ? `?q=${encodeURIComponent(q)}` : "")} aria-current={book.id === id ? "page" : undefined}>
                        <b>{plainVisible(book.title)}</b>
                        <span className="dim clip">
                          {[book.incident_date, book.services_affected.join(", ")].filter(Boolean).map(plainVisible).join(" · ")}
                        </span>
                      </Link>
                    </li>
                  ))}
                </ul>
              ) : q ? (
                <Empty title="No runbook matches." />
              ) : (
                <Empty title="There is no runbook yet.">
                  A runbook says what fixed an incident. Write one here, from an incident's page, or load some with{" "}
                  <code>sentinelops runbooks import FILE</code>.
                </Empty>
              )
            }
          </Show>
        </Panel>
        <div className="detail">
          {id === "new" ? (
            <NewBook key={search.get("incident")} incident={search.get("incident") ?? undefined} />
          ) : id ? (
            <Book key={id} id={id} canWrite={canWrite} />
          ) : (
            <Panel>
              <Empty title="Choose a runbook.">Runbooks that fit an incident are offered on its page, with the reasons why they fit.</Empty>
            </Panel>
          )}
        </div>
      </div>
    </>
  );
}

function Book({ id, canWrite }: { id: string; canWrite: boolean }) {
  const [editing, setEditing] = useState(false);
  const [removing, setRemoving] = useState(false);
  // The word that a runbook went must not ask for it once more.
  const book = useResource(
    `runbook ${id}`,
    (signal) => get("/api/runbooks/{id}", { path: { id }, signal }),
    removing ? [] : ["runbook"],
  );
  const remove = async () => {
    const done = await attempt("runbook removed", () => call("delete", "/api/runbooks/{id}", { path: { id } }).then(() => true));
    if (done) navigate("/runbooks");
  };
  return (
    <Show of={book} lines={6}>
      {(b) =>
        editing ? (
          <Panel title="Edit runbook">
            <Editor
              start={b}
              id={id}
              done={(kept) => {
                book.set(kept);
                setEditing(false);
              }}
              cancel={() => setEditing(false)}
            />
          </Panel>
        ) : (
          <Panel
            title={plainVisible(b.title)}
            aside={
              canWrite && (
                <span className="row">
                  <button type="button" onClick={() => setEditing(true)}>
                    Edit
                  </button>
                  <button type="button" className="danger" onClick={() => setRemoving(true)}>
                    Remove
                  </button>
                </span>
              )
            }
          >
            <p className="dim row">
              {b.incident_date && <span>{plainVisible(b.incident_date)}</span>}
              {b.services_affected.map((s) => (
                <span key={s} className="chip">
                  {plainVisible(s)}
                </span>
              ))}
              {b.tags.map((t) => (
                <span key={t} className="dim">
                  #{plainVisible(t)}
                </span>
              ))}
            </p>
            {b.root_cause && (
              <p>
                <b>Root cause.</b> <Raw text={b.root_cause} limit={4000} />
              </p>
            )}
            <ol>
              {b.resolution_steps.map((step, i) => (
                <li key={i}>
                  <Raw text={step} limit={4000} />
                </li>
              ))}
            </ol>
            {removing && (
              <Dialog title="Remove this runbook?" close={() => setRemoving(false)}>
                <p>It will not be offered any more. There is no way back.</p>
                <div className="row">
                  <ActionButton className="danger" run={remove}>
                    Remove
                  </ActionButton>
                  <button type="button" onClick={() => setRemoving(false)}>
                    Keep it
                  </button>
                </div>
              </Dialog>
            )}
          </Panel>
        )
      }
    </Show>
  );
}

const kBlank: Runbook = { id: "", title: "", incident_date: "", services_affected: [], root_cause: "", resolution_steps: [], tags: [] };

function NewBook({ incident }: { incident?: string }) {
  const draft = useResource(incident ? `draft ${incident}` : undefined, (signal) =>
    get("/api/incidents/{id}/runbook", { path: { id: incident! }, signal }),
  );
  const done = (kept: Runbook) => navigate(pathOf(kept.id));
  const cancel = () => navigate(incident ? `/incidents/${encodeURIComponent(incident)}` : "/runbooks");
  return (
    <Panel title={incident ? "Runbook from an incident" : "New runbook"} aside={incident && <span className="mono">{incident}</span>}>
      {incident ? (
        <Show of={draft} lines={6}>
          {(d) => <Editor start={d} id={d.id} done={done} cancel={cancel} />}
        </Show>
      ) : (
        <Editor start={kBlank} done={done} cancel={cancel} />
      )}
    </Panel>
  );
}

const list = (text: string) => text.split(/[,\n]/).map((t) => t.trim()).filter(Boolean);

function Editor({ start, id, done, cancel }: { start: Runbook; id?: string; done: (kept: Runbook) => void; cancel: () => void }) {
  const [title, setTitle] = useState(start.title);
  const [date, setDate] = useState(start.incident_date || new Date().toISOString().slice(0, 10));
  const [services, setServices] = useState(start.services_affected.join(", "));
  const [cause, setCause] = useState(start.root_cause);
  const [steps, setSteps] = useState(start.resolution_steps.join("\n"));
  const [tags, setTags] = useState(start.tags.join(", "));
  const [busy, setBusy] = useState(false);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const kept = await attempt("runbook kept", () =>
      call("put", "/api/runbooks/{id}", {
        path: { id: id || idOf(title) },
        body: {
          title: title.trim(),
          incident_date: date.trim(),
          services_affected: list(services),
          root_cause: cause.trim(),
          resolution_steps: steps.split("\n").map((s) => s.trim()).filter(Boolean),
          tags: list(tags),
        },
      }),
    );
    setBusy(false);
    if (kept) done(kept);
  };
  return (
    <form className="stack" onSubmit={(event) => void save(event)}>
      <label className="field">
        Title
        <input required maxLength={500} value={title} onChange={(event) => setTitle(event.target.value)} />
      </label>
      <div className="fields">
        <label>
          Date of the incident
          <input type="date" value={date} onChange={(event) => setDate(event.target.value)} />
        </label>
        <label className="grow">
          Services, separated by commas
          <input value={services} onChange={(event) => setServices(event.target.value)} />
        </label>
      </div>
      <label className="field">
        Root cause
        <textarea rows={3} value={cause} onChange={(event) => setCause(event.target.value)} />
      </label>
      <label className="field">
        Steps, one per line
        <textarea rows={9} value={steps} onChange={(event) => setSteps(event.target.value)} />
      </label>
      <label className="field">
        Tags, separated by commas (metrics and words that should find it)
        <input value={tags} onChange={(event) => setTags(event.target.value)} />
      </label>
      <div className="row">
        <button type="submit" className="primary" disabled={busy || !title.trim()}>
          Save
        </button>
        <button type="button" onClick={cancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}

// A readable id of a new runbook; the tail keeps two of the same title apart.
function idOf(title: string): string {
  const words = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 48);
  return `rb-${words || "new"}-${Date.now().toString(36).slice(-4)}`;
}
