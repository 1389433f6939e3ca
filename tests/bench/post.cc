// post: a bare curl_multi loop that POSTs one body over h2 to several servers in turn: what
// dispatching cannot do without, given libcurl.
#include <curl/curl.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/bench/clock.h"
#include "tests/bench/programs.h"

namespace fairway::bench {

namespace {

size_t Drop(char*, size_t size, size_t count, void*) { return size * count; }

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

class Poster {
 public:
  Poster(std::vector<std::string> urls, const std::vector<std::string>& tokens, std::string body)
      : urls_(std::move(urls)), body_(std::move(body)), multi_(curl_multi_init()) {
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
    for (const std::string& token : tokens) {
      curl_slist* fields = curl_slist_append(nullptr, "Content-Type: application/json");
      fields = curl_slist_append(fields, "Expect:");
      fields_.push_back(curl_slist_append(fields, ("Authorization: Bearer " + token).c_str()));
    }
  }
  ~Poster() {
    curl_multi_cleanup(multi_);
    for (curl_slist* fields : fields_) curl_slist_free_all(fields);
  }

  int64_t refused() const { return refused_; }

  void Run(int64_t requests, int64_t in_flight) {
    unsent_ = requests;
    for (int64_t i = 0; i < in_flight; ++i) Send(curl_easy_init());
    while (open_ > 0) {
      int running = 0, left = 0;
      curl_multi_perform(multi_, &running);
      while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg == CURLMSG_DONE) Done(message->easy_handle, message->data.result);
      }
      if (open_ > 0) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
  }

 private:
  void Send(CURL* easy) {
    if (unsent_ <= 0) {
      curl_easy_cleanup(easy);
      return;
    }
    size_t server = static_cast<size_t>(--unsent_) % urls_.size();
    curl_easy_setopt(easy, CURLOPT_URL, urls_[server].c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fields_[server]);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body_.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body_.size()));
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, Drop);
    curl_multi_add_handle(multi_, easy);
    ++open_;
  }

  void Done(CURL* easy, CURLcode result) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (result != CURLE_OK || status != 201) ++refused_;
    curl_multi_remove_handle(multi_, easy);
    --open_;
    Send(easy);
  }

  const std::vector<std::string> urls_;
  const std::string body_;
  CURLM* multi_;
  std::vector<curl_slist*> fields_;
  int64_t unsent_ = 0, open_ = 0, refused_ = 0;
};

}  // namespace

int RunPost(Args& args) {
  std::vector<std::string> urls = Split(args.Get("urls")), tokens = Split(args.Get("tokens"));
  int64_t requests = args.GetInt("requests", 1000), in_flight = args.GetInt("in-flight", 64);
  std::ifstream file(args.Get("body"), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  std::string problem = args.Problem();
  if (problem.empty() && (urls.empty() || urls.size() != tokens.size() || text.str().empty())) {
    problem = "--urls and --tokens go together, and --body must say something";
  }
  if (!problem.empty()) {
    std::fprintf(stderr, "post: %s\n", problem.c_str());
    return 2;
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  Poster poster(urls, tokens, text.str());
  poster.Run(static_cast<int64_t>(urls.size()), static_cast<int64_t>(urls.size()));  // connects
  int64_t began = MonotonicNs(), cpu = ProcessCpuNs();
  poster.Run(requests, in_flight);
  std::printf("{\"requests\":%lld,\"refused\":%lld,\"seconds\":%.6f,\"cpu_seconds\":%.6f}\n",
              static_cast<long long>(requests), static_cast<long long>(poster.refused()),
              static_cast<double>(MonotonicNs() - began) / 1e9,
              static_cast<double>(ProcessCpuNs() - cpu) / 1e9);
  return poster.refused() == 0 ? 0 : 1;
}

}  // namespace fairway::bench
