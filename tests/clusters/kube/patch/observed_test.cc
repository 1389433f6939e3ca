// What a Kubernetes 1.36 API server made of hundreds of patches is what we make of them. The files
// beside this test hold one story per line: an object that is created, applied and patched by
// several managers, with the answer to each step. Every step starts from the recorded document.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "clusters/kube/patch/managed_fields.h"
#include "clusters/kube/patch/patch.h"
#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

std::vector<Object> Stories(const std::string& file) {
  std::vector<Object> lines;
  std::ifstream in("tests/clusters/kube/patch/" + file);
  EXPECT_TRUE(in.is_open()) << file;
  for (std::string line; std::getline(in, line);) lines.push_back(testing::ParseObject(line));
  return lines;
}

const KindInfo& KindOfStory(const Object& story) {
  const std::string version(GetString(story, {"api_version"}));
  const size_t slash = version.find('/');
  const bool core = slash == std::string::npos;
  return testing::KindOf(core ? "" : version.substr(0, slash),
                         core ? version : version.substr(slash + 1),
                         GetString(story, {"resource"}));
}

// The entries without their times; whether there is a time stays.
Value Entries(const Value& doc) {
  const Array* list = GetArray(doc, {"metadata", "managedFields"});
  Array entries;
  if (list == nullptr) return entries;
  for (const Value& item : *list) {
    Object entry = item.get_object();
    if (Value* time = Find(entry, "time")) *time = "some";
    entries.push_back(entry);
  }
  return entries;
}

// The document without what the server stamps on it.
Value Content(const Value& doc) {
  Value content = doc;
  if (Object* metadata = GetObject(content, {"metadata"})) {
    for (std::string_view key : {"uid", "creationTimestamp", "managedFields", "generation"}) {
      Erase(*metadata, key);
    }
  }
  return content;
}

class Story {
 public:
  explicit Story(const Object& story)
      : kind_(KindOfStory(story)), type_(Schema::Builtin().message(kind_.message)) {
    name_ = GetString(story, {"case"});
    for (const Value& step : *GetArray(story, {"steps"})) {
      Step(step.get_object());
      if (code_ < 300) live_ = *answer_;
    }
  }

 private:
  void Step(const Object& step) {
    SCOPED_TRACE(name_ + ": " + Serialize(*Find(step, "body")));
    op_ = GetString(step, {"op"});
    code_ = *Get<int64_t>(step, {"code"});
    body_ = Find(step, "body");
    answer_ = Find(step, "answer");
    writer_ = {std::string(GetString(step, {"manager"})), kind_.api_version(),
               std::string(GetString(step, {"subresource"})),
               std::string(GetString(step, {"time"}))};
    // The time that the server wrote, which may be a second before the recorder's.
    if (const Array* entries = GetArray(*answer_, {"metadata", "managedFields"})) {
      for (const Value& entry : *entries) {
        if (GetString(entry, {"manager"}) == writer_.manager) {
          writer_.time = GetString(entry, {"time"});
        }
      }
    }
    if (writer_.time.empty()) writer_.time = GetString(step, {"time"});
    if (op_ == "create") return Create();
    if (op_ == "apply") return ApplyStep(Get<bool>(step, {"force"}).value_or(false));
    Patch();
  }

  void Create() {
    Value after = *answer_;
    Forget(after);
    TrackUpdate(Schema::Builtin(), type_, nullptr, after, writer_);
    EXPECT_EQ(Serialize(Entries(after)), Serialize(Entries(*answer_)));
  }

  // What is generated behind the decoding belongs to nobody.
  void Forget(Value& doc) {
    Erase(*GetObject(doc, {"metadata"}), "managedFields");
    if (kind_.kind != "Job") return;
    ErasePath(doc.get_object(), {"spec", "selector"});
    ErasePath(doc.get_object(), {"spec", "template", "metadata"});
    std::string_view label = "batch.kubernetes.io/job-name";
    if (FindPath(doc, {"metadata", "labels", label}) != nullptr) {
      ErasePath(doc.get_object(), {"metadata", "labels"});
    }
  }

  void ApplyStep(bool force) {
    Value config = *body_;
    // The gateway takes away what this path does not write.
    Erase(config.get_object(), writer_.subresource == "status" ? "spec" : "status");
    const Value* live = live_.is_object() ? &live_ : nullptr;
    auto result = Apply(Schema::Builtin(), type_, live, config, writer_, force);
    if (!result) return ExpectError(result.error());
    if (code_ >= 300) return ExpectRefusedLater();
    EXPECT_EQ(Serialize(Entries(*result)), Serialize(Entries(*answer_)));
    if (kind_.kind == "Job" && live == nullptr) return;
    if (kind_.kind == "Secret") return;
    ExpectContent(*result);
  }

  void Patch() {
    auto patched = Patched();
    if (!patched) return ExpectError(patched.error());
    auto decoded = DecodeValue(Schema::Builtin(), kind_.message, *patched, {});
    if (!decoded || code_ >= 300) return ExpectRefusedLater();
    if (writer_.subresource.empty()) ExpectContent(decoded->document);
    Track(*patched);
  }

  Result<Value> Patched() {
    if (op_ == "json") return ApplyJsonPatch(live_, *body_);
    if (op_ == "strategic") {
      return ApplyStrategicMerge(Schema::Builtin(), type_, live_, *body_);
    }
    Value doc = live_;
    if (!body_->is_object()) {
      return Fail(Error{.code = 400, .reason = "BadRequest", .message = MergePatchRefusal()});
    }
    ApplyMergePatch(doc, *body_);
    return doc;
  }

  static std::string MergePatchRefusal() {
    return "error decoding patch: json: cannot unmarshal array into Go value of type "
           "map[string]interface {}";
  }

  void Track(const Value& patched) {
    Value after = *answer_, before = live_;
    Object& metadata = *GetObject(after, {"metadata"});
    Erase(metadata, "managedFields");
    const Array* wished = GetArray(patched, {"metadata", "managedFields"});
    if (wished != nullptr && writer_.subresource.empty()) {
      bool reset = wished->empty() || wished->front().get_object().empty();
      (reset ? metadata : *GetObject(before, {"metadata"}))
          .insert_or_assign("managedFields", *wished);
    }
    TrackUpdate(Schema::Builtin(), type_, &before, after, writer_);
    EXPECT_EQ(Serialize(Entries(after)), Serialize(Entries(*answer_)));
  }

  void ExpectContent(const Value& doc) {
    Value defaulted = doc;
    testing::StrategyOf(kind_).Default(defaulted.get_object());
    Value mine = Content(defaulted), theirs = Content(*answer_);
    EXPECT_TRUE(Equal(mine, theirs)) << Serialize(mine) << "\n" << Serialize(theirs);
  }

  void ExpectError(const Error& error) {
    EXPECT_EQ(error.code, code_);
    EXPECT_EQ(error.message, GetString(*answer_, {"message"}));
    EXPECT_EQ(error.reason, GetString(*answer_, {"reason"}));
    std::vector<std::string> mine, theirs;
    for (const ErrorCause& cause : error.causes) {
      mine.push_back(cause.reason + "|" + cause.message + "|" + cause.field);
    }
    if (const Array* causes = GetArray(*answer_, {"details", "causes"})) {
      for (const Value& cause : *causes) {
        theirs.push_back(std::string(GetString(cause, {"reason"})) + "|" +
                         std::string(GetString(cause, {"message"})) + "|" +
                         std::string(GetString(cause, {"field"})));
      }
    }
    // Among several managers the server's order is that of a hash.
    std::sort(mine.begin(), mine.end());
    std::sort(theirs.begin(), theirs.end());
    EXPECT_EQ(mine, theirs);
  }

  // The patch is fine and the object that it makes is not: that is told behind this code.
  void ExpectRefusedLater() {
    std::string_view message = GetString(*answer_, {"message"});
    bool later = code_ == 422 || message.find("undeterminable") != std::string_view::npos;
    EXPECT_TRUE(later && message.find("rejected our request") == std::string_view::npos)
        << code_ << " " << message;
  }

  const KindInfo& kind_;
  const MessageType& type_;
  std::string name_;
  Value live_;
  std::string_view op_;
  int64_t code_ = 0;
  const Value* body_ = nullptr;
  const Value* answer_ = nullptr;
  Writer writer_;
};

TEST(ObservedPatches, OwnershipGoesAlike) {
  const std::vector<Object> stories = Stories("observed_apply.jsonl");
  EXPECT_GT(stories.size(), 50u);
  for (const Object& story : stories) Story{story};
}

TEST(ObservedPatches, PatchesAreAnsweredAlike) {
  const std::vector<Object> stories = Stories("observed_patches.jsonl");
  EXPECT_GT(stories.size(), 35u);
  for (const Object& story : stories) Story{story};
}

}  // namespace
}  // namespace fairway::kube
