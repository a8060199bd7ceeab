// The small parts that every page uses.
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { ApiError, Severity } from "../api/client";
import type { Resource } from "../api/use_resource";

// A severity is a shape, a letter and a colour; any one of them is enough to read it.
const kShapes: Record<Severity, ReactNode> = {
  P1: <path d="M5.2 1h5.6L15 5.2v5.6L10.8 15H5.2L1 10.8V5.2z" />,
  P2: <path d="M8 1.2 15.3 14H.7z" />,
  P3: <path d="M8 .8 15.2 8 8 15.2.8 8z" />,
  P4: <circle cx="8" cy="8" r="6.6" />,
};
const kMeanings: Record<Severity, string> = { P1: "critical", P2: "serious", P3: "minor", P4: "notice" };
export function SeverityMark({ severity, bare = false }: { severity: Severity; bare?: boolean }) {
  return (
    <span className={`severity ${severity}`} title={`${severity}: ${kMeanings[severity]}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {kShapes[severity]}
      </svg>
      {bare ? <span className="hidden">{severity}</span> : severity}
    </span>
  );
}
export function StateMark({ state, by }: { state: string; by?: string }) {
  return <span className={`state ${state}`}>{state === "acknowledged" && by ? `acknowledged by ${by}` : state}</span>;
}
export function Healthy() {
  return (
    <span className="severity healthy" title="nothing unusual">
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M3 8.5 6.6 12 13 4.6" fill="none" stroke="currentColor" strokeWidth="2" />
      </svg>
      <span className="hidden">healthy</span>
    </span>
  );
}

export function Panel({
  title,
  aside,
  children,
  className = "",
  id,
}: {
  title?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
  id?: string;
}) {
  return (
    <section className={`panel ${className}`} id={id}>
      {title !== undefined && (
        <header>
          <h2>{title}</h2>
          {aside !== undefined && <div className="aside">{aside}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

export function Failed({ error, retry }: { error: ApiError; retry?: () => void }) {
  return (
    <div className="failed" role="alert">
      <span>{error.detail}</span>
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

// What a panel shows of a resource: bones while it loads, the error and a way to try again, else its content;
// an error beside old data is a line above them.
export function Show<T>({
  of,
  children,
  lines = 3,
}: {
  of: Resource<T>;
  children: (data: T) => ReactNode;
  lines?: number;
}) {
  if (of.data === undefined && of.error) return <Failed error={of.error} retry={of.refresh} />;
  if (of.data === undefined) return <Bones lines={lines} />;
  return (
    <>
      {of.error && <Failed error={of.error} retry={of.refresh} />}
      {children(of.data)}
    </>
  );
}
export function Bones({ lines = 3 }: { lines?: number }) {
  return (
    <div className="bones" role="status" aria-label="loading">
      {Array.from({ length: lines }, (_, i) => (
        <i key={i} />
      ))}
    </div>
  );
}

// An empty place says what will be here and how to make it come.
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <strong>{title}</strong>
      {children && <div>{children}</div>}
    </div>
  );
}

// The browser's own dialog: focus stays in it, Escape closes it.
export function Dialog({
  title,
  close,
  children,
  wide = false,
}: {
  title: string;
  close: () => void;
  children: ReactNode;
  wide?: boolean;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    // The browser would begin with the button that closes; whoever asked for a dialog wants to type.
    dialog?.querySelector<HTMLElement>("textarea, select, input")?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      className={wide ? "wide" : ""}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => event.target === ref.current && close()}
    >
      <div className="inside">
        <header>
          <h2>{title}</h2>
          <button type="button" className="quiet" onClick={close} aria-label="close">
            ✕
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

export function Kbd({ children }: { children: string }) {
  return <kbd aria-hidden="true">{children}</kbd>;
}

// A button whose click waits for the server: it shows that it works and cannot be clicked twice.
export function ActionButton({
  run,
  children,
  className = "",
  disabled = false,
  title,
}: {
  run: () => Promise<unknown>;
  children: ReactNode;
  className?: string;
  disabled?: boolean;
  title?: string;
}) {
  const [busy, setBusy] = useState(false);
  return (
    <button
      type="button"
      className={className}
      title={title}
      disabled={disabled || busy}
      aria-busy={busy}
      onClick={() => {
        setBusy(true);
        void run().finally(() => setBusy(false));
      }}
    >
      {children}
    </button>
  );
}

export function Tabs({
  names,
  value,
  set,
  label,
}: {
  names: [string, string][];
  value: string;
  set: (name: string) => void;
  label: string;
}) {
  return (
    <div className="tabs" role="group" aria-label={label}>
      {names.map(([name, text]) => (
        <button key={name} type="button" aria-pressed={name === value} onClick={() => set(name)}>
          {text}
        </button>
      ))}
    </div>
  );
}
