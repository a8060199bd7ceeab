// The query with completion: names of fields, and behind "name:" its frequent values.
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { get } from "../../api/client";
import { useResource } from "../../api/use_resource";
import { plainVisible } from "../../lib/text";

interface Proposal {
  text: string; // what replaces the word
  about: string;
}
// The short names of the query language; any other field is found by its own.
const kAlways = ["service", "level", "status", "trace", "host"];
const kSources: Record<string, string> = { service: "service.name", status: "status_code", trace: "trace.id", level: "level", host: "host" };

export function QueryBox({ value, run }: { value: string; run: (text: string) => void }) {
  const [text, setText] = useState(value);
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const field = useRef<HTMLInputElement>(null);
  const list = useId();
  useEffect(() => setText(value), [value]);

  const { start, word } = wordAt(text, field.current?.selectionStart ?? text.length);
  const colon = word.indexOf(":");
  const name = colon > 0 ? word.slice(0, colon) : undefined;
  const names = useResource("log.fields", (signal) => get("/api/logs/fields", { query: { from: "now-1h" }, signal }));
  const services = useResource("now.services", (signal) => get("/api/services", { signal }));
  const values = useResource(name && name !== "service" && name !== "level" && open ? `log.field ${name}` : undefined, (signal) =>
    get("/api/logs/fields", { query: { from: "now-1h", field: kSources[name!] ?? name }, signal }),
  );

  const proposals = ((): Proposal[] => {
    if (!open) return [];
    if (!name) {
      const all = [...kAlways.map((n) => ({ name: n, count: 0 })), ...(names.data?.fields ?? [])];
      const seen = new Set<string>();
      return all
        .filter((f) => !seen.has(f.name) && seen.add(f.name) && f.name.toLowerCase().startsWith(word.toLowerCase()) && word.length > 0)
        .slice(0, 8)
        .map((f) => ({ text: f.name + ":", about: f.count ? `${f.count} of the newest lines` : "" }));
    }
    const typed = word.slice(colon + 1).replace(/^"/, "").toLowerCase();
    const offered =
      name === "service"
        ? (services.data?.services ?? []).map((s) => ({ value: s.service, about: s.worst_severity ?? "" }))
        : name === "level"
          ? ["fatal", "error", "warning", "info", "debug"].map((l) => ({ value: l, about: "or worse" }))
          : (values.data?.fields[0]?.values ?? []).map((v) => ({ value: v.value, about: `${v.count}×` }));
    return offered
      .filter((v) => v.value.toLowerCase().includes(typed) && v.value.length < 200)
      .slice(0, 10)
      .map((v) => ({ text: `${name}:${/[\s"]/.test(v.value) ? JSON.stringify(v.value) : v.value} `, about: v.about }));
  })();

  const take = (proposal: Proposal) => {
    const now = text.slice(0, start) + proposal.text + text.slice(start + word.length).trimStart();
    setText(now);
    setChosen(-1);
    // Stays open: behind a name its values are offered.
    setOpen(proposal.text.endsWith(":"));
    field.current?.focus();
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" && proposals.length) {
      event.preventDefault();
      setChosen((c) => (c + 1) % proposals.length);
    } else if (event.key === "ArrowUp" && proposals.length) {
      event.preventDefault();
      setChosen((c) => (c <= 0 ? proposals.length : c) - 1);
    } else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0 && proposals[chosen]) {
      event.preventDefault();
      take(proposals[chosen]!);
    } else if (event.key === "Escape" && open && proposals.length) {
      event.stopPropagation();
      setOpen(false);
    }
  };
  return (
    <form
      className="query"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        setOpen(false);
        run(text.trim());
      }}
    >
      <input
        ref={field}
        type="search"
        role="combobox"
        aria-label="query"
        aria-expanded={proposals.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={chosen >= 0 ? `${list}-${chosen}` : undefined}
        autoComplete="off"
        spellCheck={false}
        placeholder='words "a phrase" service:name level:error'
        title={'Lines that have every word, wherever it stands. "In quotes": a phrase. name:value: a field, as in service:payment-service level:error status:503 tenant:"acme corp"'}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setOpen(true);
          setChosen(-1);
        }}
        onKeyDown={key}
        onBlur={() => setOpen(false)}
      />
      <button type="submit" className="primary">
        Search
      </button>
      <ul id={list} role="listbox" aria-label="proposals" hidden={proposals.length === 0}>
        {proposals.map((p, i) => (
          <li
            key={p.text}
            id={`${list}-${i}`}
            role="option"
            aria-selected={i === chosen}
            // Before the field loses the focus and with it the list.
            onMouseDown={(event) => {
              event.preventDefault();
              take(p);
            }}
          >
            <span className="mono">{plainVisible(p.text)}</span> <span className="dim">{p.about}</span>
          </li>
        ))}
      </ul>
    </form>
  );
}

// The word in which the caret stands; blanks within quotes belong to it.
function wordAt(text: string, caret: number): { start: number; word: string } {
  let start = 0;
  let quoted = false;
  for (let i = 0; i < caret && i < text.length; ++i) {
    if (text[i] === '"') quoted = !quoted;
    if (/\s/.test(text[i]!) && !quoted) start = i + 1;
  }
  let end = start;
  quoted = false;
  while (end < text.length && (quoted || !/\s/.test(text[end]!))) {
    if (text[end] === '"') quoted = !quoted;
    ++end;
  }
  return { start, word: text.slice(start, end) };
}
