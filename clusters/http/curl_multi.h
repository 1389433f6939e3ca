// CurlMulti: one CURLM on the loop. Knows sockets and timers, nothing of requests.
//
// Thread: the loop. Lifetime: shared; stays alive while it is inside libcurl, so that a completion
// callback may drop the last reference. Source: libcurl's curl_multi_socket(3).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "clusters/loop/loop.h"

namespace fairway::clusters {

struct CurlSocketWatch;
struct CurlTimer;

class CurlMulti : public std::enable_shared_from_this<CurlMulti> {
 public:
  // `on_done(easy, code)` runs outside libcurl, after the easy handle was removed.
  using OnDone = std::function<void(void* easy, int curl_code)>;

  static std::shared_ptr<CurlMulti> Create(Loop& loop, int connections_max, OnDone on_done);
  ~CurlMulti();
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;

  // False while libcurl is calling us: it refuses re-entry then.
  bool CanEnter() const { return depth_ == 0; }
  // Needs CanEnter().
  void Add(void* easy);
  // Removes a handle whose transfer is to end early. Needs CanEnter().
  void Remove(void* easy);
  // Runs `fn` as soon as libcurl has returned; at once when CanEnter().
  void Outside(std::function<void()> fn);

 private:
  friend struct CurlMultiCallbacks;

  CurlMulti(Loop& loop, OnDone on_done);
  void OnSocketChange(int fd, int what, CurlSocketWatch* watch);
  void SetTimer(long timeout_ms);
  void Act(int fd, int events);
  void TakeResults();

  Loop& loop_;
  OnDone on_done_;
  void* multi_ = nullptr;  // CURLM*
  int depth_ = 0;
  std::unique_ptr<CurlTimer> timer_;
  std::unordered_map<int, std::unique_ptr<CurlSocketWatch>> watches_;
  std::vector<std::function<void()>> outside_;
};

}  // namespace fairway::clusters
