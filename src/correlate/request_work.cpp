#include "correlate/request_work.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sentinel::correlate {
namespace {

constexpr double kLeastRequests = 3;
// Requests of one kind differ by this share of their work for no reason, whatever a short baseline says.
constexpr double kOrdinaryShare = 0.05;

struct Request {
  std::vector<std::string_view> operations;
  double lines = 0;
  double calls = 0;
};
struct Moments {
  double n = 0;
  double sum = 0;
  double squares = 0;
  void add(double x) { n += 1, sum += x, squares += x * x; }
};
struct Kind {
  Moments lines;
  Moments calls;
};
using Kinds = std::map<std::pair<std::string_view, std::string>, Kind>;  // by service, operations

Kinds kinds_of(std::span<const model::LogEvent> events) {
  std::map<std::pair<std::string_view, std::string_view>, Request> requests;  // by trace, service
  for (const auto& e : events) {
    if (e.trace_id.empty() || e.service.empty()) continue;
    Request& request = requests[{e.trace_id, e.service}];
    if (!e.is_span)
      request.lines += 1;
    else if (model::is_outgoing(e.span_kind))
      request.calls += 1;
    else if (e.span_kind != model::SpanKind::kInternal)
      request.operations.push_back(e.message);
  }
  Kinds kinds;
  for (auto& [key, request] : requests) {
    if (request.operations.empty()) continue;
    std::ranges::sort(request.operations);
    std::string operations;
    for (const auto operation : request.operations) operations.append(operation) += '\n';
    Kind& kind = kinds[{key.second, std::move(operations)}];
    kind.lines.add(request.lines);
    kind.calls.add(request.calls);
  }
  return kinds;
}

class Sum {
 public:
  void add(const Moments& before, const Moments& now) {
    const double mean = before.sum / before.n;
    const double spread = std::max(0.0, before.squares / before.n - mean * mean);
    shift_.now += now.sum;
    shift_.expected += now.n * mean;
    variance_ += now.n * spread * (1 + now.n / before.n);
  }
  WorkShift shift() const {
    WorkShift result = shift_;
    const double ordinary = kOrdinaryShare * result.expected;
    const double deviation = std::sqrt(variance_ + ordinary * ordinary + 1);
    result.z = (result.now - result.expected) / deviation;
    return result;
  }

 private:
  WorkShift shift_;
  double variance_ = 0;
};

}  // namespace

std::map<std::string, ServiceWork, std::less<>> compare_work(std::span<const model::LogEvent> before,
                                                             std::span<const model::LogEvent> during) {
  const Kinds usual = kinds_of(before);
  std::map<std::string, std::pair<Sum, Sum>, std::less<>> sums;
  for (const auto& [key, kind] : kinds_of(during)) {
    const auto known = usual.find(key);
    if (known == usual.end() || known->second.lines.n < kLeastRequests) continue;
    auto& [lines, calls] = sums[std::string(key.first)];
    lines.add(known->second.lines, kind.lines);
    calls.add(known->second.calls, kind.calls);
  }
  std::map<std::string, ServiceWork, std::less<>> work;
  for (const auto& [service, sum] : sums) work[service] = {sum.first.shift(), sum.second.shift()};
  return work;
}

}  // namespace sentinel::correlate
