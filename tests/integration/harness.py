"""Starts the real binary for the integration tests: its own folder, a free port, real HTTP, real signals.

Nothing here waits for a time: waiting means reading the service's log until an event is there, or asking until() something
holds (with a deadline that only a hang reaches).
"""

import gzip
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

BINARY = os.environ.get("SENTINELOPS_BINARY", str(Path(__file__).parents[2] / "build/release/sentinelops"))
HANG = 60  # seconds after which something that must come is said never to come


def timestamp(seconds_ago=0.0):
    return (datetime.now(timezone.utc) - timedelta(seconds=seconds_ago)).isoformat(timespec="microseconds")


def document(number, service="payment-service", **more):
    return {"@timestamp": timestamp(), "service.name": service, "level": "info", "message": f"request {number} handled",
            "duration_ms": 12.5, **more}


def bulk_body(documents, index="app-logs-all"):
    action = json.dumps({"create": {"_index": index}})
    return "".join(f"{action}\n{json.dumps(doc)}\n" for doc in documents).encode()


def environment(**more):
    """A clean environment: no proxies, no keys of whoever runs the tests."""
    env = {"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir(), "LANG": "C.UTF-8"}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
        if name in os.environ:
            env[name] = os.environ[name]
    env.update(more)
    return env


def run(*arguments, stdin=None, cwd=None, env=None, timeout=HANG):
    """Runs one command of the binary to its end."""
    return subprocess.run([BINARY, *map(str, arguments)], input=stdin, capture_output=True, cwd=cwd,
                          env=env or environment(), timeout=timeout, check=False)


def until(ask, told=None, holds=bool):
    """What `ask` says as soon as it `holds`; fails with what `told` (or the last answer) says when it never does. For
    what no log line tells."""
    deadline = time.monotonic() + HANG
    while not holds(value := ask()):
        assert time.monotonic() < deadline, told() if told else value
        time.sleep(0.05)
    return value


class Service:
    """A running `sentinelops`. Use as a context manager; the folder is the caller's."""

    def __init__(self, folder, config="", env=None, arguments=()):
        self.folder = Path(folder)
        self.events = []
        self._queue = queue.Queue()
        self.config = self.folder / "config.yaml"
        text = config if "telemetry:" in config else (
            f"telemetry:\n  store: embedded\n  data_dir: {self.folder / 'data'}\n" + config)
        if "server:" not in text:
            text += "server:\n  listen: 127.0.0.1:0\n"
        self.config.write_text(text)
        self.process = subprocess.Popen([BINARY, str(self.config), *arguments], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=env or environment(), cwd=self.folder)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        try:
            self.url = self.wait_for("server.listening")["url"]
        except AssertionError:
            self.__exit__()
            raise

    def _read(self):
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                event = {"event": "not-json", "line": line.decode(errors="replace")}
            self._queue.put(event)
        self._queue.put(None)

    def wait_for(self, name, **fields):
        """The next log line with this event name (and these fields); fails when the service ends before."""
        deadline = time.monotonic() + HANG
        while True:
            try:
                event = self._queue.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {name} within {HANG} s; log: {self.events[-20:]}") from None
            if event is None:
                raise AssertionError(f"the service ended with {self.process.wait()} before {name}; log: {self.events[-20:]}")
            self.events.append(event)
            if event.get("event") == name and all(event.get(k) == v for k, v in fields.items()):
                return event

    def request(self, method, path, body=None, headers=None):
        """(status, headers, body bytes); HTTP errors are answers too."""
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=HANG) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def get(self, path):
        status, _, body = self.request("GET", path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def bulk(self, documents, compress=False, path="/_bulk"):
        body = bulk_body(documents)
        headers = {"Content-Type": "application/x-ndjson"}
        if compress:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        status, _, answer = self.request("POST", path, body, headers)
        return status, json.loads(answer)

    def stop(self, sig=signal.SIGTERM):
        """Sends the signal and waits; (exit code, seconds it took)."""
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(sig)
        code = self.process.wait(timeout=HANG)
        return code, time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop(signal.SIGKILL)
        self.reader.join()
        self.process.stdout.close()


class FolderTest(unittest.TestCase):
    """A test with a folder of its own that goes when it ends."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sentinelops-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
