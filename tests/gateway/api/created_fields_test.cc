// The quick way of tracking a create says what the general one says.
#include "gateway/api/created_fields.h"

#include <gtest/gtest.h>

#include "clusters/kube/patch/managed_fields.h"

namespace fairway::gateway::api {
namespace {

TEST(CreatedFieldsTest, EqualsTrackUpdateOnAJob) {
  constexpr std::string_view kJob = R"({"kind":"Job","apiVersion":"batch/v1","metadata":
    {"name":"j","namespace":"default","labels":{"a":"b"},"annotations":{},"finalizers":["x/y"],
     "ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"p","uid":"u"}]},
    "spec":{"parallelism":2,"template":{"metadata":{},"spec":{"restartPolicy":"Never",
      "nodeSelector":{"disk":"ssd"},"securityContext":{},"tolerations":[{"key":"k"}],
      "containers":[{"name":"c","image":"i","command":["a","b"],"resources":{"limits":{"cpu":"1"}},
         "env":[{"name":"A","value":"1"},{"name":"B","valueFrom":{"fieldRef":{"fieldPath":"x"}}}],
         "ports":[{"containerPort":80}]}],
      "volumes":[{"name":"v","emptyDir":{}}]}}},"status":{}})";
  const kube::Schema& schema = kube::Schema::Builtin();
  const kube::KindInfo* kind = schema.FindKind("batch", "v1", "Job");
  ASSERT_NE(kind, nullptr);
  const kube::MessageType& type = schema.message(kind->message);
  kube::Writer writer{"m", "batch/v1", "", "2026-01-01T00:00:00Z"};
  kube::Value quick = *kube::ParseJson(kJob);
  kube::Value general = quick;
  TrackCreation(schema, type, quick, writer);
  kube::TrackUpdate(schema, type, nullptr, general, writer);
  EXPECT_TRUE(kube::Equal(quick, general)) << kube::Serialize(quick) << "\n"
                                           << kube::Serialize(general);
}

}  // namespace
}  // namespace fairway::gateway::api
