"""E-mail as a mail server gets it: the real binary against a real SMTP server, with STARTTLS and a login."""

import email
import email.policy
import json
import logging
import queue
import socket
import ssl
import subprocess
import unittest

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from harness import HANG, FolderTest, Service, environment, run


logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # refused handshakes are what a test is about


class Mailbox:
    """Takes each message unless `answers` has something else to say about it."""

    def __init__(self):
        self.taken = queue.Queue()  # (envelope, parsed message, over TLS)
        self.asked = queue.Queue()  # Message-IDs, of what was refused too
        self.answers = []

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.asked.put(message["Message-ID"])
        if self.answers:
            return self.answers.pop(0)
        self.taken.put((envelope, message, session.ssl is not None))
        return "250 taken"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Email(FolderTest):
    def setUp(self):
        super().setUp()
        self.certificate, key = self.folder / "cert.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", self.certificate],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.mailbox = Mailbox()
        self.logins = []

        def login(server, session, envelope, mechanism, data):
            self.logins.append((data.login, data.password))
            return AuthResult(success=data.password == b"secret")

        self.port = free_port()
        self.server = Controller(self.mailbox, hostname="127.0.0.1", port=self.port, tls_context=context,
                                 require_starttls=True, auth_required=True, authenticator=login)
        self.server.start()
        self.addCleanup(self.server.stop)

    def start(self, trusted=True):
        data = self.folder / "outage.ndjson"
        self.assertEqual(run("simulate", "--out", data, cwd=self.folder).returncode, 0)
        (self.folder / "config.yaml").write_text(f"telemetry:\n  store: embedded\n  data_dir: {self.folder}/data\n")
        self.assertEqual(run("import", "--config", self.folder / "config.yaml", data, cwd=self.folder).returncode, 0)
        ca = f", ca_file: {self.certificate}" if trusted else ""
        return Service(self.folder, "notify:\n  web_url: http://127.0.0.1:8000\n"
                       f"  email: {{ smtp_url: \"smtp://localhost:{self.port}\", from: sentinelops@example.org, "
                       f"to: [ada@example.org, bob@example.org]{ca} }}\n",
                       environment(SMTP_USER="sentinelops", SMTP_PASSWORD="secret"))

    def outbox(self):
        done = run("outbox", "list", "--json", "--config", self.folder / "config.yaml", cwd=self.folder)
        self.assertEqual(done.returncode, 0, done)
        return json.loads(done.stdout)["messages"]

    def test_it_is_one_conversation_in_text_and_html(self):
        with self.start() as service:
            incident = service.wait_for("incident.created")["id"]
            envelope, first, over_tls = self.mailbox.taken.get(timeout=HANG)
            self.assertTrue(over_tls)
            self.assertEqual(self.logins[0], (b"sentinelops", b"secret"))
            self.assertEqual(envelope.mail_from, "sentinelops@example.org")
            self.assertEqual(envelope.rcpt_tos, ["ada@example.org", "bob@example.org"])
            self.assertEqual(str(first["To"]), "ada@example.org, bob@example.org")
            self.assertRegex(first["Subject"], r"^\[P[1-4]\] .+ \(open\)$")
            self.assertEqual(first["Auto-Submitted"], "auto-generated")
            self.assertIsNotNone(first["Date"].datetime)
            self.assertEqual(first.get_content_type(), "multipart/alternative")
            text, html = (part.get_content() for part in first.iter_parts())
            self.assertEqual([part.get_content_type() for part in first.iter_parts()], ["text/plain", "text/html"])
            for body in (text, html):
                self.assertIn("payment-service", body)
                self.assertIn(f"http://127.0.0.1:8000/incidents/{incident}", body)
            self.assertIn("<h2>", html)
            self.assertEqual(service.request("POST", f"/api/incidents/{incident}/acknowledge",
                                             b'{"who": "<b>ada</b>", "why": "a & b"}', {"Content-Type": "application/json"})[0], 200)
            while True:
                _, later, _ = self.mailbox.taken.get(timeout=HANG)
                if "acknowledged" in later["Subject"]:
                    break
            self.assertEqual(later["References"], first["References"])
            self.assertNotEqual(later["Message-ID"], first["Message-ID"])
            self.assertNotIn("<b>ada", [part.get_content() for part in later.iter_parts()][1])

    def test_what_cannot_be_taken_now_is_sent_again_with_the_same_id(self):
        self.mailbox.answers = ["451 greylisted", "421 too busy"]
        with self.start() as service:
            service.wait_for("notify.failed", channel="email")
            _, message, _ = self.mailbox.taken.get(timeout=HANG)
            # The first may come twice, where its answer was lost: mail programs drop the copy by its id.
            self.assertEqual([self.mailbox.asked.get(timeout=HANG) for _ in range(3)], [message["Message-ID"]] * 3)
            self.assertEqual(message["References"], message["In-Reply-To"])
            service.wait_for("notify.delivered", channel="email")

    def test_what_is_refused_for_good_is_parked_with_what_was_said(self):
        self.mailbox.answers = ["554 no such list"] * 20
        with self.start() as service:
            self.assertTrue(service.wait_for("notify.failed", channel="email")["parked"])
        parked = [message for message in self.outbox() if message["status"] == "parked"]
        self.assertIn("554", parked[0]["last_error"])

    def test_a_server_that_nobody_vouches_for_gets_neither_password_nor_message(self):
        with self.start(trusted=False) as service:
            self.assertFalse(service.wait_for("notify.failed", channel="email")["parked"])
        self.assertEqual(self.logins, [])
        self.assertTrue(self.mailbox.taken.empty())


if __name__ == "__main__":
    unittest.main()
