// The door: the server's token, and the name that timelines will show.
import { type FormEvent, useState } from "react";
import { ApiError } from "../api/client";
import { login, myName, setMyName } from "../api/session";
import { Panel } from "../ui/basics";

export function Login() {
  const [token, setToken] = useState("");
  const [name, setName] = useState(myName());
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem("");
    setMyName(name);
    try {
      await login(token, name.trim());
    } catch (error) {
      setProblem(error instanceof ApiError ? error.detail : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="door">
      <h1>SentinelOps</h1>
      <Panel>
        <form className="stack" onSubmit={(event) => void submit(event)}>
          <label className="field">
            Token
            <input
              type="password"
              autoComplete="current-password"
              required
              autoFocus
              value={token}
              onChange={(event) => setToken(event.target.value)}
            />
          </label>
          <label className="field">
            Your name, for the timeline of incidents
            <input autoComplete="username" maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />
          </label>
          {problem && (
            <div className="failed" role="alert">
              {problem}
            </div>
          )}
          <button className="primary" type="submit" disabled={busy}>
            Log in
          </button>
        </form>
      </Panel>
      <p className="dim">The token is the value of SENTINELOPS_SERVER_TOKEN on the server.</p>
    </main>
  );
}
