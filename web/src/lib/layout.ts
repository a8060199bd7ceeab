// Places the nodes of a call graph in columns, callers left of what they call, with few crossings: cycles are
// broken at the edge that closes them, a node's column is the longest way to it, rows follow the neighbours'
// mean. An edge over several columns gets a place in each of them, so that it does not run through a node.
// Pure; for the tens of services that an outage touches.
export interface Place {
  column: number;
  row: number; // may be fractional: columns are centred
}
export interface Layout {
  nodes: Map<string, Place>;
  bends: Map<string, Place[]>; // of edges longer than one column, by edgeKey, from caller to callee
  columns: number;
  rows: number; // of the tallest column
}
interface Edge {
  caller: string;
  callee: string;
}
export const edgeKey = (edge: Edge) => `${edge.caller}\t${edge.callee}`;

export function layered(names: string[], edges: Edge[]): Layout {
  const known = [...new Set(names)].sort();
  const { order, forward } = acyclic(known, edges);

  const column = new Map<string, number>(known.map((name) => [name, 0]));
  for (const name of order) {
    for (const next of forward.get(name)!) column.set(next, Math.max(column.get(next)!, column.get(name)! + 1));
  }
  const columns: string[][] = [];
  for (const name of order) (columns[column.get(name)!] ??= []).push(name);

  // Steps between neighbouring columns; long edges become chains of stand-ins.
  const right = new Map<string, string[]>();
  const left = new Map<string, string[]>();
  const step = (a: string, b: string) => {
    right.set(a, [...(right.get(a) ?? []), b]);
    left.set(b, [...(left.get(b) ?? []), a]);
  };
  const chains = new Map<string, string[]>();
  for (const [caller, callees] of forward) {
    for (const callee of callees) {
      const chain: string[] = [];
      for (let c = column.get(caller)! + 1; c < column.get(callee)!; ++c) {
        const standIn = `\n${caller}\t${callee}\t${c}`; // no service name holds a newline in front
        chain.push(standIn);
        columns[c]!.push(standIn);
      }
      [caller, ...chain].forEach((from, i) => step(from, chain[i] ?? callee));
      if (chain.length) chains.set(edgeKey({ caller, callee }), chain);
    }
  }

  const row = new Map<string, number>();
  const number = (list: string[]) => list.forEach((name, i) => row.set(name, i - (list.length - 1) / 2));
  columns.forEach(number);
  for (let sweep = 0; sweep < 8; ++sweep) {
    const neighbours = sweep % 2 === 0 ? left : right;
    for (const list of sweep % 2 === 0 ? columns : [...columns].reverse()) {
      const mean = new Map(
        list.map((name) => {
          const near = neighbours.get(name) ?? [];
          return [name, near.length ? near.reduce((sum, n) => sum + row.get(n)!, 0) / near.length : row.get(name)!];
        }),
      );
      list.sort((a, b) => mean.get(a)! - mean.get(b)! || a.localeCompare(b));
      number(list);
    }
  }

  const rows = Math.max(1, ...columns.map((list) => list.length));
  const placeOf = (name: string, c: number): Place => ({ column: c, row: row.get(name)! + (rows - 1) / 2 });
  const nodes = new Map(known.map((name) => [name, placeOf(name, column.get(name)!)]));
  const bends = new Map<string, Place[]>();
  for (const [key, chain] of chains) {
    const first = column.get(key.split("\t")[0]!)! + 1;
    bends.set(
      key,
      chain.map((standIn, i) => placeOf(standIn, first + i)),
    );
  }
  return { nodes, bends, columns: Math.max(1, columns.length), rows };
}

// Depth first; an edge back to a node on the way closes a cycle and is left out.
function acyclic(known: string[], edges: Edge[]): { order: string[]; forward: Map<string, string[]> } {
  const out = new Map<string, string[]>(known.map((name) => [name, []]));
  for (const { caller, callee } of edges) {
    if (caller !== callee && out.has(callee) && out.get(caller)?.includes(callee) === false) out.get(caller)!.push(callee);
  }
  const called = new Set([...out.values()].flat());
  const forward = new Map<string, string[]>(known.map((name) => [name, []]));
  const mark = new Map<string, "on the way" | "done">();
  const order: string[] = [];
  const visit = (name: string) => {
    mark.set(name, "on the way");
    for (const next of [...out.get(name)!].sort()) {
      if (mark.get(next) === "on the way") continue;
      forward.get(name)!.push(next);
      if (!mark.has(next)) visit(next);
    }
    mark.set(name, "done");
    order.push(name);
  };
  for (const name of known) if (!called.has(name)) visit(name);
  for (const name of known) if (!mark.has(name)) visit(name);
  return { order: order.reverse(), forward };
}
