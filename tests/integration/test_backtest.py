"""`backtest`: replay and diagnosis of recordings, two configurations, the store's own past; same bytes twice.

The recording is thirty minutes of a public one (tests/data/online-boutique-30min); the outage that a replay must find
is simulated, because the recording holds only minutes around each fault."""

import json
import unittest
from datetime import datetime, timedelta
from pathlib import Path

from harness import FolderTest, run

DATA = Path(__file__).parents[1] / "data" / "online-boutique-30min"
START = "2026-03-01T12:00:00Z"


class Backtest(FolderTest):
    def setUp(self):
        super().setUp()
        self.config = self.folder / "config.yaml"
        self.config.write_text(f"telemetry:\n  store: embedded\n  data_dir: {self.folder / 'data'}\n")

    def backtest(self, *arguments, code=0):
        result = run("backtest", *arguments, cwd=self.folder)
        self.assertEqual(result.returncode, code, (result.stdout, result.stderr))
        return result

    def recording(self):
        """Simulated documents with an outage, and its label with the injection of a quarter of an hour before the
        service that the replay must name."""
        path = self.folder / "simulated.ndjson"
        made = run("simulate", "--scenario", "pool-exhaustion", "--seed", "1", "--start", START, "--out", path, cwd=self.folder)
        self.assertEqual(made.returncode, 0, made.stderr)
        return path

    def simulated_incident(self, path):
        body = json.loads(self.backtest("--config", self.config, "--json", "--input", path).stdout)
        self.assertEqual(len(body["incidents"]), 1, body)
        return body["incidents"][0]

    def labels(self, incident, before):
        injected = datetime.fromisoformat(incident["opened_at"].replace("Z", "+00:00")) - timedelta(seconds=before)
        path = self.folder / "labels.json"
        path.write_text(json.dumps([{"id": "f1", "service": incident["root_cause"][0], "inject_time": injected.isoformat().replace("+00:00", "Z")}]))
        return path

    def test_a_recording_of_pieces_is_diagnosed_at_its_labels(self):
        arguments = ["--config", self.config, "--input", DATA / "docs.ndjson.zst", DATA / "metrics.ndjson.zst", "--edges",
                     DATA / "edges.json", "--diagnose", DATA / "labels.json", "--incidents-out"]
        text = self.backtest(*arguments, self.folder / "one.json").stdout.decode()
        self.assertIn("2 of 2 faults have documents; right cause first 2 (100 %), among three 2 (100 %)", text)
        again = self.backtest(*arguments, self.folder / "two.json").stdout.decode()
        self.assertEqual(text, again)
        one = (self.folder / "one.json").read_bytes()
        self.assertEqual(one, (self.folder / "two.json").read_bytes())
        rows = json.loads(one)
        self.assertEqual([row["root_cause"][0] for row in rows], ["emailservice", "paymentservice"])
        self.assertEqual(set(rows[0]), {"id", "opened_at", "resolved_at", "severity", "services", "root_cause"})

    def test_the_replay_of_pieces_opens_nothing_for_the_holes_between_them(self):
        body = json.loads(self.backtest("--config", self.config, "--json", "--input", DATA / "docs.ndjson.zst",
                                        DATA / "metrics.ndjson.zst", "--labels", DATA / "labels.json").stdout)
        self.assertEqual(body["rejected"], 0)
        self.assertEqual(body["score"]["false_incidents"], [])

    def test_a_simulated_outage_is_found_and_scored(self):
        path = self.recording()
        labels = self.labels(self.simulated_incident(path), before=60)
        arguments = ["--config", self.config, "--input", path, "--labels", labels, "--incidents-out"]
        text = self.backtest(*arguments, self.folder / "one.json").stdout.decode()
        self.assertIn("found 1 of 1; right cause first 1, among three 1; delay median 60 s, p90 60 s", text)
        self.assertIn("false incidents 0 (0.0 a day); merged 0, split 0", text)
        self.assertEqual(text, self.backtest(*arguments, self.folder / "two.json").stdout.decode())
        self.assertEqual((self.folder / "one.json").read_bytes(), (self.folder / "two.json").read_bytes())

    def test_incidents_in_ignored_stretches_count_neither_way(self):
        path = self.recording()
        labels = self.labels(self.simulated_incident(path), before=7200)
        ignore = self.folder / "ignore.json"
        ignore.write_text(json.dumps([{"from": START, "to": "2026-03-01T14:00:00Z"}]))
        without = self.backtest("--config", self.config, "--input", path, "--labels", labels).stdout.decode()
        self.assertIn("false incidents 1 ", without)
        ignored = self.backtest("--config", self.config, "--input", path, "--labels", labels, "--ignore", ignore).stdout.decode()
        self.assertIn("false incidents 0 (0.0 a day), 1 not counted", ignored)

    def test_two_configurations_are_compared(self):
        path = self.recording()
        deaf = self.folder / "deaf.yaml"
        deaf.write_text(self.config.read_text() + "detection:\n  thresholds: {p1: 100, p2: 99, p3: 98, p4: 97}\n")
        labels = self.labels(self.simulated_incident(path), before=60)
        body = json.loads(self.backtest("--config", self.config, "--config", deaf, "--json", "--input", path, "--labels",
                                        labels).stdout)
        self.assertEqual(body["score"]["found"], 1)
        self.assertEqual(body["b"]["score"]["found"], 0)
        self.assertEqual((body["difference"]["found"], body["difference"]["missed"]), (-1, 1))
        self.assertLess(body["difference"]["pages_per_day"], 0)
        text = self.backtest("--config", self.config, "--config", deaf, "--input", path, "--labels", labels).stdout.decode()
        self.assertIn("only A finds f1", text)

    def test_the_stores_own_past_gives_what_the_file_gives(self):
        path = self.recording()
        from_file = self.simulated_incident(path)
        loaded = run("import", "--config", self.config, path, cwd=self.folder)
        self.assertEqual(loaded.returncode, 0, loaded.stderr)
        past = json.loads(self.backtest("--config", self.config, "--json").stdout)
        self.assertEqual(past["incidents"], [from_file])
        early = json.loads(self.backtest("--config", self.config, "--json", "--from", START, "--to",
                                         "2026-03-01T12:20:00Z").stdout)
        self.assertEqual(early["incidents"], [])
        empty = self.backtest("--config", self.config, "--from", "2030-01-01T00:00:00Z", code=1)
        self.assertIn(b"the store holds 2026-03-01T12:00", empty.stderr)

    def test_wrong_usage_is_told(self):
        for arguments, expected in [
            (["--input", "x", "--from", START], b"they go without --input"),
            (["--diagnose", "x", "--labels", "y"], b"it goes without --labels"),
            (["--config", "a", "--config", "b", "--config", "c"], b"one or two files"),
        ]:
            self.assertIn(expected, self.backtest(*arguments, code=2).stderr)


if __name__ == "__main__":
    unittest.main()
