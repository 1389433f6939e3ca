// The whole gateway in one process, through its HTTPS endpoint: jobs run on simulated members,
// survive a restart of the gateway, wait while their cluster is cordoned, and leave nothing behind
// when deleted.
#include "gateway/serve/gateway.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "clusters/http/curl_client.h"
#include "clusters/kube/json.h"
#include "clusters/kubeconfig/kubeconfig.h"

namespace fairway::gateway {
namespace {

constexpr int64_t kPatienceMs = 30'000;
const char kJobs[] = "/apis/batch/v1/namespaces/default/jobs";
const char kPlacements[] = "/apis/fairway.flext.sh/v1alpha1/namespaces/default/placements";

class GatewayTest : public ::testing::Test {
 protected:
  GatewayTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fairway-test-XXXXXX").string();
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    config_.listen = "127.0.0.1:0";
    config_.data_directory = directory_ + "/data";
    config_.simulate_run_ms = 20;
  }
  ~GatewayTest() override {
    Stop();
    members_.clear();
    std::filesystem::remove_all(directory_);
  }

  // Members outlive the gateway, as they do in life.
  void AddMember(const std::string& name, const std::string& region) {
    SimulatedOptions options;
    options.name = name;
    options.nodes = 2;
    options.per_node.cpu_milli = 4000;
    options.per_node.memory_bytes = 8LL << 30;
    options.per_node.pods = 110;
    options.run_ms = 20;
    auto member = SimulatedCluster::Create(loop_, options);
    ASSERT_TRUE(member) << member.error().message;
    std::string path = directory_ + "/" + name + ".kubeconfig";
    auto text = clusters::Flatten((*member)->access());
    ASSERT_TRUE(text);
    FILE* file = fopen(path.c_str(), "w");
    ASSERT_NE(file, nullptr);
    fwrite(text->data(), 1, text->size(), file);
    fclose(file);
    config_.clusters.push_back({name, path, "", {{"region", region}}});
    members_.push_back(std::move(*member));
  }

  void Start() {
    auto gateway = Gateway::Start(loop_, config_);
    ASSERT_TRUE(gateway) << gateway.error().message;
    gateway_ = std::move(*gateway);
    auto access = clusters::LoadKubeconfig(gateway_->kubeconfig_path(), "");
    ASSERT_TRUE(access) << access.error().message;
    auto client =
        clusters::CurlClient::Create(loop_, access->endpoint, access->identity.certificate);
    ASSERT_TRUE(client);
    client_ = std::move(*client);
  }
  void Stop() {
    client_.reset();
    gateway_.reset();
  }

  clusters::HttpResponse Call(const std::string& method, const std::string& target,
                              const std::string& body = {},
                              const std::string& type = "application/json") {
    clusters::HttpRequest request;
    request.method = method;
    request.target = target;
    request.body = body;
    request.headers = {{"Accept", "application/json"}, {"Content-Type", type}};
    std::optional<Result<clusters::HttpResponse>> answer;
    auto call = client_->Fetch(std::move(request),
                               [&](Result<clusters::HttpResponse> r) { answer = std::move(r); });
    loop_.RunUntil([&] { return answer.has_value(); });
    if (!*answer) {
      ADD_FAILURE() << (*answer).error().message;
      return {};
    }
    return **answer;
  }

  bool Await(const std::string& target,
             const std::function<bool(const kube::Value&, int status)>& done) {
    int64_t deadline = loop_.MonotonicMs() + kPatienceMs;
    while (loop_.MonotonicMs() < deadline) {
      clusters::HttpResponse response = Call("GET", target);
      auto doc = kube::ParseJson(response.body);
      if (doc && done(*doc, response.status)) return true;
      bool turned = false;
      timer_ = loop_.StartTimer(20, [&] { turned = true; });
      loop_.RunUntil([&] { return turned; });
    }
    return false;
  }

  static std::string Manifest(const std::string& name, const std::string& selector) {
    return R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":")" + name +
           R"(","annotations":{"fairway.flext.sh/cluster-selector":")" + selector +
           R"("}},"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i:1",)"
           R"("resources":{"requests":{"cpu":"100m"}}}]}}}})";
  }

  bool AwaitState(const std::string& job, const std::string& state) {
    return Await(std::string(kPlacements) + "/" + job, [&](const kube::Value& doc, int) {
      return kube::GetString(doc, {"status", "state"}) == state;
    });
  }
  std::string ClusterOf(const std::string& job) {
    auto doc = kube::ParseJson(Call("GET", std::string(kPlacements) + "/" + job).body);
    return doc ? std::string(kube::GetString(*doc, {"status", "cluster"})) : "";
  }

  Loop loop_;
  std::string directory_;
  Config config_;
  std::vector<std::unique_ptr<SimulatedCluster>> members_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<clusters::CurlClient> client_;
  fairway::Call timer_;
};

TEST_F(GatewayTest, JobsRunWhereTheirAffinityWantsThem) {
  AddMember("eu-1", "eu");
  AddMember("us-1", "us");
  Start();
  EXPECT_EQ(Call("POST", kJobs, Manifest("in-eu", "region=eu")).status, 201);
  EXPECT_EQ(Call("POST", kJobs, Manifest("in-us", "region=us")).status, 201);
  ASSERT_TRUE(AwaitState("in-eu", "Done"));
  ASSERT_TRUE(AwaitState("in-us", "Done"));
  EXPECT_EQ(ClusterOf("in-eu"), "eu-1");
  EXPECT_EQ(ClusterOf("in-us"), "us-1");
  auto job = kube::ParseJson(Call("GET", std::string(kJobs) + "/in-eu").body);
  EXPECT_EQ(kube::Get<int64_t>(*job, {"status", "succeeded"}), 1);
  EXPECT_FALSE(kube::GetString(*job, {"status", "completionTime"}).empty());
}

TEST_F(GatewayTest, DeletingAJobTakesItsCopyAndItsPlacement) {
  AddMember("eu-1", "eu");
  Start();
  EXPECT_EQ(Call("POST", kJobs, Manifest("gone", "region=eu")).status, 201);
  ASSERT_TRUE(AwaitState("gone", "Done"));
  EXPECT_EQ(
      Call("DELETE", std::string(kJobs) + "/gone", R"({"propagationPolicy":"Background"})").status,
      200);
  EXPECT_TRUE(
      Await(std::string(kJobs) + "/gone", [](const kube::Value&, int s) { return s == 404; }));
  EXPECT_TRUE(Await(std::string(kPlacements) + "/gone",
                    [](const kube::Value&, int s) { return s == 404; }));
}

TEST_F(GatewayTest, ARestartKeepsEverythingAndRunsNothingTwice) {
  AddMember("eu-1", "eu");
  Start();
  EXPECT_EQ(Call("POST", kJobs, Manifest("before", "region=eu")).status, 201);
  ASSERT_TRUE(AwaitState("before", "Done"));
  EXPECT_EQ(Call("POST", kJobs, Manifest("waits", "region=mars")).status, 201);
  Stop();
  Start();
  EXPECT_TRUE(AwaitState("before", "Done"));
  EXPECT_TRUE(AwaitState("waits", "Queued"));
  EXPECT_EQ(Call("POST", kJobs, Manifest("before", "region=eu")).status, 409);
  auto placement = kube::ParseJson(Call("GET", std::string(kPlacements) + "/before").body);
  EXPECT_EQ(kube::Get<int64_t>(*placement, {"status", "epoch"}), 1);
}

TEST_F(GatewayTest, ACordonedClusterTakesNothingNewUntilItIsUncordoned) {
  AddMember("eu-1", "eu");
  Start();
  const std::string cluster = "/apis/fairway.flext.sh/v1alpha1/clusters/eu-1";
  EXPECT_EQ(Call("PATCH", cluster, R"({"spec":{"cordoned":true}})", "application/merge-patch+json")
                .status,
            200);
  EXPECT_EQ(Call("POST", kJobs, Manifest("held", "region=eu")).status, 201);
  EXPECT_TRUE(Await(std::string(kPlacements) + "/held", [](const kube::Value& doc, int) {
    return kube::GetString(doc, {"status", "message"}).find("Cordoned") != std::string_view::npos;
  }));
  EXPECT_EQ(Call("PATCH", cluster, R"({"spec":{"cordoned":false}})", "application/merge-patch+json")
                .status,
            200);
  EXPECT_TRUE(AwaitState("held", "Done"));
}

TEST_F(GatewayTest, TheFreezeIsSavedAndBadWishesAreRefused) {
  AddMember("eu-1", "eu");
  Start();
  const std::string freeze = "/fairway/v1/freeze";
  EXPECT_EQ(Call("PUT", freeze, R"(["no object"])").status, 400);
  EXPECT_EQ(Call("PUT", freeze, R"({"reason":")" + std::string(2000, 'x') + R"("})").status, 400);
  EXPECT_EQ(Call("POST", freeze, "{}").status, 405);
  EXPECT_EQ(Call("PUT", freeze, R"({"reason":"repair","all":true})").status, 200);
  Stop();
  Start();
  auto told = kube::ParseJson(Call("GET", freeze).body);
  EXPECT_EQ(kube::GetString(*told, {"reason"}), "repair");
  EXPECT_EQ(Call("POST", kJobs, Manifest("held", "region=eu")).status, 201);
  EXPECT_TRUE(Await(std::string(kPlacements) + "/held", [](const kube::Value& doc, int) {
    return kube::GetString(doc, {"status", "message"}) == "the gateway is frozen: repair";
  }));
  EXPECT_EQ(Call("DELETE", freeze).status, 200);
  EXPECT_TRUE(AwaitState("held", "Done"));
}

TEST_F(GatewayTest, PlansAreRefusedForWhatIsNotThere) {
  AddMember("eu-1", "eu");
  Start();
  const std::string plans = "/fairway/v1/plans";
  EXPECT_EQ(Call("GET", plans + "/drain?cluster=eu-1").status, 200);
  EXPECT_EQ(Call("GET", plans + "/drain?cluster=eu-2").status, 404);
  EXPECT_EQ(Call("GET", plans + "/drain?cluster=eu-1&mode=Soon").status, 400);
  EXPECT_EQ(Call("GET", plans + "/drain?cluster=eu-1&mode=Now&deadline=10m").status, 400);
  EXPECT_EQ(Call("GET", plans + "/removal?cluster=eu-1&limit=x").status, 400);
  EXPECT_EQ(Call("POST", plans + "/removal?cluster=eu-1", "{}").status, 405);
}

TEST_F(GatewayTest, ARebalanceIsSavedAndOneAtATime) {
  AddMember("eu-1", "eu");
  Start();
  const std::string rebalance = "/fairway/v1/rebalance";
  EXPECT_EQ(Call("PUT", rebalance, R"({"max":-1})").status, 400);
  EXPECT_EQ(Call("PUT", rebalance, R"({"max":"few"})").status, 400);
  EXPECT_EQ(Call("POST", rebalance, "{}").status, 405);
  EXPECT_EQ(Call("GET", "/fairway/v1/plans/rebalance?max=x").status, 400);
  EXPECT_EQ(Call("GET", "/fairway/v1/plans/rebalance?max=3").status, 200);
  EXPECT_EQ(Call("PUT", "/fairway/v1/freeze", R"({"reason":"repair"})").status, 200);
  EXPECT_EQ(Call("PUT", rebalance, R"({"max":3})").status, 200);
  EXPECT_EQ(Call("PUT", rebalance, "{}").status, 409);
  Stop();
  Start();
  auto told = kube::ParseJson(Call("GET", rebalance).body);
  EXPECT_EQ(kube::GetString(*told, {"state"}), "Running");
  EXPECT_EQ(kube::GetString(*told, {"held"}), "the gateway is frozen: repair");
  told = kube::ParseJson(Call("DELETE", rebalance).body);
  EXPECT_EQ(kube::GetString(*told, {"state"}), "Stopped");
}

TEST_F(GatewayTest, APolicyPlacesTheJobsThatItSelects) {
  AddMember("eu-1", "eu");
  AddMember("us-1", "us");
  Start();
  EXPECT_EQ(
      Call(
          "POST", "/apis/fairway.flext.sh/v1alpha1/namespaces/default/placementpolicies",
          R"({"apiVersion":"fairway.flext.sh/v1alpha1","kind":"PlacementPolicy","metadata":{"name":"us"},
                     "spec":{"workloadSelector":{"matchLabels":{"app":"x"}},"clusterAffinity":{"required":[
                     {"matchExpressions":[{"key":"region","operator":"In","values":["us"]}]}]}}})")
          .status,
      201);
  std::string manifest = Manifest("picked", "region in (eu,us)");
  manifest.replace(manifest.find(R"("annotations")"), 0, R"("labels":{"app":"x"},)");
  EXPECT_EQ(Call("POST", kJobs, manifest).status, 201);
  ASSERT_TRUE(AwaitState("picked", "Done"));
  EXPECT_EQ(ClusterOf("picked"), "us-1");
}

TEST_F(GatewayTest, ConfiguredDefaultsFillOnlyWhatTheAuthorLeftOut) {
  config_.job_defaults.cpu_request = "250m";
  config_.job_defaults.memory_request = "64Mi";
  config_.job_defaults.backoff_limit = 2;
  AddMember("eu-1", "eu");
  Start();
  auto made = kube::ParseJson(Call("POST", kJobs, Manifest("d", "region=eu")).body);
  ASSERT_TRUE(made);
  EXPECT_EQ(kube::Get<int64_t>(*made, {"spec", "backoffLimit"}), 2);
  const kube::Array* containers = kube::GetArray(*made, {"spec", "template", "spec", "containers"});
  ASSERT_NE(containers, nullptr);
  EXPECT_EQ(kube::GetString((*containers)[0], {"resources", "requests", "cpu"}), "100m");
  EXPECT_EQ(kube::GetString((*containers)[0], {"resources", "requests", "memory"}), "64Mi");
}

TEST_F(GatewayTest, ADataDirectoryInUseIsRefusedWithItsName) {
  Start();
  auto second = Gateway::Start(loop_, config_);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(config_.data_directory), std::string::npos)
      << second.error().message;
}

}  // namespace
}  // namespace fairway::gateway
