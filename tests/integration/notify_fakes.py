"""Doubles of Slack, PagerDuty and a webhook receiver, as strict as the real ones: they check credentials, bodies and
limits, answer as the real ones do, and can be told to fail. Everything they take is kept, in order."""

import base64
import hashlib
import hmac
import json
import random
import sys
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from slack_sdk.models.blocks import Block

SLACK_TOKEN = "xoxb-test-token"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"integration test").decode()


def check_blocks(blocks):
    """Slack's rules: the official SDK's models, and the limits that they leave to the server."""
    if not 1 <= len(blocks) <= 50:
        return f"{len(blocks)} blocks"
    total = 0
    for block in blocks:
        parsed = Block.parse(block)
        if parsed is None:
            return f"unknown block {block.get('type')}"
        try:
            parsed.validate_json()
        except Exception as error:  # the SDK's own error class differs between versions
            return str(error)
        for text in texts(block):
            total += len(text)
            if not text:
                return "empty text"
        if block["type"] == "header" and len(block["text"]["text"]) > 150:
            return "header too long"
        if block["type"] == "section" and len(block["text"]["text"]) > 3000:
            return "section too long"
        if block["type"] == "context" and len(block["elements"]) > 10:
            return "too many elements"
        if block["type"] == "actions":
            if not 1 <= len(block["elements"]) <= 25:
                return "too many buttons"
            for button in block["elements"]:
                if len(button["text"]["text"]) > 75 or len(button.get("value", "")) > 2000 or len(button.get("url", "")) > 3000:
                    return "button too long"
        if any(raw in text for text in mrkdwn(block) for raw in ("<!", "<@", "<#")):
            return "a mention"
    return "msg_blocks_too_long" if total > 13_200 else None


def texts(value):
    if isinstance(value, dict):
        if isinstance(value.get("text"), str) and value.get("type") in ("mrkdwn", "plain_text"):
            yield value["text"]
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def mrkdwn(value):
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        for item in value.values():
            yield from mrkdwn(item)
    elif isinstance(value, list):
        for item in value:
            yield from mrkdwn(item)


class Fakes:
    """One server for all of them. `fail` is the share of requests that go wrong in some way (answers lost included)."""

    def __init__(self, fail=0.0, seed=7):
        self.fail = fail
        self.rng = random.Random(seed)
        self.lock = threading.Lock()
        self.arrived = threading.Condition(self.lock)
        self.problems = []  # what a real one would have refused
        self.slack = []  # (method, body) that were taken
        self.messages = {}  # ts -> body of the newest state
        self.pagerduty = []
        self.webhooks = []
        self.heartbeats = 0
        self.slack_socket = None  # a FakeSlackSocket, where a test has one
        self.lost = 0  # taken, but the sender never heard
        fakes = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                fakes.handle(self)

            def do_GET(self):
                with fakes.lock:
                    fakes.heartbeats += 1
                    fakes.arrived.notify_all()
                fakes.reply(self, 200, "ok")

        class Server(ThreadingHTTPServer):
            def handle_error(self, request, client_address):
                if not isinstance(sys.exception(), ConnectionError):  # a caller that was killed is part of the tests
                    super().handle_error(request, client_address)

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def environment(self):
        return {"SLACK_BOT_TOKEN": SLACK_TOKEN, "SLACK_CHANNEL_ID": "C0123456789", "PAGERDUTY_ROUTING_KEY": ROUTING_KEY,
                "SENTINELOPS_WEBHOOK_URL": self.url + "/webhook", "SENTINELOPS_WEBHOOK_SECRET": WEBHOOK_SECRET}

    def config(self):
        return ("notify:\n  web_url: http://127.0.0.1:8000\n"
                f"  slack: {{ api_url: {self.url}/slack }}\n  pagerduty: {{ events_url: {self.url}/pagerduty }}\n")

    def wait(self, condition, seconds=60):
        with self.arrived:
            assert self.arrived.wait_for(condition, seconds), (
                "not within time", self.problems, self.slack[-3:], self.pagerduty[-3:], len(self.webhooks))

    def next_arrival(self, seconds):
        """Until the next message arrives, or for so long."""
        with self.arrived:
            self.arrived.wait(seconds)

    @staticmethod
    def reply(handler, status, body, headers=None):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        try:
            handler.send_response(status)
            for name, value in (headers or {}).items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)
        except OSError:
            pass

    def handle(self, handler):
        raw = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        with self.lock:
            luck = self.rng.random()
            trouble = self.rng.choice(["500", "429", "503", "lost"]) if luck < self.fail else None
        if trouble == "500":
            return self.reply(handler, 500, "boom")
        if trouble == "503":
            return self.reply(handler, 503, "later", {"Retry-After": "0"})
        if trouble == "429":
            return self.reply(handler, 429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "0"})
        with self.arrived:
            status, body = self.take(handler.path, handler.headers, raw)
            if trouble == "lost":
                self.lost += 1
            self.arrived.notify_all()
        if trouble == "lost":
            handler.close_connection = True
            handler.connection.close()
            return None
        return self.reply(handler, status, body)

    def refuse(self, why, status, body):
        self.problems.append(why)
        return status, body

    def take(self, path, headers, raw):
        if path == "/slack/apps.connections.open":
            return self.slack_socket.open(headers) if self.slack_socket else (200, {"ok": False, "error": "not_authed"})
        try:
            body = json.loads(raw)
        except ValueError:
            return self.refuse(f"no JSON at {path}", 400, "no JSON")
        if path.startswith("/slack/"):
            return self.take_slack(path.rsplit("/", 1)[1], headers, body)
        if path == "/pagerduty/v2/enqueue":
            return self.take_pagerduty(body)
        if path == "/webhook":
            return self.take_webhook(headers, raw, body)
        if path == "/hook/slack":
            problem = check_blocks(body["blocks"]) if "blocks" in body else None
            if problem or not body.get("text"):
                return self.refuse(problem or "no_text", 400, "invalid_blocks")
            self.slack.append(("webhook", body))
            return 200, "ok"
        return self.refuse(f"no such path {path}", 404, "not found")

    def take_slack(self, method, headers, body):
        no = lambda error: self.refuse(f"slack {method}: {error}", 200, {"ok": False, "error": error})
        if headers.get("Authorization") != "Bearer " + SLACK_TOKEN:
            return no("invalid_auth")
        if not headers.get("Content-Type", "").startswith("application/json"):
            return no("invalid_post_type")
        if not body.get("text"):
            return no("no_text")
        if any(value is None for value in body.values()):
            return no("invalid_arguments")
        if "blocks" in body:
            problem = check_blocks(body["blocks"])
            if problem:
                return no("invalid_blocks: " + problem)
        if method == "chat.postMessage":
            if body.get("channel") not in ("C0123456789",):
                return no("channel_not_found")
            parent = body.get("thread_ts")
            if parent is not None and parent not in self.messages:
                return no("thread_not_found")
            ts = f"1700000000.{len(self.slack) + 1:06d}"
            if parent is None:
                self.messages[ts] = body
        elif method == "chat.update":
            ts = body.get("ts")
            if ts not in self.messages:
                return no("message_not_found")
            if len(body["text"]) > 4000 or "blocks" not in body:
                return no("msg_too_long")
            self.messages[ts] = body
        else:
            return no("unknown_method")
        self.slack.append((method, body))
        return 200, {"ok": True, "channel": "C0123456789", "ts": ts, "message": {}}

    def take_pagerduty(self, body):
        no = lambda why: self.refuse("pagerduty: " + why, 400, {"status": "invalid event", "message": why, "errors": [why]})
        if body.get("routing_key") != ROUTING_KEY or len(body["routing_key"]) != 32:
            return no("routing_key")
        if body.get("event_action") not in ("trigger", "acknowledge", "resolve"):
            return no("event_action")
        if not 1 <= len(body.get("dedup_key", "")) <= 255:
            return no("dedup_key")
        if body["event_action"] == "trigger":
            payload = body.get("payload", {})
            if not 1 <= len(payload.get("summary", "")) <= 1024:
                return no("summary")
            if not payload.get("source") or payload.get("severity") not in ("critical", "error", "warning", "info"):
                return no("source or severity")
            datetime.fromisoformat(payload["timestamp"].replace("Z", "+00:00"))
            if len(json.dumps(body)) > 512_000:
                return no("too large")
            for link in body.get("links", []):
                if not link.get("href") or not link.get("text"):
                    return no("links")
        elif "payload" in body:
            return no("payload")
        self.pagerduty.append((body["event_action"], body["dedup_key"]))
        return 202, {"status": "success", "message": "Event processed", "dedup_key": body["dedup_key"]}

    def take_webhook(self, headers, raw, body):
        key = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
        wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        if not hmac.compare_digest(wanted, headers.get("webhook-signature", "")):
            return self.refuse("webhook: signature", 401, "signature")
        for name, kind in (("version", int), ("id", str), ("type", str), ("timestamp", str), ("incident", dict), ("events", list)):
            if not isinstance(body.get(name), kind):
                return self.refuse(f"webhook: {name}", 400, name)
        self.webhooks.append((headers["webhook-id"], body))
        return 200, ""
