"""A double of Slack's Socket Mode: says hello, sends envelopes, keeps what comes back, leaves when told to."""

import json
import queue
import threading

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

APP_TOKEN = "xapp-test-token"


class FakeSlackSocket:
    def __init__(self, ssl=None):
        self.connections = queue.Queue()  # each that said hello
        self.acknowledged = queue.Queue()  # what came back, as JSON
        self.opened = 0
        self.tls = ssl is not None
        self.server = serve(self._talk, "127.0.0.1", 0, ssl=ssl)
        self.port = self.server.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def open(self, headers):
        """What apps.connections.open answers: (status, body). Each ticket is good for one connection."""
        if headers.get("Authorization") != f"Bearer {APP_TOKEN}":
            return 200, {"ok": False, "error": "invalid_auth"}
        self.opened += 1
        scheme = "wss" if self.tls else "ws"
        return 200, {"ok": True, "url": f"{scheme}://localhost:{self.port}/link/?ticket={self.opened}&app_id=A1"}

    def _talk(self, connection):
        assert connection.request.path == f"/link/?ticket={self.opened}&app_id=A1", connection.request.path
        connection.send(json.dumps({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}}))
        self.connections.put(connection)
        try:
            for message in connection:
                self.acknowledged.put(json.loads(message))
        except ConnectionClosed:
            pass

    def press(self, connection, envelope, action, incident, user="ada"):
        connection.send(json.dumps({
            "envelope_id": envelope, "type": "interactive", "accepts_response_payload": False,
            "payload": {"type": "block_actions", "user": {"id": "U1", "username": user},
                        "actions": [{"action_id": action, "block_id": "b", "value": incident}]}}))

    def close(self):
        self.server.shutdown()
        self.thread.join()
