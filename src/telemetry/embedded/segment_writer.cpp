#include "telemetry/embedded/segment_writer.hpp"

#include <chrono>

#include "telemetry/embedded/row_appender.hpp"

namespace sentinel::telemetry {
namespace {

// Rows committed together at most: larger groups save syncs but make everybody in them wait.
constexpr std::size_t kGroupRows = 30'000;

double since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

const std::vector<double> kSeconds = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10};

}  // namespace

SegmentWriter::SegmentWriter(SegmentSet& segments, Options options, Log log, Metrics& metrics)
    : segments_(segments),
      options_(options),
      log_(log),
      rows_(metrics.counter("sentinelops_telemetry_rows_total", "Rows made durable in the embedded store.")),
      refused_(metrics.counter("sentinelops_telemetry_refused_batches_total",
                               "Batches refused because the queue was full.")),
      commit_seconds_(metrics.histogram("sentinelops_telemetry_commit_seconds",
                                        "How long a group of batches took to become durable.", kSeconds)),
      checkpoint_seconds_(metrics.histogram("sentinelops_telemetry_checkpoint_seconds",
                                            "How long a checkpoint of a segment took.", kSeconds)),
      seq_(segments.newest_seq() + 1),
      writer_([this] { write_loop(); }),
      checkpointer_([this] { checkpoint_loop(); }) {}

SegmentWriter::~SegmentWriter() { close(); }

Result<void> SegmentWriter::submit(model::DocumentBatch batch, Time ingested, TelemetrySink::Done done) {
  const std::size_t bytes = batch.bytes();
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return fail(ErrorKind::kUnavailable, "the telemetry store is closing");
    // A batch larger than the whole queue is taken when nothing else waits.
    if (queued_bytes_ > 0 && queued_bytes_ + bytes > options_.queue_bytes) {
      refused_.add();
      return fail(ErrorKind::kOverloaded, "the queue of the telemetry store is full; try again in a second");
    }
    queued_bytes_ += bytes;
    queue_.push_back({std::move(batch), ingested, std::move(done), bytes});
  }
  work_.notify_one();
  return {};
}

void SegmentWriter::write_loop() {
  for (;;) {
    std::vector<Item> group;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [&] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      std::size_t rows = 0;
      while (!queue_.empty() && (group.empty() || rows + queue_.front().batch.size() <= kGroupRows)) {
        rows += queue_.front().batch.size();
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
    }
    const Result<void> outcome = write(group);
    std::size_t bytes = 0;
    for (const Item& item : group) bytes += item.bytes;
    {
      const std::lock_guard lock(mutex_);
      queued_bytes_ -= bytes;
      if (outcome) last_ingest_ = group.back().ingested;
    }
    for (Item& item : group) item.done(outcome);
  }
}

Result<void> SegmentWriter::write(const std::vector<Item>& group) {
  std::size_t rows = 0;
  for (const Item& item : group) rows += item.batch.size();
  if (rows == 0) return {};
  const auto began = std::chrono::steady_clock::now();
  bool broken = false;
  {
    const std::lock_guard lock(mutex_);
    broken = broken_;
  }
  if (broken) {
    if (auto reopened = segments_.open(); !reopened)
      return fail(std::move(reopened).error(), "opening the telemetry store again");
    const std::lock_guard lock(mutex_);
    broken_ = false;
    log_.info("telemetry.recovered");
  }
  seq_ = std::max(seq_, segments_.newest_seq() + 1);
  choose_lane();
  auto outcome = append(group);
  {
    const std::lock_guard lock(mutex_);
    appending_[lane_] = false;
  }
  checkpoint_.notify_all();
  if (!outcome) {
    reopen_after(outcome.error());
    return fail(std::move(outcome).error(), "storing " + std::to_string(rows) + " documents");
  }
  rows_.add(static_cast<double>(rows));
  commit_seconds_.observe(since(began));
  return {};
}

Result<void> SegmentWriter::append(const std::vector<Item>& group) {
  const auto shared = segments_.read_lock();
  const Segment segment = segments_.lane(lane_);
  SENTINEL_ASSIGN(auto connection, segments_.borrow());
  std::vector<ArrivedBatch> batches;
  for (const Item& item : group) batches.push_back({&item.batch, item.ingested});
  SegmentStats added;
  std::int64_t seq = seq_;
  auto outcome = connection.run("BEGIN");
  if (outcome) outcome = append_rows(connection, segment.alias(), batches, added, seq);
  if (outcome) outcome = connection.run("COMMIT");
  if (!outcome) {
    // Its own failure adds nothing: the connection is dropped either way.
    (void)connection.run("ROLLBACK");
    return outcome;
  }
  seq_ = seq;
  segments_.note_written(lane_, added);
  segments_.give_back(std::move(connection));
  return {};
}

// Leaves a lane whose log is large, when the other one is free; waits for it when this one's is far too
// large.
void SegmentWriter::choose_lane() {
  const std::uint64_t wal = segments_.lane(lane_).wal_bytes();
  std::unique_lock lock(mutex_);
  const std::size_t other = 1 - lane_;
  if (wal >= options_.lane_wal_bytes) {
    const bool far_too_large = wal >= 4 * options_.lane_wal_bytes;
    if (far_too_large) checkpoint_.wait(lock, [&] { return !running_[other] && !wanted_[other]; });
    if (!running_[other] && !wanted_[other]) {
      wanted_[lane_] = true;
      lane_ = other;
      checkpoint_.notify_all();
    }
  }
  // A checkpoint of this very lane (asked for by maintenance) ends first: it needs the segment without a
  // writer.
  checkpoint_.wait(lock, [&] { return !running_[lane_]; });
  appending_[lane_] = true;
}

// After some failures (a full disk at a commit or a checkpoint) DuckDB refuses everything, reads too, until
// it is opened anew. What was acknowledged is in the logs and comes back with them.
void SegmentWriter::reopen_after(const Error& error) {
  log_.error("telemetry.write.failed", {{"error", error.text()}});
  const std::string text = error.text();
  const bool fatal = error.kind == ErrorKind::kUnavailable || text.find("FATAL") != std::string::npos ||
                     text.find("nvalidated") != std::string::npos;
  if (!fatal) return;
  const auto reopened = segments_.open();
  if (!reopened) log_.error("telemetry.reopen.failed", {{"error", reopened.error().text()}});
  const std::lock_guard lock(mutex_);
  broken_ = !reopened;
}

void SegmentWriter::checkpoint_loop() {
  for (;;) {
    std::size_t lane = 0;
    {
      std::unique_lock lock(mutex_);
      const auto ready = [&](std::size_t l) { return wanted_[l] && !appending_[l]; };
      checkpoint_.wait(lock, [&] { return closing_ || ready(0) || ready(1); });
      if (closing_) return;
      lane = ready(0) ? 0 : 1;
      wanted_[lane] = false;
      running_[lane] = true;
    }
    const auto began = std::chrono::steady_clock::now();
    if (auto done = segments_.checkpoint(lane, options_.segment_bytes); !done) {
      // Not lost: the log keeps the rows, and the next checkpoint takes them.
      log_.warning("telemetry.checkpoint.failed", {{"error", done.error().text()}});
      reopen_after(done.error());
    }
    checkpoint_seconds_.observe(since(began));
    {
      const std::lock_guard lock(mutex_);
      running_[lane] = false;
    }
    checkpoint_.notify_all();
  }
}

void SegmentWriter::request_checkpoint(std::size_t lane) {
  {
    const std::lock_guard lock(mutex_);
    wanted_[lane] = true;
  }
  checkpoint_.notify_all();
}

std::optional<Time> SegmentWriter::last_ingest() const {
  const std::lock_guard lock(mutex_);
  return last_ingest_;
}

void SegmentWriter::close() {
  {
    const std::lock_guard lock(mutex_);
    if (closing_ && !writer_.joinable()) return;
    closing_ = true;
  }
  work_.notify_all();
  if (writer_.joinable()) writer_.join();
  checkpoint_.notify_all();
  if (checkpointer_.joinable()) checkpointer_.join();
}

}  // namespace sentinel::telemetry
