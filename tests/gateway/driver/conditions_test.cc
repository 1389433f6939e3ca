// Conditions as Kubernetes keeps them: the time moves with the status alone.
#include "gateway/driver/conditions.h"

#include <gtest/gtest.h>

namespace fairway::gateway {
namespace {

using kube::Object;

TEST(Conditions, TimeMovesWithTheStatusAlone) {
  Object doc({{"metadata", Object({{"generation", 3}})}});
  SetCondition({"Admitted", "False", "Pending", "one"}, Instant{1'000}, doc);
  SetCondition({"Admitted", "False", "Other", "two"}, Instant{60'000}, doc);
  const Object* condition = FindCondition(doc, "Admitted");
  ASSERT_NE(condition, nullptr);
  EXPECT_EQ(kube::GetString(*condition, {"lastTransitionTime"}), "1970-01-01T00:00:01Z");
  EXPECT_EQ(kube::GetString(*condition, {"reason"}), "Other");
  EXPECT_EQ(kube::Get<int64_t>(*condition, {"observedGeneration"}), 3);
  EXPECT_FALSE(IsConditionTrue(doc, "Admitted"));
  SetCondition({"Admitted", "True", "Admitted", ""}, Instant{61'000}, doc);
  EXPECT_EQ(kube::GetString(*FindCondition(doc, "Admitted"), {"lastTransitionTime"}),
            "1970-01-01T00:01:01Z");
  EXPECT_TRUE(IsConditionTrue(doc, "Admitted"));
  EXPECT_EQ(kube::GetArray(doc, {"status", "conditions"})->size(), 1u);
}

TEST(Conditions, LongMessagesAreCutBetweenCharacters) {
  Object doc;
  std::string message(32'767, 'a');
  message += "\xC3\xA4";  // two bytes, of which one would fit
  SetCondition({"A", "True", "R", message}, Instant{0}, doc);
  EXPECT_EQ(kube::GetString(*FindCondition(doc, "A"), {"message"}), std::string(32'767, 'a'));
}

}  // namespace
}  // namespace fairway::gateway
