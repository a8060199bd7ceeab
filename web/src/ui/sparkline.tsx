// Traffic as a line, errors as bars from the ground, in the size of a word.
import { memo } from "react";

const kWidth = 120;
const kHeight = 28;

export const Sparkline = memo(function Sparkline({ traffic, errors }: { traffic: number[]; errors: number[] }) {
  if (traffic.length < 2) return <svg className="spark" viewBox={`0 0 ${kWidth} ${kHeight}`} aria-hidden="true" />;
  const most = Math.max(1, ...traffic);
  const x = (i: number) => (i / (traffic.length - 1)) * kWidth;
  const y = (value: number) => kHeight - 1 - (value / most) * (kHeight - 3);
  const line = traffic.map((value, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const bars = errors
    .map((value, i) => (value > 0 ? `M${x(i).toFixed(1)} ${kHeight}V${Math.min(kHeight - 2, y(value)).toFixed(1)}` : ""))
    .join("");
  return (
    <svg className="spark" viewBox={`0 0 ${kWidth} ${kHeight}`} preserveAspectRatio="none" aria-hidden="true">
      <path className="line" d={line} />
      {bars && <path className="bars" d={bars} />}
    </svg>
  );
});
