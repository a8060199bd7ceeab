#!/usr/bin/env python3
"""What watching a fleet costs its Elasticsearch: the plain poll (one question per service and number) against our tick.

    ./dev bench elasticsearch [--services 150] [--documents 420000] [--ticks 30]

Starts the node of tests/elasticsearch, loads 70 minutes of ordinary traffic that go on while it measures, then runs both on
the same data. The plain poll is what the Python SentinelOps does: services by a terms aggregation, then per service the
errors of the window, their series, p99 of the window, its series (1 + 4 x services requests). Our tick is the real binary
behind a counting proxy. Both are warm: the node has answered a whole poll, or --warm ticks, before it is measured. CPU is the
node process's own count (_nodes/stats); what it burns when idle is measured before and taken off. "time" of a tick is the
time its requests took, the proxy included.
"""

import argparse
import http.client
import json
import math
import os
import random
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/elasticsearch"))
sys.path.insert(0, str(ROOT / "tests/integration"))
import harness  # noqa: E402
import node  # noqa: E402
from fault_proxy import FaultProxy  # noqa: E402
from harness import Service, environment  # noqa: E402

harness.HANG = 600  # a first look at millions of documents takes its time on a small machine

MAPPING = {"settings": {"number_of_shards": 1, "number_of_replicas": 0}, "aliases": {"app-logs-all": {}},
           "mappings": {"properties": {
               "@timestamp": {"type": "date"}, "service.name": {"type": "keyword"}, "level": {"type": "keyword"},
               "message": {"type": "text"}, "duration_ms": {"type": "float"}, "trace.id": {"type": "keyword"},
               "status_code": {"type": "integer"}, "endpoint": {"type": "keyword"}}}}


class Client:
    """One kept connection, as the plain poll has; counts what passes."""

    def __init__(self, url):
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=120)
        self.requests = self.bytes = 0

    def ask(self, method, path, body=None, kind="application/json"):
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        self.connection.request(method, path, data, {"Content-Type": kind})
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status < 300, (path, answer.status, text[:500])
        self.requests += 1
        self.bytes += len(text)
        return json.loads(text)

    def cpu(self):
        """Seconds of CPU that the node process has used."""
        stats = self.ask("GET", "/_nodes/stats/process?filter_path=nodes.*.process.cpu")
        return next(iter(stats["nodes"].values()))["process"]["cpu"]["total_in_millis"] / 1000


def load(client, services, documents, ahead_minutes):
    rng = random.Random(1)
    begin = datetime.now(timezone.utc) - timedelta(minutes=70 - ahead_minutes)
    span = 70 * 60.0
    client.ask("PUT", "/app-logs-000001", MAPPING)
    lines = []
    for number in range(documents):
        at = begin + timedelta(seconds=span * number / documents)
        error = rng.random() < 0.02
        doc = {"@timestamp": at.isoformat(timespec="milliseconds"), "service.name": f"service-{rng.randrange(services):04d}",
               "level": "error" if error else "info", "message": f"request {number} {'failed' if error else 'handled'}",
               "duration_ms": round(math.exp(rng.gauss(4.7, 0.4)), 2), "status_code": 500 if error else 200,
               "trace.id": f"{rng.getrandbits(64):016x}"}
        lines.append('{"index":{}}\n' + json.dumps(doc) + "\n")
        if len(lines) == 10_000 or number == documents - 1:
            answer = client.ask("POST", "/app-logs-000001/_bulk", "".join(lines).encode(), "application/x-ndjson")
            assert not answer["errors"]
            lines = []
    client.ask("POST", "/app-logs-000001/_refresh")


def plain_poll(client):
    window = {"range": {"@timestamp": {"gte": "now-5m", "lt": "now"}}}
    baseline = {"range": {"@timestamp": {"gte": "now-65m", "lt": "now-5m"}}}
    series = {"field": "@timestamp", "fixed_interval": "5m"}
    p99 = {"p": {"percentiles": {"field": "duration_ms", "percents": [99]}}}

    def search(filters, aggregations=None):
        return client.ask("POST", "/app-logs-all/_search", {
            "size": 0, "query": {"bool": {"filter": filters}}, **({"aggs": aggregations} if aggregations else {})})

    found = search([{"range": {"@timestamp": {"gte": "now-65m"}}}],
                   {"s": {"terms": {"field": "service.name", "size": 10_000}}})
    for bucket in found["aggregations"]["s"]["buckets"]:
        of = {"term": {"service.name": bucket["key"]}}
        errors = {"term": {"level": "error"}}
        search([window, of, errors])
        search([baseline, of, errors], {"t": {"date_histogram": series}})
        search([window, of], p99)
        search([baseline, of], {"t": {"date_histogram": series, "aggs": p99}})


def measure_plain(client):
    plain_poll(client)  # once for warm caches
    client.requests = client.bytes = 0
    cpu, begin = client.cpu(), time.monotonic()
    plain_poll(client)
    took = time.monotonic() - begin
    return {"requests": client.requests - 1, "seconds": took, "cpu": client.cpu() - cpu, "kilobytes": client.bytes / 1000}


def measure_ours(url, client, ticks, warm, interval):
    idle_cpu, idle_begin = client.cpu(), time.monotonic()
    time.sleep(20)
    idle = (client.cpu() - idle_cpu) / (time.monotonic() - idle_begin)
    with tempfile.TemporaryDirectory() as folder, FaultProxy(url) as proxy:
        config = f"telemetry: {{ store: elasticsearch, data_dir: {folder}/data }}\npolling: {{ interval_seconds: {interval} }}\n"
        with Service(folder, config, env=environment(ELASTICSEARCH_URL=proxy.url)) as service:
            for _ in range(warm):
                service.wait_for("detection.cycle.complete")
            requests, received, seconds = proxy.requests, proxy.bytes, proxy.seconds
            cpu, begin = client.cpu(), time.monotonic()
            for _ in range(ticks):
                last = service.wait_for("detection.cycle.complete")
            took = time.monotonic() - begin
            burnt = client.cpu() - cpu - idle * took
            memory = next(int(line.split()[1]) for line in Path(f"/proc/{service.process.pid}/status").read_text().splitlines()
                          if line.startswith("VmRSS:")) / 1024
            return {"requests": (proxy.requests - requests) / ticks, "seconds": (proxy.seconds - seconds) / ticks,
                    "cpu": max(0.0, burnt / ticks), "kilobytes": (proxy.bytes - received) / 1000 / ticks,
                    "memory": memory, "services": last.get("services"), "anomalies": last.get("anomalies")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", type=int, default=150)
    parser.add_argument("--documents", type=int, default=420_000)
    parser.add_argument("--ticks", type=int, default=30)
    parser.add_argument("--warm", type=int, default=120, help="ticks before those that are measured")
    parser.add_argument("--interval", type=int, default=1, help="seconds between ticks")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        process, about = node.launch("plain", folder, node.free_port())
        try:
            client = Client(about["url"])
            begin = time.monotonic()
            # So much of the traffic lies ahead as the measuring takes.
            load(client, options.services, options.documents, 10)
            print(f"{options.services} services, {options.documents:,} documents over 70 min, loaded in "
                  f"{time.monotonic() - begin:.0f} s; {os.cpu_count()} CPUs", flush=True)
            plain = measure_plain(client)
            ours = measure_ours(about["url"], client, options.ticks, options.warm, options.interval)
        finally:
            node.stop("plain", folder)
            process.wait(timeout=30)
    print(f"{'':28}{'plain poll':>12}{'our tick':>12}{'factor':>9}")
    for key, name, form in (("requests", "requests", "{:.1f}"), ("seconds", "time, s", "{:.3f}"),
                            ("cpu", "Elasticsearch CPU, s", "{:.3f}"), ("kilobytes", "received, kB", "{:.0f}")):
        factor = f"{plain[key] / ours[key]:.0f}" if ours[key] > 0 else "-"
        print(f"{name:28}{form.format(plain[key]):>12}{form.format(ours[key]):>12}{factor:>9}")
    print(f"our process: {ours['memory']:.0f} MB resident; {ours['services']} services judged, {ours['anomalies']} anomalies")


if __name__ == "__main__":
    main()
