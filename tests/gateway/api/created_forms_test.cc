// A body that comes again makes the same object as the long way, whatever is in it, and what
// depends on the moment is still asked.
#include "gateway/api/created_forms.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "gateway/api/registry.h"
#include "tests/gateway/api/api_fixture.h"

namespace fairway::gateway::api {
namespace {

std::string JobBody(std::string_view metadata, std::string_view command = "\"run\"") {
  return R"({"apiVersion":"batch/v1","kind":"Job","metadata":{)" + std::string(metadata) +
         R"(},"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c",)"
         R"("image":"busybox","command":[)" +
         std::string(command) + "]}]}}}}";
}

class CreatedFormsTest : public ApiFixture {
 protected:
  // What was stored, with the object's own values replaced: two objects of one body are equal.
  static std::string Skeleton(const kube::Value& doc) {
    auto own = CreatedForm::OwnOf(doc);
    EXPECT_TRUE(own);
    std::string text = kube::Serialize(doc);
    auto replace = [&text](const std::string& what, std::string_view by) {
      for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
        text.replace(at, what.size(), by);
      }
    };
    replace("\"resourceVersion\":\"" + own->revision + "\"", "REVISION");
    // A second may end between two of them.
    replace("\"creationTimestamp\":\"" + own->time + "\"", "CREATED");
    replace("\"time\":\"" + own->time + "\"", "WRITTEN");
    replace(own->name, "NAME");
    replace(own->uid, "UID");
    return text;
  }
};

TEST_F(CreatedFormsTest, EveryRepetitionMakesTheSameObject) {
  const std::string kBodies[] = {
      JobBody(R"("generateName":"a-")"),
      JobBody(R"("generateName":"a-","labels":{"x":"y"},"annotations":{"q":"\"\\\u0001\n\u00e9"})"),
      JobBody(R"("generateName":"a-","creationTimestamp":null,"finalizers":["example.com/f"])"),
      JobBody(
          R"("generateName":"a-","ownerReferences":[{"apiVersion":"example.com/v1","kind":"Thing",)"
          R"("name":"a-","uid":"u"}])"),
      JobBody(R"("generateName":"a-","annotations":{"a":"2026-01-01T00:00:00Z","b":"1","c":"."})"),
  };
  for (const std::string& body : kBodies) {
    std::string first;
    std::set<std::string> names, uids, revisions;
    for (int i = 0; i < 6; ++i) {
      FakePtr answer = Send("POST", kJobs, body);
      ASSERT_EQ(answer->status, 201) << answer->body;
      kube::Value doc = answer->Json();
      if (i == 0) first = Skeleton(doc);
      EXPECT_EQ(Skeleton(doc), first) << i;
      auto own = CreatedForm::OwnOf(doc);
      names.insert(own->name);
      uids.insert(own->uid);
      revisions.insert(own->revision);
      // What a client reads later is what it was told.
      EXPECT_EQ(Send("GET", std::string(kJobs) + "/" + own->name)->body, answer->body);
      // The Job's own pods, nobody else's.
      EXPECT_EQ(kube::GetString(
                    doc, {"spec", "selector", "matchLabels", "batch.kubernetes.io/controller-uid"}),
                own->uid);
    }
    EXPECT_EQ(names.size(), 6u);
    EXPECT_EQ(uids.size(), 6u);
    EXPECT_EQ(revisions.size(), 6u);
  }
}

// The clock moves between two of them: an author's own copy of the first moment stays as it is.
TEST_F(CreatedFormsTest, OnlyTheServersOwnTimesMove) {
  FakePtr probe = Send("POST", kJobs, JobBody(R"("generateName":"p-")"));
  std::string now(kube::GetString(probe->Json(), {"metadata", "creationTimestamp"}));
  const std::string body = JobBody(R"("generateName":"a-","annotations":{"at":")" + now + "\"}");
  for (int i = 0; i < 6; ++i) {
    kube::Value doc = Send("POST", kJobs, body)->Json();
    EXPECT_EQ(kube::GetString(doc, {"metadata", "annotations", "at"}), now);
    const kube::Array* managers = kube::GetArray(doc, {"metadata", "managedFields"});
    ASSERT_TRUE(managers != nullptr && managers->size() == 1);
    EXPECT_EQ(kube::GetString(managers->front(), {"time"}),
              kube::GetString(doc, {"metadata", "creationTimestamp"}));
  }
}

TEST_F(CreatedFormsTest, WhatTheRequestSaysBesideTheBodyCounts) {
  const std::string body = JobBody(R"("generateName":"a-")");
  for (int i = 0; i < 4; ++i) ASSERT_EQ(Send("POST", kJobs, body)->status, 201);
  kube::Value other = Send("POST", std::string(kJobs) + "?fieldManager=me", body)->Json();
  EXPECT_EQ(
      kube::GetString(kube::GetArray(other, {"metadata", "managedFields"})->front(), {"manager"}),
      "me");
  kube::Value dry = Send("POST", std::string(kJobs) + "?dryRun=All", body)->Json();
  std::string name(kube::GetString(dry, {"metadata", "name"}));
  EXPECT_EQ(Send("GET", std::string(kJobs) + "/" + name)->status, 404);
  EXPECT_EQ(Send("POST", "/apis/batch/v1/namespaces/none/jobs", body)->status, 404);
  // Findings are told each time.
  const std::string odd = JobBody(R"("generateName":"a-","bogus":1)");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Send("POST", kJobs, odd)->Warnings().size(), 1u) << i;
    EXPECT_EQ(Send("POST", std::string(kJobs) + "?fieldValidation=Strict", odd)->status, 400) << i;
  }
}

TEST_F(CreatedFormsTest, TheCheckIsAskedForEveryObject) {
  bool open = true;
  int asked = 0;
  Admission admission;
  admission.check = [&](const kube::Object&, std::string_view, Admission::Memo*) -> Status {
    ++asked;
    if (open) return {};
    return Fail(Error{.code = 403, .message = "closed"});
  };
  server_->writer().SetAdmission("jobs.batch", admission);
  const std::string body = JobBody(R"("generateName":"a-")");
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Send("POST", kJobs, body)->status, 201);
  EXPECT_EQ(asked, 5);
  open = false;
  EXPECT_EQ(Send("POST", kJobs, body)->status, 403);
}

// Bodies of one template: names, arguments, environment and annotations differ. Whether an object
// came from a form shows by the memo that its check is given.
class AlikeTest : public CreatedFormsTest {
 protected:
  void SetUp() override {
    CreatedFormsTest::SetUp();
    Admission admission;
    admission.check = [this](const kube::Object&, std::string_view,
                             Admission::Memo* memo) -> Status {
      from_form_ = memo != nullptr;
      return {};
    };
    server_->writer().SetAdmission("jobs.batch", admission);
  }
  static std::string Body(std::string_view identity, std::string_view text,
                          std::string_view more = "") {
    const std::string quoted = '"' + std::string(text) + '"';
    return R"({"apiVersion":"batch/v1","kind":"Job","metadata":{)" + std::string(identity) +
           R"(,"annotations":{"example.com/run":)" + quoted + R"(}},"spec":{"template":{)" +
           std::string(more) + R"("spec":{"restartPolicy":"Never","containers":[{"name":"train",)" +
           R"("image":"busybox","args":["fix",)" + quoted + R"(],"env":[{"name":"A","value":)" +
           quoted + "}]}]}}}}";
  }
  // A dry run goes the long way, always.
  void ExpectAsTheLongWay(const std::string& body) {
    kube::Value dry = Send("POST", std::string(kJobs) + "?dryRun=All", body)->Json();
    FakePtr answer = Send("POST", kJobs, body);
    ASSERT_EQ(answer->status, 201) << answer->body;
    kube::Value doc = answer->Json();
    const std::string name(kube::GetString(doc, {"metadata", "name"}));
    EXPECT_EQ(Send("GET", std::string(kJobs) + "/" + name)->body, answer->body);
    EXPECT_EQ(Skeleton(doc), Skeleton(WithRevision(std::move(dry))));
  }
  static kube::Value WithRevision(kube::Value dry) {
    kube::EnsureObject(dry.get_object(), {"metadata"})["resourceVersion"] = "9";
    return dry;
  }
  bool from_form_ = false;
};

TEST_F(AlikeTest, TextsOfTheirOwn) {
  const std::string kTexts[] = {
      "1",   "2",    "three",  "a \\\\ b", "\\u00e9\\n", "\xc3\xa9", "\\ud83d\\ude00",
      "\\/", "\\\"", "{[,]}:", "1",        "NAME",       "\x7f"};
  int i = 0;
  for (const std::string& text : kTexts) {
    ExpectAsTheLongWay(Body(R"("generateName":"a-")", text));
    EXPECT_EQ(from_form_, ++i > 3) << text;
  }
  // An empty text is another matter: JSON of Kubernetes may leave it out.
  ExpectAsTheLongWay(Body(R"("generateName":"a-")", ""));
  EXPECT_FALSE(from_form_);
}

TEST_F(AlikeTest, NamesOfTheirOwn) {
  for (int i = 0; i < 6; ++i) {
    // A container is called like one of the Jobs: its name is its own.
    const std::string name = i == 1 || i == 5 ? "train" : "job-" + std::to_string(i);
    const std::string body = Body("\"name\":\"" + name + '"', "x" + std::to_string(i));
    if (i == 5) {
      EXPECT_EQ(Send("POST", kJobs, body)->status, 409);
      break;
    }
    ExpectAsTheLongWay(body);
    EXPECT_EQ(from_form_, i > 2) << i;
    kube::Value doc = Send("GET", std::string(kJobs) + "/" + name)->Json();
    EXPECT_EQ(kube::GetString(doc, {"spec", "template", "metadata", "labels", "job-name"}), name);
  }
  EXPECT_EQ(Send("POST", kJobs, Body(R"("name":"Upper")", "x"))->status, 422);
  EXPECT_EQ(Send("POST", kJobs, Body(R"("name":"")", "x"))->status, 422);
}

// Learnt where name and label are the same; the long way refuses one that differs.
TEST_F(AlikeTest, ALabelOfTheAuthorsIsNotTheName) {
  auto body = [](std::string_view name, std::string_view label) {
    return Body("\"name\":\"" + std::string(name) + '"', "x",
                R"("metadata":{"labels":{"job-name":")" + std::string(label) + "\"}},");
  };
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(Send("POST", kJobs, body("one", "one"))->status, 201);
    ASSERT_EQ(Send("DELETE", std::string(kJobs) + "/one?propagationPolicy=Background")->status,
              200);
    EXPECT_EQ(Send("POST", kJobs, body("two", "one"))->status, 422) << i;
  }
}

TEST_F(AlikeTest, WhatIsNotJsonIsRefusedAsBefore) {
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(Send("POST", kJobs, Body(R"("generateName":"a-")", std::to_string(i)))->status, 201);
  }
  EXPECT_TRUE(from_form_);
  for (std::string text : {"a\nb", "\xff", "\\x", "\\ud800"}) {
    FakePtr answer = Send("POST", kJobs, Body(R"("generateName":"a-")", text));
    FakePtr dry =
        Send("POST", std::string(kJobs) + "?dryRun=All", Body(R"("generateName":"a-")", text));
    EXPECT_EQ(answer->status, dry->status) << text;
    if (answer->status == 400) {
      EXPECT_EQ(answer->body, dry->body);
    }
  }
}

// A byte that JSON has an opinion on is seen wherever it stands.
TEST_F(AlikeTest, EveryByteAtEveryPlaceOfAText) {
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(Send("POST", kJobs, Body(R"("generateName":"a-")", std::to_string(i)))->status, 201);
  }
  for (size_t size : {1, 7, 8, 9, 16, 19}) {
    for (size_t at = 0; at < size; ++at) {
      for (int byte : {0x01, 0x1f, 0x20, 0x21, 0x5b, 0x5d, 0x7e, 0x7f, 0x80, 0xc3, 0xff}) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(byte);
        const std::string body = Body(R"("generateName":"a-")", text);
        FakePtr dry = Send("POST", std::string(kJobs) + "?dryRun=All", body);
        FakePtr answer = Send("POST", kJobs, body);
        ASSERT_EQ(answer->status, dry->status) << size << " " << at << " " << byte;
        if (answer->status == 201) {
          ASSERT_EQ(Skeleton(answer->Json()), Skeleton(WithRevision(dry->Json())));
          ASSERT_TRUE(from_form_) << size << " " << at << " " << byte;
        } else {
          ASSERT_EQ(answer->body, dry->body);
        }
      }
    }
  }
}

class FormMemory : public ::testing::Test {
 protected:
  static std::string Stored(const std::string& name, const std::string& uid,
                            const std::string& extra = "") {
    return R"({"kind":"Job","apiVersion":"batch/v1","metadata":{"generateName":"a-","name":")" +
           name + R"(","uid":")" + uid +
           R"(","creationTimestamp":"2026-01-01T00:00:00Z","resourceVersion":"7"},"spec":{"x":")" +
           extra + "\"}}";
  }
  CreateRequest Ask(std::string_view body) const {
    const ServedKind* kind = registry_.FindResource("batch", "v1", "jobs");
    return {kind, "default", "me", "", "application/json", body};
  }
  Registry registry_{kube::Schema::Builtin(), kube::Strategies::Builtin(), {"batch/v1/jobs"}};
};

TEST_F(FormMemory, UsedOnlyAfterItWasComparedWithTheLongWay) {
  CreatedForms forms;
  forms.Note(Ask("b"), Stored("a-11111", "uid-1"));
  EXPECT_EQ(forms.size(), 0u);  // came once
  forms.Note(Ask("b"), Stored("a-22222", "uid-2"));
  EXPECT_EQ(forms.Find(Ask("b")), nullptr);  // learnt, not compared
  forms.Note(Ask("b"), Stored("a-33333", "uid-3"));
  CreatedForm* form = forms.Find(Ask("b"));
  ASSERT_NE(form, nullptr);
  EXPECT_EQ(form->Text({"a-44444", "uid-4", "2026-01-01T00:00:00Z", "7"}),
            Stored("a-44444", "uid-4"));
  EXPECT_EQ(forms.Find(Ask("c")), nullptr);
}

TEST_F(FormMemory, AFormThatIsNotTheWholeTruthIsNeverUsed) {
  CreatedForms forms;
  // Something beside the known places differs each time: a text that contains the name.
  for (int i = 0; i < 6; ++i) {
    std::string name = "a-0000" + std::to_string(i);
    forms.Note(Ask("b"), Stored(name, "uid-" + std::to_string(i), "see " + name));
    EXPECT_EQ(forms.Find(Ask("b")), nullptr);
  }
}

TEST_F(FormMemory, IsBounded) {
  CreatedForms forms({.forms_max = 4, .bytes_max = 64u << 10, .body_max = 100});
  auto teach = [&](const std::string& body, const std::string& extra) {
    for (int i = 0; i < 3; ++i) {
      forms.Note(Ask(body),
                 Stored("a-0000" + std::to_string(i), "uid-" + std::to_string(i), extra));
    }
  };
  for (int i = 0; i < 40; ++i) {
    teach("body" + std::to_string(i), "");
    EXPECT_NE(forms.Find(Ask("body" + std::to_string(i))), nullptr);
    EXPECT_LE(forms.size(), 4u);
  }
  EXPECT_EQ(forms.Find(Ask("body0")), nullptr);
  teach("large", std::string(10'000, 'x'));
  EXPECT_LE(forms.bytes(), 64u << 10);
  teach("huge", std::string(20'000, 'x'));
  EXPECT_LE(forms.bytes(), 64u << 10);
  teach(std::string(200, 'b'), "");
  EXPECT_EQ(forms.Find(Ask(std::string(200, 'b'))), nullptr);
}

}  // namespace
}  // namespace fairway::gateway::api
