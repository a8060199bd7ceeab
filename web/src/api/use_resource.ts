// Data of the API in a component: loading, error and data of one request, kept under a key so that going back
// shows at once what was there, and loaded anew when the server says that it changed.
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "./client";
import { heard, subscribe, type Topic } from "./live";

export interface Resource<T> {
  data: T | undefined;
  error: ApiError | undefined; // of the newest try; data of an older one may still be there
  loading: boolean;
  refresh: () => void;
  set: (data: T) => void; // an answer that came by another way (of an action)
}

const kept = new Map<string, unknown>();
const kKept = 60;
function keep(key: string, data: unknown) {
  kept.delete(key);
  kept.set(key, data);
  if (kept.size > kKept) kept.delete(kept.keys().next().value as string);
}

// `key` undefined: nothing is asked for.
export function useResource<T>(
  key: string | undefined,
  load: (signal: AbortSignal) => Promise<T>,
  topics: Topic[] = [],
): Resource<T> {
  const [state, setState] = useState<{ key?: string; data?: T; error?: ApiError; loading: boolean }>({ loading: true });
  const loader = useRef(load);
  loader.current = load;
  const running = useRef<AbortController>();
  const again = useRef(false);

  const run = useCallback(
    (fresh: boolean) => {
      if (key === undefined) return;
      if (running.current) {
        if (!fresh) {
          // Heard again while a request is on its way: one more when it is done.
          again.current = true;
          return;
        }
        running.current.abort();
      }
      const control = new AbortController();
      running.current = control;
      const old = kept.get(key) as T | undefined;
      if (fresh) setState({ key, data: old, loading: true });
      loader
        .current(control.signal)
        .then((data) => {
          if (control.signal.aborted) return;
          keep(key, data);
          heard(true);
          setState({ key, data, loading: false });
        })
        .catch((error: unknown) => {
          if (control.signal.aborted) return;
          const problem = error instanceof ApiError ? error : new ApiError(-1, String(error));
          heard(problem.status !== 0);
          setState((before) => ({ key, data: before.key === key ? before.data : undefined, error: problem, loading: false }));
        })
        .finally(() => {
          if (running.current !== control) return;
          running.current = undefined;
          if (again.current) {
            again.current = false;
            run(false);
          }
        });
    },
    [key],
  );

  useEffect(() => {
    run(true);
    return () => {
      running.current?.abort();
      running.current = undefined;
      again.current = false;
    };
  }, [run]);

  const names = topics.join(" ");
  useEffect(() => {
    if (!names || key === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = subscribe(names.split(" ") as Topic[], () => {
      // Several words of one tick make one request.
      timer ??= setTimeout(() => {
        timer = undefined;
        run(false);
      }, 150);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [names, run, key]);

  const set = useCallback(
    (data: T) => {
      if (key === undefined) return;
      // A request that is on its way may bring what was true before the action: asked anew instead.
      const late = running.current;
      late?.abort();
      running.current = undefined;
      keep(key, data);
      setState({ key, data, loading: false });
      if (late) run(false);
    },
    [key, run],
  );
  const refresh = useCallback(() => run(false), [run]);
  // On the first render with a new key the old key's data must not be shown.
  const current = state.key === key;
  return {
    data: current ? state.data : key === undefined ? undefined : (kept.get(key) as T | undefined),
    error: current ? state.error : undefined,
    loading: key !== undefined && (current ? state.loading : true),
    refresh,
    set,
  };
}
