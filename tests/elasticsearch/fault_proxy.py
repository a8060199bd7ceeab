"""An HTTP proxy in front of a real node that misbehaves as it is told: `proxy.fault = "delay"`.

Faults: close (without an answer), reset (the same, by RST), delay (longer than any time-out of the tests), truncate
(half of the body), garbage (a body that is no JSON), "status N" (the node's words are not asked for), partial (is_partial
in the answer of ES|QL). None: everything passes. Counts what passes: `requests`, `bytes`, and the `seconds` it took.
`answers` holds what a single real node cannot produce: {"POST /index": (status, body)}, by how a request begins; `asked` has
the headers of the newest request. It also serves as a forward proxy (requests with a whole URL) to its one node.
"""

import http.client
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

REASONS = {401: "security_exception", 403: "security_exception", 429: "es_rejected_execution_exception",
           503: "cluster_block_exception"}


class FaultProxy:
    def __init__(self, target):
        self.target = urlsplit(target)
        self.fault = None
        self.answers = {}
        self.asked = {}
        self.requests = 0
        self.bytes = 0
        self.seconds = 0.0
        self.stopped = threading.Event()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                proxy.answer(self)

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = handle_one

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # broken connections are what it is for

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def answer(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        fault = self.fault
        self.asked = dict(handler.headers.items())
        path = "/" + handler.path.split("/", 3)[3] if "://" in handler.path else handler.path
        for begins, (status, told) in self.answers.items():
            if f"{handler.command} {path}".startswith(begins):
                return self.send(handler, status, json.dumps(told).encode())
        if fault in ("close", "reset"):
            if fault == "reset":  # a reset instead of an orderly end
                handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            handler.close_connection = True
            handler.connection.close()
            return
        if fault == "delay":
            self.stopped.wait(3)
        if fault and fault.startswith("status "):
            status = int(fault.split()[1])
            return self.send(handler, status, json.dumps(
                {"error": {"type": REASONS[status], "reason": "told by the test"}, "status": status}).encode())
        if fault == "garbage":
            return self.send(handler, 200, b"<html>hello from a proxy</html>")
        began = time.monotonic()
        upstream = http.client.HTTPConnection(self.target.hostname, self.target.port, timeout=30)
        headers = {k: v for k, v in handler.headers.items() if k.lower() not in ("host", "accept-encoding", "connection")}
        upstream.request(handler.command, path, body, headers)
        answer = upstream.getresponse()
        data = answer.read()
        upstream.close()
        self.requests += 1
        self.seconds += time.monotonic() - began
        self.bytes += len(data)
        if fault == "partial":
            data = data.replace(b'"is_partial":false', b'"is_partial":true')
        self.send(handler, answer.status, data, cut=fault == "truncate")

    def send(self, handler, status, data, cut=False):
        try:
            handler.send_response(status)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data[: len(data) // 2] if cut else data)
            if cut:
                handler.close_connection = True
                handler.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            handler.close_connection = True

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
