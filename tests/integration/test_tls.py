"""API and _bulk over TLS, and the token that other addresses need."""

import json
import ssl
import subprocess
import unittest
import urllib.request

from harness import FolderTest, Service, bulk_body, document, environment


class Tls(FolderTest):
    def test_documents_come_in_over_tls(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.folder / "key.pem", "-out", self.folder / "cert.pem"],
                       check=True, capture_output=True)
        config = f"server:\n  listen: 127.0.0.1:0\n  tls_cert_file: {self.folder}/cert.pem\n  tls_key_file: {self.folder}/key.pem\n"
        with Service(self.folder, config) as service:
            self.assertTrue(service.url.startswith("https://"))
            trust = ssl.create_default_context(cafile=str(self.folder / "cert.pem"))
            request = urllib.request.Request(service.url + "/_bulk", bulk_body([document(1)]), {"Content-Type": "application/x-ndjson"})
            with urllib.request.urlopen(request, context=trust, timeout=60) as answer:
                self.assertFalse(json.loads(answer.read())["errors"])

    def test_a_missing_certificate_is_named(self):
        with self.assertRaises(AssertionError) as refused:
            Service(self.folder, f"server:\n  listen: 127.0.0.1:0\n  tls_cert_file: {self.folder}/no.pem\n  tls_key_file: {self.folder}/no.key\n")
        self.assertIn("no.pem", str(refused.exception))


class Token(FolderTest):
    def test_an_open_address_needs_a_token(self):
        with self.assertRaises(AssertionError) as refused:
            Service(self.folder, "server:\n  listen: 0.0.0.0:0\n")
        self.assertIn("SENTINELOPS_SERVER_TOKEN", str(refused.exception))

    def test_with_a_token_only_its_bearer_is_served(self):
        with Service(self.folder, env=environment(SENTINELOPS_SERVER_TOKEN="a-test-token")) as service:
            self.assertEqual(service.request("GET", "/api/incidents")[0], 401)
            self.assertEqual(service.request("GET", "/api/incidents", headers={"Authorization": "Bearer wrong"})[0], 401)
            self.assertEqual(service.request("GET", "/api/incidents", headers={"Authorization": "Bearer a-test-token"})[0], 200)
            self.assertEqual(service.request("GET", "/healthz")[0], 200)


if __name__ == "__main__":
    unittest.main()
