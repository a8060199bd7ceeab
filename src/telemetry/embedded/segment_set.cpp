#include "telemetry/embedded/segment_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/text.hpp"
#include "telemetry/embedded/text_search.hpp"

namespace sentinel::telemetry {
namespace {

// The number in "seg-000012.duckdb"; none for other files.
std::optional<int> segment_number(const std::string& name) {
  constexpr std::string_view kHead = "seg-";
  constexpr std::string_view kTail = ".duckdb";
  if (!name.starts_with(kHead) || !name.ends_with(kTail)) return std::nullopt;
  int id = 0;
  const char* first = name.data() + kHead.size();
  const char* last = name.data() + name.size() - kTail.size();
  const auto [end, error] = std::from_chars(first, last, id);
  if (error != std::errc() || end != last || id <= 0) return std::nullopt;
  return id;
}

Segment& by_id(std::vector<Segment>& segments, int id) {
  return *std::find_if(segments.begin(), segments.end(), [&](const Segment& s) { return s.id == id; });
}
const Segment& by_id(const std::vector<Segment>& segments, int id) {
  return *std::find_if(segments.begin(), segments.end(), [&](const Segment& s) { return s.id == id; });
}

}  // namespace

Result<void> SegmentSet::open() {
  const std::unique_lock exclusive(structure_);
  return open_locked();
}

Result<void> SegmentSet::open_locked() {
  const std::lock_guard lock(mutex_);
  idle_.clear();
  segments_.clear();
  database_ = {};
  std::error_code error;
  std::filesystem::create_directories(folder_ + "/tmp", error);
  if (error) return fail(ErrorKind::kDenied, fmt::format("cannot write to {}: {}", folder_, error.message()));
  SENTINEL_ASSIGN(database_, duck::Database::open(settings_));
  SENTINEL_ASSIGN(auto connection, duck::Connection::open(database_));
  SENTINEL_TRY(register_text_search(connection));

  std::vector<int> ids;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    if (const auto id = segment_number(entry.path().filename().string())) ids.push_back(*id);
  }
  std::sort(ids.begin(), ids.end());
  for (const int id : ids) {
    auto segment = attach_segment(connection, folder_, id);
    if (segment) {
      segments_.push_back(std::move(*segment));
    } else if (segment.error().is_transient() || segment.error().kind == ErrorKind::kInvalid) {
      return tl::unexpected<Error>(std::move(segment).error());
    } else {
      // Better the rest of the history than none; the file stays for whoever wants to save it.
      const std::string path = segment_path(folder_, id);
      std::filesystem::rename(path, path + ".damaged", error);
      std::filesystem::rename(path + ".wal", path + ".wal.damaged", error);
      damaged_.push_back(path + ".damaged");
      log_.error("telemetry.segment.damaged",
                 {{"path", path + ".damaged"}, {"error", segment.error().text()}});
    }
  }
  next_id_ = ids.empty() ? 1 : ids.back() + 1;
  // The newest two go on being written.
  for (std::size_t lane = 0; lane < 2; ++lane) {
    if (segments_.size() > lane && segments_.size() >= 2) {
      lanes_[lane] = segments_[segments_.size() - 2 + lane].id;
      continue;
    }
    SENTINEL_ASSIGN(auto segment, attach_segment(connection, folder_, next_id_));
    ++next_id_;
    lanes_[lane] = segment.id;
    segments_.push_back(std::move(segment));
  }
  if (segments_.size() >= 2) lanes_ = {segments_[segments_.size() - 2].id, segments_.back().id};
  seal_ = {};
  idle_.push_back(std::move(connection));
  return {};
}

void SegmentSet::close() {
  const std::unique_lock exclusive(structure_);
  const std::lock_guard lock(mutex_);
  idle_.clear();
  database_ = {};
}

Result<duck::Connection> SegmentSet::borrow() {
  const std::lock_guard lock(mutex_);
  if (database_.raw() == nullptr) return fail(ErrorKind::kUnavailable, "the telemetry store is closed");
  if (idle_.empty()) return duck::Connection::open(database_);
  duck::Connection connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void SegmentSet::give_back(duck::Connection connection) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < 8) idle_.push_back(std::move(connection));
}

std::vector<Segment> SegmentSet::all() const {
  const std::lock_guard lock(mutex_);
  return segments_;
}

std::vector<std::string> SegmentSet::damaged() const {
  const std::lock_guard lock(mutex_);
  return damaged_;
}

Segment SegmentSet::lane(std::size_t which) const {
  const std::lock_guard lock(mutex_);
  return by_id(segments_, lanes_[which]);
}

bool SegmentSet::is_lane(int id) const {
  const std::lock_guard lock(mutex_);
  return id == lanes_[0] || id == lanes_[1];
}

void SegmentSet::note_written(std::size_t lane, const SegmentStats& added) {
  const std::lock_guard lock(mutex_);
  SegmentStats& stats = by_id(segments_, lanes_[lane]).stats;
  stats.min_time = std::min(stats.min_time, added.min_time);
  stats.max_time = std::max(stats.max_time, added.max_time);
  stats.min_ingested = std::min(stats.min_ingested, added.min_ingested);
  stats.max_ingested = std::max(stats.max_ingested, added.max_ingested);
  stats.max_seq = std::max(stats.max_seq, added.max_seq);
  stats.rows += added.rows;
}

std::int64_t SegmentSet::newest_seq() const {
  const std::lock_guard lock(mutex_);
  std::int64_t newest = -1;
  for (const auto& segment : segments_) newest = std::max(newest, segment.stats.max_seq);
  return newest;
}

void SegmentSet::seal_soon(std::size_t lane) {
  const std::lock_guard lock(mutex_);
  seal_[lane] = true;
}

Result<void> SegmentSet::checkpoint(std::size_t which, std::uint64_t full_at) {
  const auto shared = read_lock();
  const Segment segment = lane(which);
  SENTINEL_ASSIGN(auto connection, borrow());
  auto done = connection.run("CHECKPOINT " + segment.alias());
  if (!done) return fail(std::move(done).error(), "checkpointing " + segment.path);
  bool replace = segment.bytes() >= full_at;
  {
    const std::lock_guard lock(mutex_);
    replace = (replace || seal_[which]) && by_id(segments_, lanes_[which]).stats.rows > 0;
    seal_[which] = false;
  }
  if (replace) {
    int id = 0;
    {
      const std::lock_guard lock(mutex_);
      id = next_id_++;
    }
    SENTINEL_ASSIGN(auto fresh, attach_segment(connection, folder_, id));
    const std::lock_guard lock(mutex_);
    lanes_[which] = fresh.id;
    segments_.push_back(std::move(fresh));
  }
  give_back(std::move(connection));
  return {};
}

Result<void> SegmentSet::drop(int id) {
  const std::unique_lock exclusive(structure_);
  SENTINEL_ASSIGN(auto connection, borrow());
  Segment segment;
  {
    const std::lock_guard lock(mutex_);
    segment = by_id(segments_, id);
  }
  SENTINEL_TRY(detach_segment(connection, segment));
  give_back(std::move(connection));
  const std::lock_guard lock(mutex_);
  std::erase_if(segments_, [&](const Segment& s) { return s.id == id; });
  std::error_code error;
  std::filesystem::remove(segment.path, error);
  if (error)
    return fail(ErrorKind::kUnavailable, fmt::format("deleting {}: {}", segment.path, error.message()));
  std::filesystem::remove(segment.path + ".wal", error);
  return {};
}

}  // namespace sentinel::telemetry
