// Every rule about metadata is kept on every write, in Kubernetes' words.
#include "gateway/api/object_writer.h"

#include <gtest/gtest.h>

#include "tests/gateway/api/api_fixture.h"

namespace fairway::gateway::api {
namespace {

constexpr std::string_view kNamedJob =
    R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j"},"spec":{"template":{"spec":
       {"restartPolicy":"Never","containers":[{"name":"c","image":"busybox"}]}}}})";

class ObjectWriterTest : public ApiFixture {
 protected:
  FakePtr Patch(std::string_view target, std::string_view body, std::string_view type = "merge") {
    return Send("PATCH", target, body,
                {{"content-type", "application/" + std::string(type) + "-patch+json"}});
  }
};

struct Refusal {
  const char* method;
  std::string target;
  std::string body;
  int status;
  const char* says;
};

TEST_F(ObjectWriterTest, RefusalsAreKubernetesOwn) {
  ASSERT_EQ(Send("POST", kMaps, R"({"metadata":{"name":"a"}})")->status, 201);
  std::string maps(kMaps);
  const Refusal kCases[] = {
      {"POST", maps, R"({"metadata":{"name":"a"}})", 409, R"(configmaps \"a\" already exists)"},
      {"GET", maps + "/none", "", 404, R"(configmaps \"none\" not found)"},
      {"PUT", maps + "/none", R"({"metadata":{"name":"none"}})", 404, "not found"},
      {"PUT", maps + "/a", R"({"metadata":{"name":"b"}})", 400,
       "the name of the object (b) does not match the name on the URL (a)"},
      {"PUT", maps + "/a", R"({"metadata":{"name":"a","resourceVersion":"1"}})", 409,
       "the object has been modified; please apply your changes to the latest version"},
      {"PUT", maps + "/a", R"({"metadata":{"name":"a","uid":"x"}})", 409,
       "the UID in the precondition (x) does not match the UID in record"},
      {"POST", maps, R"({"metadata":{"name":"b","resourceVersion":"1"}})", 500,
       "resourceVersion should not be set on objects to be created"},
      {"POST", maps, R"({"metadata":{"name":"b","namespace":"other"}})", 400,
       "the namespace of the provided object does not match the namespace sent on the request"},
      {"POST", maps, R"({"metadata":{"name":"Bad_Name"}})", 422, R"(\"Bad_Name\" is invalid)"},
      {"POST", maps, R"({"metadata":)", 400, "json parse error"},
      {"POST", maps + "?dryRun=Some", R"({"metadata":{"name":"b"}})", 422, "dryRun"},
      {"POST", maps + "?fieldValidation=Bogus", R"({"metadata":{"name":"b"}})", 422,
       R"(supported values: \"\", \"Ignore\", \"Strict\", \"Warn\")"},
      {"POST", maps + "?fieldValidation=Strict", R"({"metadata":{"name":"b"},"foo":1})", 400,
       R"(strict decoding error: unknown field \"foo\")"},
      {"POST", "/api/v1/configmaps", R"({"metadata":{"name":"b"}})", 405, "does not allow"},
      {"PUT", maps, "{}", 405, "the server does not allow this method on the requested resource"},
      {"GET", "/api/v1/namespaces/default/nothings", "", 404,
       "the server could not find the requested resource"},
      {"GET", "/apis/none/v1/things", "", 404, "404 page not found"},
      {"DELETE", "/api/v1/namespaces", "", 405, "does not allow"},
      {"DELETE", maps + "/a?propagationPolicy=Sideways", "", 422, "propagationPolicy"},
  };
  for (const Refusal& refusal : kCases) {
    FakePtr answer = Send(refusal.method, refusal.target, refusal.body);
    EXPECT_EQ(answer->status, refusal.status)
        << refusal.method << " " << refusal.target << " " << answer->body;
    EXPECT_NE(answer->body.find(refusal.says), std::string::npos)
        << refusal.method << " " << refusal.target << " " << answer->body;
  }
}

TEST_F(ObjectWriterTest, WriteThatChangesNothingKeepsTheRevisionAndMakesNoEvent) {
  FakePtr made = Send("POST", kMaps, R"({"metadata":{"name":"a"},"data":{"k":"v"}})");
  std::string revision(kube::GetString(made->Json(), {"metadata", "resourceVersion"}));
  FakePtr watch = Begin("GET", std::string(kMaps) + "?watch=1&resourceVersion=" + revision);
  FakePtr put = Send("PUT", std::string(kMaps) + "/a", R"({"data":{"k":"v"}})");
  EXPECT_EQ(put->status, 200);
  EXPECT_EQ(kube::GetString(put->Json(), {"metadata", "resourceVersion"}), revision) << put->body;
  Settle();
  EXPECT_EQ(watch->body, "");
}

TEST_F(ObjectWriterTest, UnknownFieldsAreDroppedWithAWarning) {
  FakePtr made = Send("POST", kMaps, R"({"metadata":{"name":"a"},"foo":1})");
  EXPECT_EQ(made->status, 201);
  EXPECT_EQ(made->Warnings(), (std::vector<std::string>{R"(299 - "unknown field \"foo\"")"}));
  EXPECT_EQ(kube::FindPath(made->Json(), {"foo"}), nullptr);
}

TEST_F(ObjectWriterTest, DryRunStoresNothing) {
  FakePtr made = Send("POST", std::string(kMaps) + "?dryRun=All", R"({"metadata":{"name":"a"}})");
  EXPECT_EQ(made->status, 201);
  EXPECT_EQ(kube::GetString(made->Json(), {"metadata", "resourceVersion"}), "");
  EXPECT_NE(kube::GetString(made->Json(), {"metadata", "uid"}), "");
  EXPECT_EQ(Get(std::string(kMaps) + "/a")->status, 404);
}

TEST_F(ObjectWriterTest, GenerateNameAddsFiveCharacters) {
  FakePtr made = Send("POST", kMaps, R"({"metadata":{"generateName":"job-"}})");
  ASSERT_EQ(made->status, 201) << made->body;
  std::string name(kube::GetString(made->Json(), {"metadata", "name"}));
  EXPECT_EQ(name.size(), 9u);
  EXPECT_EQ(name.substr(0, 4), "job-");
}

TEST_F(ObjectWriterTest, FinalizerHoldsADeletedObjectUntilItIsRemoved) {
  ASSERT_EQ(
      Send("POST", kMaps, R"({"metadata":{"name":"a","finalizers":["example.com/x"]}})")->status,
      201);
  std::string target = std::string(kMaps) + "/a";
  FakePtr deleted = Send("DELETE", target);
  EXPECT_NE(kube::GetString(deleted->Json(), {"metadata", "deletionTimestamp"}), "");
  FakePtr again = Send("DELETE", target);
  EXPECT_EQ(kube::GetString(again->Json(), {"metadata", "resourceVersion"}),
            kube::GetString(deleted->Json(), {"metadata", "resourceVersion"}));
  EXPECT_EQ(
      Patch(target, R"({"metadata":{"finalizers":["example.com/x","example.com/y"]}})")->status,
      422);
  EXPECT_EQ(Patch(target, R"({"metadata":{"finalizers":null}})")->status, 200);
  EXPECT_EQ(Get(target)->status, 404);
}

TEST_F(ObjectWriterTest, JobDeletionKeepsPodsByDefaultAndSaysSo) {
  ASSERT_EQ(Send("POST", kJobs, kNamedJob)->status, 201);
  FakePtr deleted = Send("DELETE", std::string(kJobs) + "/j");
  EXPECT_EQ(deleted->status, 200);
  ASSERT_EQ(deleted->Warnings().size(), 1u);
  EXPECT_NE(deleted->Warnings()[0].find("child pods are preserved by default"), std::string::npos);
  EXPECT_NE(deleted->body.find("\"orphan\""), std::string::npos) << deleted->body;
}

TEST_F(ObjectWriterTest, SpecAndStatusAreWrittenApart) {
  FakePtr made = Send("POST", kJobs, kNamedJob);
  ASSERT_EQ(made->status, 201) << made->body;
  std::string target = std::string(kJobs) + "/j";
  EXPECT_EQ(kube::Get<int64_t>(made->Json(), {"metadata", "generation"}), 1);
  FakePtr suspended = Patch(target, R"({"spec":{"suspend":true},"status":{"active":5}})");
  ASSERT_EQ(suspended->status, 200) << suspended->body;
  kube::Value doc = suspended->Json();
  EXPECT_EQ(kube::Get<int64_t>(doc, {"metadata", "generation"}), 2);
  EXPECT_EQ(kube::FindPath(doc, {"status", "active"}), nullptr);
  FakePtr status = Patch(target + "/status", R"({"spec":{"suspend":false},"status":{"active":5}})");
  ASSERT_EQ(status->status, 200) << status->body;
  doc = status->Json();
  EXPECT_EQ(kube::Get<int64_t>(doc, {"metadata", "generation"}), 2);
  EXPECT_EQ(kube::Get<bool>(doc, {"spec", "suspend"}), true);
  EXPECT_EQ(kube::Get<int64_t>(doc, {"status", "active"}), 5);
}

// Such a write reads only a part of the Job; what it does not read must come out as it was.
TEST_F(ObjectWriterTest, StatusOfAJobByAControllerLeavesTheRestAsItWas) {
  ASSERT_EQ(Send("POST", kJobs, kNamedJob)->status, 201);
  std::string target = std::string(kJobs) + "/j";
  kube::Value before = Get(target)->Json();
  kube::Value seen;
  server_->writer().Observe("jobs.batch", [&](const Written& change) { seen = *change.after; });
  auto set = [&](int64_t active, bool label) {
    auto written = server_->writer().Mutate(
        {"jobs.batch", "default", "j"}, "status", [&](kube::Object& job) -> Status {
          kube::EnsureObject(job, {"status"})["active"] = active;
          if (label) kube::EnsureObject(job, {"metadata", "labels"})["new"] = "label";
          return {};
        });
    ASSERT_TRUE(written) << written.error().message;
    Settle();
  };
  for (int64_t active : {1, 2}) {
    set(active, false);
    kube::Value after = Get(target)->Json();
    EXPECT_EQ(kube::Get<int64_t>(after, {"status", "active"}), active);
    EXPECT_EQ(kube::GetString(after, {"metadata", "resourceVersion"}),
              kube::GetString(seen, {"metadata", "resourceVersion"}));
    EXPECT_NE(kube::GetString(after, {"metadata", "resourceVersion"}),
              kube::GetString(before, {"metadata", "resourceVersion"}));
    EXPECT_NE(kube::FindPath(after, {"metadata", "managedFields"}), nullptr);
    kube::EnsureObject(after.get_object(), {"metadata"})["resourceVersion"] =
        kube::GetString(before, {"metadata", "resourceVersion"});
    *kube::FindPath(after, {"status"}) = *kube::FindPath(before, {"status"});
    EXPECT_TRUE(kube::Equal(before, after)) << kube::Serialize(after);
  }
  std::string unchanged = Get(target)->body;
  set(2, false);
  EXPECT_EQ(Get(target)->body, unchanged);
  set(3, true);
  kube::Value labelled = Get(target)->Json();
  EXPECT_EQ(kube::GetString(labelled, {"metadata", "labels", "new"}), "label");
  EXPECT_EQ(kube::Get<int64_t>(labelled, {"status", "active"}), 3);
  EXPECT_NE(kube::FindPath(labelled, {"spec", "template", "spec"}), nullptr);
}

TEST_F(ObjectWriterTest, ApplyCreatesTakesOverAndConflicts) {
  Headers apply{{"content-type", "application/apply-patch+yaml"}};
  std::string target = std::string(kMaps) + "/a";
  std::string_view body =
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: one\n";
  EXPECT_EQ(Send("PATCH", target, body, apply)->status, 422);  // no fieldManager
  FakePtr made = Send("PATCH", target + "?fieldManager=m1", body, apply);
  ASSERT_EQ(made->status, 201) << made->body;
  FakePtr same = Send("PATCH", target + "?fieldManager=m1", body, apply);
  EXPECT_EQ(same->status, 200);
  EXPECT_EQ(kube::GetString(same->Json(), {"metadata", "resourceVersion"}),
            kube::GetString(made->Json(), {"metadata", "resourceVersion"}));
  std::string other(body);
  other.replace(other.find("one"), 3, "two");
  FakePtr conflict = Send("PATCH", target + "?fieldManager=m2", other, apply);
  EXPECT_EQ(conflict->status, 409) << conflict->body;
  EXPECT_NE(conflict->body.find("FieldManagerConflict"), std::string::npos);
  FakePtr forced = Send("PATCH", target + "?fieldManager=m2&force=true", other, apply);
  EXPECT_EQ(forced->status, 200) << forced->body;
  EXPECT_EQ(kube::GetString(forced->Json(), {"data", "k"}), "two");
}

// A client that leaves a field out means the default, on an update as on a create.
TEST_F(ObjectWriterTest, UpdatesAreCompletedToo) {
  constexpr std::string_view kCronJobs = "/apis/batch/v1/namespaces/default/cronjobs";
  constexpr std::string_view kCronJob =
      R"({"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"c"},"spec":{"schedule":
         "* * * * *","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never",
         "containers":[{"name":"c","image":"busybox"}]}}}}}})";
  ASSERT_EQ(Send("POST", kCronJobs, kCronJob)->status, 201);
  const std::string one = std::string(kCronJobs) + "/c";
  FakePtr put = Send("PUT", one, kCronJob);
  ASSERT_EQ(put->status, 200) << put->body;
  EXPECT_EQ(kube::GetString(put->Json(), {"spec", "concurrencyPolicy"}), "Allow");
  FakePtr patch = Patch(one, R"({"spec":{"concurrencyPolicy":null}})");
  EXPECT_EQ(kube::GetString(patch->Json(), {"spec", "concurrencyPolicy"}), "Allow") << patch->body;
}

TEST_F(ObjectWriterTest, DeleteCollectionTakesWhatIsSelected) {
  ASSERT_EQ(Send("POST", kMaps, R"({"metadata":{"name":"a","labels":{"x":"1"}}})")->status, 201);
  ASSERT_EQ(Send("POST", kMaps, R"({"metadata":{"name":"b"}})")->status, 201);
  FakePtr gone = Send("DELETE", std::string(kMaps) + "?labelSelector=x%3D1");
  EXPECT_EQ(gone->status, 200) << gone->body;
  EXPECT_EQ(kube::GetArray(gone->Json(), {"items"})->size(), 1u);
  EXPECT_EQ(Get(std::string(kMaps) + "/a")->status, 404);
  EXPECT_EQ(Get(std::string(kMaps) + "/b")->status, 200);
}

TEST_F(ObjectWriterTest, NothingIsAcknowledgedThatIsNotSaved) {
  journal_->FailWrites("no space left on device");
  FakePtr made = Begin("POST", kMaps, R"({"metadata":{"name":"a"}})");
  Settle();
  EXPECT_FALSE(made->answered && made->status < 500) << made->body;
  EXPECT_EQ(Get(std::string(kMaps) + "/a")->status, 404);
  journal_->Heal();
  Settle();
}

}  // namespace
}  // namespace fairway::gateway::api
