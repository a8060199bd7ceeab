#include "ingest/ndjson.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace sentinel::ingest {
namespace {

// Batches on their way to the disk: at most so many, and the first failure is kept.
class InFlight {
 public:
  explicit InFlight(std::size_t limit) : limit_(limit) {}

  Result<void> send(telemetry::TelemetrySink& sink, model::DocumentBatch batch, Time now) {
    const std::size_t rows = batch.size();
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return waiting_ < limit_; });
      if (error_) return tl::unexpected<Error>(*error_);
      ++waiting_;
    }
    auto taken = sink.submit(std::move(batch), now, [this, rows](const Result<void>& stored) {
      const std::lock_guard lock(mutex_);
      --waiting_;
      if (stored) {
        durable_ += rows;
      } else if (!error_) {
        error_ = stored.error();
      }
      changed_.notify_all();
    });
    if (!taken) {
      const std::lock_guard lock(mutex_);
      --waiting_;
      return tl::unexpected<Error>(std::move(taken).error());
    }
    return {};
  }
  Result<std::uint64_t> finish() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ == 0; });
    if (error_) return tl::unexpected<Error>(*error_);
    return durable_;
  }

 private:
  std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t waiting_ = 0;
  std::uint64_t durable_ = 0;
  std::optional<Error> error_;
};

// The index that a bulk action line names; none when the line is no action.
std::optional<std::string> action_index(std::string_view line) {
  if (line.size() > 2000 ||
      (line.find("\"index\"") == std::string_view::npos && line.find("\"create\"") == std::string_view::npos))
    return std::nullopt;
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (json.is_discarded() || !json.is_object() || json.size() != 1 || !json.begin().value().is_object())
    return std::nullopt;
  if (json.begin().key() != "index" && json.begin().key() != "create") return std::nullopt;
  const auto& meta = json.begin().value();
  for (const auto& [key, value] : meta.items()) {
    if (!key.starts_with('_') && key != "routing" && key != "pipeline" && key != "require_alias")
      return std::nullopt;
  }
  return meta.contains("_index") && meta["_index"].is_string() ? meta["_index"].get<std::string>()
                                                               : std::string();
}

}  // namespace

Result<bool> LineReader::fill() {
  if (ended_) return false;
  if (at_ > 0) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  const std::size_t had = buffer_.size();
  constexpr std::size_t kPiece = 256 * 1024;
  buffer_.resize(had + kPiece);
  auto n = source_.read(buffer_.data() + had, kPiece);
  buffer_.resize(had + (n ? *n : 0));
  if (!n) {
    ended_ = true;
    return tl::unexpected<Error>(std::move(n).error());
  }
  ended_ = *n == 0;
  return *n > 0;
}

Result<std::optional<LineReader::Line>> LineReader::next() {
  std::size_t searched = at_;
  bool too_long = false;
  for (;;) {
    const std::size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      std::string_view text(buffer_.data() + at_, end - at_);
      at_ = end + 1;
      if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
      return std::optional(Line{++number_, too_long ? std::string_view() : text, too_long});
    }
    if (buffer_.size() - at_ > max_line_) {
      // Its text is given up, its end is still looked for: the lines behind it count.
      too_long = true;
      at_ = buffer_.size();
    }
    const std::size_t waiting = buffer_.size() - at_;
    SENTINEL_ASSIGN(const bool more, fill());
    searched = waiting;
    if (!more) {
      if (buffer_.empty() && !too_long) return std::optional<Line>();
      const std::string_view text(buffer_.data() + at_, buffer_.size() - at_);
      at_ = buffer_.size();
      if (text.empty() && !too_long) return std::optional<Line>();
      return std::optional(Line{++number_, too_long ? std::string_view() : text, too_long});
    }
  }
}

Result<ImportSummary> import_ndjson(ByteSource& source, DocumentParser& parser,
                                    telemetry::TelemetrySink& sink, const Clock& clock,
                                    const ImportOptions& options,
                                    const std::function<void(const ImportSummary&)>& progress) {
  ImportSummary summary;
  LineReader lines(source, options.max_line);
  InFlight in_flight(options.in_flight);
  model::DocumentBatch batch;
  std::string index;
  const auto reject = [&](std::uint64_t line, std::string reason) {
    ++summary.rejected;
    if (summary.first.size() < options.shown) summary.first.push_back({line, std::move(reason)});
  };
  const auto send = [&]() -> Result<void> {
    if (batch.empty()) return {};
    SENTINEL_TRY(in_flight.send(sink, std::move(batch), clock.now()));
    batch = {};
    if (progress) progress(summary);
    return {};
  };
  for (;;) {
    auto line = lines.next();
    if (!line) {
      summary.ended_early = line.error().text();
      break;
    }
    if (!*line) break;
    if ((*line)->too_long) {
      ++summary.lines;
      reject((*line)->number, fmt::format("the line is longer than {} bytes", options.max_line));
      continue;
    }
    const std::string_view text = trim((*line)->text);
    if (text.empty()) continue;
    ++summary.lines;
    if (const auto named = action_index(text)) {
      --summary.lines;
      index = *named;
      continue;
    }
    const DocumentClass as = index.empty() ? options.as : options.metric_indices.of(index);
    if (auto added = parser.add(text, false, as, clock.now(), batch); !added) {
      reject((*line)->number, added.error().text());
    } else {
      ++summary.documents;
    }
    if (batch.size() >= options.batch_rows || batch.bytes() > (8U << 20)) SENTINEL_TRY(send());
  }
  SENTINEL_TRY(send());
  SENTINEL_TRY(in_flight.finish());
  return summary;
}

}  // namespace sentinel::ingest
