// What a Kubernetes 1.36 API server answered to hundreds of good and bad manifests is what we
// answer. The files beside this test hold one exchange per line: what was sent (uids replaced by
// one), and the message of the 422, "OK", or the document as it was stored.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

using testing::StrategyOf;

std::vector<Object> Lines(const std::string& file) {
  std::vector<Object> lines;
  std::ifstream in("tests/clusters/kube/kinds/" + file);
  EXPECT_TRUE(in.is_open()) << file;
  for (std::string line; std::getline(in, line);) lines.push_back(testing::ParseObject(line));
  return lines;
}

const KindInfo& KindOfLine(const Object& line) {
  const std::string text(GetString(line, {"resource"}));
  const size_t first = text.find('/');
  const size_t last = text.rfind('/');
  return testing::KindOf(text.substr(0, first), text.substr(first + 1, last - first - 1),
                         text.substr(last + 1));
}

std::string Answer(const KindInfo& kind, const Object& doc, FieldErrors errors) {
  if (errors.empty()) return "OK";
  return Invalid(kind, GetString(doc, {"metadata", "name"}), std::move(errors)).message;
}

TEST(Observed, CreatesAreAnsweredAlike) {
  const std::vector<Object> lines = Lines("observed_creates.jsonl");
  EXPECT_GT(lines.size(), 100u);
  for (const Object& line : lines) {
    const KindInfo& kind = KindOfLine(line);
    const Object doc = testing::Created(kind, Serialize(*Find(line, "doc")));
    EXPECT_EQ(Answer(kind, doc, StrategyOf(kind).ValidateCreate(doc)), GetString(line, {"answer"}))
        << GetString(line, {"case"});
  }
}

TEST(Observed, UpdatesAndStatusWritesAreAnsweredAlike) {
  const std::vector<Object> lines = Lines("observed_updates.jsonl");
  EXPECT_GT(lines.size(), 50u);
  for (const Object& line : lines) {
    const KindInfo& kind = KindOfLine(line);
    const Strategy& strategy = StrategyOf(kind);
    Object old = testing::Decode(kind, Serialize(*Find(line, "old")));
    Object doc = testing::Decode(kind, Serialize(*Find(line, "doc")));
    strategy.Default(old);
    strategy.Default(doc);
    FieldErrors errors;
    if (GetString(line, {"op"}) == "update") {
      strategy.PrepareForUpdate(doc, old);
      errors = strategy.ValidateUpdate(doc, old);
    } else {
      strategy.PrepareForStatusUpdate(doc, old);
      errors = strategy.ValidateStatusUpdate(doc, old);
    }
    EXPECT_EQ(Answer(kind, doc, std::move(errors)), GetString(line, {"answer"}))
        << GetString(line, {"case"});
  }
}

TEST(Observed, DocumentsAreStoredAlike) {
  const std::vector<Object> lines = Lines("observed_stored.jsonl");
  EXPECT_GT(lines.size(), 10u);
  for (const Object& line : lines) {
    const KindInfo& kind = KindOfLine(line);
    Object doc = testing::Created(kind, Serialize(*Find(line, "doc")));
    ErasePath(doc, {"metadata", "uid"});
    ErasePath(doc, {"metadata", "creationTimestamp"});
    EXPECT_TRUE(Equal(Value(doc), *Find(line, "stored")))
        << GetString(line, {"case"}) << "\nours " << Serialize(Value(doc)) << "\nreal "
        << Serialize(*Find(line, "stored"));
  }
}

TEST(Observed, DefaultsAreIdempotent) {
  for (const Object& line : Lines("observed_stored.jsonl")) {
    const KindInfo& kind = KindOfLine(line);
    const Object& stored = Find(line, "stored")->get_object();
    Object again = stored;
    StrategyOf(kind).Default(again);
    EXPECT_TRUE(Equal(Value(again), Value(stored))) << GetString(line, {"case"});
  }
}

}  // namespace
}  // namespace fairway::kube
