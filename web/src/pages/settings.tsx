// The configuration in force, secrets only as set or not; and what belongs to this browser.
import { useState } from "react";
import { get, type Schemas } from "../api/client";
import { logout, myName, setMyName, useSession } from "../api/session";
import { useResource } from "../api/use_resource";
import { setSearch, useSearch } from "../lib/router";
import { Raw } from "../lib/text";
import { ActionButton, Empty, Panel, Show } from "../ui/basics";
import { say } from "../ui/toast";

export function Settings() {
  const config = useResource("config", (signal) => get("/api/config", { signal }));
  const session = useSession();
  const [name, setName] = useState(myName());
  const search = useSearch();
  const q = (search.get("q") ?? "").toLowerCase();
  const changedOnly = search.get("changed") === "1";
  return (
    <>
      <div className="pagehead">
        <h1>Settings</h1>
      </div>
      <Panel title="You">
        <form
          className="fields"
          onSubmit={(event) => {
            event.preventDefault();
            setMyName(name);
            say("name kept in this browser");
          }}
        >
          <label className="grow">
            Your name in timelines {session.known && <span className="dim">(the server knows you as {session.user})</span>}
            <input value={name} maxLength={100} disabled={session.known} onChange={(event) => setName(event.target.value)} />
          </label>
          <button type="submit" disabled={session.known}>
            Keep
          </button>
          {session.cookie && <ActionButton run={logout}>Log out</ActionButton>}
        </form>
        <p className="dim">
          Role: {session.role ?? "none"}
          {session.role === "viewer" && " (reads; an operator also acknowledges, silences and edits)"}.
        </p>
      </Panel>
      <Panel
        title="Configuration in force"
        aside={
          <span className="row">
            <label className="row">
              <input type="checkbox" checked={changedOnly} onChange={(event) => setSearch({ changed: event.target.checked ? "1" : undefined })} />
              only what differs from the default
            </label>
            <input
              type="search"
              aria-label="search settings"
              placeholder="search"
              value={search.get("q") ?? ""}
              onChange={(event) => setSearch({ q: event.target.value })}
            />
          </span>
        }
      >
        <Show of={config} lines={8}>
          {(data) => {
            const rows = data.settings.filter(
              (s) => (!changedOnly || s.changed) && (!q || s.path.toLowerCase().includes(q) || s.about.toLowerCase().includes(q)),
            );
            return rows.length ? (
              <Table rows={rows} />
            ) : (
              <Empty title={changedOnly && !q ? "Every setting has its default." : "No setting matches."}>
                Settings are changed in config.yaml; <code>sentinelops check</code> judges the file before it is used.
              </Empty>
            );
          }}
        </Show>
      </Panel>
      <Panel title="Secrets">
        <Show of={config}>
          {(data) => (
            <ul className="plain secrets">
              {data.secrets.map((s) => (
                <li key={s.name} className="row">
                  <span className={`chip${s.set ? " good" : ""}`}>{s.set ? "✓ set" : "not set"}</span> <code>{s.name}</code>
                </li>
              ))}
            </ul>
          )}
        </Show>
        <p className="dim">They come from the environment or .env and never leave the server.</p>
      </Panel>
    </>
  );
}

function Table({ rows }: { rows: Schemas["EffectiveConfig"]["settings"] }) {
  return (
    <div className="scroll" tabIndex={0} role="group" aria-label="settings">
      <table className="settings">
        <tbody>
          {rows.map((s) => (
            <tr key={s.path} className={s.changed ? "changed" : ""}>
              <th scope="row">
                <code>{s.path}</code>
                {s.changed && <span className="chip">changed</span>}
              </th>
              <td className="mono">
                <Raw text={typeof s.value === "string" ? s.value : JSON.stringify(s.value)} limit={300} />
                {s.changed && s.default !== undefined && <div className="dim">default {JSON.stringify(s.default)}</div>}
              </td>
              <td className="dim">{s.about}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
