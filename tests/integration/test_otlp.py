"""Logs and spans come in from the official OpenTelemetry exporters; `query` shows them."""

import json
import unittest
import urllib.error
import urllib.request

from harness import FolderTest, Service, run


class Otlp(FolderTest):
    def query(self, *arguments):
        result = run("query", "--config", self.folder / "config.yaml", "--json", *arguments, cwd=self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)["events"]

    def post(self, url, body, content_type):
        request = urllib.request.Request(url, data=body, headers={"Content-Type": content_type})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers["Content-Type"], answer.read()

    def test_the_official_span_exporter_is_understood(self):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.trace import SpanKind, Status, StatusCode

        with Service(self.folder) as service:
            provider = TracerProvider(resource=Resource.create({"service.name": "gateway", "service.version": "7"}))
            provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=service.url + "/v1/traces")))
            tracer = provider.get_tracer("test")
            with tracer.start_as_current_span("GET /cart", kind=SpanKind.SERVER):
                with tracer.start_as_current_span("cart", kind=SpanKind.CLIENT, attributes={"peer.service": "cart"}) as call:
                    call.set_status(Status(StatusCode.ERROR, "refused"))
            provider.shutdown()
            events = self.query("--service", "gateway")
        self.assertEqual({event["message"] for event in events}, {"GET /cart", "cart"})
        call = next(event for event in events if event["message"] == "cart")
        self.assertEqual((call["level"], call["peer"]), ("error", "cart"))
        self.assertEqual(len({event["trace_id"] for event in events}), 1)

    def test_the_official_log_exporter_is_understood(self):
        import logging

        from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
        from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
        from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
        from opentelemetry.sdk.resources import Resource

        with Service(self.folder) as service:
            provider = LoggerProvider(resource=Resource.create({"service.name": "pay"}))
            provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint=service.url + "/v1/logs")))
            logger = logging.getLogger("pay")
            logger.propagate = False
            logger.addHandler(LoggingHandler(logger_provider=provider))
            for number in range(300):
                logger.error("pool exhausted after %d ms", number)
            provider.shutdown()
            events = self.query("pool exhausted", "--service", "pay", "--level", "error", "--limit", "1000")
        self.assertEqual(len(events), 300)

    def test_answers_come_in_the_encoding_of_the_question(self):
        with Service(self.folder) as service:
            url = service.url + "/v1/logs"
            self.assertEqual(self.post(url, b"", "application/x-protobuf"), (200, "application/x-protobuf", b""))
            self.assertEqual(self.post(url, b"{}", "application/json"), (200, "application/json", b"{}"))
            self.assertEqual(self.post(url, b"\xff", "application/x-protobuf")[:2], (400, "application/x-protobuf"))
            self.assertEqual(self.post(url, b"hello", "text/plain")[0], 415)

    def test_what_is_refused_for_good_is_told_as_partial_success(self):
        body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "h", "histogram": {"dataPoints": [{}]}}]}]}]}
        with Service(self.folder) as service:
            status, _, answer = self.post(service.url + "/v1/metrics", json.dumps(body).encode(), "application/json")
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(answer)["partialSuccess"]["rejectedDataPoints"], "1")


if __name__ == "__main__":
    unittest.main()
