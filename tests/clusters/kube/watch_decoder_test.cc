#include "clusters/kube/watch_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairway::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kStream =
    "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\"}}}\n"
    "\r\n"
    "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"name\":\"b\"}}}\r\n"
    "{\"type\":\"ERROR\",\"object\":{\"metadata\":{\"name\":\"c\"},\"code\":410}}\n";

std::vector<std::string> Names(std::string_view bytes, size_t piece_size) {
  WatchDecoder decoder(1 << 20);
  std::vector<std::string> names;
  for (size_t at = 0; at < bytes.size(); at += piece_size) {
    Status fed = decoder.Feed(bytes.substr(at, piece_size), [&](const WatchEvent& event) {
      names.emplace_back(GetString(*event.object, {"metadata", "name"}));
      return true;
    });
    EXPECT_TRUE(fed);
  }
  EXPECT_TRUE(decoder.Finish());
  return names;
}

TEST(WatchDecoderTest, EventsAreTheSameHoweverTheBytesAreCut) {
  for (size_t size = 1; size <= kStream.size(); ++size) {
    EXPECT_THAT(Names(kStream, size), ElementsAre("a", "b", "c")) << "pieces of " << size;
  }
}

TEST(WatchDecoderTest, LineOfSeveralMebibytesIsOneEvent) {
  std::string line = "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"" +
                     std::string(5 << 20, 'x') + "\"}}}\n";
  WatchDecoder decoder(6 << 20);
  size_t length = 0;
  for (size_t at = 0; at < line.size(); at += 16384) {
    ASSERT_TRUE(decoder.Feed(std::string_view(line).substr(at, 16384), [&](const WatchEvent& e) {
      length = GetString(*e.object, {"metadata", "name"}).size();
      return true;
    }));
  }
  EXPECT_EQ(length, size_t{5} << 20);
  EXPECT_EQ(decoder.buffered(), 0u);
}

TEST(WatchDecoderTest, LineAboveTheLimitIsAnErrorAndFreesItsMemory) {
  WatchDecoder decoder(1000);
  Status fed;
  for (int i = 0; i < 20 && fed; ++i) {
    fed = decoder.Feed(std::string(100, 'x'), [](const WatchEvent&) { return true; });
  }
  ASSERT_FALSE(fed);
  EXPECT_THAT(fed.error().message, HasSubstr("1000"));
  EXPECT_EQ(decoder.buffered(), 0u);
}

TEST(WatchDecoderTest, WhatIsNoEventIsAnErrorAndNothingFollowsIt) {
  for (std::string_view bad :
       {"garbage\n", "{\"type\":\"ADDED\"}\n", "{\"type\":\"OTHER\",\"object\":{}}\n", "[1]\n",
        "{\"type\":\"ADDED\",\"object\":[]}\n", "{\"type\":\"ADDED\",\"object\":{}} x\n"}) {
    WatchDecoder decoder(1 << 20);
    auto never = [](const WatchEvent&) {
      ADD_FAILURE() << "an event was made of garbage";
      return true;
    };
    EXPECT_FALSE(decoder.Feed(bad, never)) << bad;
    EXPECT_TRUE(decoder.Feed(kStream, never)) << "spent decoders swallow";
  }
}

TEST(WatchDecoderTest, StreamThatEndsInsideAnEventIsAnError) {
  WatchDecoder decoder(1 << 20);
  ASSERT_TRUE(decoder.Feed(kStream.substr(0, 30), [](const WatchEvent&) { return true; }));
  EXPECT_FALSE(decoder.Finish());
}

TEST(WatchDecoderTest, CallbackThatSaysStopGetsNoFurtherEvent) {
  WatchDecoder decoder(1 << 20);
  int events = 0;
  ASSERT_TRUE(decoder.Feed(kStream, [&](const WatchEvent&) {
    ++events;
    return false;
  }));
  EXPECT_EQ(events, 1);
}

}  // namespace
}  // namespace fairway::kube
