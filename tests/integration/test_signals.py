"""SIGTERM and SIGINT end the service in time, whatever it is doing."""

import http.client
import signal
import threading
import unittest

from harness import FolderTest, Service, bulk_body, document


class Signals(FolderTest):
    def test_sigterm_ends_an_idle_service(self):
        with Service(self.folder) as service:
            code, took = service.stop(signal.SIGTERM)
        self.assertEqual(code, 0)
        self.assertLess(took, 10)

    def test_sigint_ends_it_too(self):
        with Service(self.folder) as service:
            code, _ = service.stop(signal.SIGINT)
        self.assertEqual(code, 0)

    def test_sigterm_under_load_keeps_what_was_acknowledged(self):
        acknowledged = []
        with Service(self.folder) as service:
            enough = threading.Event()

            def load():
                connection = http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=60)
                number = 0
                try:
                    while True:
                        connection.request("POST", "/_bulk", bulk_body([document(number + i) for i in range(100)]),
                                           {"Content-Type": "application/x-ndjson"})
                        answer = connection.getresponse()
                        answer.read()
                        if answer.status == 200:
                            acknowledged.append(number)
                        number += 100
                        if len(acknowledged) == 5:
                            enough.set()
                except (OSError, http.client.HTTPException):
                    connection.close()
                    enough.set()

            thread = threading.Thread(target=load)
            thread.start()
            enough.wait(60)
            code, took = service.stop(signal.SIGTERM)
            thread.join()
        self.assertEqual(code, 0)
        self.assertLess(took, 10)
        with Service(self.folder) as service:
            total = service.get("/api/logs?q=handled&limit=1")["total"]
        self.assertGreaterEqual(total, 100 * len(acknowledged))

    def test_a_folder_in_use_is_refused_with_the_pid(self):
        with Service(self.folder) as first:
            with self.assertRaises(AssertionError) as refused:
                Service(self.folder)
            self.assertIn(str(first.process.pid), str(refused.exception))


if __name__ == "__main__":
    unittest.main()
