// The live tail: lines as the server pushes them, newest first, at most a few hundred kept.
import { useEffect, useRef, useState } from "react";
import { ApiError, type LogEvent, urlOf } from "../../api/client";

const kKept = 500;

export function useTail(query: { q?: string; level?: string }) {
  const [events, setEvents] = useState<LogEvent[]>([]);
  const [connected, setConnected] = useState(false);
  const [skipped, setSkipped] = useState(false);
  const [problem, setProblem] = useState<ApiError>();
  const [paused, setPaused] = useState(false);
  const holding = useRef(false);
  holding.current = paused;
  const url = urlOf("/api/logs/tail", {}, query);

  useEffect(() => {
    setEvents([]);
    setSkipped(false);
    setProblem(undefined);
    const source = new EventSource(url);
    source.onopen = () => {
      setConnected(true);
      setProblem(undefined);
    };
    source.onerror = (event) => {
      // The server's own event "error" carries data; the browser's does not.
      const said = (event as MessageEvent<string>).data as string | undefined;
      if (said) {
        setProblem(new ApiError(400, detailOf(said)));
        source.close();
        return;
      }
      setConnected(false);
      if (source.readyState === EventSource.CLOSED) setProblem(new ApiError(0, "the server refuses this tail"));
    };
    source.addEventListener("skipped", () => setSkipped(true));
    source.addEventListener("lines", (event) => {
      if (holding.current) return;
      const lines = (JSON.parse((event as MessageEvent<string>).data) as { events: LogEvent[] }).events;
      setEvents((old) => [...lines.reverse(), ...old].slice(0, kKept));
    });
    return () => source.close();
  }, [url]);
  return { events, connected, skipped, problem, paused, toggle: () => setPaused(!paused) };
}

function detailOf(text: string): string {
  try {
    return String((JSON.parse(text) as { detail?: unknown }).detail ?? text);
  } catch {
    return text;
  }
}
