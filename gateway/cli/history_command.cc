// fairway history: what happened to jobs and clusters, and whether anybody has changed the record.
#include <cstdio>

#include "clusters/kube/time.h"
#include "gateway/cli/api_client.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/output.h"
#include "gateway/serve/history_service.h"

namespace fairway::gateway {

using kube::Array;
using kube::Value;

namespace {

constexpr const char* kHistoryUsage =
    "Usage:\n"
    "  fairway history [job NAME | cluster NAME] [-n NAMESPACE] [--since RFC3339] [--limit N]\n"
    "                  [-o table|json|yaml]\n"
    "  fairway history verify [--mark MARK]   follow the whole chain of hashes; MARK is one that "
    "an\n"
    "                                         earlier verification has printed\n";

std::string Escape(const std::string& text) {
  std::string out;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '_' || c == '.';
    char hex[4];
    std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned char>(c));
    out += plain ? std::string(1, c) : std::string(hex);
  }
  return out;
}

int Verify(ApiClient& api, const Args& args) {
  std::string target = std::string(kHistoryPath) + "/verify";
  if (args.Has("mark")) target += "?mark=" + Escape(args.Get("mark"));
  auto answer = api.Get(target);
  if (!answer) return PrintError(answer.error());
  std::printf("%lld records, an unbroken chain\nmark: %s\n",
              static_cast<long long>(kube::Get<int64_t>(*answer, {"records"}).value_or(0)),
              std::string(kube::GetString(*answer, {"mark"})).c_str());
  return 0;
}

// Newest first arrives; oldest first is read.
void PrintTable(const Array& items) {
  std::vector<std::vector<std::string>> rows;
  for (size_t i = items.size(); i > 0; --i) {
    const Value& item = items[i - 1];
    auto text = [&](std::string_view key) { return std::string(kube::GetString(item, {key})); };
    std::string subject = text("kind") + "/" + text("name");
    if (std::string ns = text("namespace"); !ns.empty()) {
      subject = text("kind") + "/" + ns + "/" + text("name");
    }
    int64_t epoch = kube::Get<int64_t>(item, {"epoch"}).value_or(0);
    rows.push_back({text("time"), subject, text("from").empty() ? "-" : text("from"), text("to"),
                    text("cluster").empty() ? "-" : text("cluster"),
                    epoch == 0 ? "-" : std::to_string(epoch), text("cause"), text("reason")});
  }
  std::fputs(
      FormatTable({"TIME", "WHAT", "FROM", "TO", "CLUSTER", "EPOCH", "CAUSE", "REASON"}, rows)
          .c_str(),
      stdout);
}

}  // namespace

int RunHistory(const std::vector<std::string>& arguments) {
  std::vector<FlagSpec> flags = kApiFlags;
  for (std::string_view flag : {"since", "limit", "mark"}) flags.push_back({flag, "", true});
  Args args = ParseArgs(arguments, flags);
  bool verify = args.words.size() == 1 && args.words[0] == "verify";
  bool one = args.words.size() == 2 && (args.words[0] == "job" || args.words[0] == "cluster");
  if (!args.error.empty() || !(verify || one || args.words.empty())) {
    return PrintUsage(kHistoryUsage, args.error);
  }
  auto api = ApiClient::Create(args);
  if (!api) return PrintLocalError(api.error());
  if (verify) return Verify(**api, args);
  std::string target = std::string(kHistoryPath) + "?limit=" + Escape(args.Get("limit", "500"));
  if (one) target += "&kind=" + args.words[0] + "&name=" + Escape(args.words[1]);
  if (one && args.words[0] == "job") target += "&namespace=" + Escape((*api)->default_namespace());
  if (!one && args.Has("namespace")) target += "&namespace=" + Escape(args.Get("namespace"));
  if (args.Has("since")) target += "&since=" + Escape(args.Get("since"));
  auto answer = (*api)->Get(target);
  if (!answer) return PrintError(answer.error());
  std::string output = args.Get("output", "table");
  if (output == "json" || output == "yaml") {
    std::fputs(FormatDocument(*answer, output).c_str(), stdout);
    return 0;
  }
  const Array* items = kube::GetArray(*answer, {"items"});
  if (items == nullptr || items->empty()) {
    std::fputs("No transitions found.\n", stderr);
    return 0;
  }
  PrintTable(*items);
  return 0;
}

}  // namespace fairway::gateway
