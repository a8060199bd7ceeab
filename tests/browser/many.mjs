// A large company: 1,000 services and 500 open incidents, answered in place of the server.
export async function fillWithMany(page) {
  const services = Array.from({ length: 1000 }, (_, i) => ({
    service: `service-${i}`,
    status: i < 20 ? "critical" : "healthy",
    incident_count: 0,
    active_incident_id: null,
    last_incident_id: null,
    last_incident_at: null,
    worst_severity: i < 20 ? "P1" : null,
    anomalies: [],
    docs_per_minute: i,
    error_share: 0.01,
    p99_ms: 120,
    traffic: Array.from({ length: 60 }, (_, j) => (i * 7 + j * 13) % 50),
    errors: Array.from({ length: 60 }, (_, j) => (j % 9 === 0 ? 3 : 0)),
    last_seen: null,
  }));
  const at = new Date().toISOString();
  const incidents = Array.from({ length: 500 }, (_, i) => ({
    id: `INC-20260101000000-${String(i).padStart(8, "0")}`,
    title: `service-${i}: errors`,
    severity: `P${1 + (i % 4)}`,
    state: "open",
    created_at: at,
    updated_at: at,
    onset: at,
    dedup_key: "0",
    services: [`service-${i}`],
    anomaly_count: 1,
    has_analysis: false,
    suppressed: 0,
    reopened: 0,
  }));
  const json = (body) => (route) => route.fulfill({ contentType: "application/json", body: JSON.stringify(body) });
  await page.route("**/api/services", json({ services, slice_seconds: 60, newest_slice: at }));
  await page.route("**/api/incidents?*", json({ total: 500, incidents, next_cursor: null }));
}

// From end to end of the page, a screen a frame: the length of each frame, and how many rows exist at the end.
export function scrollThrough(page) {
  return page.evaluate(async () => {
    const lengths = [];
    let last = performance.now();
    for (let y = 0; y < document.documentElement.scrollHeight; y += 600) {
      window.scrollTo(0, y);
      await new Promise((done) => requestAnimationFrame(done));
      const now = performance.now();
      lengths.push(now - last);
      last = now;
    }
    return { lengths, rows: document.querySelectorAll("[role=listitem]").length };
  });
}
