"""Warnings and errors by one ES|QL query and by `_search`: the same documents in the same order, whatever the mapping."""

import json
import random
import time
import unittest
from datetime import datetime, timezone

from test_cluster import ORIGINAL, about  # also makes the harness of the integration tests known
from test_conditions import ConditionTest
from fault_proxy import FaultProxy
from harness import environment, run

KEYWORD, TEXT = {"type": "keyword"}, {"type": "text"}
COMMON = {"@timestamp": {"type": "date"}, "service.name": KEYWORD, "level": KEYWORD}
LEVELS = ["info", "Error", "WARN", "fatal", "error3", "debug", "ERR", "nonsense", None, "warning2", "severe"]
# Of each: properties, settings.
MAPPINGS = {
    "keywords": (COMMON, {}),
    "two fields of levels, and an outcome": (
        {**COMMON, "log.level": KEYWORD, "event.outcome": KEYWORD, "status.code": KEYWORD}, {}),
    "analysed text": ({**COMMON, "service.name": TEXT, "level": TEXT, "event.outcome": TEXT}, {}),
    "nanoseconds": ({**COMMON, "@timestamp": {"type": "date_nanos"}}, {}),
    "logsdb": ({**COMMON, "host.name": KEYWORD}, {"index.mode": "logsdb"}),
    "synthetic source": (COMMON, {"index.mapping.source.mode": "synthetic"}),
}


def documents(properties, count=1500):
    """Many carry the same millisecond, in no order of arrival."""
    rng = random.Random(5)
    now = time.time()
    for number in range(count):
        at = datetime.fromtimestamp(now - rng.randrange(300) / 1000, timezone.utc)
        doc = {"@timestamp": at.isoformat(timespec="milliseconds"), "service.name": f"s{number % 3}",
               "message": f"message {number}", "extra": {"unmapped": [number, "x"]}}
        level = rng.choice(LEVELS)
        if level:
            doc[rng.choice([name for name in ("level", "log.level") if name in properties])] = level
        for name, words in (("event.outcome", ["failure", "success", "Failure"]), ("status.code", ["2", "Error", "Ok"])):
            if name in properties and rng.random() < 0.4:
                doc[name] = rng.choice(words)
        yield doc


class Events(ConditionTest):
    def read(self, engine, *arguments, url=None):
        text = ORIGINAL.replace("elasticsearch:  {", f"elasticsearch:  {{ engine: {engine},").replace("app-logs-all", "event-logs")
        result = run("query", "--config", self.config(text), "--level", "warning", "--since", "1d", "--json", *arguments,
                     cwd=self.folder, env=environment(ELASTICSEARCH_URL=url or about("plain")["url"]))
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)["events"]

    def test_both_ways_give_the_same_events_in_the_same_order(self):
        for name, (properties, settings) in MAPPINGS.items():
            with self.subTest(name):
                self.ask("PUT", "/event-logs", {"mappings": {"dynamic": False, "properties": properties}, "settings": settings})
                try:
                    self.bulk("event-logs", documents(properties), verb="create")
                    for arguments in (("--limit", 100), ("--limit", 5000), ("--limit", 50, "--service", "s1", "nobody")):
                        events = self.read("esql", *arguments)
                        self.assertGreaterEqual(len(events), 50, arguments)
                        self.assertEqual(events, self.read("search", *arguments), arguments)
                finally:
                    self.ask("DELETE", "/event-logs")

    def test_they_are_one_request(self):
        # Who the cluster is, its fields, how many there are: and the events.
        self.index("event-logs", {"mappings": {"dynamic": False, "properties": COMMON}})
        self.bulk("event-logs", documents(COMMON))
        asked = []
        with FaultProxy(about("plain")["url"]) as proxy:
            answer = proxy.answer
            proxy.answer = lambda handler: (asked.append(f"{handler.command} {handler.path.split('?')[0]}"), answer(handler))
            self.read("esql", "--limit", 400, url=proxy.url)
        self.assertEqual(asked.count("POST /_query"), 1, asked)
        self.assertLessEqual(asked.count("POST /event-logs/_search"), 1, asked)

    def test_a_part_of_them_is_no_answer(self):
        self.index("event-logs", {"mappings": {"dynamic": False, "properties": COMMON}})
        self.bulk("event-logs", documents(COMMON, 20))
        text = ORIGINAL.replace("elasticsearch:  {", "elasticsearch:  { engine: esql,").replace("app-logs-all", "event-logs")
        with FaultProxy(about("plain")["url"]) as proxy:
            proxy.fault = "partial"
            result = run("query", "--config", self.config(text), "--level", "warning", "--since", "1d", cwd=self.folder,
                         env=environment(ELASTICSEARCH_URL=proxy.url))
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(b"is_partial", result.stderr)


if __name__ == "__main__":
    unittest.main()
