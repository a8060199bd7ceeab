"""schemathesis over the whole document against the running binary: no 5xx, no answer that is not described."""

import subprocess
import sys
import unittest
from pathlib import Path

from harness import FolderTest, Service, environment
from test_api import outage

STREAMS = ("/api/stream", "/api/logs/tail")  # they do not end; test_api reads them
# One worker: hypothesis moves the interpreter's recursion limit while it draws, and CPython 3.11 fails in a second thread
# that is inside ast.parse just then ("AST constructor recursion depth mismatch").
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"


class OpenApi(FolderTest):
    def test_every_answer_is_as_the_document_says(self):
        document = Path(__file__).parents[2] / "docs/openapi.yaml"
        with Service(self.folder, "polling:\n  interval_seconds: 3600\n") as loader:
            self.assertEqual(loader.bulk(outage())[0], 200)
            loader.stop()
        with Service(self.folder) as service:
            service.wait_for("incident.created")
            run = subprocess.run(
                [Path(sys.executable).parent / "st", "run", str(document), "--url", service.url, "--checks", CHECKS, "--phases",
                 "examples,coverage,fuzzing", "--max-examples", "10", "--max-time", "60", "--workers", "1",
                 "--continue-on-failure", "--generation-deterministic", "--no-color",
                 *(word for path in STREAMS for word in ("--exclude-path", path))],
                capture_output=True, text=True, cwd=self.folder, timeout=300, check=False,
                env=environment(PYTHONDONTWRITEBYTECODE="1"))
            self.assertEqual(run.returncode, 0, run.stdout[-8000:] + run.stderr[-2000:])
            self.assertIn("Examples", run.stdout)
            self.assertEqual(service.get("/api/health")["status"], "ok")


if __name__ == "__main__":
    unittest.main()
