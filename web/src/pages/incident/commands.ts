// What a person can do to an incident. Each says in a toast what was done, or why not.
import { type Incident, post } from "../../api/client";
import { who } from "../../api/session";
import { attempt } from "../../ui/toast";

type Changed = Promise<Incident | undefined>;

export function acknowledge(id: string): Changed {
  return attempt("acknowledged", () => post("/api/incidents/{id}/acknowledge", { path: { id }, body: who() }));
}
export function resolve(id: string, why: string): Changed {
  return attempt("resolved", () =>
    post("/api/incidents/{id}/resolve", { path: { id }, body: { ...who(), why: why || undefined } }),
  );
}
export function reopen(id: string): Changed {
  return attempt("reopened", () => post("/api/incidents/{id}/reopen", { path: { id }, body: who() }));
}
export function comment(id: string, text: string): Changed {
  return attempt("comment added", () => post("/api/incidents/{id}/comment", { path: { id }, body: { ...who(), text } }));
}
export function merge(id: string, into: string, why: string): Changed {
  return attempt(`merged into ${into}`, () =>
    post("/api/incidents/{id}/merge", { path: { id }, body: { ...who(), into, why: why || undefined } }),
  );
}
export function silence(id: string, minutes: number, reason: string) {
  return attempt("silenced", () =>
    post("/api/incidents/{id}/silence", { path: { id }, body: { ...who(), minutes, reason: reason || undefined } }),
  );
}
