#include "gateway/whatif/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "gateway/whatif/replay.h"

namespace fairway::gateway {
namespace {

using ::testing::HasSubstr;

constexpr const char* kHeader = R"({"trace":1,"begin":"2026-01-02T03:04:05Z"})";

std::string Cluster(const std::string& name, int nodes) {
  return R"({"object":{"apiVersion":"fairway.flext.sh/v1alpha1","kind":"Cluster","metadata":{"name":")" +
         name + R"("},"spec":{}},"capacity":{"nodes":[{"count":)" + std::to_string(nodes) +
         R"(,"allocatable":{"cpu":"4","memory":"8Gi","pods":"110"}}]}})";
}
std::string JobLine(const std::string& name, int64_t at_ms, int64_t run_ms,
                    const std::string& labels = "{}") {
  return R"({"atMs":)" + std::to_string(at_ms) + R"(,"runMs":)" + std::to_string(run_ms) +
         R"(,"object":{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":")" + name +
         R"(","namespace":"default","labels":)" + labels +
         R"(},"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"m",)"
         R"("image":"i","resources":{"requests":{"cpu":"4"}}}]}}}}})";
}
std::string Kueue(const std::string& kind, const std::string& metadata, const std::string& spec) {
  return R"({"object":{"apiVersion":"kueue.x-k8s.io/v1beta2","kind":")" + kind +
         R"(","metadata":)" + metadata + R"(,"spec":)" + spec + "}}";
}

std::string Lines(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}
Result<Trace> Read(const std::vector<std::string>& lines) {
  std::istringstream in(Lines(lines));
  return ReadTrace(in);
}
kube::Value Replay(const std::vector<std::string>& lines, const WhatIfRequest& request = {}) {
  auto trace = Read(lines);
  EXPECT_TRUE(trace) << trace.error().message;
  auto answer = ReplayTrace(std::move(*trace), request);
  EXPECT_TRUE(answer) << answer.error().message;
  return std::move(*answer);
}

TEST(TraceTest, JobsWaitTheirTurn) {
  const kube::Value answer = Replay(
      {kHeader, Cluster("a", 1), JobLine("second", 2000, 10'000), JobLine("first", 1000, 30'000)});
  EXPECT_EQ(kube::GetString(answer, {"after", "end"}), "Settled");
  EXPECT_EQ(kube::Get<int64_t>(answer, {"after", "longestWaitMs"}), 29'000);
  EXPECT_EQ(kube::GetString(answer, {"after", "lookedAhead"}), "41s");
  ASSERT_EQ(kube::GetArray(answer, {"jobs"})->size(), 1u);
  EXPECT_EQ(kube::GetString((*kube::GetArray(answer, {"jobs"}))[0], {"name"}), "second");
}

TEST(TraceTest, QueuesAndChanges) {
  const std::string label = R"({"kueue.x-k8s.io/queue-name":"q"})";
  std::vector<std::string> lines = {
      kHeader, Cluster("a", 4), Kueue("ResourceFlavor", R"({"name":"f"})", "{}"),
      Kueue("ClusterQueue", R"({"name":"cq"})",
            R"({"namespaceSelector":{},"resourceGroups":[{"coveredResources":["cpu"],"flavors":)"
            R"([{"name":"f","resources":[{"name":"cpu","nominalQuota":"4"}]}]}]})"),
      Kueue("LocalQueue", R"({"name":"q","namespace":"default"})", R"({"clusterQueue":"cq"})")};
  for (int i = 0; i < 4; ++i) lines.push_back(JobLine("j" + std::to_string(i), 0, 60'000, label));
  EXPECT_EQ(kube::Get<int64_t>(Replay(lines), {"after", "longestWaitMs"}), 180'000);
  WhatIfRequest request;
  request.quotas = {{"cq", "f", "cpu", "16"}};
  const kube::Value answer = Replay(lines, request);
  EXPECT_EQ(kube::Get<int64_t>(answer, {"before", "longestWaitMs"}), 180'000);
  EXPECT_EQ(kube::Get<int64_t>(answer, {"after", "longestWaitMs"}), 0);
}

TEST(TraceTest, SameTraceSameBytes) {
  std::vector<std::string> lines = {kHeader};
  for (int c = 0; c < 5; ++c) lines.push_back(Cluster("c" + std::to_string(c), 2));
  for (int j = 0; j < 200; ++j) {
    lines.push_back(
        JobLine("j" + std::to_string(j), (j * 7919) % 60'000, 1000 + (j * 104'729) % 90'000));
  }
  WhatIfRequest request;
  request.remove = {"c3"};
  const std::string first = kube::Serialize(Replay(lines, request));
  EXPECT_EQ(first, kube::Serialize(Replay(lines, request)));
  EXPECT_THAT(first, HasSubstr("\"end\":\"Settled\""));
}

TEST(TraceTest, MistakesNameTheirLine) {
  const auto mistake = [](const std::vector<std::string>& lines) {
    auto trace = Read(lines);
    return trace ? std::string() : trace.error().message;
  };
  EXPECT_THAT(mistake({}), HasSubstr("empty"));
  EXPECT_THAT(mistake({"{}"}), HasSubstr("line 1: it must be"));
  EXPECT_THAT(mistake({R"({"trace":2,"begin":"2026-01-02T03:04:05Z"})"}), HasSubstr("line 1"));
  EXPECT_THAT(mistake({kHeader, "{"}), HasSubstr("line 2"));
  EXPECT_THAT(mistake({kHeader, "", "{}"}), HasSubstr("line 3: object is missing"));
  EXPECT_THAT(mistake({kHeader, R"({"object":{"kind":"Job"}})"}), HasSubstr("unknown kind"));
  std::string cluster = Cluster("a", 1);
  cluster.resize(cluster.find(",\"capacity\""));
  EXPECT_THAT(mistake({kHeader, cluster + "}"}), HasSubstr("line 2: capacity is missing"));
  EXPECT_THAT(mistake({kHeader, JobLine("Bad_Name", 0, 1)}), HasSubstr("line 2: Job.batch"));
  EXPECT_THAT(mistake({kHeader, JobLine("a", -5, 1)}), HasSubstr("atMs must be"));
}

TEST(TraceTest, WrittenLinesAreReadAgain) {
  auto job = kube::ParseJson(R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j",
      "namespace":"default","uid":"u","resourceVersion":"7","labels":{"job-name":"j","keep":"me"}},
      "spec":{"parallelism":2,"selector":{"matchLabels":{"controller-uid":"u"}},"template":{
      "metadata":{"labels":{"controller-uid":"u","job-name":"j"}},"spec":{"restartPolicy":"Never",
      "containers":[{"name":"m","image":"i","resources":{"requests":{"cpu":"1"}}}]}}},
      "status":{"active":1}})");
  auto cluster = kube::ParseJson(R"({"apiVersion":"fairway.flext.sh/v1alpha1","kind":"Cluster",
      "metadata":{"name":"a","labels":{"region":"eu"}},"spec":{"server":"https://secret:1",
      "taints":[{"key":"k","value":"v","effect":"NoSchedule"}]}})");
  ASSERT_TRUE(job && cluster);
  scheduler::Capacity capacity;
  scheduler::Resources node;
  node.Set("cpu", 4500);
  node.Set("memory", 3 << 20);
  node.Set("pods", 10);
  node.Set("nvidia.com/gpu", 2);
  scheduler::NodeClass& nodes = capacity.node_classes.emplace_back();
  nodes.labels = {{"arch", "arm64"}};
  nodes.whole = nodes.free = {{node, 3}};
  capacity.requested.Set("cpu", 250);
  capacity.claims = {"default/data"};
  const std::string text = TraceHeader(Instant{1'700'000'000'123}, true) +
                           TraceCluster(cluster->get_object(), capacity) +
                           TraceJob(job->get_object(), Seconds(3), Seconds(9));
  EXPECT_EQ(text.find("secret"), std::string::npos);
  EXPECT_EQ(text.find("controller-uid"), std::string::npos);
  std::istringstream in(text);
  auto trace = ReadTrace(in);
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->begin, Instant{1'700'000'000'123});
  EXPECT_TRUE(trace->world.quota_settings().fair_sharing);
  const scheduler::ClusterState& state = trace->world.clusters().begin()->second;
  EXPECT_EQ(state.record.spec.taints.size(), 1u);
  EXPECT_EQ(state.record.spec.labels.at("region"), "eu");
  EXPECT_EQ(state.capacity.node_classes, capacity.node_classes);
  EXPECT_EQ(state.capacity.allocatable, node.Times(3));
  EXPECT_EQ(state.capacity.requested.cpu_milli, 250);
  EXPECT_EQ(state.capacity.claims, capacity.claims);
  ASSERT_EQ(trace->jobs.size(), 1u);
  EXPECT_EQ(trace->jobs[0].after, Seconds(3));
  EXPECT_EQ(trace->jobs[0].spec.parallelism, 2);
  EXPECT_EQ(trace->run_times.declared.at(trace->jobs[0].job), Seconds(9));
}

}  // namespace
}  // namespace fairway::gateway
