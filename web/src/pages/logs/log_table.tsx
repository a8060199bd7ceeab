// Log lines, one row each; a click shows everything a line has. What is in them came from outside and is text.
import { useState } from "react";
import type { LogEvent } from "../../api/client";
import { milliseconds } from "../../lib/format";
import { useNarrow } from "../../lib/narrow";
import { Link, servicePath, setSearch, tracePath } from "../../lib/router";
import { plainVisible, Raw } from "../../lib/text";
import { When } from "../../lib/time";
import { VirtualList } from "../../ui/virtual_list";
import { Dialog } from "../../ui/basics";
import { copy } from "../../ui/toast";

const kMarks: Record<string, string> = { fatal: "✖", error: "✕", warning: "▲", info: "·", debug: "·" };

export function LogTable({ events }: { events: LogEvent[] }) {
  const narrow = useNarrow();
  const [open, setOpen] = useState<LogEvent>();
  return (
    <>
      <VirtualList
        items={events}
        rowHeight={narrow ? 58 : 27}
        keyOf={(e) => keyOf(e)}
        label="log lines"
        row={(e) => (
          <button type="button" className={`logline level-${e.level || "none"}`} onClick={() => setOpen(e)}>
            <span className="num nowrap dim">
              <When at={e.timestamp} />
            </span>
            <span className="lvl clip" title={e.level}>
              {kMarks[e.level] ?? ""} {e.level}
            </span>
            <span className="clip svc">{plainVisible(e.service)}</span>
            <span className="clip mono msg">
              <bdi>{plainVisible(e.message.slice(0, 400))}</bdi>
            </span>
            <span className="num right nowrap dim">{e.duration_ms !== undefined ? milliseconds(e.duration_ms) : ""}</span>
          </button>
        )}
      />
      {open && <Line event={open} close={() => setOpen(undefined)} />}
    </>
  );
}

// Lines have no id of their own; equal lines get different keys by their place among equals.
const keys = new WeakMap<LogEvent, string>();
let next = 0;
function keyOf(event: LogEvent): string {
  let key = keys.get(event);
  if (!key) keys.set(event, (key = String(next++)));
  return key;
}

function Line({ event, close }: { event: LogEvent; close: () => void }) {
  const fields = Object.entries(typeof event.fields === "object" && event.fields ? (event.fields as Record<string, unknown>) : {});
  const known: [string, string | number | undefined][] = [
    ["host", event.host],
    ["version", event.version],
    ["status_code", event.status_code],
    ["span_id", event.span_id],
    ["parent_id", event.parent_id],
    ["peer", event.peer],
    ["span_kind", event.span_kind],
  ];
  const narrowTo = (term: string) => {
    close();
    setSearch({ q: term, view: undefined }, { replace: false });
  };
  return (
    <Dialog title="Log line" close={close} wide>
      <p className="row">
        <When at={event.timestamp} /> <span className={`lvl level-${event.level || "none"}`}>{event.level}</span>
        <Link to={servicePath(event.service)} onClick={close}>
          {plainVisible(event.service)}
        </Link>
        {event.duration_ms !== undefined && <span>{milliseconds(event.duration_ms)}</span>}
      </p>
      <div className="message">
        <Raw text={event.message} limit={5000} />
      </div>
      <table className="facts">
        <tbody>
          {event.trace_id && (
            <tr>
              <th>trace.id</th>
              <td>
                <Link to={tracePath(event.trace_id)} onClick={close} className="mono">
                  {plainVisible(event.trace_id)}
                </Link>
              </td>
            </tr>
          )}
          {known
            .filter(([, value]) => value !== undefined && value !== "")
            .map(([name, value]) => (
              <tr key={name}>
                <th>{name}</th>
                <td>
                  <Raw text={String(value)} limit={500} />
                </td>
              </tr>
            ))}
          {fields.map(([name, value]) => (
            <tr key={"f." + name}>
              <th>{plainVisible(name)}</th>
              <td>
                <Raw text={typeof value === "string" ? value : JSON.stringify(value)} limit={1000} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="row">
        <button type="button" onClick={() => void copy(event.message, "message")}>
          Copy message
        </button>
        <button type="button" onClick={() => narrowTo(`service:${event.service}`)}>
          Only {plainVisible(event.service)}
        </button>
        {event.trace_id && (
          <button type="button" onClick={() => narrowTo(`trace:${event.trace_id}`)}>
            Only this trace
          </button>
        )}
      </div>
    </Dialog>
  );
}
