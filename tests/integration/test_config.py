"""The command line judges a config as the README says: clear text, exit code 2."""

import json
import unittest

from harness import FolderTest, Service, environment, run

ORIGINAL = """
polling:        { interval_seconds: 30, lookback_minutes: 5 }
detection:      { thresholds: { p1: 5.0, p2: 3.5, p3: 2.5, p4: 2.0 }, baseline_window_minutes: 60, min_data_points: 10 }
correlation:    { window_minutes: 10, max_events: 50 }
incidents:      { dedup_cooldown_minutes: 30, pagerduty_severities: ["P1", "P2"] }
elasticsearch:  { log_index: "app-logs-all", metrics_index: "app-metrics-*", runbook_index: "incident-runbooks" }
analyzer:       { model: "claude-sonnet-4-6", max_tokens: 1024 }
"""


class Config(FolderTest):
    def check(self, text, name="config.yaml"):
        path = self.folder / name
        path.write_text(text)
        return run("check", "--config", path, cwd=self.folder)

    def test_an_unknown_key_is_refused_with_the_nearest_known_one(self):
        result = self.check("detection:\n  tresholds: {}\n")
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"detection.tresholds: unknown key; did you mean detection.thresholds?", result.stdout + result.stderr)

    def test_a_value_out_of_range_names_path_value_and_range(self):
        result = self.check("polling:\n  interval_seconds: 0\n")
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"polling.interval_seconds", result.stdout + result.stderr)

    def test_a_secret_in_the_file_is_refused_with_its_variable(self):
        result = self.check("anthropic_api_key: sk-ant-not-a-real-key\n")
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"ANTHROPIC_API_KEY", result.stdout + result.stderr)
        self.assertNotIn(b"sk-ant-not-a-real-key", result.stdout + result.stderr)

    def test_a_good_config_passes(self):
        result = self.check(f"telemetry:\n  data_dir: {self.folder}/data\n")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_the_originals_config_has_no_config_problem(self):
        result = self.check(ORIGINAL)
        self.assertNotEqual(result.returncode, 2, result.stdout + result.stderr)

    def test_the_originals_config_means_elasticsearch_and_waits_for_one_that_is_away(self):
        env = environment(ELASTICSEARCH_URL="http://127.0.0.1:9")
        with Service(self.folder, ORIGINAL + f"telemetry: {{ data_dir: {self.folder}/data }}\n", env=env) as service:
            health = service.get("/api/health")
        self.assertIn("telemetry.unreachable", [event["event"] for event in service.events])
        self.assertIn("127.0.0.1:9", json.dumps(health))

    def test_an_unknown_command_is_wrong_usage(self):
        result = run("incidnts", cwd=self.folder)
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"incidents", result.stderr)


if __name__ == "__main__":
    unittest.main()
