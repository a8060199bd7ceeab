"""The API over real HTTP: the original's shapes, pages, tags, problems, idempotent writes, the live stream."""

import json
import signal
import socket
import time
import unittest
from urllib.parse import quote, urlsplit

from harness import FolderTest, HANG, Service, document, environment, run, timestamp

JSON = {"Content-Type": "application/json"}


class SseClient:
    """Reads server-sent events over a plain socket; every read has a deadline."""

    def __init__(self, url, path, headers=None):
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=HANG)
        lines = [f"GET {path} HTTP/1.1", f"Host: {parts.netloc}", "Accept: text/event-stream"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass
        self.text = b""

    def _chunk(self):
        size = int(self.file.readline(), 16)
        data = self.file.read(size)
        self.file.readline()
        return data if size else None

    def event(self, wanted=None):
        """The next event (of that name) as (id, name, data)."""
        while True:
            while b"\n\n" not in self.text:
                data = self._chunk()
                assert data is not None, "the stream ended"
                self.text += data
            block, self.text = self.text.split(b"\n\n", 1)
            fields = dict(line.split(": ", 1) for line in block.decode().split("\n") if not line.startswith(":"))
            if "event" in fields and wanted in (None, fields["event"]):
                return fields.get("id"), fields["event"], json.loads(fields["data"])

    def close(self):
        self.file.close()
        self.socket.close()


def outage(service="payment-service"):
    """An hour of ordinary minutes, then five with many errors; dense enough to be judged."""
    lines = []
    for minute in range(64, -1, -1):
        for number in range(20):
            bad = minute < 5 and number < 12
            lines.append(document(number, service, **{
                "@timestamp": timestamp(minute * 60 + number * 2.9), "level": "error" if bad else "info",
                "message": f"pool exhausted after {number} ms" if bad else f"request {number} handled",
                "trace.id": f"trace-{minute}-{number}", "http.route": "/pay"}))
    return lines


class Api(FolderTest):
    """One service with one incident for all tests that only read or that do not mind each other."""

    @classmethod
    def setUpClass(cls):
        import tempfile
        cls.place = tempfile.TemporaryDirectory(prefix="sentinelops-test-")
        cls.addClassCleanup(cls.place.cleanup)
        with Service(cls.place.name, "polling:\n  interval_seconds: 3600\n") as loader:
            assert loader.bulk(outage())[0] == 200
            loader.stop()
        cls.service = Service(cls.place.name, "polling:\n  interval_seconds: 1\n")
        cls.addClassCleanup(cls.service.__exit__)
        cls.incident = cls.service.wait_for("incident.created")["id"]
        cls.service.wait_for("detection.cycle.complete")

    def post(self, path, body, **headers):
        status, answer_headers, answer = self.service.request(
            "POST", path, json.dumps(body).encode(), {**JSON, **{k.replace("_", "-"): v for k, v in headers.items()}})
        return status, answer_headers, json.loads(answer)

    def test_the_routes_of_the_original_keep_their_fields(self):
        page = self.service.get("/api/incidents?limit=50&offset=0")
        self.assertGreaterEqual(page["total"], 1)
        row = next(row for row in page["incidents"] if row["id"] == self.incident)
        for field in ("title", "severity", "created_at", "dedup_key", "services", "anomaly_count", "has_analysis", "root_cause",
                      "confidence"):
            self.assertIn(field, row)
        one = self.service.get(f"/api/incidents/{self.incident}")
        for field in ("service", "metric", "current_value", "baseline_mean", "baseline_stddev", "z_score", "severity", "timestamp"):
            self.assertIn(field, one["anomalies"][0])
        for field in ("service", "level", "message", "timestamp", "trace_id"):
            self.assertIn(field, one["correlated_events"][0])
        for field in ("root_cause", "confidence", "remediation_steps", "affected_services", "summary"):
            self.assertIn(field, one["analysis"])
        service = next(s for s in self.service.get("/api/services")["services"] if s["service"] == "payment-service")
        for field in ("status", "last_incident_id", "last_incident_at", "incident_count", "worst_severity", "anomalies"):
            self.assertIn(field, service)
        self.assertIn(service["status"], ("critical", "warning", "degraded"))
        self.assertGreater(service["docs_per_minute"], 1)
        self.assertEqual(len(service["traffic"]), len(service["errors"]))
        health = self.service.get("/api/health")
        self.assertEqual(health["status"], "ok")
        self.assertGreaterEqual(health["incidents_tracked"], 1)

    def test_an_unknown_incident_is_a_problem_with_detail(self):
        status, headers, body = self.service.request("GET", "/api/incidents/INC-1")
        problem = json.loads(body)
        self.assertEqual((status, headers["Content-Type"]), (404, "application/problem+json"))
        self.assertIn("INC-1", problem["detail"])
        self.assertEqual(problem["status"], 404)

    def test_what_has_not_changed_is_not_sent_again(self):
        status, headers, _ = self.service.request("GET", "/api/openapi.json")
        again = self.service.request("GET", "/api/openapi.json", headers={"If-None-Match": headers["ETag"]})
        self.assertEqual((status, again[0], again[2]), (200, 304, b""))

    def test_pages_of_logs_cover_everything_once(self):
        total = self.service.get("/api/logs?limit=1&q=handled")["total"]
        for order in ("desc", "asc"):
            seen, cursor, times = [], "", []
            for _ in range(100):
                page = self.service.get(f"/api/logs?limit=97&total=false&order={order}&q=handled&from=now-2h"
                                        f"&cursor={quote(cursor)}")
                seen += [event["trace_id"] for event in page["events"]]
                times += [event["timestamp"] for event in page["events"]]
                cursor = page["next_cursor"]
                if not cursor:
                    break
            self.assertEqual((len(seen), len(set(seen))), (total, total), order)

    def test_logs_are_found_by_terms_fields_and_counted_over_time(self):
        errors = self.service.get("/api/logs?" + "q=" + quote('level:error "pool exhausted" service:payment-service http.route:/pay'))
        self.assertEqual(errors["total"], 60)
        self.assertEqual(self.service.get("/api/logs?where=http.route%3D/other")["total"], 0)
        histogram = self.service.get("/api/logs/histogram?from=now-2h&buckets=24&q=exhausted")
        self.assertEqual(sum(bucket["errors"] for bucket in histogram["buckets"]), 60)
        fields = self.service.get("/api/logs/fields?from=now-2h&prefix=http")["fields"]
        self.assertEqual((fields[0]["name"], fields[0]["values"][0]["value"]), ("http.route", "/pay"))
        patterns = self.service.get("/api/logs/patterns?from=now-2h&level=error")["patterns"]
        self.assertEqual((len(patterns), patterns[0]["count"]), (1, 60))

    def test_a_trace_is_a_waterfall_of_its_documents(self):
        trace = self.service.get("/api/traces/trace-3-1")
        self.assertEqual((len(trace["spans"]), trace["spans"][0]["inferred"], len(trace["logs"])), (1, True, 1))
        self.assertEqual(self.service.request("GET", "/api/traces/nothing")[0], 404)

    def test_the_series_of_a_service_has_columns_of_one_length(self):
        series = self.service.get("/api/services/payment-service/series?from=now-1h")
        for column in ("traffic", "errors", "p50_ms", "p99_ms"):
            self.assertEqual(len(series[column]), len(series["times"]), column)
        self.assertGreaterEqual(sum(value or 0 for value in series["errors"]), 50)
        for metric in series["metrics"]:
            for column in ("observed", "expected", "band_low", "band_high", "score"):
                self.assertEqual(len(metric[column]), len(series["times"]), (metric["metric"], column))
        self.assertEqual(self.service.request("GET", "/api/services/nobody/series")[0], 404)

    def test_a_write_with_a_key_happens_once_and_is_in_the_timeline(self):
        path = f"/api/incidents/{self.incident}/comment"
        key = f"key-{time.monotonic_ns()}"
        body = {"text": f"looked at it, {key}", "who": "ann"}
        first = self.post(path, body, Idempotency_Key=key)
        again = self.post(path, body, Idempotency_Key=key)
        self.assertEqual((first[0], again[0], again[1]["Idempotency-Replayed"]), (200, 200, "true"))
        notes = [event for event in self.service.get(f"/api/incidents/{self.incident}")["timeline"] if key in event["text"]]
        self.assertEqual([(note["kind"], note["actor"]) for note in notes], [("commented", "ann")])
        self.assertEqual(self.post(path, {"text": "other"}, Idempotency_Key=key)[0], 422)

    def test_a_write_that_is_wrong_says_what(self):
        path = f"/api/incidents/{self.incident}/comment"
        for body, headers, word in ((b"{}", JSON, "text"), (b"[]", JSON, "object"), (b"{", JSON, "JSON"),
                                    (b'{"text": 5}', JSON, "text"), (b'{"text": "x"}', {"Content-Type": "text/plain"}, "Content-Type")):
            status, _, answer = self.service.request("POST", path, body, headers)
            self.assertEqual(status, 400, body)
            self.assertIn(word, json.loads(answer)["detail"])

    def test_silences_are_made_previewed_and_ended(self):
        preview = self.post("/api/silences/preview", {"service": "payment-*", "reason": "x"})[2]
        self.assertGreaterEqual(preview["incidents_muted"], 1)
        status, _, made = self.post("/api/silences", {"service": "quiet-*", "minutes": 5, "reason": "upgrade", "who": "bob"})
        self.assertEqual((status, made["status"], made["author"]), (201, "active", "bob"))
        self.assertIn(made["id"], [s["id"] for s in self.service.get("/api/silences?active=true")["silences"]])
        status, _, answer = self.service.request("DELETE", f"/api/silences/{made['id']}")
        self.assertEqual((status, json.loads(answer)["status"]), (200, "expired"))
        self.assertEqual(self.post("/api/silences", {"service": "a", "reason": "no end"})[0], 400)

    def test_a_runbook_is_drafted_kept_found_and_removed(self):
        draft = self.service.get(f"/api/incidents/{self.incident}/runbook")
        body = {**draft, "title": "Pool exhausted again", "resolution_steps": ["raise the pool"]}
        status, _, kept = self.service.request("PUT", "/api/runbooks/rb-test", json.dumps(body).encode(), JSON)
        self.assertEqual((status, json.loads(kept)["id"]), (200, "rb-test"))
        self.assertIn("rb-test", [r["id"] for r in self.service.get("/api/runbooks?q=pool%20exhausted")["runbooks"]])
        self.assertEqual(self.service.request("DELETE", "/api/runbooks/rb-test")[0], 204)
        self.assertEqual(self.service.request("GET", "/api/runbooks/rb-test")[0], 404)

    def test_the_stream_tells_ticks_and_commands_and_resumes(self):
        stream = SseClient(self.service.url, "/api/stream")
        self.addCleanup(stream.close)
        self.assertEqual((stream.status, stream.event()[1]), (200, "hello"))
        tick_id, _, tick = stream.event("tick")
        self.assertGreaterEqual(tick["active_incidents"], 1)
        self.post(f"/api/incidents/{self.incident}/comment", {"text": "told by the stream"})
        _, _, changed = stream.event("incident")
        self.assertEqual((changed["incident"]["id"], changed["events"][0]["text"]), (self.incident, "told by the stream"))
        resumed = SseClient(self.service.url, "/api/stream", {"Last-Event-ID": tick_id})
        self.addCleanup(resumed.close)
        event_id, name, _ = resumed.event()
        self.assertNotIn(name, ("hello", "reset"))
        self.assertGreater(int(event_id.split("-")[1]), int(tick_id.split("-")[1]))
        stranger = SseClient(self.service.url, "/api/stream", {"Last-Event-ID": "other-1"})
        self.addCleanup(stranger.close)
        self.assertEqual([stranger.event()[1], stranger.event()[1]], ["reset", "hello"])

    def test_the_tail_shows_what_arrives(self):
        tail = SseClient(self.service.url, "/api/logs/tail?q=tailed")
        self.addCleanup(tail.close)
        self.service.bulk([document(1, "tail-service", message="tailed <script>alert(1)</script>"), document(2, "tail-service")])
        lines = tail.event("lines")[2]["events"]
        self.assertEqual([line["message"] for line in lines], ["tailed <script>alert(1)</script>"])

    def test_the_configuration_shows_no_secret(self):
        config = self.service.get("/api/config")
        paths = {setting["path"]: setting for setting in config["settings"]}
        self.assertEqual(paths["polling.interval_seconds"]["value"], 1)
        self.assertTrue(paths["polling.interval_seconds"]["changed"])
        self.assertEqual({secret["set"] for secret in config["secrets"]}, {False})


class OverRestarts(FolderTest):
    def test_a_write_with_a_key_happens_once_though_the_server_was_restarted(self):
        answers = []
        for _ in range(2):
            with Service(self.folder) as service:
                status, headers, body = service.request(
                    "POST", "/api/silences", json.dumps({"service": "quiet-*", "minutes": 5, "reason": "upgrade"}).encode(),
                    {**JSON, "Idempotency-Key": "one"})
                answers.append((status, headers["Content-Type"], json.loads(body)["id"]))
                replayed = headers["Idempotency-Replayed"]
                self.assertEqual(len(service.get("/api/silences")["silences"]), 1)
                service.stop(signal.SIGKILL)
        self.assertEqual(answers[0], answers[1])
        self.assertEqual((answers[0][0], replayed), (201, "true"))

    def test_calls_that_were_learned_stay_known_and_the_command_tells_them(self):
        calls = [document("call", service="cron", **{"@timestamp": timestamp(1200 + i), "span.id": f"s{i}", "trace.id": f"t{i}",
                                                     "span.kind": "client", "peer.service": "ledger-db"}) for i in range(60)]
        with Service(self.folder) as service:
            self.assertEqual(service.bulk(calls)[0], 200)
            service.stop()
        with Service(self.folder, "polling:\n  interval_seconds: 1\n") as service:
            for _ in range(2):  # what a cycle found is shown when the next one ends, at the latest
                service.wait_for("detection.cycle.complete")
            [edge] = service.get("/api/topology?from=now-5m")["edges"]
            self.assertEqual((edge["caller"], edge["callee"], edge["source"]), ("cron", "ledger-db", "learned"))
            self.assertGreater(edge["calls"], 50)
            asked = run("topology", "--config", service.config)
            service.stop()
            alone = run("topology", "--config", service.config)
        for answer in (asked, alone):
            [told] = json.loads(answer.stdout)
            self.assertEqual((told["caller"], told["source"], told["last_seen"]), ("cron", "learned", edge["last_seen"]))


class Access(FolderTest):
    def test_a_name_that_is_not_ours_and_writes_of_other_pages_are_refused(self):
        with Service(self.folder) as service:
            self.assertEqual(service.request("GET", "/api/incidents", headers={"Host": "evil.example"})[0], 403)
            self.assertEqual(service.request("GET", "/healthz", headers={"Host": "10.1.2.3:8000"})[0], 200)
            for origin in ("https://evil.example", "null"):
                for path in ("/api/silences", "/_bulk"):
                    self.assertEqual(service.request("POST", path, b"{}", {**JSON, "Origin": origin})[0], 403, (origin, path))
            own = service.request("POST", "/api/silences", b'{"reason":"x","minutes":5}', {**JSON, "Origin": service.url})
            self.assertEqual(own[0], 201)

    def test_answers_carry_the_headers_that_keep_a_browser_safe(self):
        with Service(self.folder) as service:
            _, headers, _ = service.request("GET", "/api/incidents")
            self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
            self.assertEqual((headers["X-Content-Type-Options"], headers["X-Frame-Options"]), ("nosniff", "DENY"))

    def test_a_session_reads_and_with_its_csrf_token_writes(self):
        env = environment(SENTINELOPS_SERVER_TOKEN="operators-token", SENTINELOPS_VIEWER_TOKEN="viewers-token")
        with Service(self.folder, env=env) as service:
            self.assertEqual(service.request("GET", "/api/incidents")[0], 401)
            self.assertEqual(json.loads(service.request("GET", "/api/session")[2])["login_required"], True)
            login = json.dumps({"token": "operators-token", "user": "ann"}).encode()
            status, headers, body = service.request("POST", "/api/session", login, JSON)
            cookie, csrf = headers["Set-Cookie"].split(";")[0], json.loads(body)["csrf"]
            self.assertEqual(status, 200)
            for attribute in ("HttpOnly", "SameSite=Strict"):
                self.assertIn(attribute, headers["Set-Cookie"])
            self.assertEqual(service.request("GET", "/api/incidents", headers={"Cookie": cookie})[0], 200)
            silence = b'{"reason":"x","minutes":5}'
            self.assertEqual(service.request("POST", "/api/silences", silence, {**JSON, "Cookie": cookie})[0], 403)
            status, _, made = service.request("POST", "/api/silences", silence, {**JSON, "Cookie": cookie, "X-CSRF-Token": csrf})
            self.assertEqual((status, json.loads(made)["author"]), (201, "ann"))
            forged = cookie[:-1] + ("0" if cookie[-1] != "0" else "1")
            self.assertEqual(service.request("GET", "/api/incidents", headers={"Cookie": forged})[0], 401)
            viewer = {"Authorization": "Bearer viewers-token"}
            self.assertEqual(service.request("GET", "/api/incidents", headers=viewer)[0], 200)
            self.assertEqual(service.request("POST", "/api/silences", silence, {**JSON, **viewer})[0], 403)
            wrong = json.dumps({"token": "guess"}).encode()
            answers = [service.request("POST", "/api/session", wrong, JSON)[0] for _ in range(12)]
            self.assertEqual((answers[0], answers[-1]), (403, 429))

    def test_the_user_of_a_trusted_proxy_is_believed_and_of_nobody_else(self):
        config = ("server:\n  listen: 127.0.0.1:0\n  proxy_user_header: X-Forwarded-User\n"
                  "  trusted_proxies: [{}]\n  operators: [ann]\n")
        with Service(self.folder, config.format("127.0.0.0/8")) as service:
            self.assertEqual(service.request("GET", "/api/incidents")[0], 401)
            silence = b'{"reason":"x","minutes":5,"who":"mallory"}'
            status, _, made = service.request("POST", "/api/silences", silence, {**JSON, "X-Forwarded-User": "ann"})
            self.assertEqual((status, json.loads(made)["author"]), (201, "ann"))
            self.assertEqual(service.request("POST", "/api/silences", silence, {**JSON, "X-Forwarded-User": "bob"})[0], 403)
        with Service(self.folder, config.format("10.0.0.0/8")) as service:
            self.assertEqual(service.request("GET", "/api/incidents", headers={"X-Forwarded-User": "ann"})[0], 401)

    def test_other_machines_need_a_token(self):
        for extra in ("", "  proxy_user_header: X-User\n"):
            with self.assertRaises(AssertionError):
                Service(self.folder, "server:\n  listen: 0.0.0.0:0\n" + extra)


if __name__ == "__main__":
    unittest.main()
