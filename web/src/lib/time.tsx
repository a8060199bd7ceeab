// Times as people read them: local zone, the UTC moment on hover, and "4 min ago" where that is what matters.
import { useSyncExternalStore } from "react";

const pad = (n: number) => String(n).padStart(2, "0");

export function clock(at: Date, seconds = true): string {
  return `${pad(at.getHours())}:${pad(at.getMinutes())}${seconds ? ":" + pad(at.getSeconds()) : ""}`;
}
export function dayOf(at: Date): string {
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}
export function utcText(at: Date): string {
  return at.toISOString().replace("T", " ").replace(/\.000Z$|Z$/, "") + " UTC";
}

// "15:26:04", with the day where it is not today.
export function localText(at: Date, seconds = true): string {
  return dayOf(at) === dayOf(new Date()) ? clock(at, seconds) : `${dayOf(at)} ${clock(at, seconds)}`;
}

export function duration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  const m = Math.floor(s / 60);
  if (m < 60) return `${m} min`;
  const h = Math.floor(m / 60);
  if (h < 48) return m % 60 ? `${h} h ${m % 60} min` : `${h} h`;
  return `${Math.floor(h / 24)} d ${h % 24} h`;
}

// One clock for the page; it moves every five seconds.
let now = Date.now();
const watchers = new Set<() => void>();
setInterval(() => {
  now = Date.now();
  watchers.forEach((watch) => watch());
}, 5000);
export function useNow(): number {
  return useSyncExternalStore(
    (watch) => {
      watchers.add(watch);
      return () => watchers.delete(watch);
    },
    () => now,
  );
}

export function When({ at, ago = false, seconds = true }: { at: string | number; ago?: boolean; seconds?: boolean }) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return <span>?</span>;
  return (
    <time dateTime={date.toISOString()} title={`${utcText(date)} (local ${dayOf(date)} ${clock(date)})`}>
      {ago ? <Ago date={date} /> : localText(date, seconds)}
    </time>
  );
}
function Ago({ date }: { date: Date }) {
  const ms = Math.max(useNow(), Date.now() - 5000) - date.getTime();
  return <>{ms < 5000 ? "just now" : `${duration(ms)} ago`}</>;
}
export function Since({ from, to }: { from: string; to?: string | null }) {
  const here = useNow();
  return <>{duration((to ? new Date(to).getTime() : Math.max(here, Date.now() - 5000)) - new Date(from).getTime())}</>;
}
