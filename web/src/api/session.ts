// Who sits before the page, and whether the server wants to know. On a loopback address it does not.
import { useSyncExternalStore } from "react";
import { ApiError, call, get, type Schemas, setSession } from "./client";

export interface SessionState {
  loading: boolean;
  login: boolean; // nothing can be shown before a login
  user: string;
  role: Schemas["Session"]["role"];
  canWrite: boolean;
  known: boolean; // the server knows the name: by login or by the proxy before it
  cookie: boolean; // logged in with a token: can log out
}

let state: SessionState = { loading: true, login: false, user: "", role: "operator", canWrite: true, known: false, cookie: false };
const watchers = new Set<() => void>();
function become(change: Partial<SessionState>) {
  state = { ...state, ...change };
  watchers.forEach((watch) => watch());
}
const lostSession = () => become({ login: true });

function take(session: Schemas["Session"]) {
  setSession(session.csrf ?? "", lostSession);
  become({
    loading: false,
    login: session.login_required && !session.authenticated,
    user: session.user,
    role: session.role,
    canWrite: session.role !== "viewer",
    known: session.login_required && session.authenticated,
    cookie: Boolean(session.csrf),
  });
}

async function ask() {
  try {
    take(await get("/api/session"));
  } catch (error) {
    const status = error instanceof ApiError ? error.status : -1;
    setSession("", lostSession);
    become({ loading: false, login: status === 401 });
  }
}
void ask();

export async function login(token: string, user: string) {
  take(await call("post", "/api/session", { body: { token, user: user || undefined } }));
}
export async function logout() {
  await call("delete", "/api/session");
  await ask();
}

export function useSession(): SessionState {
  return useSyncExternalStore(
    (watch) => {
      watchers.add(watch);
      return () => watchers.delete(watch);
    },
    () => state,
  );
}

// The name that goes into timelines where the server does not know one. It stays in this browser.
const kName = "sentinelops.name";
export const myName = () => localStorage.getItem(kName) ?? "";
export const setMyName = (name: string) => localStorage.setItem(kName, name.trim().slice(0, 100));
export const who = () => ({ who: myName() || undefined });
