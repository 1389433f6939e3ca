#include "gateway/driver/quantity_text.h"

#include <gtest/gtest.h>

namespace fairway::gateway {
namespace {

TEST(QuantityText, IsKubernetesOwn) {
  EXPECT_EQ(QuantityText("cpu", 1500), "1500m");
  EXPECT_EQ(QuantityText("cpu", 9000), "9");
  EXPECT_EQ(QuantityText("cpu", 0), "0");
  EXPECT_EQ(QuantityText("memory", int64_t{36} << 30), "36Gi");
  EXPECT_EQ(QuantityText("memory", 1000), "1000");
  EXPECT_EQ(QuantityText("memory", 0), "0");
  EXPECT_EQ(QuantityText("nvidia.com/gpu", 4), "4");
}

}  // namespace
}  // namespace fairway::gateway
