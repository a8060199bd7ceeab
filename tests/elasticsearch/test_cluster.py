"""The real binary on real clusters: the original's files and data, `check`, credentials, and a cluster that is ill.

The nodes are ctest fixtures (README.md here): SENTINELOPS_NODES is the folder that says where they listen.
"""

import json
import os
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parent))

from harness import HANG, FolderTest, Service, environment, run  # noqa: E402

import node  # noqa: E402
from fault_proxy import FaultProxy  # noqa: E402

NODES = Path(os.environ["SENTINELOPS_NODES"])
ORIGINAL = """
polling:        { interval_seconds: 30, lookback_minutes: 5 }
detection:      { thresholds: { p1: 5.0, p2: 3.5, p3: 2.5, p4: 2.0 }, baseline_window_minutes: 60, min_data_points: 10 }
correlation:    { window_minutes: 10, max_events: 50 }
incidents:      { dedup_cooldown_minutes: 30, pagerduty_severities: ["P1", "P2"] }
elasticsearch:  { log_index: "app-logs-all", metrics_index: "app-metrics-*", runbook_index: "incident-runbooks" }
analyzer:       { model: "claude-sonnet-4-6", max_tokens: 1024 }
"""


def about(kind):
    return json.loads((NODES / f"{kind}.json").read_text())


def forget_data(kind):
    """The indices that a simulation makes, gone."""
    for index in ("app-logs-000001", "incident-runbooks"):
        try:
            node.request(about(kind), "DELETE", f"/{index}")
        except OSError:
            pass


class ClusterTest(FolderTest):
    def config(self, text=ORIGINAL):
        path = self.folder / "config.yaml"
        path.write_text(text + f"telemetry: {{ data_dir: {self.folder}/data }}\n")
        return path

    def simulate(self, kind):
        forget_data(kind)
        self.addCleanup(forget_data, kind)
        result = run("simulate", "--es-url", about(kind)["url"], cwd=self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)

    def run_once(self, url, **more):
        env = environment(ELASTICSEARCH_URL=url, **more)
        result = run("run", "--once", "--json", "--config", self.config(), cwd=self.folder, env=env)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)["incidents"]

    def check(self, url, text=ORIGINAL, **more):
        env = environment(ELASTICSEARCH_URL=url, **more)
        result = run("check", "--json", "--config", self.config(text), cwd=self.folder, env=env)
        self.assertIn(result.returncode, (0, 1), result.stderr)
        return {row["check"]: row for row in json.loads(result.stdout)["checks"]}


class TheOriginalsUsers(ClusterTest):
    def one_incident(self, kind):
        self.simulate(kind)
        incidents = self.run_once(about(kind)["url"])
        self.assertEqual(len(incidents), 1)
        self.assertEqual(incidents[0]["severity"], "P1")
        self.assertEqual(incidents[0]["services"][0], "payment-service")

    def test_their_config_and_data_on_elasticsearch_give_one_incident(self):
        self.one_incident("plain")

    def test_their_config_and_data_on_opensearch_give_the_same(self):
        self.one_incident("opensearch")

    def test_the_page_of_a_running_service_reads_the_cluster(self):
        self.simulate("plain")
        with Service(self.folder, ORIGINAL + f"telemetry: {{ data_dir: {self.folder}/data }}\n",
                     env=environment(ELASTICSEARCH_URL=about("plain")["url"])) as service:
            service.wait_for("incident.created")
            logs = service.get("/api/logs?level=error&limit=5")
            self.assertEqual(len(logs["events"]), 5)
            status, _, _ = service.request("POST", "/_bulk", b"{}")
            self.assertEqual(status, 404)  # shippers write to the cluster


class Check(ClusterTest):
    def test_a_healthy_node_passes_every_question(self):
        self.simulate("plain")
        rows = self.check(about("plain")["url"])
        self.assertEqual([row for row in rows.values() if not row["ok"]], [])
        self.assertIn("100 %", rows["field service"]["detail"])
        self.assertEqual(rows["asked by"]["detail"], "ES|QL")

    def test_opensearch_is_asked_by_search(self):
        self.simulate("opensearch")
        self.assertIn("_search", self.check(about("opensearch")["url"])["asked by"]["detail"])

    def test_a_node_that_is_not_there_is_named(self):
        row = self.check("http://127.0.0.1:9")["host"]
        self.assertFalse(row["ok"])
        self.assertIn("ELASTICSEARCH_URL", row["detail"])

    def test_a_missing_index_is_named(self):
        row = self.check(about("plain")["url"], ORIGINAL.replace("app-logs-all", "no-such-logs"))["log index"]
        self.assertFalse(row["ok"])
        self.assertIn("no-such-logs", row["detail"])

    def test_an_index_without_durations_is_told_what_that_means(self):
        node.request(about("plain"), "PUT", "/bare-logs", {"mappings": {"properties": {
            "@timestamp": {"type": "date"}, "service.name": {"type": "keyword"}, "level": {"type": "keyword"}}}})
        self.addCleanup(node.request, about("plain"), "DELETE", "/bare-logs")
        row = self.check(about("plain")["url"], ORIGINAL.replace("app-logs-all", "bare-logs"))["field duration_ms"]
        self.assertFalse(row["ok"])
        self.assertIn("latency is not judged", row["detail"])


class Credentials(ClusterTest):
    def setUp(self):
        super().setUp()
        self.about = about("secured")
        self.text = ORIGINAL.replace("elasticsearch:  {", f"elasticsearch:  {{ ca_file: {self.about['ca_file']},")
        node.request(self.about, "PUT", "/app-logs-000001", {
            "aliases": {"app-logs-all": {}}, "mappings": {"properties": {
                "@timestamp": {"type": "date"}, "service.name": {"type": "keyword"}, "level": {"type": "keyword"},
                "duration_ms": {"type": "float"}}}})
        self.addCleanup(node.request, self.about, "DELETE", "/app-logs-000001")

    def key(self, **privileges):
        return node.request(self.about, "POST", "/_security/api_key",
                            {"name": "t", "role_descriptors": {"r": privileges}})["encoded"]

    def test_the_key_of_the_readme_suffices(self):
        rows = self.check(self.about["url"], self.text, ELASTICSEARCH_API_KEY=self.about["api_key"])
        for name in ("host", "privilege monitor", "privilege read", "privilege view_index_metadata"):
            self.assertTrue(rows[name]["ok"], rows[name])

    def test_a_wrong_key_is_told_apart_from_a_weak_one(self):
        row = self.check(self.about["url"], self.text, ELASTICSEARCH_API_KEY="bm86c3VjaA==")["host"]
        self.assertFalse(row["ok"])
        self.assertIn("401", row["detail"])

    def test_a_key_without_view_index_metadata_is_told_which_privilege_it_lacks(self):
        key = self.key(cluster=["monitor"], indices=[{"names": ["*"], "privileges": ["read"]}])
        rows = self.check(self.about["url"], self.text, ELASTICSEARCH_API_KEY=key)
        self.assertFalse(rows["privilege view_index_metadata"]["ok"])
        self.assertTrue(rows["privilege read"]["ok"])

    def test_user_and_password_work_too(self):
        text = self.text.replace("{ ca_file", "{ user: elastic, ca_file")
        rows = self.check(self.about["url"], text, ELASTICSEARCH_PASSWORD=self.about["password"])
        self.assertTrue(rows["host"]["ok"], rows["host"])

    def test_a_certificate_of_an_unknown_authority_is_refused(self):
        row = self.check(self.about["url"], ORIGINAL, ELASTICSEARCH_API_KEY=self.about["api_key"])["host"]
        self.assertFalse(row["ok"])
        self.assertIn("ca_file", row["detail"])


class AnIllCluster(ClusterTest):
    """Each fault of the proxy in front of the real node: one clear line, no false anomaly, nothing lost when it heals."""

    FAULTS = {
        "closed": ("close", "empty reply|closed|reset"),
        "reset": ("reset", "reset|closed|recv|empty reply|failure"),
        "slow": ("delay", "time"),
        "truncated": ("truncate", "transfer closed|partial|no JSON|bytes"),
        "garbage": ("garbage", "no JSON"),
        "unauthorised": ("status 401", "ELASTICSEARCH_API_KEY"),
        "forbidden": ("status 403", "privilege"),
        "overloaded": ("status 429", "overloaded"),
        "unavailable": ("status 503", "not available"),
        "partial": ("partial", "in part"),
    }

    def health_that(self, service, holds):
        """The health when it is as expected; the service says it a moment after it logs."""
        deadline = time.monotonic() + HANG
        while not holds(health := service.get("/api/health")):
            self.assertLess(time.monotonic(), deadline, health)
        return health

    def test_each_fault_is_told_once_and_healed_without_a_false_anomaly(self):
        self.simulate("plain")
        node.request(about("plain"), "POST", "/app-logs-all/_refresh")
        config = ORIGINAL.replace("interval_seconds: 30", "interval_seconds: 1").replace(
            "elasticsearch:  {", "elasticsearch:  { timeout_seconds: 1,") + (
                f"telemetry: {{ data_dir: {self.folder}/data }}\n")
        with FaultProxy(about("plain")["url"]) as proxy:
            env = environment(ELASTICSEARCH_URL=proxy.url)
            with Service(self.folder, config, env=env) as service:
                service.wait_for("incident.created")
                service.wait_for("detection.cycle.complete")
                before = service.get("/api/incidents")["total"]
                for name, (fault, words) in self.FAULTS.items():
                    with self.subTest(name):
                        proxy.fault = fault
                        error = service.wait_for("sentinelops.tick.error")["error"]
                        blind = self.health_that(service, lambda health: "blind_since" in health)
                        proxy.fault = None
                        self.health_that(service, lambda health: health["status"] == "ok")
                        self.assertRegex(error.lower(), words.lower())
                        self.assertEqual(blind["status"], "degraded")
                self.assertEqual(service.get("/api/incidents")["total"], before)
                # Told once: as many lines as there were outages, whatever number of ticks each took.
                told = [e for e in service.events if e["event"] == "sentinelops.tick.error"]
                self.assertEqual(len(told), len(self.FAULTS))

    def test_a_second_host_takes_over(self):
        self.simulate("plain")
        url = about("plain")["url"]
        text = ORIGINAL.replace("elasticsearch:  {", f'elasticsearch:  {{ hosts: ["http://127.0.0.1:9", "{url}"],')
        result = run("run", "--once", "--json", "--config", self.config(text), cwd=self.folder, env=environment())
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(json.loads(result.stdout)["incidents"]), 1)


if __name__ == "__main__":
    unittest.main()
