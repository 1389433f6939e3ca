#include "gateway/cli/restore_members.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>

#include "clusters/kubeconfig/base64.h"
#include "clusters/kubeconfig/kubeconfig.h"
#include "clusters/loop/loop.h"
#include "clusters/member/copy_lister.h"
#include "clusters/member/copy_tracker.h"
#include "gateway/api/api_server.h"
#include "gateway/config/config.h"
#include "gateway/driver/cluster_access.h"
#include "gateway/serve/configured_clusters.h"
#include "gateway/serve/gateway_id.h"
#include "scheduler/names.h"
#include "store/rocks_journal.h"

namespace fairway::gateway {

using kube::Object;
using scheduler::RunPhase;

namespace {

constexpr int kAttemptsMax = 3;

struct Source {
  std::string name;
  clusters::Access access;
  bool configured = false;  // the configuration names it: no object is needed
};

// The copies of one gateway on one member.
struct Tally {
  MemberFound found;
  uint64_t highest = 0;  // job id
};

Error Problem(std::string message) {
  Error error;
  error.reason = "RestoreFailed";
  error.message = std::move(message);
  return error;
}

Result<std::vector<Source>> Configured(const std::string& path) {
  ConfigSources sources;
  sources.file_name = path;
  std::ifstream file(path, std::ios::binary);
  if (!file) return Fail(Problem(path + " cannot be read"));
  std::ostringstream text;
  text << file.rdbuf();
  sources.file_text = text.str();
  ConfigResult loaded = LoadConfig(sources);
  if (!loaded.errors.empty()) return Fail(Problem(FormatConfigErrors(loaded.errors)));
  auto resolved = ResolveConfigured(loaded.config, {});
  if (!resolved) return Fail(std::move(resolved.error()));
  std::vector<Source> found;
  for (ConfiguredAccess& cluster : *resolved) {
    found.push_back({cluster.name, std::move(cluster.access), true});
  }
  return found;
}

Result<std::vector<Source>> Sources(const MembersRequest& request) {
  std::vector<Source> sources;
  if (!request.config_file.empty()) {
    auto configured = Configured(request.config_file);
    if (!configured) return Fail(std::move(configured.error()));
    sources = std::move(*configured);
  }
  for (const std::string& member : request.kubeconfigs) {
    size_t equals = member.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == member.size()) {
      return Fail(Problem("\"" + member + "\" is not NAME=FILE"));
    }
    std::string name = member.substr(0, equals);
    auto access = clusters::LoadKubeconfig(member.substr(equals + 1), "");
    if (!access) {
      return Fail(Problem("cluster " + name + ": " + member.substr(equals + 1) + ": " +
                          access.error().message));
    }
    bool twice = std::any_of(sources.begin(), sources.end(),
                             [&](const Source& source) { return source.name == name; });
    if (twice) return Fail(Problem("cluster " + name + " is named twice"));
    sources.push_back({std::move(name), std::move(*access), false});
  }
  if (sources.empty()) return Fail(Problem("no member is named"));
  return sources;
}

class Survey {
 public:
  // By gateway id, then by member.
  using Found = std::map<std::string, std::map<std::string, Tally>>;

  Result<Found> Take(Loop& loop, const std::vector<Source>& sources) {
    std::vector<std::unique_ptr<clusters::CopyLister>> listers;
    size_t complete = 0;
    std::optional<Error> trouble;
    std::map<std::string, int> attempts;
    for (const Source& source : sources) {
      std::string name = source.name;
      clusters::CopyLister::Listener listener;
      listener.began = [this, name] {
        for (auto& [gateway, members] : found_) members.erase(name);
      };
      listener.job = [this, name](const Object& job) { Count(name, job); };
      listener.complete = [&complete] { ++complete; };
      listener.failed = [&trouble, &attempts, name](const Error& error) {
        if (++attempts[name] >= kAttemptsMax) {
          trouble = Problem("cluster " + name + " cannot be asked: " + error.message);
        }
      };
      auto started = clusters::CopyLister::Start(loop, source.access, "", std::move(listener));
      if (!started) return Fail(std::move(started.error()));
      listers.push_back(std::move(*started));
    }
    loop.RunUntil([&] { return trouble || complete == sources.size(); });
    if (trouble) return Fail(*trouble);
    return std::move(found_);
  }

 private:
  void Count(const std::string& member, const Object& job) {
    std::string gateway(kube::GetString(job, {"metadata", "labels", names::kLabelGateway}));
    auto report = clusters::ReadCopy(job, gateway);
    if (!report) return;
    Tally& tally = found_[gateway][member];
    tally.highest = std::max(tally.highest, report->ref.job.value);
    ++tally.found.jobs;
    if (report->phase == RunPhase::kSucceeded) {
      ++tally.found.done;
    } else if (report->phase == RunPhase::kFailed) {
      ++tally.found.failed;
    } else {
      ++tally.found.running;
    }
  }

  Found found_;
};

Result<std::string> ChooseGateway(const MembersRequest& request, const Survey::Found& found) {
  std::string all;
  for (const auto& [gateway, members] : found) all += (all.empty() ? "" : ", ") + gateway;
  if (!request.gateway.empty()) {
    if (found.contains(request.gateway)) return request.gateway;
    return Fail(Problem("no member has a copy of gateway " + request.gateway +
                        (all.empty() ? "" : "; there are copies of " + all)));
  }
  if (found.empty()) return Fail(Problem("no member has a copy of any gateway"));
  if (found.size() == 1) return found.begin()->first;
  return Fail(
      Problem("the members have copies of several gateways: say --gateway with one of " + all));
}

Status StoreCluster(api::ObjectWriter& writer, const Source& source) {
  auto flat = clusters::Flatten(source.access, false);
  if (!flat) return Fail(flat.error());
  std::string system(kSystemNamespace);
  std::string secret = "cluster-" + source.name;
  auto kept =
      writer.Create({"secrets", system, secret},
                    Object{{"metadata", Object{{"name", secret}, {"namespace", system}}},
                           {"type", "Opaque"},
                           {"data", Object{{"kubeconfig", clusters::EncodeBase64(*flat)}}}});
  if (!kept) return Fail(kept.error());
  Object reference{{"namespace", system}, {"name", secret}, {"key", "kubeconfig"}};
  auto made = writer.Create({"clusters.fairway.flext.sh", "", source.name},
                            Object{{"metadata", Object{{"name", source.name}}},
                                   {"spec", Object{{"kubeconfigSecretRef", reference}}}});
  if (!made) return Fail(made.error());
  return {};
}

Status StoreClusters(Loop& loop, const std::string& path, const std::vector<Source>& sources) {
  store::RocksJournal::Options options;
  options.path = path;
  options.post = [&loop](std::function<void()> fn) { loop.Post(std::move(fn)); };
  auto journal = store::RocksJournal::Open(std::move(options));
  if (!journal) return Fail(std::move(journal.error()));
  store::ObjectStore objects(
      **journal, [&loop](std::function<void()> fn) { loop.AtTurnEnd(std::move(fn)); }, {},
      [&loop] { return loop.Now(); });
  api::ApiServer server(loop, objects, {});
  if (Status started = server.Start(); !started) return started;
  api::ObjectWriter& writer = server.writer();
  store::ObjectKey home{"namespaces", "", std::string(kSystemNamespace)};
  auto present = writer.Read(home);
  if (!present) return Fail(present.error());
  if (!present->has_value()) {
    auto made = writer.Create(home, Object{{"metadata", Object{{"name", kSystemNamespace}}}});
    if (!made) return Fail(made.error());
  }
  for (const Source& source : sources) {
    if (source.configured) continue;
    if (Status kept = StoreCluster(writer, source); !kept) return kept;
  }
  bool saved = false;
  objects.AfterCommit(objects.staged(), [&saved] { saved = true; });
  loop.RunUntil([&] { return saved; });
  return {};
}

}  // namespace

Result<MembersFound> RestoreFromMembers(const MembersRequest& request) {
  auto sources = Sources(request);
  if (!sources) return Fail(std::move(sources.error()));
  Loop loop;
  auto found = Survey().Take(loop, *sources);
  if (!found) return Fail(std::move(found.error()));
  auto gateway = ChooseGateway(request, *found);
  if (!gateway) return Fail(std::move(gateway.error()));
  MembersFound result;
  result.gateway = *gateway;
  store::EmptyStoreRequest empty;
  for (const Source& source : *sources) {
    Tally tally = (*found)[*gateway][source.name];
    tally.found.name = source.name;
    empty.highest = std::max(empty.highest, Revision{tally.highest});
    result.members.push_back(tally.found);
  }
  empty.data_directory = request.data_directory;
  empty.gateway_meta = kGatewayIdMeta;
  empty.gateway = *gateway;
  empty.force = request.force;
  empty.run_missing = request.run_missing;
  empty.now = request.now;
  empty.furnish = [&](const std::string& path) { return StoreClusters(loop, path, *sources); };
  auto restored = store::MakeEmptyStore(empty);
  if (!restored) return Fail(std::move(restored.error()));
  result.restored = std::move(*restored);
  return result;
}

}  // namespace fairway::gateway
