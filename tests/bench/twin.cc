// twin: the ideal accept server. TLS, h2 and HTTP/1.1, a full parse, the few checks without which
// nothing could be stored, one queue, one writer, one synced batch, 201 with the object. No users,
// no rules, no defaults, no watch log, no decisions: what Fairway's figures are divided by.
#include <simdjson.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "tests/bench/programs.h"
#include "tests/bench/twin_session.h"
#include "tests/bench/twin_store.h"

namespace fairway::bench {

namespace {

class TwinServer {
 public:
  TwinServer(int listener, const std::string& directory)
      : listener_(listener),
        wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        context_(MakeServerContext()),
        store_(directory, wake_) {
    Add(listener_, kListener, EPOLLIN);
    Add(wake_, kWake, EPOLLIN);
  }

  [[noreturn]] void Run() {
    epoll_event events[256];
    for (;;) {
      int count = epoll_wait(epoll_, events, 256, -1);
      for (int i = 0; i < count; ++i) On(events[i].data.u64, events[i].events);
      for (uint64_t id : touched_) Flush(id);
      touched_.clear();
    }
  }

 private:
  static constexpr uint64_t kListener = 0, kWake = 1;
  struct Client {
    std::unique_ptr<TwinSession> session;
    bool writing = false;
  };

  void Add(int fd, uint64_t id, uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void On(uint64_t id, uint32_t events) {
    if (id == kListener) return Accept();
    if (id == kWake) return Complete();
    auto found = clients_.find(id);
    if (found == clients_.end()) return;
    touched_.insert(id);
    if ((events & ~uint32_t{EPOLLOUT}) != 0 && !found->second.session->OnReadable()) {
      clients_.erase(found);
    }
  }

  void Accept() {
    int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    uint64_t id = ++last_id_;
    clients_[id].session = std::make_unique<TwinSession>(
        context_.get(), fd,
        [this, id](int32_t stream, std::string body) { Post(id, stream, std::move(body)); });
    Add(fd, id, EPOLLIN);
  }

  void Complete() {
    uint64_t count = 0;
    if (read(wake_, &count, sizeof count) < 0) return;
    for (TwinWrite& write : store_.TakeDurable()) {
      auto found = clients_.find(write.session);
      if (found == clients_.end()) continue;
      found->second.session->Answer(write.stream, 201, std::move(write.body));
      touched_.insert(write.session);
    }
  }

  void Flush(uint64_t id) {
    auto found = clients_.find(id);
    if (found == clients_.end()) return;
    Client& client = found->second;
    if (!client.session->Flush()) {
      clients_.erase(found);
      return;
    }
    bool writing = client.session->wants_write();
    if (writing == client.writing) return;
    client.writing = writing;
    epoll_event event{};
    event.events = writing ? uint32_t{EPOLLIN} | EPOLLOUT : uint32_t{EPOLLIN};
    event.data.u64 = id;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, client.session->fd(), &event);
  }

  // The generateName of a Job that could be stored; "" when it could not.
  std::string_view Check(const std::string& body) {
    simdjson::dom::element document;
    std::string_view kind, version, prefix;
    simdjson::dom::array containers;
    // The buffer has its padding: no copy.
    if (parser_.parse(body.data(), body.size(), false).get(document) != simdjson::SUCCESS ||
        document["kind"].get(kind) != simdjson::SUCCESS || kind != "Job" ||
        document["apiVersion"].get(version) != simdjson::SUCCESS || version != "batch/v1" ||
        document.at_pointer("/metadata/generateName").get(prefix) != simdjson::SUCCESS ||
        document.at_pointer("/spec/template/spec/containers").get(containers) !=
            simdjson::SUCCESS) {
      return {};
    }
    for (simdjson::dom::element container : containers) {
      std::string_view text;
      if (container["name"].get(text) != simdjson::SUCCESS || text.empty() ||
          container["image"].get(text) != simdjson::SUCCESS || text.empty()) {
        return {};
      }
    }
    return prefix;
  }

  void Post(uint64_t id, int32_t stream, std::string body) {
    constexpr std::string_view kMetadata = "\"metadata\":{";
    std::string_view prefix = Check(body);
    size_t at = body.find(kMetadata);
    if (prefix.empty() || at == std::string::npos) {
      clients_[id].session->Answer(stream, 400, std::make_shared<std::string>("{}"));
      return;
    }
    char suffix[24], uid[40];
    ++revision_;
    std::snprintf(suffix, sizeof suffix, "%09llx", static_cast<unsigned long long>(revision_));
    std::snprintf(uid, sizeof uid, "00000000-0000-4000-8000-%012llx",
                  static_cast<unsigned long long>(revision_));
    std::string name = std::string(prefix) + suffix;
    auto object = std::make_shared<std::string>();
    object->reserve(body.size() + 256);
    object->append(body, 0, at + kMetadata.size()).append("\"name\":\"").append(name);
    object->append("\",\"uid\":\"").append(uid).append("\",\"resourceVersion\":\"");
    object->append(std::to_string(revision_));
    object->append("\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\",");
    object->append(body, at + kMetadata.size(), std::string::npos);
    store_.Add({id, stream, "jobs.batch/default/" + name, std::move(object)});
  }

  const int listener_, wake_, epoll_;
  SslContext context_;
  TwinStore store_;
  simdjson::dom::parser parser_;
  uint64_t last_id_ = kWake, revision_ = 0;
  std::unordered_map<uint64_t, Client> clients_;
  std::set<uint64_t> touched_;
};

}  // namespace

int RunTwin(Args& args) {
  std::string address = args.Get("listen", "127.0.0.1:0"), directory = args.Get("directory");
  std::string problem = args.Problem();
  int listener = problem.empty() ? Listen(address) : -1;
  if (listener < 0) {
    std::fprintf(stderr, "twin: %s\n", problem.empty() ? "cannot listen" : problem.c_str());
    return 2;
  }
  std::printf("{\"port\":%d}\n", PortOf(listener));
  std::fflush(stdout);
  TwinServer(listener, directory).Run();
}

}  // namespace fairway::bench
