// Short words about what was just done, at the lower edge; errors stay until they are read.
import { useSyncExternalStore } from "react";
import { ApiError } from "../api/client";

interface Toast {
  id: number;
  text: string;
  bad: boolean;
}
let toasts: Toast[] = [];
let next = 1;
const watchers = new Set<() => void>();
function change(to: Toast[]) {
  toasts = to;
  watchers.forEach((watch) => watch());
}
const remove = (id: number) => change(toasts.filter((toast) => toast.id !== id));

export function say(text: string, bad = false) {
  const id = next++;
  change([...toasts.slice(-3), { id, text, bad }]);
  setTimeout(() => remove(id), bad ? 12_000 : 4_000);
}

// Runs an action of a button: says what was done, or why it was not. Undefined when it failed.
export async function attempt<T>(what: string, action: () => Promise<T>): Promise<T | undefined> {
  try {
    const result = await action();
    say(what);
    return result;
  } catch (error) {
    say(error instanceof ApiError ? error.detail : String(error), true);
    return undefined;
  }
}

export async function copy(text: string, what: string) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Clipboard access needs a secure origin; plain http in a house network has the old way only.
    const area = document.createElement("textarea");
    area.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) {
      say("the browser does not allow copying here", true);
      return;
    }
  }
  say(`${what} copied`);
}

export function Toasts() {
  const list = useSyncExternalStore(
    (watch) => {
      watchers.add(watch);
      return () => watchers.delete(watch);
    },
    () => toasts,
  );
  return (
    <div className="toasts" aria-live="polite">
      {list.map((toast) => (
        <button key={toast.id} type="button" className={toast.bad ? "bad" : ""} onClick={() => remove(toast.id)}>
          {toast.text}
        </button>
      ))}
    </div>
  );
}
