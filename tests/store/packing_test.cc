// Bodies that are alike are packed against one another, and come back as they were.
#include "store/packing.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/store/store_world.h"

namespace fairway::store {
namespace {

class PackerTest : public ::testing::Test {
 protected:
  // Packs and unpacks; the size it took.
  size_t Pack(const ObjectKey& key, const std::string& body) {
    last_ = packer_->Pack(key, body);
    if (last_.bytes.empty()) return body.size();
    const Dictionaries::Entry* dictionary = dictionaries_.Find(last_.dictionary);
    EXPECT_EQ(dictionary == nullptr, last_.dictionary == 0);
    auto back = Unpack(last_.bytes, body.size(), dictionary ? dictionary->text : "");
    EXPECT_TRUE(back && *back == body);
    return last_.bytes.size();
  }
  size_t PackOften(const std::string& stem, uint32_t family, int times) {
    size_t size = 0;
    for (int i = 0; i < times; ++i) {
      size =
          Pack(Job(stem + "-" + std::to_string(serial_)), Alike(family, std::to_string(serial_)));
      ++serial_;
    }
    return size;
  }
  std::vector<uint32_t> Unsaved() {
    std::vector<uint32_t> numbers;
    packer_->ForUnsaved(
        [&](uint32_t number, const Dictionaries::Entry&) { numbers.push_back(number); });
    return numbers;
  }

  Dictionaries dictionaries_;
  std::unique_ptr<Packer> packer_ = std::make_unique<Packer>(dictionaries_);
  Packed last_;
  int serial_ = 0;
};

TEST_F(PackerTest, TheFifthOfAKindTakesATenth) {
  EXPECT_GT(PackOften("build", 1, 4), 1500u);
  EXPECT_LT(PackOften("build", 1, 1), 200u);
  EXPECT_EQ(dictionaries_.size(), 1u);
}

TEST_F(PackerTest, AnotherStemOfTheSameResourceProfitsAtOnce) {
  PackOften("build", 1, 5);
  EXPECT_LT(PackOften("other", 1, 1), 200u);
  EXPECT_LT(Pack({"jobs.batch", "ns", "plain"}, Alike(1, "x")), 200u);
  EXPECT_GT(Pack({"pods", "ns", "plain"}, Alike(1, "x")), 1500u) << "another resource";
  EXPECT_EQ(dictionaries_.size(), 1u);
}

TEST_F(PackerTest, StemsKeepTheirDictionariesWhenTheyTakeTurns) {
  for (int round = 0; round < 12; ++round) {
    for (uint32_t family = 0; family < 3; ++family) {
      size_t size = PackOften("stem" + std::to_string(family), family, 1);
      EXPECT_TRUE(round <= 6 || size < 200) << round << " " << family << " " << size;
    }
  }
  EXPECT_EQ(dictionaries_.size(), 3u);
}

TEST_F(PackerTest, WhatIsNamedAfterAnObjectHasItsStem) {
  for (int i = 0; i < 5; ++i) {
    std::string name = "build-" + std::to_string(i) + "." + std::to_string(i * 7919);
    Pack({"events", "ns", name}, Alike(4, name));
  }
  EXPECT_EQ(last_.dictionary, 1u);
}

TEST_F(PackerTest, NoiseStopsAsking) {
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    std::string body(600, '\0');
    for (char& c : body) c = static_cast<char>(random());
    Pack(Job("noise-" + std::to_string(i)), body);
  }
  EXPECT_LE(dictionaries_.size(), 3u);
}

TEST_F(PackerTest, DictionariesAreBounded) {
  // Each is made of its own kind, and the fewer are left, the more often that has to come.
  uint32_t asked = 0;
  for (uint32_t family = 0; dictionaries_.size() < Dictionaries::kMax; ++family) {
    const ObjectKey key = Job("s" + std::to_string(family) + "-x");
    const std::string body = Alike(family, "");
    const uint32_t before = dictionaries_.size();
    // Two stems that hash alike share what they may have, so some have to give up.
    for (asked = 0; dictionaries_.size() == before && asked < 5000; ++asked) {
      packer_->Pack(key, body);
    }
    ASSERT_LT(family, 1000u);
  }
  EXPECT_GT(asked, 1000u);
  PackOften("late", 100'000, 100);
  EXPECT_EQ(dictionaries_.size(), Dictionaries::kMax);
}

TEST_F(PackerTest, ALongBodyGivesItsBeginning) {
  std::string body;
  for (uint32_t family = 0; family < 20; ++family) body += Alike(family, "");
  for (int i = 0; i < 5; ++i) Pack(Job("long-" + std::to_string(i)), body + std::to_string(i));
  ASSERT_EQ(dictionaries_.size(), 1u);
  EXPECT_EQ(dictionaries_.Find(1)->text.size(), Dictionaries::kBytesMax);
  EXPECT_EQ(last_.dictionary, 1u);
}

TEST_F(PackerTest, SecretsNeverBecomeOne) {
  for (const char* resource : {"secrets", "configmaps"}) {
    for (int i = 0; i < 50; ++i) Pack({resource, "ns", "s-" + std::to_string(i)}, Alike(1, ""));
  }
  EXPECT_EQ(dictionaries_.size(), 0u);
}

TEST_F(PackerTest, ANewOneIsUnsavedUntilItIsSaid) {
  PackOften("build", 1, 4);
  EXPECT_EQ(Unsaved(), std::vector<uint32_t>{1});
  PackOften("build", 1, 4);
  EXPECT_EQ(Unsaved(), std::vector<uint32_t>{1});
  packer_->Saved();
  EXPECT_TRUE(Unsaved().empty());
}

TEST_F(PackerTest, AfterARestartKnownDictionariesAreFoundAgain) {
  PackOften("build", 1, 5);
  PackOften("test", 2, 6);
  ASSERT_EQ(dictionaries_.size(), 2u);
  packer_ = std::make_unique<Packer>(dictionaries_);
  EXPECT_TRUE(Unsaved().empty());
  EXPECT_LT(PackOften("test", 2, 1), 200u);
  PackOften("build", 1, 4);  // the first ones are packed badly until it is looked for
  EXPECT_LT(PackOften("build", 1, 1), 200u);
  EXPECT_EQ(dictionaries_.size(), 2u) << "none was made twice";
}

TEST(UnpackTest, WhatIsNotPackedIsRefused) {
  std::string dictionary = Alike(1, "");
  EXPECT_EQ(Unpack("zzzz", 100, dictionary), nullptr);
  EXPECT_EQ(Unpack("", 100, dictionary), nullptr);
  EXPECT_EQ(Unpack("zzzz", ~0ull, dictionary), nullptr);
}

}  // namespace
}  // namespace fairway::store
