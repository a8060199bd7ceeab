// A long list of rows of one height of which only those on the screen exist. It scrolls with the page.
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";

const kBeyond = 8; // rows kept above and below the screen

export function VirtualList<T>({
  items,
  rowHeight,
  row,
  keyOf,
  label,
  reveal,
}: {
  items: T[];
  rowHeight: number;
  row: (item: T, index: number) => ReactNode;
  keyOf: (item: T) => string;
  label: string;
  reveal?: number; // index that must be on the screen
}) {
  const ref = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState<[number, number]>([0, 40]);

  useLayoutEffect(() => {
    let frame = 0;
    const measure = () => {
      frame = 0;
      const top = ref.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / rowHeight) - kBeyond);
      const last = Math.min(items.length, Math.ceil((window.innerHeight - top) / rowHeight) + kBeyond);
      setRange((old) => (old[0] === first && old[1] === last ? old : [first, Math.max(first, last)]));
    };
    const later = () => {
      frame ||= requestAnimationFrame(measure);
    };
    measure();
    window.addEventListener("scroll", later, { passive: true });
    window.addEventListener("resize", later);
    // What stands above the list may grow and push it down.
    const observer = new ResizeObserver(later);
    observer.observe(document.body);
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      window.removeEventListener("scroll", later);
      window.removeEventListener("resize", later);
    };
  }, [items.length, rowHeight]);

  useLayoutEffect(() => {
    if (reveal === undefined || reveal < 0 || !ref.current) return;
    const top = ref.current.getBoundingClientRect().top + reveal * rowHeight;
    if (top < 80) window.scrollBy(0, top - 80);
    else if (top + rowHeight > window.innerHeight - 20) window.scrollBy(0, top + rowHeight - window.innerHeight + 20);
  }, [reveal, rowHeight]);

  const [first, last] = range;
  return (
    <div ref={ref} className="virtual" role="list" aria-label={label} style={{ height: items.length * rowHeight }}>
      {items.slice(first, last).map((item, i) => (
        <div
          key={keyOf(item)}
          role="listitem"
          aria-setsize={items.length}
          aria-posinset={first + i + 1}
          style={{ transform: `translateY(${(first + i) * rowHeight}px)`, height: rowHeight }}
        >
          {row(item, first + i)}
        </div>
      ))}
    </div>
  );
}
