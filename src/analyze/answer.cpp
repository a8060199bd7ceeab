#include "analyze/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "analyze/scan.hpp"
#include "base/text.hpp"
#include "model/json.hpp"

namespace sentinel::analyze {
namespace {

using nlohmann::json;

constexpr std::size_t kMostCause = 600;
constexpr std::size_t kMostSummary = 300;
constexpr std::size_t kMostStep = 400;
constexpr std::size_t kMostClaim = 400;
constexpr std::size_t kMostSteps = 8;
constexpr std::size_t kMostClaims = 8;
constexpr std::size_t kMostNames = 60;

// Reads a text of the object; the first failure is kept.
class Fields {
 public:
  explicit Fields(const json& object) : object_(object) {}
  std::string text(const char* name, std::size_t most) {
    const json* value = find(name);
    if (value == nullptr) return "";
    if (!value->is_string()) return refuse(name, "a text"), "";
    return one_line(value->get_ref<const std::string&>(), most);
  }
  std::vector<std::string> texts(const char* name, std::size_t most, std::size_t longest) {
    std::vector<std::string> list;
    const json* value = find(name);
    if (value == nullptr) return list;
    if (!value->is_array()) return refuse(name, "a list of texts"), list;
    for (const auto& item : *value) {
      if (!item.is_string()) return refuse(name, "a list of texts"), list;
      if (list.size() < most) list.push_back(one_line(item.get_ref<const std::string&>(), longest));
    }
    return list;
  }
  const json* find(const char* name) {
    const auto it = object_.find(name);
    if (it != object_.end()) return &*it;
    refuse(name, "present");
    return nullptr;
  }
  void refuse(const std::string& name, std::string_view right) {
    if (problem_.empty()) problem_ = fmt::format("{} must be {}", name, right);
  }
  const std::string& problem() const { return problem_; }

 private:
  const json& object_;
  std::string problem_;
};

bool is_word(char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; }

// Whole-word search, letters of any case.
bool names(std::string_view lower_text, std::string_view lower_name) {
  if (lower_name.empty()) return false;
  for (auto i = lower_text.find(lower_name); i != std::string_view::npos;
       i = lower_text.find(lower_name, i + 1)) {
    const std::size_t end = i + lower_name.size();
    const bool stop =
        !is_word(at(lower_text, end)) || (at(lower_text, end) == '.' && !is_alnum(at(lower_text, end + 1)));
    if (!is_word(before(lower_text, i)) && stop) return true;
  }
  return false;
}

// The facts' spelling of a service, or nothing.
const std::string* service_of(std::string_view name, const Context& facts) {
  for (const auto& service : facts.services) {
    if (iequals(service, name)) return &service;
  }
  return nullptr;
}

// Values that a written number may stand for, by its unit.
std::vector<double> readings(const Mention& m) {
  const std::string& u = m.unit;
  if (u == "%" || u == "percent") return {m.value, m.value / 100};
  if (u == "s" || u.starts_with("sec")) return {m.value, m.value * 1000, m.value / 60};
  if (u == "ms" || u.starts_with("milli")) return {m.value, m.value / 1000};
  if (u.starts_with("min")) return {m.value, m.value * 60};
  if (u == "h" || u.starts_with("hour")) return {m.value, m.value * 60, m.value * 3600};
  return {m.value};
}

bool in_facts(const Mention& mention, const std::vector<Mention>& facts, std::string_view text) {
  if (mention.unit == "clock") {
    return text.find(mention.text) != std::string_view::npos;
  }
  const auto values = readings(mention);
  for (const auto& fact : facts) {
    if (fact.unit == "clock") continue;
    for (const double value : values) {
      const double scale = mention.value == 0 ? 1 : std::abs(value / mention.value);
      const double slack = mention.half_step * (scale == 0 ? 1 : scale) + 1e-9 + std::abs(fact.value) * 1e-9;
      if (std::abs(value - fact.value) <= slack) return true;
    }
  }
  return false;
}

// Words in pieces of five, to see whether advice repeats a log line.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : to_lower(text) + " ") {
    if (is_alnum(c)) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}
bool repeats(std::string_view text, const std::vector<std::string>& lines) {
  constexpr std::size_t kRun = 5;
  const auto words = words_of(text);
  if (words.size() < 3) return false;
  const std::size_t run = std::min(kRun, words.size());
  for (const auto& line : lines) {
    const auto theirs = words_of(line);
    for (std::size_t i = 0; i + run <= words.size(); ++i) {
      const auto begin = words.begin() + static_cast<std::ptrdiff_t>(i);
      if (std::search(theirs.begin(), theirs.end(), begin, begin + static_cast<std::ptrdiff_t>(run)) !=
          theirs.end())
        return true;
    }
  }
  return false;
}

// A word with the last part of a known service's name ("...-service") that is no service.
void unknown_services(std::string_view text, const Context& facts, std::vector<std::string>& problems) {
  std::set<std::string> endings = {"service", "api",   "gateway", "worker", "svc",
                                   "server",  "proxy", "cache",   "queue",  "db"};
  for (const auto& service : facts.services) {
    const auto dash = service.find_last_of("-_");
    if (dash != std::string::npos && dash + 1 < service.size())
      endings.insert(to_lower(service.substr(dash + 1)));
  }
  const std::string facts_text = to_lower(facts.text);
  for (std::size_t i = 0; i < text.size();) {
    if (!is_word(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_word(text[end])) ++end;
    std::string word = to_lower(text.substr(i, end - i));
    while (!word.empty() && !is_alnum(word.back())) word.pop_back();
    const auto dash = word.find_last_of("-_");
    if (dash != std::string::npos && dash > 0 && endings.contains(word.substr(dash + 1)) &&
        !names(facts_text, word))
      problems.push_back(fmt::format("{} is not in the facts", word));
    i = end;
  }
}

}  // namespace

std::string_view answer_schema() {
  return R"({"type":"object","additionalProperties":false,"required":["root_cause","root_cause_service","confidence","affected_services","remediation_steps","summary","claims"],"properties":{"root_cause":{"type":"string"},"root_cause_service":{"type":"string"},"confidence":{"type":"string","enum":["high","medium","low"]},"affected_services":{"type":"array","items":{"type":"string"}},"remediation_steps":{"type":"array","items":{"type":"string"}},"summary":{"type":"string"},"claims":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["text","evidence"],"properties":{"text":{"type":"string"},"evidence":{"type":"array","items":{"type":"string"}}}}}}})";
}

Result<RawAnswer> read_answer(std::string_view text) {
  const auto open = text.find('{');
  const auto close = text.rfind('}');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return fail(ErrorKind::kCorrupt, "the answer is no JSON object");
  auto parsed = model::parse_json(text.substr(open, close - open + 1));
  if (!parsed) return fail(ErrorKind::kCorrupt, "the answer is no JSON: " + parsed.error().message);
  if (!parsed->is_object()) return fail(ErrorKind::kCorrupt, "the answer is no JSON object");
  Fields fields(*parsed);
  RawAnswer answer;
  answer.root_cause = fields.text("root_cause", kMostCause);
  answer.root_cause_service = fields.text("root_cause_service", 120);
  const std::string confidence = fields.text("confidence", 20);
  if (const auto word = model::parse_confidence(trim(confidence))) {
    answer.confidence = *word;
  } else {
    fields.refuse("confidence", "high, medium or low");
  }
  answer.affected_services = fields.texts("affected_services", kMostNames, 120);
  answer.remediation_steps = fields.texts("remediation_steps", kMostSteps, kMostStep);
  answer.summary = fields.text("summary", kMostSummary);
  if (const json* claims = fields.find("claims")) {
    if (!claims->is_array()) fields.refuse("claims", "a list");
    for (const auto& item : claims->is_array() ? *claims : json::array()) {
      if (answer.claims.size() >= kMostClaims) break;
      if (!item.is_object()) {
        fields.refuse("claims", "a list of objects");
        break;
      }
      Fields claim(item);
      answer.claims.push_back({claim.text("text", kMostClaim), claim.texts("evidence", 20, 40)});
      if (!claim.problem().empty()) fields.refuse("claims." + claim.problem(), "right");
    }
  }
  if (fields.problem().empty() && trim(answer.root_cause).empty()) fields.refuse("root_cause", "a sentence");
  if (!fields.problem().empty()) return fail(ErrorKind::kCorrupt, "the answer's " + fields.problem());
  return answer;
}

std::vector<std::string> unresolved(std::string_view text, const Context& facts) {
  std::vector<std::string> problems;
  unknown_services(text, facts, problems);
  const auto known = numbers_in(facts.text);
  for (const auto& mention : numbers_in(text)) {
    if (!in_facts(mention, known, facts.text))
      problems.push_back(fmt::format("{} is not in the facts", mention.text));
  }
  for (const std::string_view mark : {"http://", "https://", "ftp://", "www."}) {
    for (auto i = text.find(mark); i != std::string_view::npos; i = text.find(mark, i + 1)) {
      const auto end = std::min(text.find_first_of(" \"'<>)", i), text.size());
      if (facts.text.find(text.substr(i, end - i)) == std::string::npos)
        problems.push_back(
            fmt::format("the address {} is not in the facts", one_line(text.substr(i, end - i), 60)));
    }
  }
  return problems;
}

model::Confidence lowered(model::Confidence claimed, bool main_verified, bool agrees,
                          model::Confidence deterministic) {
  if (!main_verified) return model::Confidence::kLow;
  if (agrees) return claimed;
  const int steps = deterministic == model::Confidence::kHigh ? 2 : 1;
  return static_cast<model::Confidence>(std::max(0, static_cast<int>(claimed) - steps));
}

model::Analysis judge(const RawAnswer& answer, const Context& facts, const Redactor& redactor,
                      std::string_view source) {
  model::Analysis shown;
  shown.source = std::string(source);
  const std::string* cause = service_of(trim(answer.root_cause_service), facts);

  std::vector<model::Claim> claims;
  for (const auto& raw : answer.claims) {
    model::Claim claim{raw.text, {}, unresolved(raw.text, facts)};
    for (const auto& given : raw.evidence) {
      std::string id(trim(given));
      std::transform(id.begin(), id.end(), id.begin(),
                     [](char c) { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; });
      const auto found = facts.evidence.find(id);
      if (found == facts.evidence.end()) {
        claim.problems.push_back(fmt::format("{} is no evidence", one_line(given, 20)));
      } else {
        claim.citations.push_back({id, redactor.restore(found->second)});
      }
    }
    if (claim.citations.empty()) claim.problems.emplace_back("cites no evidence");
    claims.push_back(std::move(claim));
  }
  // The main claim is the root cause as it is shown; an answer without claims has said nothing it can be
  // held to.
  model::Claim main{answer.root_cause, {}, unresolved(answer.root_cause, facts)};
  if (claims.empty()) main.problems.emplace_back("cites no evidence");
  if (!claims.empty()) {
    main.citations = claims.front().citations;
    main.problems.insert(main.problems.end(), claims.front().problems.begin(), claims.front().problems.end());
  }
  if (cause == nullptr) {
    main.problems.push_back(fmt::format(
        "{} is no service of the facts",
        answer.root_cause_service.empty() ? "the root cause" : one_line(answer.root_cause_service, 60)));
  } else {
    if (!names(to_lower(answer.root_cause), to_lower(*cause)))
      main.problems.push_back(fmt::format("does not name {}", *cause));
    const bool about = std::any_of(main.citations.begin(), main.citations.end(), [&](const auto& citation) {
      const auto found = facts.evidence_service.find(citation.id);
      return found != facts.evidence_service.end() && iequals(found->second, *cause);
    });
    if (!about && !main.citations.empty())
      main.problems.push_back(fmt::format("none of what it cites speaks of {}", *cause));
  }
  const bool agrees = cause != nullptr && iequals(*cause, facts.leading_cause);
  const bool verified = main.is_verified();
  shown.confidence = lowered(answer.confidence, verified, agrees, facts.deterministic_confidence);

  std::vector<std::string> notes;
  if (!verified) notes.push_back("the main claim is unverified: " + join(main.problems, "; "));
  if (cause != nullptr && !agrees)
    notes.push_back(fmt::format("names {} where the evidence ranks {} first", *cause,
                                facts.leading_cause.empty() ? "nothing" : facts.leading_cause));
  if (shown.confidence != answer.confidence)
    notes.push_back(fmt::format("confidence lowered from {}", model::to_string(answer.confidence)));

  shown.claims.push_back(std::move(main));
  for (std::size_t i = 1; i < claims.size(); ++i) shown.claims.push_back(std::move(claims[i]));
  if (auto problems = unresolved(answer.summary, facts); !problems.empty())
    shown.claims.push_back({answer.summary, {}, std::move(problems)});
  for (const auto& step : answer.remediation_steps) {
    auto problems = unresolved(step, facts);
    if (repeats(step, facts.log_lines)) problems.emplace_back("repeats a log line");
    std::string text = step;
    if (!problems.empty()) text += fmt::format(" [unverified: {}]", join(problems, "; "));
    shown.remediation_steps.push_back(redactor.restore(text));
  }
  // Names that are none are not silently dropped: they stand as a claim that is not verified.
  std::vector<std::string> strangers;
  for (const auto& given : answer.affected_services) {
    const auto* service = service_of(trim(given), facts);
    const std::string restored = service != nullptr ? redactor.restore(*service) : "";
    if (service == nullptr) {
      strangers.push_back(one_line(given, 80));
    } else if (std::find(shown.affected_services.begin(), shown.affected_services.end(), restored) ==
               shown.affected_services.end()) {
      shown.affected_services.push_back(restored);
    }
  }
  if (!strangers.empty())
    shown.claims.push_back({"affected: " + join(strangers, ", "), {}, {"no services of the facts"}});
  for (auto& claim : shown.claims) {
    claim.text = redactor.restore(claim.text);
    for (auto& problem : claim.problems) problem = redactor.restore(problem);
  }
  shown.root_cause = redactor.restore(answer.root_cause);
  if (!verified) shown.root_cause = "[unverified] " + shown.root_cause;
  shown.summary = redactor.restore(answer.summary);
  if (!verified) shown.summary = "[unverified] " + shown.summary;
  shown.note = redactor.restore(join(notes, "; "));
  return shown;
}

}  // namespace sentinel::analyze
