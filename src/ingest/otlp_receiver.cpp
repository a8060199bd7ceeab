#include "ingest/otlp_receiver.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace sentinel::ingest {
namespace {

constexpr const char* kProtobuf = "application/x-protobuf";

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7FU) | 0x80U);
  out += static_cast<char>(value);
}
void append_integer(std::string& out, std::uint32_t number, std::uint64_t value) {
  append_varint(out, number << 3);
  append_varint(out, value);
}
void append_bytes(std::string& out, std::uint32_t number, std::string_view bytes) {
  append_varint(out, (number << 3) | 2U);
  append_varint(out, bytes.size());
  out += bytes;
}

net::Response answer(OtlpEncoding encoding, int status, std::string body) {
  if (encoding == OtlpEncoding::kJson) return net::Response::json(status, std::move(body));
  net::Response response{status, {}, std::move(body)};
  response.headers.add("Content-Type", kProtobuf);
  return response;
}

// google.rpc.Status, with its code for the HTTP status.
net::Response error(OtlpEncoding encoding, int status, std::string_view message) {
  const std::uint64_t code = status == 429 ? 8 : status == 503 ? 14 : 3;
  std::string body;
  if (encoding == OtlpEncoding::kJson) {
    body = fmt::format("{{\"code\":{},\"message\":{}}}", code, json_quoted(message));
  } else {
    append_integer(body, 1, code);
    append_bytes(body, 2, to_valid_utf8(message));
  }
  net::Response response = answer(encoding, status, std::move(body));
  if (status == 429 || status == 503) response.headers.set("Retry-After", "1");
  return response;
}

const char* rejected_name(OtlpSignal signal) {
  switch (signal) {
    case OtlpSignal::kLogs:
      return "rejectedLogRecords";
    case OtlpSignal::kTraces:
      return "rejectedSpans";
    case OtlpSignal::kMetrics:
      return "rejectedDataPoints";
  }
  return "";
}

// Export*ServiceResponse: empty when all was kept.
net::Response success(OtlpSignal signal, OtlpEncoding encoding, std::size_t rejected,
                      const std::string& reason) {
  if (encoding == OtlpEncoding::kJson) {
    return answer(encoding, 200,
                  rejected == 0 ? std::string("{}")
                                : fmt::format("{{\"partialSuccess\":{{\"{}\":\"{}\",\"errorMessage\":{}}}}}",
                                              rejected_name(signal), rejected, json_quoted(reason)));
  }
  std::string body;
  if (rejected > 0) {
    std::string partial;
    append_integer(partial, 1, rejected);
    append_bytes(partial, 2, to_valid_utf8(reason));
    append_bytes(body, 1, partial);
  }
  return answer(encoding, 200, std::move(body));
}

std::optional<OtlpEncoding> encoding_of(const net::Request& request) {
  const auto type = request.headers.get("Content-Type");
  if (!type) return std::nullopt;
  const std::string_view name = trim(type->substr(0, type->find(';')));
  if (iequals(name, "application/json")) return OtlpEncoding::kJson;
  if (iequals(name, kProtobuf) || iequals(name, "application/protobuf")) return OtlpEncoding::kProtobuf;
  return std::nullopt;
}

}  // namespace

OtlpReceiver::OtlpReceiver(Deps deps)
    : deps_(deps),
      records_(deps_.metrics.counter("sentinelops_ingest_otlp_records_total",
                                     "OTLP log records, spans and points acknowledged.")),
      rejected_(deps_.metrics.counter("sentinelops_ingest_otlp_rejected_total",
                                      "OTLP records refused for good.")) {}

void OtlpReceiver::register_routes(net::Server& server) {
  for (const auto& [path, signal] : {std::pair{"/v1/logs", OtlpSignal::kLogs},
                                     {"/v1/traces", OtlpSignal::kTraces},
                                     {"/v1/metrics", OtlpSignal::kMetrics}}) {
    server.route("POST", path,
                 [this, signal = signal](net::Request& request, const net::Responder& responder) {
                   receive(signal, request, responder);
                 });
  }
}

void OtlpReceiver::receive(OtlpSignal signal, net::Request& request, const net::Responder& responder) {
  const auto encoding = encoding_of(request);
  if (!encoding) {
    return responder.send(error(OtlpEncoding::kJson, 415,
                                fmt::format("Content-Type must be {} or application/json", kProtobuf)));
  }
  const Time now = deps_.clock.now();
  auto parsed = parse_otlp(signal, *encoding, request.body, now);
  if (!parsed) {
    rejected_.add();
    return responder.send(error(*encoding, 400, parsed.error().text()));
  }
  rejected_.add(static_cast<double>(parsed->rejected));
  const auto done = [this, signal, encoding = *encoding, responder, accepted = parsed->accepted,
                     rejected = parsed->rejected, reason = parsed->reason](const Result<void>& stored) {
    if (!stored) {
      deps_.log.warning("ingest.failed",
                        {{"records", static_cast<std::int64_t>(accepted)}, {"error", stored.error().text()}});
      return responder.send(error(encoding, 503, stored.error().text()));
    }
    records_.add(static_cast<double>(accepted));
    responder.send(success(signal, encoding, rejected, reason));
  };
  if (parsed->accepted == 0) return done({});
  if (auto taken = deps_.sink.submit(std::move(parsed->batch), now, done); !taken) {
    responder.send(
        error(*encoding, taken.error().kind == ErrorKind::kOverloaded ? 429 : 503, taken.error().text()));
  }
}

}  // namespace sentinel::ingest
