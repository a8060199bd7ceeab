// Keyboard: a handler per key, newest mounted component first; silent while somebody types.
import { useEffect, useRef } from "react";

type Handlers = Record<string, (() => void) | undefined>;
const stack: { current: Handlers }[] = [];

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}

window.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (typing(event.target)) {
    if (event.key === "Escape") (event.target as HTMLElement).blur();
    return;
  }
  if (document.querySelector("dialog[open]")) return; // the dialog has the keyboard
  for (let i = stack.length - 1; i >= 0; i--) {
    const handler = stack[i]?.current[event.key];
    if (!handler) continue;
    event.preventDefault();
    handler();
    return;
  }
});

export function useKeys(handlers: Handlers) {
  const ref = useRef(handlers);
  ref.current = handlers;
  useEffect(() => {
    stack.push(ref);
    return () => {
      stack.splice(stack.indexOf(ref), 1);
    };
  }, []);
}
