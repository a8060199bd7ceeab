// Text from outside (log lines, service names, what a model wrote) on the page: always text nodes, and what
// would be invisible or turn the line around is shown by its code point instead.
import { type ReactNode, useState } from "react";

// Controls except tab and newline, bidirectional formatting, zero-width characters, BOM, tags, line separators.
const kInvisible =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

export function codePoint(character: string): string {
  return "U+" + (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}

// For attributes and the clipboard.
export function plainVisible(text: string): string {
  return text.replace(kInvisible, (c) => `⟨${codePoint(c)}⟩`);
}

function pieces(text: string): ReactNode[] {
  const out: ReactNode[] = [];
  let from = 0;
  for (const match of text.matchAll(kInvisible)) {
    if (match.index > from) out.push(text.slice(from, match.index));
    out.push(
      <span className="invisible" key={match.index} title="a character that cannot be seen">
        {codePoint(match[0])}
      </span>,
    );
    from = match.index + match[0].length;
  }
  if (from < text.length) out.push(text.slice(from));
  return out;
}

// `limit`: characters shown before "more" is asked for; a line of megabytes must not stop the page.
export function Raw({ text, limit = 2000 }: { text: string; limit?: number }) {
  const [all, setAll] = useState(false);
  if (text.length <= limit || all) return <bdi className="raw">{pieces(all ? text.slice(0, 200_000) : text)}</bdi>;
  return (
    <>
      <bdi className="raw">{pieces(text.slice(0, limit))}</bdi>
      <button
        type="button"
        className="link more"
        onClick={(event) => {
          event.stopPropagation();
          setAll(true);
        }}
      >
        … {(text.length - limit).toLocaleString("en-US")} more characters
      </button>
    </>
  );
}
