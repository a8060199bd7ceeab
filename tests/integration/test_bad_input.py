"""What is wrong gets a clear answer, and nothing else is lost."""

import gzip
import json
import os
import subprocess
import unittest

from harness import FolderTest, Service, bulk_body, document

NDJSON = {"Content-Type": "application/x-ndjson"}


class BadInput(FolderTest):
    def setUp(self):
        super().setUp()
        self.service = Service(self.folder)
        self.addCleanup(self.service.__exit__)

    def post(self, body, **headers):
        return self.service.request("POST", "/_bulk", body, {**NDJSON, **headers})

    def still_works(self):
        status, answer = self.service.bulk([document(1)])
        self.assertEqual((status, answer["errors"]), (200, False))

    def test_a_malformed_line_fails_alone(self):
        body = bulk_body([document(1)]) + b'{"create":{}}\n{broken\n' + bulk_body([document(2)])
        status, _, answer = self.post(body)
        items = json.loads(answer)["items"]
        self.assertEqual(status, 200)
        self.assertEqual([item["create"]["status"] for item in items], [201, 400, 201])
        self.assertEqual(self.service.get("/api/logs?q=handled")["total"], 2)

    def test_truncated_gzip_is_refused(self):
        status, _, _ = self.post(gzip.compress(bulk_body([document(n) for n in range(50)]))[:-20], **{"Content-Encoding": "gzip"})
        self.assertEqual(status, 400)
        self.still_works()

    def test_a_body_of_200_mb_is_refused(self):
        status = None
        try:
            status, _, _ = self.post(b" " * (200 << 20))
        except OSError:
            status = 413  # the server may close while the client still writes
        self.assertEqual(status, 413)
        self.still_works()

    def test_a_compression_bomb_is_refused(self):
        status, _, _ = self.post(gzip.compress(b" " * (500 << 20), 1), **{"Content-Encoding": "gzip"})
        self.assertEqual(status, 413)
        self.still_works()

    def test_wrong_types_and_deep_nesting_fail_alone(self):
        deep = b'{"create":{}}\n' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"\n"
        body = b'{"create":{}}\n[1,2]\n' + b'{"create":{}}\n{"@timestamp":"yesterday","message":"x"}\n' + deep + bulk_body([document(3)])
        status, _, answer = self.post(body)
        self.assertEqual(status, 200)
        self.assertEqual([item["create"]["status"] for item in json.loads(answer)["items"]], [400, 400, 400, 201])

    def test_invalid_utf8_does_no_harm(self):
        body = b'{"create":{}}\n{"@timestamp":"' + document(1)["@timestamp"].encode() + b'","message":"bad \xff byte"}\n' + bulk_body([document(2)])
        status, _, answer = self.post(body)
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(answer)["items"][1]["create"]["status"], 201)

    def test_an_unknown_path_is_a_404_in_the_dialect_of_elasticsearch(self):
        status, headers, answer = self.service.request("GET", "/_nonsense/x")
        self.assertEqual(status, 404)
        self.assertIn("error", json.loads(answer))
        self.assertEqual(headers["X-Elastic-Product"], "Elasticsearch")


class BadFolder(FolderTest):
    def refused(self, config):
        with self.assertRaises(AssertionError) as refused:
            Service(self.folder, config)
        return str(refused.exception)

    def test_a_corrupted_state_file_is_refused_with_what_to_do(self):
        with Service(self.folder) as service:
            service.stop()  # in order: after a kill the log beside the file would repair it
        path = next((self.folder / "data").glob("state*.db"))
        path.write_bytes(b"this is no database" * 1000)
        said = self.refused("")
        self.assertIn(str(path), said)

    def test_a_read_only_folder_is_refused(self):
        target = self.folder / "sealed"
        target.mkdir()
        if os.geteuid() == 0:  # root writes everywhere, but not to a read-only mount
            if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,ro", "tmpfs", target], check=False, capture_output=True).returncode:
                self.skipTest("no right to mount")
            self.addCleanup(subprocess.run, ["umount", target], check=False)
        else:
            target.chmod(0o500)
        said = self.refused(f"telemetry:\n  store: embedded\n  data_dir: {target}/data\n")
        self.assertIn(str(target), said)

    def test_a_full_disk_is_answered_with_503_and_heals(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to mount a small tmpfs")
        target = self.folder / "small"
        target.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", target], check=False, capture_output=True).returncode:
            self.skipTest("no right to mount")
        self.addCleanup(subprocess.run, ["umount", "-l", target], check=False)
        config = f"telemetry:\n  store: embedded\n  data_dir: {target}/data\n"
        with Service(self.folder, config) as service:
            accepted = 0
            for number in range(2000):
                text = os.urandom(3000).hex()
                status, _ = service.bulk([document(number * 50 + i, filler=text) for i in range(50)])
                if status != 200:
                    break
                accepted += 50
            self.assertIn(status, (503, 429))
            kept = service.get("/api/logs?q=handled&limit=1")["total"]
            self.assertGreaterEqual(kept, accepted)
            subprocess.run(["mount", "-o", "remount,size=512m", target], check=True)
            status = None
            for _ in range(50):  # the store may need a failed write or two to notice
                status, answer = service.bulk([document(1)])
                if status == 200:
                    break
            self.assertEqual((status, answer["errors"]), (200, False))


if __name__ == "__main__":
    unittest.main()
