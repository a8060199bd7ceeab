"""Slack's buttons by Socket Mode: the real binary against a double that says hello, sends envelopes and leaves."""

import json
import ssl
import subprocess
import unittest
import urllib.parse

from fake_slack_socket import APP_TOKEN, FakeSlackSocket
from harness import HANG, FolderTest, Service, environment, run
from notify_fakes import Fakes


class SlackSocket(FolderTest):
    def setUp(self):
        super().setUp()
        self.fakes = Fakes()
        self.addCleanup(self.fakes.close)

    def listen(self, context=None):
        self.socket = FakeSlackSocket(context)
        self.addCleanup(self.socket.close)
        self.fakes.slack_socket = self.socket

    def start(self, **more):
        data = self.folder / "outage.ndjson"
        self.assertEqual(run("simulate", "--out", data, cwd=self.folder).returncode, 0)
        (self.folder / "config.yaml").write_text(f"telemetry:\n  store: embedded\n  data_dir: {self.folder}/data\n")
        self.assertEqual(run("import", "--config", self.folder / "config.yaml", data, cwd=self.folder).returncode, 0)
        env = environment(**self.fakes.environment(), SLACK_APP_TOKEN=APP_TOKEN, **more)
        return Service(self.folder, self.fakes.config(), env)

    def test_a_button_acknowledges_once_however_often_its_envelope_comes(self):
        self.listen()
        with self.start() as service:
            incident = service.wait_for("incident.created")["id"]
            self.fakes.wait(lambda: self.fakes.slack)
            buttons = [e["action_id"] for b in self.fakes.slack[0][1]["blocks"] if b["type"] == "actions" for e in b["elements"]]
            self.assertIn("acknowledge", buttons)
            connection = self.socket.connections.get(timeout=HANG)
            for _ in range(2):
                self.socket.press(connection, "e-1", "acknowledge", incident)
                self.assertEqual(self.socket.acknowledged.get(timeout=HANG), {"envelope_id": "e-1"})
            card = service.get("/api/incidents/" + incident)
            self.assertEqual(card["acknowledged_by"], "ada (Slack)")
            self.assertEqual([e["kind"] for e in card["timeline"]].count("acknowledged"), 1)
            # What the product does not know is acknowledged, so that Slack does not send it again.
            self.socket.press(connection, "e-2", "link", "")
            self.assertEqual(self.socket.acknowledged.get(timeout=HANG), {"envelope_id": "e-2"})

    def test_it_connects_again_when_slack_leaves(self):
        self.listen()
        with self.start() as service:
            incident = service.wait_for("incident.created")["id"]
            self.socket.connections.get(timeout=HANG).send(
                json.dumps({"type": "disconnect", "reason": "refresh_requested"}))
            service.wait_for("slack.socket.renewed", reason="refresh_requested")
            self.socket.connections.get(timeout=HANG).close()  # without a word
            third = self.socket.connections.get(timeout=HANG)
            self.socket.press(third, "e-3", "resolve", incident)
            self.assertEqual(self.socket.acknowledged.get(timeout=HANG), {"envelope_id": "e-3"})
            kinds = [e["kind"] for e in service.get("/api/incidents/" + incident)["timeline"]]
            self.assertIn("resolved", kinds)
            self.assertEqual(service.stop()[0], 0)

    def test_it_stops_while_it_waits_for_slack(self):
        with self.start() as service:  # nobody answers apps.connections.open
            service.wait_for("slack.socket.failed")
            self.assertEqual(service.stop()[0], 0)

    def test_the_signed_way_is_shut(self):
        self.listen()
        with self.start(SLACK_SIGNING_SECRET="secret") as service:
            form = "payload=" + urllib.parse.quote("{}")
            status, _, body = service.request("POST", "/slack/interactive", form.encode(), {
                "Content-Type": "application/x-www-form-urlencoded"})
            self.assertEqual(status, 401, body)

    def test_only_a_certificate_that_somebody_vouches_for_is_taken(self):
        key, certificate = self.folder / "key.pem", self.folder / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.listen(context)
        with self.start() as service:
            service.wait_for("slack.socket.failed")
            self.assertTrue(self.socket.connections.empty())
        with self.start(SSL_CERT_FILE=str(certificate)) as service:
            service.wait_for("slack.socket.connected")


if __name__ == "__main__":
    unittest.main()
