// The frame around every page: where one can go, whether what is shown is live, the keyboard's list.
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useLive } from "./api/live";
import { useSession } from "./api/session";
import { useKeys } from "./lib/keys";
import { Link, navigate, usePath } from "./lib/router";
import { Since } from "./lib/time";
import { Coverage } from "./pages/coverage";
import { Incident } from "./pages/incident/incident";
import { Incidents } from "./pages/incidents";
import { Login } from "./pages/login";
import { Logs } from "./pages/logs/logs";
import { Now } from "./pages/now";
import { Runbooks } from "./pages/runbooks";
import { Service } from "./pages/service/service";
import { Settings } from "./pages/settings";
import { Silences } from "./pages/silences";
import { Trace } from "./pages/trace";
import { Bones, Dialog, Empty } from "./ui/basics";
import { Guard } from "./ui/guard";
import { Toasts } from "./ui/toast";

const kPages: [string, string][] = [
  ["", "Now"],
  ["incidents", "Incidents"],
  ["logs", "Logs"],
  ["runbooks", "Runbooks"],
  ["silences", "Silences"],
  ["coverage", "Coverage"],
  ["settings", "Settings"],
];

// The server knows the first segments too (src/api/web_app.cpp).
function pageOf(path: string[]): [string, ReactNode] {
  const [first = "", second] = path;
  switch (first) {
    case "":
      return ["Now", <Now />];
    case "incidents":
      return second ? [second, <Incident key={second} id={second} />] : ["Incidents", <Incidents />];
    case "services":
      return second ? [second, <Service key={second} name={second} />] : ["Now", <Now />];
    case "logs":
      return ["Logs", <Logs />];
    case "traces":
      return ["Trace", <Trace key={second} id={second ?? ""} />];
    case "runbooks":
      return ["Runbooks", <Runbooks id={second} />];
    case "silences":
      return ["Silences", <Silences />];
    case "coverage":
      return ["Coverage", <Coverage />];
    case "settings":
      return ["Settings", <Settings />];
    default:
      return ["Not found", <Empty title="There is no such page.">The menu above has all there are.</Empty>];
  }
}

export function App() {
  const path = usePath();
  const session = useSession();
  const live = useLive();
  const [help, setHelp] = useState(false);
  const main = useRef<HTMLElement>(null);
  const [title, page] = pageOf(path);
  const place = path.join("/");

  useEffect(() => {
    document.title = title === "Now" ? "SentinelOps" : `${title} · SentinelOps`;
  }, [title]);
  // On a phone the menu is wider than the screen.
  useEffect(() => {
    document.querySelector(".top nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [place, session.loading, session.login]);
  // Whoever reads with a screen reader or the keyboard starts at the new page's beginning.
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [place]);
  useKeys({
    "?": () => setHelp(true),
    "/": () => {
      const field = document.querySelector<HTMLInputElement>("main input[type=search]");
      if (field) {
        field.focus();
        field.select();
      } else navigate("/logs");
    },
    n: () => navigate("/"),
    l: () => navigate("/logs"),
  });

  if (session.loading) return <Bones />;
  if (session.login) return <Login />;
  return (
    <>
      <div className="top">
        <div>
          <Link to="/" className="brand">
            <Mark /> SentinelOps
          </Link>
          <nav aria-label="pages">
            {kPages.map(([name, text]) => (
              <Link key={name} to={`/${name}`} aria-current={(path[0] ?? "") === name ? "page" : undefined}>
                {text}
              </Link>
            ))}
          </nav>
          <LiveMark />
          <button type="button" className="quiet" onClick={() => setHelp(true)} aria-label="keyboard shortcuts" title="keyboard (?)">
            ?
          </button>
        </div>
        {live.mode === "offline" && (
          <div className="banner" role="alert">
            The server has not answered for <Since from={new Date(live.since).toISOString()} />. What you see is what it said last;
            the page goes on trying.
          </div>
        )}
        {live.newVersion && (
          <div className="banner" role="status">
            The server runs a new version.{" "}
            <button type="button" className="link" onClick={() => location.reload()}>
              Load the page anew
            </button>
          </div>
        )}
      </div>
      <div className="frame">
        <main ref={main} tabIndex={-1}>
          <Guard key={place}>{page}</Guard>
        </main>
      </div>
      {help && <Help close={() => setHelp(false)} />}
      <Toasts />
    </>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <path
        d="M2 18h7l3-10 6 18 4-12 2 4h6"
        fill="none"
        stroke="var(--accent)"
        strokeWidth="3"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
    </svg>
  );
}

function LiveMark() {
  const live = useLive();
  const text = { live: "live", polling: "every 10 s", connecting: "connecting", offline: "no connection" }[live.mode];
  const about = {
    live: "changes arrive as they happen",
    polling: "no stream of changes can be had; the page asks every ten seconds",
    connecting: "the page is opening its stream of changes",
    offline: "the server does not answer",
  }[live.mode];
  return (
    <span className={`live ${live.mode}`} role="status" title={about}>
      <i aria-hidden="true" />
      {text}
    </span>
  );
}

const kKeys: [string, string][] = [
  ["/", "search on this page"],
  ["j  k", "next, previous in a list"],
  ["Enter", "open what is chosen"],
  ["a", "acknowledge the chosen or shown incident"],
  ["r", "resolve the shown incident"],
  ["c", "comment on the shown incident"],
  ["s", "silence the shown incident"],
  ["m", "copy the shown incident as Markdown"],
  ["n", "the Now page"],
  ["l", "the Logs page"],
  ["Esc", "close, leave a field"],
  ["?", "this list"],
];
function Help({ close }: { close: () => void }) {
  return (
    <Dialog title="Keyboard" close={close}>
      <dl className="keys">
        {kKeys.map(([key, text]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
