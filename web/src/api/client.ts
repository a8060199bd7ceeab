// The typed way to the API: paths, parameters, bodies and answers come from docs/openapi.yaml (schema.d.ts is
// generated from it, `npm run generate`). Errors of the API arrive as ApiError with its `detail` sentence.
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Incident = Schemas["Incident"];
export type IncidentRow = Schemas["IncidentRow"];
export type ServiceRow = Schemas["ServiceRow"];
export type LogEvent = Schemas["LogEvent"];
export type Pattern = Schemas["Pattern"];
export type Runbook = Schemas["Runbook"];
export type Silence = Schemas["Silence"];
export type Severity = Schemas["Severity"];

type Method = "get" | "post" | "put" | "delete";
type Operation<P extends keyof paths, M extends Method> = paths[P][M];
export type PathsWith<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never;
}[keyof paths];

type JsonOf<R> = R extends { content: { "application/json": infer T } } ? T : undefined;
export type Answer<P extends keyof paths, M extends Method> = Operation<P, M> extends { responses: infer R }
  ? R extends { 200: infer A }
    ? JsonOf<A>
    : R extends { 201: infer A }
      ? JsonOf<A>
      : undefined
  : never;
type Part<O, K extends string> = O extends { parameters: infer Q } ? (K extends keyof Q ? Q[K] : undefined) : undefined;
type BodyOf<O> = O extends { requestBody?: infer B }
  ? NonNullable<B> extends { content: { "application/json": infer T } }
    ? T
    : undefined
  : undefined;
export interface Options<P extends keyof paths, M extends Method> {
  path?: Part<Operation<P, M>, "path">;
  query?: Part<Operation<P, M>, "query">;
  body?: BodyOf<Operation<P, M>>;
  signal?: AbortSignal;
}

export class ApiError extends Error {
  constructor(
    readonly status: number, // 0: the server cannot be reached
    readonly detail: string,
  ) {
    super(detail);
  }
}

// Sent with every write of a cookie session; the session store sets it.
let csrf = "";
let unauthorised: () => void = () => {};
export function setSession(token: string, onUnauthorised: () => void) {
  csrf = token;
  unauthorised = onUnauthorised;
}

export function urlOf(path: string, parts?: Record<string, unknown>, query?: Record<string, unknown>): string {
  let url = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(parts?.[name] ?? "")));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === null || value === "") continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  if (text) url += "?" + text;
  return url;
}

async function problemOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  let detail = `the server answered ${response.status}`;
  try {
    const body = JSON.parse(text) as { detail?: unknown };
    if (typeof body.detail === "string") detail = body.detail;
  } catch {
    // No JSON: a proxy in between has spoken. Its status says enough.
  }
  return new ApiError(response.status, detail);
}

export async function call<P extends PathsWith<M>, M extends Method>(
  method: M,
  path: P,
  options: Options<P, M> = {},
): Promise<Answer<P, M>> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "get") {
    headers["Idempotency-Key"] = key();
    if (csrf) headers["X-CSRF-Token"] = csrf;
  }
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(urlOf(path, options.path as never, options.query as never), {
      method: method.toUpperCase(),
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
    });
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    throw new ApiError(0, "the server cannot be reached");
  }
  if (response.status === 401) unauthorised();
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return undefined as Answer<P, M>;
  return (await response.json()) as Answer<P, M>;
}

export function get<P extends PathsWith<"get">>(path: P, options: Options<P, "get"> = {}) {
  return call("get", path, options);
}
export function post<P extends PathsWith<"post">>(path: P, options: Options<P, "post"> = {}) {
  return call("post", path, options);
}

// crypto.randomUUID exists on secure origins only, and an address in the house network may be plain http.
function key(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}
