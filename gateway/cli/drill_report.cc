#include "gateway/cli/drill_report.h"

#include <vector>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/run_time.h"
#include "gateway/cli/output.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

std::string Count(const Object& doc, std::string_view field) {
  return std::to_string(kube::IntOrZero(doc, field));
}

// "-" for what was not seen.
std::string Span(const Object& doc, std::string_view field) {
  const auto ms = kube::GetInt(doc, field);
  return ms ? kube::RunTimeText(Milliseconds(*ms)) : "-";
}

std::string Clusters(const Value& drill) {
  std::string out;
  if (const Object* spec = kube::GetObject(drill, {"spec"})) {
    kube::ForEachText(*spec, "clusters", [&](std::string_view name, size_t i) {
      if (i > 0) out += ", ";
      out += name;
    });
  }
  return out;
}

std::vector<std::string> SpansRow(std::string name, const Object& spans) {
  return {std::move(name),
          Count(spans, "count"),
          Span(spans, "p50Milliseconds"),
          Span(spans, "p90Milliseconds"),
          Span(spans, "p99Milliseconds"),
          Span(spans, "maxMilliseconds")};
}

std::string Times(const Object& report) {
  std::vector<std::vector<std::string>> rows;
  constexpr std::pair<std::string_view, const char*> kSpans[] = {
      {"detection", "loss noticed"},
      {"fence", "old copy certainly ended"},
      {"placement", "from leaving to a new cluster"},
      {"recovery", "runs again (RTO)"}};
  for (const auto& [field, name] : kSpans) {
    if (const Object* spans = kube::GetObject(report, {field})) {
      rows.push_back(SpansRow(name, *spans));
    }
  }
  kube::ForEachObject(report, "recoveryByPolicy", [&](const Object& entry, size_t) {
    rows.push_back(SpansRow("  policy " + std::string(kube::GetString(entry, {"policy"})),
                            kube::ObjectOrEmpty(entry, "spans")));
  });
  if (rows.empty()) return {};
  return "\n" + FormatTable({"TIME SINCE THE CUT", "COUNT", "P50", "P90", "P99", "MAX"}, rows);
}

std::string Outcomes(const Object& report) {
  std::string out =
      "\n" + Count(report, "inScope") + " jobs in the scope: " + Count(report, "moved") +
      " ran again elsewhere, " + Count(report, "placed") + " placed and not yet running, " +
      Count(report, "unplaced") + " without room, " + Count(report, "waiting") +
      " waited for their cluster, " + Count(report, "resumed") + " went on there, " +
      Count(report, "finished") + " had ended, " + Count(report, "untouched") + " untouched.\n";
  out += Count(report, "outOfScope") + " jobs outside the scope, " +
         Count(report, "outOfScopeMoved") + " of them moved.\n";
  out += "Lost runs: " + Count(report, "lostRuns") +
         ". Duplicated runs: " + Count(report, "duplicatedRuns") +
         " (under policy fenced: " + Count(report, "duplicatedUnderFenced") +
         "). Work done again: " + Span(report, "lostWorkMilliseconds") + " in all, " +
         Span(report, "lostWorkMaxMilliseconds") + " at most.\n";
  return out;
}

std::string Reasons(const Object& report) {
  std::string out;
  kube::ForEachObject(report, "notRestarted", [&](const Object& entry, size_t i) {
    if (i == 0) out += "\nDid not run again:\n";
    out += "  " + Count(entry, "count") + ": " + std::string(kube::GetString(entry, {"message"})) +
           "\n";
  });
  return out;
}

std::string Jobs(const Object& report) {
  std::vector<std::vector<std::string>> rows;
  kube::ForEachObject(report, "workloads", [&](const Object& job, size_t) {
    const std::string to(kube::GetString(job, {"to"}));
    const bool in_scope = kube::Get<bool>(job, {"inScope"}).value_or(false);
    rows.push_back({std::string(kube::GetString(job, {"namespace"})) + "/" +
                        std::string(kube::GetString(job, {"name"})),
                    std::string(kube::GetString(job, {"policy"})) + (in_scope ? "" : " (out)"),
                    std::string(kube::GetString(job, {"outcome"})),
                    std::string(kube::GetString(job, {"from"})), to.empty() ? "-" : to,
                    Span(job, "detectedMilliseconds"), Span(job, "fencedMilliseconds"),
                    Span(job, "leftMilliseconds"), Span(job, "restartedMilliseconds"),
                    Span(job, "lostWorkMilliseconds"), Span(job, "overlapMilliseconds")});
  });
  if (rows.empty()) return {};
  std::string out = "\n" + FormatTable({"JOB", "POLICY", "OUTCOME", "FROM", "TO", "NOTICED",
                                        "FENCED", "LEFT", "RUNS", "LOST WORK", "OVERLAP"},
                                       rows);
  if (kube::IntOrZero(report, "unlisted") > 0)
    out += "... and " + Count(report, "unlisted") + " more\n";
  return out;
}

std::string Links(const Object& report) {
  std::vector<std::vector<std::string>> rows;
  kube::ForEachObject(report, "clusters", [&](const Object& cluster, size_t) {
    rows.push_back({std::string(kube::GetString(cluster, {"name"})), Count(cluster, "jobs"),
                    Span(cluster, "suspectMilliseconds"), Span(cluster, "lostMilliseconds"),
                    Span(cluster, "fencedMilliseconds"), Span(cluster, "rejoiningMilliseconds"),
                    Span(cluster, "returnedMilliseconds")});
  });
  if (rows.empty()) return {};
  return "\n" + FormatTable(
                    {"CLUSTER", "JOBS", "SUSPECT", "LOST", "FENCED", "ANSWERED", "RETURNED"}, rows);
}

}  // namespace

std::string DrillProgressLine(const Value& drill) {
  std::string phase = Text(drill, {"status", "phase"});
  std::string line = phase.empty() ? "Pending" : phase;
  if (const std::string message = Text(drill, {"status", "message"}); !message.empty()) {
    line += ": " + message;
  }
  if (const Object* report = kube::GetObject(drill, {"status", "report"})) {
    line += ": " + Count(*report, "moved") + " of " + Count(*report, "inScope") +
            " run elsewhere, " + Count(*report, "unplaced") + " without room, " +
            Count(*report, "waiting") + " wait for their cluster, " + Count(*report, "resumed") +
            " went on";
  }
  return line;
}

std::string DrillReportText(const Value& drill) {
  const std::string phase = Text(drill, {"status", "phase"});
  const std::string reason = Text(drill, {"status", "reason"});
  const std::string message = Text(drill, {"status", "message"});
  std::string out = "Drill " + Text(drill, {"metadata", "name"}) + " (" +
                    Text(drill, {"spec", "mode"}) + "): loss of " + Clusters(drill) + " for " +
                    Text(drill, {"spec", "duration"}) + "\n" + (phase.empty() ? "Pending" : phase) +
                    (reason.empty() ? "" : " (" + reason + ")") +
                    (message.empty() ? "" : ": " + message) + "\n";
  constexpr std::pair<std::string_view, const char*> kTimes[] = {{"startTime", "began"},
                                                                 {"cutTime", "cut"},
                                                                 {"restoredTime", "restored"},
                                                                 {"completionTime", "over"}};
  for (const auto& [field, what] : kTimes) {
    const std::string at = Text(drill, {"status", field});
    if (!at.empty()) out += std::string("  ") + what + " " + at + "\n";
  }
  const Object* report = kube::GetObject(drill, {"status", "report"});
  if (report == nullptr) return out + "\nThere is no report: nothing was cut.\n";
  if (!kube::Get<bool>(*report, {"complete"}).value_or(false)) {
    out += "Not all was seen to its end: what follows is what was known by then.\n";
  }
  return out + Outcomes(*report) + Times(*report) + Links(*report) + Reasons(*report) +
         Jobs(*report);
}

std::string DrillTable(const Value& list) {
  std::vector<std::vector<std::string>> rows;
  if (const Array* items = kube::GetArray(list, {"items"})) {
    for (const Value& drill : *items) {
      const Object* report = kube::GetObject(drill, {"status", "report"});
      const std::string phase = Text(drill, {"status", "phase"});
      rows.push_back(
          {Text(drill, {"metadata", "name"}), Text(drill, {"spec", "mode"}), Clusters(drill),
           phase.empty() ? "Pending" : phase,
           report == nullptr ? "-" : Count(*report, "moved") + "/" + Count(*report, "inScope"),
           report == nullptr ? "-"
                             : Span(kube::ObjectOrEmpty(*report, "recovery"), "p99Milliseconds"),
           report == nullptr ? "-" : Count(*report, "duplicatedRuns"),
           Text(drill, {"status", "startTime"})});
    }
  }
  return FormatTable(
      {"NAME", "MODE", "CLUSTERS", "PHASE", "MOVED", "RTO-P99", "DUPLICATED", "BEGAN"}, rows);
}

std::string DrillPlanTable(const Value& list) {
  std::vector<std::vector<std::string>> rows;
  if (const Array* items = kube::GetArray(list, {"items"})) {
    for (const Value& plan : *items) {
      const Array* active = kube::GetArray(plan, {"status", "active"});
      const auto time = [&](std::string_view field) {
        const std::string at = Text(plan, {"status", field});
        return at.empty() ? std::string("-") : at;
      };
      rows.push_back({Text(plan, {"metadata", "name"}), Text(plan, {"spec", "schedule"}),
                      Text(plan, {"spec", "drillTemplate", "spec", "mode"}),
                      kube::Get<bool>(plan, {"spec", "suspend"}).value_or(false) ? "yes" : "no",
                      std::to_string(active == nullptr ? 0 : active->size()),
                      time("lastScheduleTime"), time("nextScheduleTime")});
    }
  }
  return FormatTable({"NAME", "SCHEDULE", "MODE", "SUSPENDED", "ACTIVE", "LAST", "NEXT"}, rows);
}

}  // namespace fairway::gateway
