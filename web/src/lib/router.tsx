// Paths of the page. The history API and nothing more: a link is a real link, so it opens in a new tab and can
// be pasted into Slack.
import { type AnchorHTMLAttributes, type MouseEvent, useMemo, useSyncExternalStore } from "react";

const watchers = new Set<() => void>();
const notify = () => watchers.forEach((watch) => watch());
window.addEventListener("popstate", notify);

export function navigate(to: string, options: { replace?: boolean } = {}) {
  if (to === location.pathname + location.search) return;
  if (options.replace) history.replaceState(null, "", to);
  else {
    history.pushState(null, "", to);
    window.scrollTo(0, 0);
  }
  notify();
}

function useLocation(): string {
  return useSyncExternalStore(
    (watch) => {
      watchers.add(watch);
      return () => watchers.delete(watch);
    },
    () => location.pathname + location.search,
  );
}

// Decoded segments: "/services/a%20b" is ["services", "a b"].
export function usePath(): string[] {
  const place = useLocation();
  return useMemo(() => (place.split("?")[0] ?? "").split("/").filter(Boolean).map(decode), [place]);
}
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function useSearch(): URLSearchParams {
  const place = useLocation();
  return useMemo(() => new URLSearchParams(place.split("?")[1] ?? ""), [place]);
}

// Changes some parameters of the present page; empty ones go away.
export function setSearch(change: Record<string, string | undefined>, options: { replace?: boolean } = { replace: true }) {
  const search = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) {
    if (value) search.set(name, value);
    else search.delete(name);
  }
  const text = search.toString();
  navigate(location.pathname + (text ? "?" + text : ""), options);
}

export function Link({ to, onClick, ...rest }: { to: string } & AnchorHTMLAttributes<HTMLAnchorElement>) {
  const click = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return <a href={to} onClick={click} {...rest} />;
}

export const incidentPath = (id: string) => `/incidents/${encodeURIComponent(id)}`;
export const servicePath = (name: string) => `/services/${encodeURIComponent(name)}`;
export const tracePath = (id: string) => `/traces/${encodeURIComponent(id)}`;
