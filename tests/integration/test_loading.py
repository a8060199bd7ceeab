"""Documents come in by the official Python client, by curl and by `import`; `query` shows them."""

import gzip
import json
import subprocess
import unittest

from harness import FolderTest, Service, bulk_body, document, environment, run


class Loading(FolderTest):
    def query(self, *arguments):
        result = run("query", "--config", self.folder / "config.yaml", "--json", *arguments, cwd=self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)["events"]

    def test_the_official_python_client_loads_documents(self):
        from elasticsearch import Elasticsearch, helpers

        with Service(self.folder) as service:
            client = Elasticsearch(service.url)
            self.assertEqual(client.info()["tagline"], "You Know, for Search")
            done, errors = helpers.bulk(client, ({"_index": "app-logs-all", "_source": document(n)} for n in range(1234)))
            self.assertEqual((done, errors), (1234, []))
            self.assertEqual(len(self.query("handled", "--limit", "2000")), 1234)

    def test_the_originals_start_up_calls_are_answered(self):
        from elasticsearch import Elasticsearch

        with Service(self.folder) as service:
            client = Elasticsearch(service.url)
            client.indices.exists(index="app-logs-000001")
            client.indices.create(index="app-logs-000001", aliases={"app-logs-all": {}},
                                  mappings={"properties": {"@timestamp": {"type": "date"}}})
            client.index(index="incident-runbooks", id="1", document=document(1))
            client.bulk(operations=[{"index": {"_index": "app-logs-000001"}}, document(2)], refresh="wait_for")
            client.indices.delete(index="app-logs-000001", ignore_unavailable=True)

    def test_curl_loads_documents(self):
        with Service(self.folder) as service:
            result = subprocess.run(["curl", "-sS", "-H", "Content-Type: application/x-ndjson", "--data-binary", "@-",
                                     service.url + "/_bulk"], input=bulk_body([document(n) for n in range(10)]),
                                    capture_output=True, env=environment(), check=True)
            self.assertIn(b'"errors":false,"items":[', result.stdout)
            self.assertEqual(len(self.query("handled")), 10)

    def test_import_loads_files_of_each_kind_and_stdin(self):
        lines = [json.dumps(document(n)) + "\n" for n in range(40)]
        (self.folder / "plain.ndjson").write_text("".join(lines[:10]))
        (self.folder / "packed.ndjson.gz").write_bytes(gzip.compress("".join(lines[10:20]).encode()))
        subprocess.run(["zstd", "-q", "-o", self.folder / "packed.ndjson.zst"], input="".join(lines[20:30]).encode(), check=True)
        (self.folder / "config.yaml").write_text(f"telemetry:\n  store: embedded\n  data_dir: {self.folder}/data\n")
        result = run("import", "--config", self.folder / "config.yaml", self.folder / "plain.ndjson",
                     self.folder / "packed.ndjson.gz", self.folder / "packed.ndjson.zst", "-",
                     stdin="".join(lines[30:]).encode(), cwd=self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(self.query("handled", "--limit", "100")), 40)

    def test_import_names_the_lines_it_rejects_and_keeps_the_others(self):
        (self.folder / "config.yaml").write_text(f"telemetry:\n  store: embedded\n  data_dir: {self.folder}/data\n")
        (self.folder / "mixed.ndjson").write_text(json.dumps(document(1)) + "\n{broken\n" + json.dumps(document(2)) + "\n")
        result = run("import", "--config", self.folder / "config.yaml", self.folder / "mixed.ndjson", cwd=self.folder)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"mixed.ndjson:2", result.stdout + result.stderr)
        self.assertEqual(len(self.query("handled")), 2)

    def test_import_goes_through_the_running_service(self):
        (self.folder / "one.ndjson").write_text(json.dumps(document(1)) + "\n")
        with Service(self.folder):
            result = run("import", "--config", self.folder / "config.yaml", self.folder / "one.ndjson", cwd=self.folder)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(len(self.query("handled")), 1)

    def test_metric_documents_become_points_and_no_log_lines(self):
        with Service(self.folder) as service:
            point = {"@timestamp": document(1)["@timestamp"], "service.name": "payment-service", "system": {"cpu": {"total": {"norm": {"pct": 0.5}}}}}
            body = bulk_body([point], index="app-metrics-2026")
            status, _, answer = service.request("POST", "/_bulk", body, {"Content-Type": "application/x-ndjson"})
            self.assertEqual((status, json.loads(answer)["errors"]), (200, False))
            self.assertEqual(self.query(), [])


if __name__ == "__main__":
    unittest.main()
