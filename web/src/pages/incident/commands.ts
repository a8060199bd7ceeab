// What a person can do to an incident. Each says in a toast what was done, or why not.
import { type Incident, post, type Schemas } from "../../api/client";
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
export function split(id: string, services: string[], why: string): Changed {
  return attempt(`${services.join(", ")} split off`, () =>
    post("/api/incidents/{id}/split", { path: { id }, body: { ...who(), services, why: why || undefined } }),
  );
}
export function undo(id: string, what: string): Changed {
  return attempt(`taken back: ${what}`, () => post("/api/incidents/{id}/undo", { path: { id }, body: who() }));
}

const kUndoable = new Set(["acknowledged", "resolved", "reopened", "merged", "split"]);
// What undo would take back, as the server decides it: the newest that a person did, or a merge.
export function undoable(timeline: Schemas["TimelineEvent"][]): Schemas["TimelineEvent"] | undefined {
  const undone = new Set<unknown>();
  for (const event of [...timeline].reverse()) {
    const data = event.data as { number?: number; by?: string } | undefined;
    if (event.kind === "undone") undone.add(data?.number);
    else if (kUndoable.has(event.kind) && !undone.has(event.number) && data?.by !== "undo") {
      if (event.actor !== "sentinelops" || event.kind === "merged") return event;
    }
  }
  return undefined;
}
export function silence(id: string, minutes: number, reason: string) {
  return attempt("silenced", () =>
    post("/api/incidents/{id}/silence", { path: { id }, body: { ...who(), minutes, reason: reason || undefined } }),
  );
}
