// A Placement from a form is, byte for byte, the one that the long way makes.
#include "gateway/driver/placement_forms.h"

#include <gtest/gtest.h>

#include "gateway/api/object_writer_impl.h"
#include "gateway/driver/placement_document.h"

namespace fairway::gateway {
namespace {

class PlacementFormsTest : public ::testing::Test {
 protected:
  static scheduler::JobRecord Job(const std::string& name, int64_t since_ms = 1'000'000) {
    scheduler::JobRecord record;
    record.name = name;
    record.since = Instant{since_ms};
    return record;
  }
  static scheduler::Decision Waits(const std::string& message) {
    scheduler::Decision decision;
    decision.outcome = "Waiting";
    decision.message = message;
    decision.verdicts.push_back({"Cordoned", "is cordoned", 1, {"east"}});
    return decision;
  }
  // What is stored for it.
  std::string Long(const scheduler::JobRecord& record, const scheduler::Decision& decision,
                   const std::string& job_uid, const api::CreatedForm::Values& own) {
    kube::Value doc = PlacementDocument(record, world_, &decision, job_uid, nullptr, {});
    kube::Object& metadata = doc.get_object()["metadata"].get_object();
    metadata["uid"] = own.uid;
    metadata["creationTimestamp"] = own.time;
    metadata["resourceVersion"] = own.revision;
    return api::SerializeObject(kind_, doc.get_object());
  }

  scheduler::World world_;
  api::Registry registry_{kube::Schema::Builtin(), kube::Strategies::Builtin(), {}};
  const api::ServedKind& kind_ = *registry_.FindStorage("placements.fairway.flext.sh");
  PlacementForms forms_;
};

TEST_F(PlacementFormsTest, SaysWhatTheDocumentSays) {
  for (int64_t since_ms : {int64_t{0}, int64_t{2'000'000}}) {
    scheduler::Decision decision = Waits("no \"cluster\" has joined");
    // A name that is also a word of the document.
    auto first = Job("default/Queued", since_ms / 2);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(forms_.Find(first, world_, &decision, "job-1"), nullptr);
      forms_.Note(kind_, Long(first, decision, "job-1", {"", "own-1", "T1", "1"}));
    }
    auto second = Job("default/b", since_ms);
    api::CreatedForm* form = forms_.Find(second, world_, &decision, "job-2");
    ASSERT_NE(form, nullptr);
    api::CreatedForm::Values values{"b", "own-2", "T2", "22"};
    std::string expected = Long(second, decision, "job-2", values);
    EXPECT_EQ(form->Text(values), expected);
    EXPECT_EQ(api::SerializeObject(kind_, form->Fill(values)), expected);
  }
}

TEST_F(PlacementFormsTest, AnotherDecisionHasAnotherForm) {
  scheduler::Decision decision = Waits("a");
  auto job = Job("default/a");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(forms_.Find(job, world_, &decision, "u"), nullptr);
    forms_.Note(kind_, Long(job, decision, "u", {"", "own", "T", "1"}));
  }
  ASSERT_NE(forms_.Find(job, world_, &decision, "u"), nullptr);

  scheduler::Decision other = decision;
  other.message = "b";
  EXPECT_EQ(forms_.Find(job, world_, &other, "u"), nullptr);
  other = decision;
  other.verdicts[0].clusters = {"west"};
  EXPECT_EQ(forms_.Find(job, world_, &other, "u"), nullptr);
  auto changed = job;
  changed.suspended = true;
  EXPECT_EQ(forms_.Find(changed, world_, &decision, "u"), nullptr);
  changed = job;
  changed.name = "other/a";
  EXPECT_EQ(forms_.Find(changed, world_, &decision, "u"), nullptr);
  changed = job;
  changed.former.emplace_back();
  EXPECT_EQ(forms_.Find(changed, world_, &decision, "u"), nullptr);
  // Without a decision the document keeps what an earlier one said.
  EXPECT_EQ(forms_.Find(job, world_, nullptr, "u"), nullptr);
}

}  // namespace
}  // namespace fairway::gateway
