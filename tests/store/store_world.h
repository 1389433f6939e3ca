// A loop, a directory and a few short cuts that the store's tests share.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "store/memory_journal.h"
#include "store/object_store.h"
#include "store/rocks_journal.h"

namespace fairway::store {

// The loop thread, by hand: functions run when the test says so.
class HandLoop {
 public:
  Poster poster() {
    return [this](std::function<void()> fn) {
      {
        std::lock_guard<std::mutex> lock(mutex_);
        posted_.push_back(std::move(fn));
      }
      wake_.notify_one();
    };
  }
  ObjectStore::Defer defer() {
    return [this](std::function<void()> fn) { turn_end_.push_back(std::move(fn)); };
  }
  // Ends the turn under way, then runs one turn: what was posted so far. False when idle.
  bool Turn() {
    EndTurn();
    std::deque<std::function<void()>> now;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      now.swap(posted_);
    }
    for (auto& fn : now) fn();
    EndTurn();
    return !now.empty();
  }
  // Turns until nothing is posted; for journals without threads.
  void Settle() {
    while (Turn()) continue;
  }
  // Turns until `done`, waiting for other threads' posts.
  void RunUntil(const std::function<bool()>& done) {
    for (EndTurn(); !done(); Turn()) {
      std::unique_lock<std::mutex> lock(mutex_);
      if (done()) return;
      wake_.wait(lock, [this] { return !posted_.empty(); });
    }
  }
  void EndTurn() {
    while (!turn_end_.empty()) {
      auto fn = std::move(turn_end_.front());
      turn_end_.pop_front();
      fn();
    }
  }
  // A crash forgets what was to run.
  void Forget() {
    std::lock_guard<std::mutex> lock(mutex_);
    posted_.clear();
    turn_end_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> posted_;
  std::deque<std::function<void()>> turn_end_;
};

// A directory that goes away with the test. In memory where the system has such a place: loss of
// unsynced data is simulated, so that a test need not wait for a disk.
class TempDir {
 public:
  TempDir() {
    std::filesystem::path base = "/dev/shm";
    if (::access(base.c_str(), W_OK) != 0) base = std::filesystem::temp_directory_path();
    std::string name = (base / "fairway-store-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline ObjectKey Job(const std::string& name, const std::string& ns = "default") {
  return {"jobs.batch", ns, name};
}

// Texts of one family are as bodies of Jobs of one template: each packs badly alone, and well
// against another one.
inline std::string Alike(uint32_t family, const std::string& own) {
  std::mt19937 random(family);
  std::string text;
  while (text.size() < 2000) text.push_back(static_cast<char>('!' + random() % 90));
  return text + own;
}

// Stages one write and returns its revision.
inline Revision Put(ObjectStore& store, const ObjectKey& key, const std::string& text) {
  Revision revision = store.NextRevision();
  Change change;
  change.kind = Change::Kind::kModified;
  change.key = key;
  change.revision = revision;
  change.body = std::make_shared<const std::string>(text);
  store.Stage(std::move(change));
  return revision;
}

inline Revision Erase(ObjectStore& store, const ObjectKey& key, const std::string& last) {
  Revision revision = store.NextRevision();
  Change change;
  change.kind = Change::Kind::kDeleted;
  change.key = key;
  change.revision = revision;
  change.body = std::make_shared<const std::string>(last);
  store.Stage(std::move(change));
  return revision;
}

// "+default/a@3=text", "~...", "-..." with "<prev" where there is one.
inline std::string Show(const Change& change) {
  const char* sign = change.kind == Change::Kind::kAdded      ? "+"
                     : change.kind == Change::Kind::kModified ? "~"
                                                              : "-";
  std::string out = sign + change.key.ns + "/" + change.key.name + "@" +
                    std::to_string(change.revision.value) + "=" + *change.body;
  if (change.prev_body) {
    out += "<" + *change.prev_body + "@" + std::to_string(change.prev_revision.value);
  }
  return out;
}

inline std::string Show(const Object& object) {
  return object.key.ns + "/" + object.key.name + "@" + std::to_string(object.revision.value) + "=" +
         *object.body;
}

// "text", or "-" when absent, or "error: ...".
inline std::string TextOf(const Result<std::optional<Object>>& got) {
  if (!got) return "error: " + got.error().message;
  return *got ? *(*got)->body : "-";
}

inline std::vector<std::string> LogAfter(Journal& journal, Revision after) {
  std::vector<std::string> out;
  Status status = journal.ReadLog(after, [&](const ChangePtr& change) {
    out.push_back(Show(*change));
    return true;
  });
  if (!status) out.push_back("error: " + status.error().message);
  return out;
}

}  // namespace fairway::store
