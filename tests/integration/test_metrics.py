"""/metrics as Prometheus' own tools see it, and the alert rules and the dashboard that rest on it."""

import json
import re
import subprocess
import unittest
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from harness import FolderTest, Service, document

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy/prometheus/sentinelops.rules.yml"
DASHBOARD = ROOT / "deploy/grafana/sentinelops.json"


def promtool(*arguments, text=None):
    return subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, timeout=60, check=False)


class Metrics(FolderTest):
    def setUp(self):
        super().setUp()
        self.service = Service(self.folder)
        self.addCleanup(self.service.__exit__)
        self.service.bulk([document(1)])
        self.service.wait_for("detection.cycle.complete")

    def scrape(self, accept):
        status, headers, body = self.service.request("GET", "/metrics", headers={"Accept": accept})
        self.assertEqual(status, 200)
        return headers["Content-Type"], body.decode()

    def test_the_classic_text_is_clean_for_promtool(self):
        kind, text = self.scrape("text/plain")
        self.assertTrue(kind.startswith("text/plain; version=0.0.4"))
        check = promtool("check", "metrics", text=text)
        self.assertEqual((check.returncode, check.stdout + check.stderr), (0, ""))

    def test_open_metrics_is_given_to_who_asks_and_parses(self):
        kind, text = self.scrape("application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
        self.assertTrue(kind.startswith("application/openmetrics-text; version=1.0.0"))
        families = {family.name: family for family in text_string_to_metric_families(text)}
        self.assertEqual(families["sentinelops_engine_ticks"].type, "counter")
        self.assertEqual(families["sentinelops_engine_stage_seconds"].type, "histogram")

    def test_rules_are_valid_and_name_only_metrics_that_exist(self):
        check = promtool("check", "rules", str(RULES))
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        text = self.scrape("text/plain")[1]
        known = set(re.findall(r"^# TYPE (\S+)", text, re.M))
        panels = json.loads(DASHBOARD.read_text())["panels"]
        used = {"rules": RULES.read_text(),
                **{panel["title"]: " ".join(t["expr"] for t in panel.get("targets", [])) for panel in panels}}
        for where, expression in used.items():
            for name in re.findall(r"sentinelops_[a-z_]+", expression):
                base = re.sub(r"_(bucket|sum|count)$", "", name)
                self.assertTrue(name in known or base in known, f"{where}: {name}")


if __name__ == "__main__":
    unittest.main()
