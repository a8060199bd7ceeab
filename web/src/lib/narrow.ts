// Whether the page is as narrow as a phone. Row heights of long lists depend on it; all else is CSS.
import { useSyncExternalStore } from "react";

const query = matchMedia("(max-width: 760px)");
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (watch) => {
      query.addEventListener("change", watch);
      return () => query.removeEventListener("change", watch);
    },
    () => query.matches,
  );
}
