"""kill -9 while documents stream in and an outage is on: what was acknowledged or announced is there after the restart,
and every start succeeds."""

import http.client
import os
import random
import signal
import threading
import unittest

from harness import FolderTest, Service, bulk_body, document, run

ROUNDS = int(os.environ.get("SENTINELOPS_CRASH_ROUNDS", "5"))


class Crash(FolderTest):
    def stream(self, service, first, kill_after, acknowledged):
        """Posts numbered batches until the service dies; it is killed when `kill_after` batches were acknowledged."""
        host = service.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=60)
        number = first
        while True:
            batch = [document(number + i, service="crash-test", marker=f"m{number + i}") for i in range(20)]
            try:
                connection.request("POST", "/_bulk", bulk_body(batch), {"Content-Type": "application/x-ndjson"})
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                return number + 20
            if answer.status == 200:
                acknowledged.extend(range(number, number + 20))
            number += 20
            kill_after -= 1
            if kill_after == 0:
                # From another thread, so that the kill falls into a request that is under way.
                threading.Thread(target=service.process.send_signal, args=(signal.SIGKILL,)).start()

    def load_an_outage(self):
        data = self.folder / "outage.ndjson"
        self.assertEqual(run("simulate", "--out", data, cwd=self.folder).returncode, 0)
        (self.folder / "config.yaml").write_text(f"telemetry:\n  store: embedded\n  data_dir: {self.folder}/data\n")
        self.assertEqual(run("import", "--config", self.folder / "config.yaml", data, cwd=self.folder).returncode, 0)

    def test_nothing_acknowledged_or_announced_is_lost(self):
        seed = int(os.environ.get("SENTINELOPS_SEED", "7"))
        rng = random.Random(seed)
        acknowledged = []
        announced = set()
        number = 0
        self.load_an_outage()
        for _ in range(ROUNDS):
            with Service(self.folder) as service:
                # The first tick ends with this line; what it announced was committed before.
                service.wait_for("detection.cycle.complete")
                announced.update(event["id"] for event in service.events if event["event"] == "incident.created")
                known = {incident["id"] for incident in service.get("/api/incidents")["incidents"]}
                self.assertLessEqual(announced, known)
                number = self.stream(service, number, rng.randint(1, 40), acknowledged)
        self.assertEqual(len(announced), 1, "the outage is one incident, however often the service was killed")
        with Service(self.folder) as service:
            found = set()
            for offset in range(0, len(acknowledged) + 10_000, 10_000):
                page = service.get(f"/api/logs?q=handled&service=crash-test&limit=10000&offset={offset}&order=asc")["events"]
                found.update(int(event["message"].split()[1]) for event in page)
                if len(page) < 10_000:
                    break
            missing = set(acknowledged) - found
            self.assertEqual(missing, set(), f"{len(missing)} of {len(acknowledged)} acknowledged documents are gone (seed {seed})")
        print(f"{ROUNDS} kills, {len(acknowledged)} acknowledged documents, 0 missing, {len(announced)} incident, 0 missing")


if __name__ == "__main__":
    unittest.main()
