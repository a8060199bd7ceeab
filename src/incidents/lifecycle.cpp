#include "incidents/lifecycle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "incidents/merging.hpp"

namespace sentinel::incidents {
namespace {

using model::Anomaly;
using model::Incident;
using model::IncidentEvent;
using Key = std::pair<std::string, std::string>;  // service, metric

constexpr const char* kSelf = "sentinelops";
constexpr Duration kStirs = minutes(10);    // in which what began small after a calm may become a relapse
constexpr Duration kTogether = minutes(2);  // beginnings so near each other are worth a question

Key key_of(const Anomaly& anomaly) { return {anomaly.service, anomaly.metric}; }

std::set<Key> keys_of(const std::vector<Anomaly>& anomalies) {
  std::set<Key> keys;
  for (const auto& anomaly : anomalies) keys.insert(key_of(anomaly));
  return keys;
}

// Whether all of it is over, and only the windows still remember.
bool eases(const model::Group& group) {
  return std::all_of(group.anomalies.begin(), group.anomalies.end(),
                     [](const Anomaly& a) { return a.easing; });
}

// What would page, now: enough to say that trouble is back.
bool is_bad_again(const model::Group& group) {
  return std::any_of(group.anomalies.begin(), group.anomalies.end(), [](const Anomaly& a) {
    return !a.easing && !a.late && !model::worse(model::Severity::kP2, a.severity);
  });
}

bool overlaps(const std::set<Key>& a, const std::set<Key>& b) {
  return std::any_of(a.begin(), a.end(), [&](const Key& key) { return b.contains(key); });
}

IncidentEvent event(const Incident& incident, std::string kind, std::string text, Time now,
                    std::string_view actor = kSelf) {
  return {.incident_id = incident.id,
          .at = now,
          .kind = std::move(kind),
          .actor = std::string(actor),
          .text = std::move(text)};
}

// The anomaly that names the incident: the worst of the leading cause, else the worst of all.
const Anomaly& leading(const model::Group& group) {
  const auto worse_first = [](const Anomaly* a, const Anomaly* b) {
    if (a->severity != b->severity) return model::worse(a->severity, b->severity);
    if (a->score != b->score) return a->score > b->score;
    return key_of(*a) < key_of(*b);
  };
  const Anomaly* best = nullptr;
  for (const bool own : {true, false}) {
    for (const auto& anomaly : group.anomalies) {
      const bool of_cause = !group.causes.empty() && anomaly.service == group.causes.front().service;
      if (own && !of_cause) continue;
      if (best == nullptr || worse_first(&anomaly, best)) best = &anomaly;
    }
    if (best != nullptr) return *best;
  }
  return group.anomalies.front();
}

// "payment-service: 35 errors in 5 min where 0.5 are expected; 2 more services affected (P1)": the sentence
// up to its first detail.
std::string title_of(const model::Group& group, model::Severity severity) {
  const Anomaly& lead = leading(group);
  std::string_view what = lead.sentence.empty() ? lead.metric : lead.sentence;
  for (const std::string_view detail : {": ", " (", "; "}) what = what.substr(0, what.find(detail));
  std::string title = fmt::format("{}: {}", lead.service, what);
  const std::size_t others = group.services.size() > 1 ? group.services.size() - 1 : 0;
  if (others > 0) title += fmt::format("; {} more service{} affected", others, others == 1 ? "" : "s");
  return fmt::format("{} ({})", title, model::to_string(severity));
}

// Takes the newest facts of the group into the incident. Services and anomalies only grow while it is active:
// who was hurt stays named, even when it has recovered before the others.
// `may_lead`: whether its causes may be those of the incident.
void absorb(Incident& incident, const model::Group& group, Time now, bool relapsed = false,
            bool may_lead = true) {
  std::map<Key, Anomaly> by_key;
  for (auto& anomaly : incident.anomalies) by_key[key_of(anomaly)] = std::move(anomaly);
  for (const auto& anomaly : group.anomalies) {
    auto& kept = by_key[key_of(anomaly)];
    // The original shows the severity that opened it: an anomaly that fades keeps the worst it had.
    const bool fades = !kept.service.empty() && model::worse(kept.severity, anomaly.severity);
    if (!fades) kept = anomaly;
    kept.at = anomaly.at;
    if (anomaly.easing) continue;
    incident.last_bad_at =
        std::max(incident.last_bad_at, anomaly.late ? anomaly.window.to : std::max(anomaly.at, now));
  }
  incident.anomalies.clear();
  for (auto& [key, anomaly] : by_key) incident.anomalies.push_back(std::move(anomaly));

  // The ranking of the moment with the most evidence stands: when an outage fades, what is left says little.
  const Time since = incident.relapsed_at.value_or(incident.onset);
  const auto current = std::count_if(incident.anomalies.begin(), incident.anomalies.end(),
                                     [&](const Anomaly& a) { return a.at >= since; });
  const auto bad = std::count_if(group.anomalies.begin(), group.anomalies.end(),
                                 [](const Anomaly& a) { return !a.easing; });
  const bool richer = bad > 0 && bad * 2 >= current;
  // Another service takes the lead only with more evidence than the leader has: when trouble fades, so does
  // what speaks against the one that began it.
  const auto leads = [&] {
    const auto& now_first = group.causes.front();
    const auto& first = incident.causes.front();
    return relapsed || now_first.service == first.service || now_first.score >= first.score;
  };
  if (incident.causes.empty() || (may_lead && richer && !group.causes.empty() && leads())) {
    incident.causes = group.causes;
    incident.links = group.links;
    if (!group.patterns.empty()) incident.patterns = group.patterns;
    if (!group.events.empty()) incident.events = group.events;
  }
  std::vector<std::string> services;
  const auto add = [&](const std::string& service) {
    if (std::find(services.begin(), services.end(), service) == services.end()) services.push_back(service);
  };
  if (!incident.causes.empty()) add(incident.causes.front().service);
  for (const auto& service : group.services) add(service);
  for (const auto& service : incident.services) add(service);
  incident.services = std::move(services);
  incident.onset = std::min(incident.onset, group.onset);
  incident.severity = model::worst(incident.severity, group.severity());
}

Incident opened(const model::Group& group, Time now) {
  Incident incident;
  const Anomaly& lead = leading(group);
  incident.dedup_key = lead.dedup_key();
  incident.id = model::incident_id(now, incident.dedup_key);
  incident.severity = group.severity();
  incident.title = title_of(group, incident.severity);
  incident.created_at = now;
  incident.updated_at = now;
  incident.onset = std::min(group.onset, now);
  incident.last_bad_at = now;
  incident.unattended_since = now;
  absorb(incident, group, now);
  return incident;
}

class Step {
 public:
  Step(std::span<const Incident> known, std::span<const model::Silence> silences, const Settings& settings,
       Time now)
      : silences_(silences), settings_(settings), now_(now) {
    for (const auto& incident : known) {
      incidents_[incident.id] = incident;
      causes_before_[incident.id] = cause_of(incident);
    }
  }

  void take(const model::Group& group) {
    if (group.anomalies.empty()) return;
    const auto homes = active_homes(group);
    if (homes.empty()) {
      if (eases(group)) return;
      if (const auto relapsed = resolved_home(group)) return reopen(*relapsed, group);
      return open(group);
    }
    // A group that links two active incidents shows that they are one outage: the older keeps its name.
    // Not those that a person said are other outages: each of them takes its own part of the group.
    std::vector<std::string> apart;
    for (std::size_t i = 1; i < homes.size(); ++i) {
      const auto& never = incidents_.at(homes.front()).apart;
      if (std::find(never.begin(), never.end(), homes[i]) != never.end()) {
        apart.push_back(homes[i]);
      } else {
        merge(homes.front(), homes[i]);
      }
    }
    if (apart.empty()) return join(homes.front(), group);
    model::Group rest = group;
    for (const auto& id : apart) {
      model::Group part = group;
      const auto& home = incidents_.at(id);
      const auto own = [&](const Anomaly& a) {
        return std::any_of(home.anomalies.begin(), home.anomalies.end(),
                           [&](const Anomaly& known) { return known.service == a.service; });
      };
      std::erase_if(part.anomalies, [&](const Anomaly& a) { return !own(a); });
      std::erase_if(rest.anomalies, own);
      narrow(part);
      if (!part.anomalies.empty()) join(id, part);
    }
    narrow(rest);
    if (!rest.anomalies.empty()) join(homes.front(), rest);
  }

  // Said when all groups are in.
  void say_causes() {
    for (const auto& [id, size] : joined_) {
      const Incident& home = incidents_.at(id);
      const std::string& before = causes_before_[id];
      const std::string now = cause_of(home);
      if (now != before && !before.empty())
        say(home, "updated", fmt::format("leading cause is now {} (was {})", now, before));
    }
  }

  // Whether each incident is announced follows from the silences of the moment, whatever happened to it
  // otherwise: one that is left open when its silence ends is announced then.
  void judge_silences() {
    for (auto& [id, incident] : incidents_) {
      if (!incident.is_active()) continue;
      const std::string before = incident.silenced_by;
      const model::Silence* by = silence_over(incident);
      if ((by == nullptr) == before.empty()) continue;
      incident.silenced_by = by == nullptr ? "" : by->id;
      changed(incident);
      if (by != nullptr) {
        say(incident, "silenced",
            fmt::format("every anomaly is under silence {}{}: recorded, not announced", by->id,
                        by->reason.empty() ? "" : " (" + by->reason + ")"));
      } else {
        incident.unattended_since = now_;
        say(incident, "announced",
            fmt::format("no longer under silence {} and still open: {}", before, incident.title));
      }
    }
  }

  // Two outages that began together may be one that correlation cannot see: a person is asked, once.
  void suggest_merges() {
    for (auto& [id, incident] : incidents_) {
      if (!incident.is_active() || !incident.merge_suggestion.empty() || incident.created_at != now_)
        continue;
      const Incident* older = nullptr;
      for (const auto& [other_id, other] : incidents_) {
        if (other_id == id || !other.is_active() || !may_be_one(incident, other)) continue;
        if (std::tie(other.created_at, other.id) >= std::tie(incident.created_at, incident.id)) continue;
        if (older == nullptr || other.created_at < older->created_at) older = &other;
      }
      if (older == nullptr) continue;
      incident.merge_suggestion = older->id;
      changed(incident);
      say(incident, "suggested",
          fmt::format("may be the same outage as {}: both showed within {}; nothing else links them",
                      older->id, format_duration(kTogether)));
    }
  }

  void resolve_quiet() {
    for (auto& [id, incident] : incidents_) {
      if (!incident.is_active() || now_ - incident.last_bad_at < clean_time(incident)) continue;
      incident.state = model::IncidentState::kResolved;
      incident.resolved_at = now_;
      changed(incident);
      say(incident, "resolved",
          fmt::format("no trouble for {}; it lasted {}", format_duration(clean_time(incident)),
                      format_duration(std::max(Duration::zero(), incident.last_bad_at - incident.onset))));
    }
  }

  Outcome outcome() {
    for (const auto& id : order_) outcome_.changed.push_back(incidents_.at(id));
    return std::move(outcome_);
  }

 private:
  static std::string cause_of(const Incident& incident) {
    return incident.causes.empty() ? "" : incident.causes.front().service;
  }

  // One that flaps is over only when it has been quiet for longer than a relapse takes.
  Duration clean_time(const Incident& incident) const {
    return incident.flapping ? std::max(settings_.resolve_after, settings_.dedup_cooldown)
                             : settings_.resolve_after;
  }

  bool may_be_one(const Incident& a, const Incident& b) const {
    if (std::find(a.apart.begin(), a.apart.end(), b.id) != a.apart.end()) return false;
    const auto near = [](Time x, Time y) { return (x < y ? y - x : x - y) <= kTogether; };
    return near(a.onset, b.onset) || near(a.created_at, b.created_at);
  }

  // The silence that covers every anomaly of the incident (the first, when several do together); none when
  // one anomaly is under none.
  const model::Silence* silence_over(const Incident& incident) const {
    const model::Silence* first = nullptr;
    for (const auto& anomaly : incident.anomalies) {
      const auto over = std::find_if(silences_.begin(), silences_.end(), [&](const auto& silence) {
        if (silence.matches(anomaly, now_, incident.patterns)) return true;
        // What it logged it has logged, although the newest lines of a long outage tell of other things.
        if (silence.id != incident.silenced_by || silence.pattern.empty()) return false;
        model::Silence known = silence;
        known.pattern.clear();
        return known.matches(anomaly, now_);
      });
      if (over == silences_.end()) return nullptr;
      if (first == nullptr) first = &*over;
    }
    return first;
  }

  static void narrow(model::Group& part) {
    std::set<std::string> left;
    for (const auto& anomaly : part.anomalies) left.insert(anomaly.service);
    std::erase_if(part.services, [&](const auto& service) { return !left.contains(service); });
    std::erase_if(part.causes, [&](const auto& cause) { return !left.contains(cause.service); });
  }

  // Active incidents that share an anomaly with the group or whose services the group's causes and links
  // reach, oldest first.
  std::vector<std::string> active_homes(const model::Group& group) const {
    const auto keys = keys_of(group.anomalies);
    std::set<std::string> troubled;
    for (const auto& anomaly : group.anomalies) troubled.insert(anomaly.service);
    std::set<std::string> linked(troubled);
    for (const auto& link : group.links) {
      if (link.blame <= 0) continue;
      if (troubled.contains(link.caller)) linked.insert(link.callee);
      if (troubled.contains(link.callee)) linked.insert(link.caller);
    }
    std::vector<const Incident*> homes;
    for (const auto& [id, incident] : incidents_) {
      if (!incident.is_active()) continue;
      const bool same_trouble = overlaps(keys_of(incident.anomalies), keys);
      // One more metric of a service that is in trouble, or of one that blames (or is blamed by) the
      // troubled.
      const bool same_service = std::any_of(incident.anomalies.begin(), incident.anomalies.end(),
                                            [&](const Anomaly& a) { return linked.contains(a.service); });
      const bool recent = now_ - incident.last_bad_at < settings_.resolve_after;
      if (same_trouble || (same_service && recent)) homes.push_back(&incident);
    }
    std::sort(homes.begin(), homes.end(), [](const Incident* a, const Incident* b) {
      return a->created_at != b->created_at ? a->created_at < b->created_at : a->id < b->id;
    });
    std::vector<std::string> ids;
    for (const Incident* home : homes) ids.push_back(home->id);
    return ids;
  }

  // The newest incident with the same trouble that was resolved within the cooldown.
  std::optional<std::string> resolved_home(const model::Group& group) const {
    const auto keys = keys_of(group.anomalies);
    const Incident* newest = nullptr;
    for (const auto& [id, incident] : incidents_) {
      if (incident.is_active() || !incident.merged_into.empty() || !incident.resolved_at ||
          now_ - *incident.resolved_at >= settings_.dedup_cooldown)
        continue;
      if (!overlaps(keys_of(incident.anomalies), keys)) continue;
      if (newest == nullptr || *incident.resolved_at > *newest->resolved_at) newest = &incident;
    }
    return newest == nullptr ? std::nullopt : std::optional(newest->id);
  }

  void open(const model::Group& group) {
    Incident incident = opened(group, now_);
    // Two outages in one second with the same key cannot be: keys are disjoint between groups. An id from an
    // earlier, resolved incident of the same second can.
    while (incidents_.contains(incident.id)) incident.id += "x";
    const std::string id = incident.id;
    incidents_[id] = std::move(incident);
    Incident& home = incidents_.at(id);
    changed(home);
    say(home, "opened", home.title);
  }

  void reopen(const std::string& id, const model::Group& group) {
    Incident& home = incidents_.at(id);
    home.state = model::IncidentState::kOpen;
    home.resolved_at.reset();
    home.acknowledged_by.clear();
    home.unattended_since = now_;
    home.relapsed_at = now_;
    absorb(home, group, now_, true);
    changed(home);
    came_back(home, fmt::format("the same trouble is back: {}", leading(group).sentence));
  }

  // Whether an open incident that had gone calm is bad again. What begins small after a calm gets a few
  // minutes to become what would page.
  bool comes_back(Incident& home, const model::Group& group) const {
    if (eases(group) || home.flapping) return false;
    if (now_ - home.last_bad_at >= settings_.calm_before_relapse)
      home.stirred_at = std::clamp(group.onset, std::min(home.last_bad_at, now_), now_);
    if (!home.stirred_at || now_ - *home.stirred_at > kStirs || !is_bad_again(group)) return false;
    home.relapsed_at = home.stirred_at;
    home.stirred_at.reset();
    return true;
  }

  void came_back(Incident& home, std::string text) {
    ++home.reopened;
    say(home, "reopened", std::move(text));
    if (!home.flapping && home.reopened >= settings_.flapping_after) {
      home.flapping = true;
      say(home, "flapping",
          fmt::format("relapsed {} times: it resolves only after {} without an anomaly", home.reopened,
                      format_duration(clean_time(home))));
    }
  }

  void join(const std::string& id, const model::Group& group) {
    Incident& home = incidents_.at(id);
    const auto before_severity = home.severity;
    const auto before_services = std::set<std::string>(home.services.begin(), home.services.end());
    std::map<Key, model::Severity> severities;
    for (const auto& anomaly : home.anomalies) severities[key_of(anomaly)] = anomaly.severity;
    const bool relapses = comes_back(home, group);
    for (const auto& anomaly : group.anomalies) {
      const auto known = severities.find(key_of(anomaly));
      // The original's duplicate: same service, metric and severity within the cooldown.
      if (known != severities.end() && known->second == anomaly.severity &&
          now_ - home.created_at < settings_.dedup_cooldown) {
        ++home.suppressed;
        ++outcome_.suppressed;
      }
    }
    // One outage may come as several groups, where only a person knows that they are one: the largest names
    // the cause, else each would take it from the other in every tick.
    auto& largest = joined_[id];
    absorb(home, group, now_, relapses, group.anomalies.size() > largest);
    largest = std::max(largest, group.anomalies.size());
    changed(home);
    if (relapses) came_back(home, fmt::format("trouble again after a calm: {}", leading(group).sentence));
    if (model::worse(home.severity, before_severity)) {
      home.title = title_of(group, home.severity);
      say(home, "escalated",
          fmt::format("{} -> {}: {}", model::to_string(before_severity), model::to_string(home.severity),
                      leading(group).sentence));
    }
    std::vector<std::string> joined;
    for (const auto& service : home.services) {
      if (!before_services.contains(service)) joined.push_back(service);
    }
    if (!joined.empty()) {
      say(home, "updated", fmt::format("now also affects {}", fmt::join(joined, ", ")));
    }
  }

  void merge(const std::string& survivor_id, const std::string& merged_id) {
    Incident& survivor = incidents_.at(survivor_id);
    Incident& merged = incidents_.at(merged_id);
    const auto before = survivor.severity;
    const std::string data = fold(survivor, merged, now_);
    changed(survivor);
    changed(merged);
    say(survivor, "merged", fmt::format("{} turned out to be the same outage", merged.id), data);
    say(merged, "merged", fmt::format("part of {}", survivor.id), data);
    // Whoever was told of the worse one only hears of its end now: the other one must be told there.
    if (model::worse(survivor.severity, before)) say(survivor, "escalated", escalation_text(before, merged));
  }

  void changed(Incident& incident) {
    incident.updated_at = now_;
    if (std::find(order_.begin(), order_.end(), incident.id) == order_.end()) order_.push_back(incident.id);
  }
  void say(const Incident& incident, std::string kind, std::string text, std::string data = "") {
    outcome_.events.push_back(event(incident, std::move(kind), std::move(text), now_));
    outcome_.events.back().data = std::move(data);
  }

  std::map<std::string, Incident> incidents_;
  std::map<std::string, std::string> causes_before_;  // leading causes when the step began
  std::map<std::string, std::size_t> joined_;         // size of the largest group that joined each incident
  std::span<const model::Silence> silences_;
  const Settings& settings_;
  Time now_;
  std::vector<std::string> order_;  // ids of the changed, as they changed
  Outcome outcome_;
};

Outcome by_person(Incident incident, std::string kind, std::string_view who, std::string text, Time now) {
  incident.updated_at = now;
  Outcome outcome;
  outcome.events.push_back(event(incident, std::move(kind), std::move(text), now, who));
  outcome.changed.push_back(std::move(incident));
  return outcome;
}

}  // namespace

Outcome advance(std::span<const Incident> known, std::span<const model::Group> groups,
                std::span<const model::Silence> silences, const Settings& settings, Time now) {
  Step step(known, silences, settings, now);
  // The order of groups must not matter: they are taken by their onset, then by what they hold.
  std::vector<const model::Group*> ordered;
  for (const auto& group : groups) ordered.push_back(&group);
  std::sort(ordered.begin(), ordered.end(), [](const model::Group* a, const model::Group* b) {
    if (a->onset != b->onset) return a->onset < b->onset;
    return keys_of(a->anomalies) < keys_of(b->anomalies);
  });
  for (const model::Group* group : ordered) step.take(*group);
  step.say_causes();
  step.judge_silences();
  step.suggest_merges();
  step.resolve_quiet();
  return step.outcome();
}

Result<Outcome> acknowledge(const Incident& incident, std::string_view who, std::string_view why, Time now) {
  if (incident.state == model::IncidentState::kResolved) {
    return fail(ErrorKind::kConflict,
                fmt::format("{} is resolved; only an open incident can be acknowledged", incident.id));
  }
  Incident next = incident;
  next.state = model::IncidentState::kAcknowledged;
  next.acknowledged_by = who;
  return by_person(std::move(next), "acknowledged", who, why.empty() ? "acknowledged" : std::string(why),
                   now);
}

Result<Outcome> resolve(const Incident& incident, std::string_view who, std::string_view why, Time now) {
  if (incident.state == model::IncidentState::kResolved) {
    return fail(ErrorKind::kConflict, fmt::format("{} is resolved already", incident.id));
  }
  Incident next = incident;
  next.state = model::IncidentState::kResolved;
  next.resolved_at = now;
  return by_person(std::move(next), "resolved", who, why.empty() ? "resolved by hand" : std::string(why),
                   now);
}

Result<Outcome> comment(const Incident& incident, std::string_view who, std::string_view text, Time now) {
  if (text.empty()) return fail(ErrorKind::kInvalid, "a comment needs a text");
  return by_person(incident, "commented", who, std::string(text), now);
}

}  // namespace sentinel::incidents
