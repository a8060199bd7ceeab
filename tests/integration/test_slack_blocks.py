"""Random incidents, odd text included, against the official SDK's models of Slack's blocks."""

import json
import os
import subprocess
import unittest
from pathlib import Path

from notify_fakes import check_blocks

DUMP = os.environ.get("SLACK_BLOCKS_DUMP",
                      str(Path(__file__).parents[2] / "build/release/tests/contract/notify/slack_blocks_dump"))


class SlackBlocks(unittest.TestCase):
    def test_every_random_incident_is_a_valid_message(self):
        output = subprocess.run([DUMP, "2000"], capture_output=True, check=True, timeout=300).stdout.decode()
        lines = output.splitlines()
        self.assertEqual(len(lines), 2000)
        for number, line in enumerate(lines):
            self.assertIsNone(check_blocks(json.loads(line)), f"incident {number}: {line[:2000]}")


if __name__ == "__main__":
    unittest.main()
