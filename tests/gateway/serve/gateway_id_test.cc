#include "gateway/serve/gateway_id.h"

#include <gtest/gtest.h>

#include <set>

namespace fairway::gateway {
namespace {

// Every new id is a label value: members refuse a gateway whose id ends in "_" or "-".
TEST(GatewayIdTest, IsALabelValueAndNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 2000; ++i) {
    std::string id = NewGatewayId();
    EXPECT_TRUE(IsUsableGatewayId(id)) << id;
    EXPECT_TRUE(seen.insert(id).second) << id;
  }
}

TEST(GatewayIdTest, KnowsWhatMembersRefuse) {
  EXPECT_FALSE(IsUsableGatewayId(""));
  EXPECT_FALSE(IsUsableGatewayId("g-lQENQID3a__"));
  EXPECT_FALSE(IsUsableGatewayId("g-lQENQID3a-"));
  EXPECT_TRUE(IsUsableGatewayId("g-lQENQID3a_4"));
}

}  // namespace
}  // namespace fairway::gateway
