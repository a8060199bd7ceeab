"""Conditions of real clusters: shards that are gone, indices that cannot be written, other types of time, other ways to connect.

On the real nodes; what a single node cannot produce is told by the proxy in front of it.
"""

import hashlib
import json
import ssl
import time
import unittest
from datetime import datetime

import node
from test_cluster import ORIGINAL, ClusterTest, about, forget_data  # makes the harness of the integration tests known
from fault_proxy import FaultProxy
from harness import Service, environment, run, until
from notify_fakes import Fakes

QUICK = ORIGINAL.replace("interval_seconds: 30", "interval_seconds: 1")
PLAIN_MAPPING = {"properties": {"@timestamp": {"type": "date"}, "service.name": {"type": "keyword"}, "level": {"type": "keyword"},
                                "message": {"type": "text"}, "duration_ms": {"type": "float"}}}


def seconds(text):
    """Since the epoch, of an RFC 3339 time."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class ConditionTest(ClusterTest):
    def ask(self, method, path, body=None, kind="plain"):
        return node.request(about(kind), method, path, body)

    def index(self, name, body, kind="plain"):
        """An index of this test's own, gone with it."""
        self.ask("PUT", f"/{name}", body, kind)
        self.addCleanup(self.ask, "DELETE", f"/{name}", None, kind)

    def service(self, url, text=QUICK, **more):
        return Service(self.folder, text + f"telemetry: {{ data_dir: {self.folder}/data }}\n",
                       env=environment(ELASTICSEARCH_URL=url, **more))

    def documents(self, kind="plain"):
        hits = self.ask("POST", "/app-logs-all/_search", {"size": 10_000}, kind)["hits"]["hits"]
        return [hit["_source"] for hit in hits]

    def bulk(self, index, documents, kind="plain", verb="index"):
        lines = "".join(f'{{"{verb}":{{"_index":"{index}"}}}}\n{json.dumps(doc)}\n' for doc in documents)
        answer = node.send(about(kind), "POST", "/_bulk?refresh=true", lines.encode(), "application/x-ndjson")
        self.assertFalse(answer["errors"], str(answer)[:500])


class Shards(ConditionTest):
    def red(self):
        """A shard that no node may hold: the alias is red, as when a node with its only copy is gone."""
        self.ask("PUT", "/app-logs-gone?wait_for_active_shards=0", {
            "settings": {"number_of_replicas": 0, "index.routing.allocation.require._name": "nobody"},
            "aliases": {"app-logs-all": {}}, "mappings": PLAIN_MAPPING})

    def test_red_shards_blind_it_without_an_anomaly(self):
        self.simulate("plain")
        with self.service(about("plain")["url"]) as service:
            service.wait_for("incident.created")
            service.wait_for("detection.cycle.complete")
            before = service.get("/api/incidents")["total"]
            self.red()
            try:
                error = service.wait_for("sentinelops.tick.error")["error"]
                self.assertIn("_cat/shards", error)
                blind = until(lambda: service.get("/api/health"), holds=lambda health: "blind_since" in health)
                self.assertEqual(blind["status"], "degraded")
                row = self.check(about("plain")["url"])
                self.assertFalse(row.get("shards", row["log index"])["ok"], row)
            finally:
                self.ask("DELETE", "/app-logs-gone")
            service.wait_for("sentinelops.tick.recovered")
            until(lambda: service.get("/api/health"), holds=lambda health: health["status"] == "ok")
            self.assertEqual(service.get("/api/incidents")["total"], before)

    def test_what_red_shards_hid_is_evaluated_when_they_are_back(self):
        length = 10  # seconds of a slice
        forget_data("plain")
        self.index("app-logs-000001", {"aliases": {"app-logs-all": {}}, "mappings": PLAIN_MAPPING})
        now = int(time.time())
        # Two services, each once a second, and what they will send while nobody can read it.
        self.bulk("app-logs-000001", [
            {"@timestamp": at * 1000, "service.name": name, "level": "info", "message": "handled", "duration_ms": 10}
            for at in range(now - 900, now + 300) for name in ("order", "pay")])
        text = QUICK.replace("interval_seconds: 1,", f"interval_seconds: 1, slice_seconds: {length}, settle_seconds: 0,")
        with self.service(about("plain")["url"], text) as service:
            service.wait_for("detection.cycle.complete")
            slices = lambda: {int(seconds(row["slice"])): row for row in service.get("/api/ledger")["slices"]}  # noqa: E731
            until(slices)
            self.red()
            try:
                service.wait_for("sentinelops.tick.error")
                health = until(lambda: service.get("/api/health"), holds=lambda health: "blind_since" in health)
                before = slices()
                # Until a slice that ended unseen is late: a slice and two ticks after its end.
                missed = int(seconds(health["blind_since"])) // length * length
                late = missed + 2 * length + 3
                until(time.time, holds=lambda now: now > late)
                self.assertEqual(set(slices()), set(before), "a slice that nobody could read was judged")
            finally:
                self.ask("DELETE", "/app-logs-gone")
            service.wait_for("sentinelops.tick.recovered")
            after = until(slices, holds=lambda seen: max(seen) >= late // length * length - length)
            stretch = range(max(before) + length, max(after) + length, length)
            self.assertIn(missed, stretch)
            self.assertEqual([at for at in stretch if at not in after], [], "slices that are missing")
            self.assertEqual(after[missed]["coverage"], "late")
            self.assertLessEqual({after[at]["coverage"] for at in stretch}, {"late", "evaluated"})
            self.assertEqual({after[at]["docs"] for at in stretch}, {2 * length})
            self.assertEqual(service.get("/api/incidents")["total"], 0)


class Blindness(ConditionTest):
    def test_channels_hear_of_it_and_of_its_end(self):
        self.simulate("plain")
        text = QUICK + "notify: { blind_after_minutes: 0 }\n"
        with FaultProxy(about("plain")["url"]) as proxy, self.service(proxy.url, text) as service:
            service.wait_for("detection.cycle.complete")
            proxy.fault = "status 503"
            self.assertRegex(service.wait_for("notify.self")["text"], "blind since .*[0-9]{2}:[0-9]{2}")
            proxy.fault = None
            self.assertIn("sees again", service.wait_for("notify.self")["text"])

    def test_the_notice_and_its_end_are_delivered(self):
        self.simulate("plain")
        fakes = Fakes()
        self.addCleanup(fakes.close)
        told = lambda: [body["incident"] for _, body in fakes.webhooks if body["incident"]["id"] == "SELF-blind"]  # noqa: E731
        channel = {name: value for name, value in fakes.environment().items() if "WEBHOOK" in name}
        text = QUICK + "notify: { blind_after_minutes: 0 }\n"
        with FaultProxy(about("plain")["url"]) as proxy, self.service(proxy.url, text, **channel) as service:
            service.wait_for("detection.cycle.complete")
            proxy.fault = "status 503"
            fakes.wait(lambda: len(told()) == 1)
            proxy.fault = None
            fakes.wait(lambda: len(told()) == 2)
        self.assertEqual(fakes.problems, [])
        began, over = told()
        self.assertRegex(began["title"], "blind since .*[0-9]{2}:[0-9]{2}")
        self.assertIn("sees again", over["title"])

    def test_they_hear_of_a_cluster_that_is_away_at_the_start(self):
        with self.service("http://127.0.0.1:9", QUICK + "notify: { blind_after_minutes: 0 }\n") as service:
            self.assertIn("blind since", service.wait_for("notify.self")["text"])


class Writing(ConditionTest):
    def setUp(self):
        super().setUp()
        self.mirror = QUICK.replace("incidents:      {", 'incidents:      { mirror_index: "mirrored-incidents",')

    def mirrored(self):
        self.ask("POST", "/mirrored-incidents/_refresh")
        return self.ask("POST", "/mirrored-incidents/_search", {"size": 100})["hits"]["hits"]

    def test_a_mirrored_incident_is_one_document_however_often_it_is_written(self):
        self.simulate("plain")
        self.index("mirrored-incidents", {})
        for _ in range(2):  # the second run has it open already and goes on
            with self.service(about("plain")["url"], self.mirror) as service:
                service.wait_for("detection.cycle.complete")
                incident = service.get("/api/incidents")["incidents"][0]["id"]
                service.request("POST", f"/api/incidents/{incident}/acknowledge", b"{}")
                service.wait_for("detection.cycle.complete")
                hits = until(self.mirrored)
                self.assertEqual([hit["_id"] for hit in hits], [incident])

    def test_a_read_only_mirror_is_told_once_and_written_when_it_can_be(self):
        self.simulate("plain")
        self.index("mirrored-incidents", {"settings": {"index.blocks.write": True}})
        with self.service(about("plain")["url"], self.mirror) as service:
            failed = service.wait_for("incidents.mirror.failed")
            self.assertIn("index.blocks.write", failed["error"])
            service.wait_for("detection.cycle.complete")
            self.ask("PUT", "/mirrored-incidents/_settings", {"index.blocks.write": None})
            self.assertEqual(len(until(self.mirrored)), 1)
            self.assertEqual(len([e for e in service.events if e["event"] == "incidents.mirror.failed"]), 1)

    def test_a_simulation_into_a_read_only_index_says_what_to_do(self):
        self.simulate("plain")
        self.ask("PUT", "/app-logs-000001/_settings", {"index.blocks.write": True})
        result = run("simulate", "--es-url", about("plain")["url"], cwd=self.folder)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(b"index.blocks.write", result.stderr)

    def test_a_runbook_that_leaves_the_index_leaves_the_search(self):
        self.simulate("plain")
        titles = lambda service: [r["title"] for r in service.get("/api/runbooks")["runbooks"]]  # noqa: E731
        with self.service(about("plain")["url"]) as service:
            service.wait_for("detection.cycle.complete")
            before = titles(service)
        hit = self.ask("POST", "/incident-runbooks/_search", {"size": 1})["hits"]["hits"][0]
        self.ask("DELETE", f"/incident-runbooks/_doc/{hit['_id']}?refresh=true")
        with self.service(about("plain")["url"]) as service:
            service.wait_for("detection.cycle.complete")
            self.assertEqual(sorted(titles(service)), sorted(set(before) - {hit["_source"]["title"]}))


class Times(ConditionTest):
    def test_timestamps_in_nanoseconds_give_the_same_incident(self):
        self.simulate("plain")
        expected = self.run_once(about("plain")["url"])[0]
        documents = self.documents()
        self.ask("DELETE", "/app-logs-000001")
        nanos = {"properties": {**PLAIN_MAPPING["properties"], "@timestamp": {"type": "date_nanos"}}}
        self.index("app-logs-nanos", {"aliases": {"app-logs-all": {}}, "mappings": nanos})
        self.bulk("app-logs-nanos", documents)
        for engine in ("esql", "search"):
            with self.subTest(engine):
                text = ORIGINAL.replace("elasticsearch:  {", f"elasticsearch:  {{ engine: {engine},")
                result = run("run", "--once", "--json", "--config", self.config(text).rename(self.folder / "n.yaml"),
                             cwd=self.folder, env=environment(ELASTICSEARCH_URL=about("plain")["url"]))
                self.assertEqual(result.returncode, 0, result.stderr)
                found = json.loads(result.stdout)["incidents"]
                self.assertEqual([(i["severity"], i["services"][0]) for i in found],
                                 [(expected["severity"], expected["services"][0])])

    def test_a_data_stream_is_read_like_an_index(self):
        # The fixture's Elasticsearch lacks the module of data streams; OpenSearch has it.
        self.simulate("opensearch")
        documents = self.documents("opensearch")
        self.ask("PUT", "/_index_template/app-stream", {"index_patterns": ["app-stream*"], "data_stream": {},
                                                        "template": {"mappings": PLAIN_MAPPING}}, "opensearch")
        self.ask("PUT", "/_data_stream/app-stream", None, "opensearch")
        self.addCleanup(self.ask, "DELETE", "/_data_stream/app-stream", None, "opensearch")
        self.bulk("app-stream", documents, "opensearch", "create")
        text = ORIGINAL.replace("app-logs-all", "app-stream")
        result = run("run", "--once", "--json", "--config", self.config(text), cwd=self.folder,
                     env=environment(ELASTICSEARCH_URL=about("opensearch")["url"]))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(json.loads(result.stdout)["incidents"]), 1)

    def test_a_clock_that_differs_is_told(self):
        self.simulate("plain")
        with FaultProxy(about("plain")["url"]) as proxy:
            proxy.answers["GET /_cat/health"] = (200, [{"epoch": str(int(time.time()) + 3600)}])
            row = self.check(proxy.url)["clock"]
        self.assertFalse(row["ok"])
        self.assertIn("ahead of ours", row["detail"])


class Connecting(ConditionTest):
    def test_a_bearer_token_is_sent_as_one(self):
        with FaultProxy(about("plain")["url"]) as proxy:
            self.check(proxy.url, ELASTICSEARCH_BEARER_TOKEN="token-of-the-test")
            self.assertEqual(proxy.asked.get("Authorization"), "Bearer token-of-the-test")

    def test_a_proxy_is_gone_through(self):
        self.simulate("plain")
        with FaultProxy(about("plain")["url"]) as proxy:
            text = ORIGINAL.replace("elasticsearch:  {", f"elasticsearch:  {{ proxy: {proxy.url},")
            self.assertTrue(self.check(about("plain")["url"], text)["host"]["ok"])
            self.assertGreater(proxy.requests, 0)

    def test_a_certificate_is_known_by_its_fingerprint(self):
        url = about("secured")["url"]
        host, port = url.removeprefix("https://").split(":")
        pem = ssl.get_server_certificate((host, int(port)))
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()
        right = ":".join(digest[i:i + 2] for i in range(0, len(digest), 2))
        wrong = "00" + right[2:] if not right.startswith("00") else "11" + right[2:]
        for fingerprint, fine in ((right, True), (wrong, False)):
            with self.subTest(fine=fine):
                text = ORIGINAL.replace("elasticsearch:  {", f'elasticsearch:  {{ fingerprint: "{fingerprint}",')
                row = self.check(url, text, ELASTICSEARCH_API_KEY=about("secured")["api_key"])["host"]
                self.assertEqual(row["ok"], fine, row)
        self.assertIn("fingerprint", row["detail"])


if __name__ == "__main__":
    unittest.main()
