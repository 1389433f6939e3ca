// Random work against a model: both journals, under crashes and reopenings, hold what a plain map
// and a plain list say, and watchers see each change once.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/store/store_world.h"

namespace fairway::store {
namespace {

// What must be true, kept in the plainest way.
struct Model {
  std::map<ObjectKey, std::string> objects;
  std::vector<std::pair<uint64_t, std::string>> log;  // revision, as Show() prints it

  void Replay(uint64_t last) {
    std::erase_if(log, [last](const auto& entry) { return entry.first > last; });
  }
};

// The system under test: a journal that can be crashed and opened again.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual Journal& journal() = 0;
  // Commits some of what is appended.
  virtual void Progress(std::mt19937& random, HandLoop& loop, ObjectStore& store) = 0;
  virtual void Restart(std::mt19937& random) = 0;
};

class MemorySubject final : public Subject {
 public:
  explicit MemorySubject(HandLoop& loop) : journal_({loop.poster(), true, 0}) {}
  Journal& journal() override { return journal_; }
  void Progress(std::mt19937& random, HandLoop& loop, ObjectStore&) override {
    loop.EndTurn();
    for (auto n = random() % 3; n > 0; --n) {
      if (random() % 4 == 0) {
        journal_.PersistOne();
      } else {
        journal_.CommitOne();
      }
    }
    if (random() % 2 == 0) journal_.Report();
    loop.Turn();
  }
  void Restart(std::mt19937&) override { journal_.Crash(); }

 private:
  MemoryJournal journal_;
};

class RocksSubject final : public Subject {
 public:
  explicit RocksSubject(HandLoop& loop) : loop_(loop) { Open(); }
  Journal& journal() override { return *journal_; }
  void Progress(std::mt19937& random, HandLoop& loop, ObjectStore& store) override {
    loop.EndTurn();
    Revision wanted = store.staged();
    if (random() % 2 == 0) loop.RunUntil([&] { return store.committed() >= wanted; });
    loop.Turn();
  }
  void Restart(std::mt19937&) override {
    journal_.reset();
    Open();
  }

 private:
  void Open() {
    RocksJournal::Options options;
    options.path = dir_.path();
    options.post = loop_.poster();
    options.memtable_bytes = 512u << 10;
    auto opened = RocksJournal::Open(options);
    ASSERT_TRUE(opened) << opened.error().message;
    journal_ = std::move(*opened);
  }
  HandLoop& loop_;
  TempDir dir_;
  std::unique_ptr<RocksJournal> journal_;
};

class ModelRun {
 public:
  ModelRun(HandLoop& loop, Subject& subject, uint32_t seed)
      : loop_(loop), subject_(subject), random_(seed) {
    OpenStore();
  }
  ~ModelRun() { watch_.reset(); }

  void Step() {
    switch (random_() % 12) {
      case 0:
        CheckScan();
        break;
      case 1:
        if (random_() % 4 == 0) Restart();
        break;
      case 2:
        subject_.Progress(random_, loop_, *store_);
        break;
      case 3:
        watch_->Resume();
        accept_ = random_() % 3 != 0;
        break;
      case 4:
        if (random_() % 10 == 0) Trim();
        break;
      default:
        Write();
        if (random_() % 3 == 0) loop_.EndTurn();
    }
  }
  void Finish() {
    accept_ = true;
    for (int i = 0; i < 400 && (store_->committed() < store_->staged() ||
                                watch_->Through() < store_->staged());
         ++i) {
      watch_->Resume();
      subject_.Progress(random_, loop_, *store_);
    }
    CheckScan();
    EXPECT_EQ(Tail(subject_.journal().log_start().value),
              LogAfter(subject_.journal(), subject_.journal().log_start()));
    EXPECT_EQ(seen_, Tail(watch_from_));
  }

 private:
  void OpenStore() {
    ObjectStore::Limits limits;
    limits.ring_bytes_max = 4000;  // the ring is often too short
    store_ = std::make_unique<ObjectStore>(subject_.journal(), loop_.defer(), limits);
    Revision after = std::max(Revision{watch_reached_}, subject_.journal().log_start());
    if (after > Revision{watch_reached_}) {
      // The log was trimmed beyond the watcher: it starts over, as a client would.
      watch_from_ = after.value;
      seen_.clear();
    }
    auto watch = store_->Watch(
        {"jobs.batch", "", ""}, after,
        [this](const std::vector<ChangePtr>& changes, Revision through) {
          for (const ChangePtr& change : changes) seen_.push_back(Show(*change));
          watch_reached_ = through.value;
          return accept_;
        },
        [](const Error& why) { ADD_FAILURE() << why.message; });
    ASSERT_TRUE(watch) << watch.error().message;
    watch_ = std::move(*watch);
  }
  void Restart() {
    watch_.reset();
    store_.reset();
    loop_.Forget();
    subject_.Restart(random_);
    loop_.Forget();
    uint64_t kept = subject_.journal().committed().value;
    EXPECT_GE(kept, told_) << "a reported commit is gone";
    model_.Replay(kept);
    RebuildObjects();
    OpenStore();
  }
  // The objects that the log so far leads to; trimmed history is in `base_`.
  void RebuildObjects() {
    model_.objects.clear();
    for (const auto& [revision, write] : writes_) {
      if (revision > subject_.journal().committed().value) break;
      if (write.second) {
        model_.objects[write.first] = *write.second;
      } else {
        model_.objects.erase(write.first);
      }
    }
    writes_.erase(writes_.upper_bound(subject_.journal().committed().value), writes_.end());
  }
  void Write() {
    ObjectKey key = Job("k" + std::to_string(random_() % 8), "n" + std::to_string(random_() % 2));
    std::string text = "t" + std::to_string(random_() % 1000);
    if (random_() % 4 == 0) text = Alike(random_() % 2, text);
    auto before = store_->Latest(key);
    ASSERT_TRUE(before);
    auto known = model_.objects.find(key);
    ASSERT_EQ(TextOf(before), known == model_.objects.end() ? "-" : known->second);
    bool erase = *before && random_() % 3 == 0;
    Revision revision = erase ? Erase(*store_, key, text) : Put(*store_, key, text);
    Change shown;
    shown.kind = erase     ? Change::Kind::kDeleted
                 : *before ? Change::Kind::kModified
                           : Change::Kind::kAdded;
    shown.key = key;
    shown.revision = revision;
    shown.body = std::make_shared<const std::string>(text);
    if (*before) {
      shown.prev_body = (*before)->body;
      shown.prev_revision = (*before)->revision;
    }
    model_.log.emplace_back(revision.value, Show(shown));
    writes_[revision.value] = {key, erase ? std::nullopt : std::optional<std::string>(text)};
    if (erase) {
      model_.objects.erase(key);
    } else {
      model_.objects[key] = text;
    }
    store_->AfterCommit(revision, [this, revision] { told_ = std::max(told_, revision.value); });
  }
  void CheckScan() {
    std::vector<std::string> got, expected;
    Status status = store_->ScanLatest({"jobs.batch", "", {}}, [&](const Object& object) {
      got.push_back(object.key.ns + "/" + object.key.name + "=" + *object.body);
      return true;
    });
    ASSERT_TRUE(status) << status.error().message;
    for (const auto& [key, text] : model_.objects) {
      expected.push_back(key.ns + "/" + key.name + "=" + text);
    }
    EXPECT_EQ(got, expected);
  }
  // Trims only what the watcher has seen, as retention does for a client that keeps up.
  void Trim() { subject_.journal().TrimLog(Revision{watch_reached_ / 2}); }
  std::vector<std::string> Tail(uint64_t after) const {
    std::vector<std::string> out;
    for (const auto& [revision, shown] : model_.log) {
      if (revision > after) out.push_back(shown);
    }
    return out;
  }

  HandLoop& loop_;
  Subject& subject_;
  std::mt19937 random_;
  Model model_;
  std::map<uint64_t, std::pair<ObjectKey, std::optional<std::string>>> writes_;
  std::unique_ptr<ObjectStore> store_;
  std::unique_ptr<ObjectStore::Subscription> watch_;
  bool accept_ = true;
  uint64_t told_ = 0;
  uint64_t watch_from_ = 0;
  uint64_t watch_reached_ = 0;
  std::vector<std::string> seen_;
};

TEST(ModelTest, MemoryJournal) {
  for (uint32_t seed = 1; seed <= 60 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    HandLoop loop;
    MemorySubject subject(loop);
    ModelRun run(loop, subject, seed);
    for (int i = 0; i < 600 && !::testing::Test::HasFailure(); ++i) run.Step();
    run.Finish();
  }
}

TEST(ModelTest, RocksJournal) {
  for (uint32_t seed = 1; seed <= 6 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    HandLoop loop;
    RocksSubject subject(loop);
    ModelRun run(loop, subject, seed);
    for (int i = 0; i < 400 && !::testing::Test::HasFailure(); ++i) run.Step();
    run.Finish();
  }
}

}  // namespace
}  // namespace fairway::store
