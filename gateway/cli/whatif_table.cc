#include "gateway/cli/whatif_table.h"

#include <algorithm>
#include <vector>

#include "clusters/kube/kinds/run_time.h"
#include "gateway/cli/output.h"

namespace fairway::gateway {

using kube::Array;
using kube::Value;

namespace {

int64_t NumberAt(const Value& doc, kube::Path path) {
  return kube::Get<int64_t>(doc, path).value_or(0);
}

// "runs on a", "starts on b in 5m", "waits", "suspended", "-".
std::string FateText(const Value& row, std::string_view side) {
  const kube::Object* fate = kube::GetObject(row, {side});
  if (fate == nullptr) return "-";
  const std::string cluster(kube::GetString(*fate, {"cluster"}));
  const std::string where = cluster.empty() ? "" : " on " + cluster;
  if (kube::Get<bool>(*fate, {"waiting"}).value_or(false)) return "waits";
  const auto start = kube::Get<int64_t>(*fate, {"startMs"});
  if (!start) return kube::Get<bool>(*fate, {"suspended"}).value_or(false) ? "suspended" : "-";
  const bool again = kube::Get<int64_t>(*fate, {"placements"}).value_or(0) > 0;
  if (!again) return "runs" + where;
  return *start < 1000 ? "starts" + where + " at once"
                       : "starts" + where + " in " + kube::RunTimeText(Duration{*start});
}

std::string ChangeText(const std::string& change) {
  if (change.empty()) return "none";
  if (change == "NoStart") return "no start";
  std::string out = change;
  out[0] = static_cast<char>(out[0] - 'A' + 'a');
  return out;
}

std::string Jobs(const Array& rows) {
  std::vector<std::vector<std::string>> cells;
  for (const Value& row : rows) {
    const int64_t waits = NumberAt(row, {"after", "waitMs"});
    std::string why = Text(row, {"after", "outcome"});
    if (const std::string reason = Text(row, {"after", "reason"}); !reason.empty()) {
      why += ": " + reason;
    }
    if (const std::string nearest = Text(row, {"after", "nearestChange"}); !nearest.empty()) {
      why += " (" + nearest + ")";
    }
    cells.push_back({Text(row, {"namespace"}), Text(row, {"name"}),
                     ChangeText(Text(row, {"change"})), FateText(row, "before"),
                     FateText(row, "after"),
                     waits < 1000 ? "-" : kube::RunTimeText(Duration{waits}), why});
  }
  return FormatTable({"NAMESPACE", "NAME", "CHANGE", "WITHOUT", "WITH", "WAIT", "WHY"}, cells);
}

std::string Use(const Value& use) { return Text(use, {"peak"}) + "/" + Text(use, {"of"}); }

// One line per place, flavor and resource: the peaks of both sides.
std::string Places(const Array& places, const std::string& title) {
  std::vector<std::vector<std::string>> cells;
  for (const Value& place : places) {
    const Array* before = kube::GetArray(place, {"before"});
    const Array* after = kube::GetArray(place, {"after"});
    const Array* rows = after != nullptr ? after : before;
    for (size_t i = 0; rows != nullptr && i < rows->size(); ++i) {
      const Value& use = (*rows)[i];
      const std::string flavor = Text(use, {"flavor"});
      const bool both = before != nullptr && after != nullptr && i < before->size();
      cells.push_back(
          {Text(place, {"name"}),
           flavor.empty() ? Text(use, {"resource"}) : flavor + "/" + Text(use, {"resource"}),
           before == nullptr ? "-" : Use(both ? (*before)[i] : use),
           after == nullptr ? "gone" : Use(use)});
    }
  }
  if (cells.empty()) return "";
  return "\n" + FormatTable({title, "RESOURCE", "PEAK WITHOUT", "PEAK WITH"}, cells);
}

std::string Summary(const Value& answer, std::string_view side) {
  const auto number = [&](std::string_view key) {
    return std::to_string(NumberAt(answer, {side, key}));
  };
  std::string out = number("jobs") + " jobs, " + number("placements") + " placed, " +
                    number("waited") + " waited, the longest " +
                    Text(answer, {side, "longestWait"});
  if (NumberAt(answer, {side, "stillWaiting"}) > 0) {
    out += ", " + number("stillWaiting") + " still waiting after " +
           Text(answer, {side, "lookedAhead"});
  }
  const std::string end = Text(answer, {side, "end"});
  if (end == "GaveUp") out += "; gave up after " + number("steps") + " steps";
  if (end == "Horizon") out += "; the horizon was reached";
  return out;
}

}  // namespace

std::string WhatIfTable(const Value& answer) {
  std::string out;
  const Array* jobs = kube::GetArray(answer, {"jobs"});
  if (jobs == nullptr || jobs->empty()) {
    out += "No job would move or wait.\n";
  } else {
    out += Jobs(*jobs);
  }
  if (const int64_t left = NumberAt(answer, {"jobsLeftOut"}); left > 0) {
    out += "... and " + std::to_string(left) + " more\n";
  }
  if (const Array* places = kube::GetArray(answer, {"clusters"})) {
    out += Places(*places, "CLUSTER");
  }
  if (const Array* places = kube::GetArray(answer, {"clusterQueues"})) {
    out += Places(*places, "CLUSTERQUEUE");
  }
  out += "\nwithout: " + Summary(answer, "before") + "\n";
  out += "with:    " + Summary(answer, "after") + "\n";
  return out;
}

}  // namespace fairway::gateway
