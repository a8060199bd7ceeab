"""The demo finds its outage, names who started it, and ends; harmless stories open nothing."""

import json
import unittest

from harness import FolderTest, run


class Demo(FolderTest):
    def demo(self, *arguments):
        result = run("demo", "--exit", "--listen", "127.0.0.1:0", *arguments, cwd=self.folder, timeout=300)
        self.assertEqual(result.returncode, 0, result.stderr.decode() + result.stdout.decode())
        return result.stdout.decode()

    def incidents(self, *arguments):
        result = run("demo", "--exit", "--json", "--listen", "127.0.0.1:0", *arguments, cwd=self.folder, timeout=300)
        self.assertEqual(result.returncode, 0, result.stderr.decode())
        return json.loads(result.stdout.decode().splitlines()[-1])["incidents"]

    def test_pool_exhaustion_is_one_incident_started_by_payment_service(self):
        incidents = self.incidents()
        self.assertEqual(len(incidents), 1)
        incident = incidents[0]
        self.assertIn(incident["severity"], ("P1", "P2"))
        self.assertEqual(incident["services"][0], "payment-service")
        self.assertLessEqual({"order-service", "gateway"}, set(incident["services"]))
        self.assertTrue(incident["matched_runbooks"])
        self.assertTrue(incident["analysis"]["remediation_steps"])

    def test_the_card_can_be_read(self):
        text = self.demo()
        for words in ("payment-service", "order-service", "gateway", "P1"):
            self.assertIn(words, text)

    def test_surge_and_noise_open_nothing(self):
        for scenario in ("surge", "noisy-but-harmless"):
            self.assertEqual(self.incidents("--scenario", scenario), [], scenario)


if __name__ == "__main__":
    unittest.main()
