#include "clusters/http/curl_easy.h"

#include <curl/curl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "clusters/http/pem.h"
#include "clusters/kube/schema/leaf.h"
#include "scheduler/assert.h"

namespace fairway::clusters {

namespace {

constexpr size_t kHeaderBytesMax = 256u << 10;
constexpr std::string_view kUserAgent = "fairway/0.1";

struct UrlDelete {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct CurlTextDelete {
  void operator()(char* text) const { curl_free(text); }
};

std::string UrlPart(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::unique_ptr<char, CurlTextDelete> owned(text);
  return owned.get();
}

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host.starts_with("127.") || host == "[::1]" || host == "::1";
}

Error BadEndpoint(std::string message) {
  Error error;
  error.code = 422;
  error.reason = "Invalid";
  error.message = std::move(message);
  return error;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

void TakeHeader(std::string_view line, HttpResponse& response) {
  size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  std::string_view name = line.substr(0, colon);
  std::string_view value = Trim(line.substr(colon + 1));
  if (EqualIgnoringCase(name, "content-type")) {
    response.content_type = std::string(value);
  } else if (EqualIgnoringCase(name, "date")) {
    const time_t date = curl_getdate(std::string(value).c_str(), nullptr);
    response.date_seconds = date > 0 ? static_cast<int64_t>(date) : 0;
  } else if (EqualIgnoringCase(name, "retry-after")) {
    // Only whole seconds; the date form is not used by Kubernetes.
    int seconds = std::atoi(std::string(value).c_str());
    response.retry_after_seconds = std::clamp(seconds, 0, 3600);
  }
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) noexcept {
  auto& sink = *static_cast<CurlSink*>(user);
  std::string_view line(data, size * count);
  sink.any_byte = true;
  sink.header_bytes += line.size();
  if (sink.header_bytes > kHeaderBytesMax) return 0;
  if (line.starts_with("HTTP/")) {
    size_t space = line.find(' ');
    sink.response.status = space == std::string_view::npos
                               ? 0
                               : std::atoi(std::string(line.substr(space + 1)).c_str());
  } else if (line == "\r\n" || line == "\n") {
    if (sink.response.status >= 200 && !sink.head_complete) {
      sink.head_complete = true;
      if (sink.on_head && !sink.on_head()) return 0;
    }
  } else {
    TakeHeader(line, sink.response);
  }
  return size * count;
}

size_t OnBody(char* data, size_t size, size_t count, void* user) noexcept {
  auto& sink = *static_cast<CurlSink*>(user);
  sink.any_byte = true;
  std::string_view piece(data, size * count);
  return sink.on_data(piece) ? piece.size() : 0;
}

// Children (exec plugins) must not inherit our connections.
curl_socket_t OpenSocket(void*, curlsocktype, curl_sockaddr* address) noexcept {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int SetSocketOptions(void* user, curl_socket_t fd, curlsocktype) noexcept {
  auto user_timeout = static_cast<unsigned>(static_cast<const CurlTarget*>(user)->dead_peer_ms);
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof(user_timeout));
  return CURL_SOCKOPT_OK;
}

template <typename T>
void Set(CURL* easy, CURLoption option, T value) {
  CURLcode code = curl_easy_setopt(easy, option, value);
  FAIRWAY_ASSERT(code == CURLE_OK);
}

void SetBlob(CURL* easy, CURLoption option, const std::string& bytes) {
  curl_blob blob{};
  blob.data = const_cast<char*>(bytes.data());  // libcurl only reads it
  blob.len = bytes.size();
  blob.flags = CURL_BLOB_NOCOPY;  // the target outlives the handle
  curl_easy_setopt(easy, option, &blob);
}

}  // namespace

Result<CurlTarget> MakeCurlTarget(Endpoint endpoint, ClientCertificate certificate) {
  std::unique_ptr<CURLU, UrlDelete> url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, endpoint.server.c_str(), 0) != CURLUE_OK) {
    return Fail(BadEndpoint(fmt::format("server {} is not a URL", kube::GoQuote(endpoint.server))));
  }
  std::string scheme = UrlPart(url.get(), CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") {
    return Fail(BadEndpoint(
        fmt::format("server {}: want https:// or http://", kube::GoQuote(endpoint.server))));
  }
  if (endpoint.insecure_skip_tls_verify && !endpoint.ca_pem.empty()) {
    return Fail(BadEndpoint("a CA is given beside insecure-skip-tls-verify: remove one of them"));
  }
  if (!endpoint.ca_pem.empty() && CountCertificates(endpoint.ca_pem) == 0) {
    return Fail(BadEndpoint("the CA data holds no PEM certificate"));
  }
  if (Status pair = CheckKeyPair(certificate); !pair) return Fail(pair.error());
  CurlTarget target;
  std::string host = UrlPart(url.get(), CURLUPART_HOST);
  target.bypass_proxy = endpoint.proxy_url.empty() && IsLoopback(host);
  if (!endpoint.tls_server_name.empty() && scheme == "https" && host != endpoint.tls_server_name) {
    // SNI and verification follow the URL's host, so the URL gets the TLS name and CONNECT_TO leads
    // to the real address.
    std::string port = UrlPart(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
    target.host_header = fmt::format("{}:{}", host, port);
    target.connect_to = fmt::format("{}:{}:{}:{}", endpoint.tls_server_name, port, host, port);
    if (curl_url_set(url.get(), CURLUPART_HOST, endpoint.tls_server_name.c_str(), 0) != CURLUE_OK) {
      return Fail(BadEndpoint(fmt::format("tls-server-name {} is not a host name",
                                          kube::GoQuote(endpoint.tls_server_name))));
    }
  }
  target.base_url = UrlPart(url.get(), CURLUPART_URL);
  while (target.base_url.ends_with('/')) target.base_url.pop_back();
  target.endpoint = std::move(endpoint);
  target.certificate = std::move(certificate);
  return target;
}

CurlEasy::CurlEasy(std::shared_ptr<const CurlTarget> target)
    : target_(std::move(target)), easy_(curl_easy_init()) {
  FAIRWAY_ASSERT(easy_ != nullptr);
  SetTarget();
  SetTls();
}

CurlEasy::~CurlEasy() {
  curl_easy_cleanup(static_cast<CURL*>(easy_));
  curl_slist_free_all(static_cast<curl_slist*>(headers_));
  curl_slist_free_all(static_cast<curl_slist*>(connect_to_));
}

void CurlEasy::SetTarget() {
  auto* easy = static_cast<CURL*>(easy_);
  Set(easy, CURLOPT_NOSIGNAL, 1L);
  Set(easy, CURLOPT_ERRORBUFFER, error_);
  Set(easy, CURLOPT_PROTOCOLS_STR, "https,http");
  Set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  Set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  Set(easy, CURLOPT_PIPEWAIT, 1L);
  Set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // Without it, dropping a handle waits for its name resolution, however long that hangs.
  Set(easy, CURLOPT_QUICK_EXIT, 1L);
  Set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(target_->connect_timeout_ms));
  Set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  Set(easy, CURLOPT_TCP_KEEPIDLE, 15L);
  Set(easy, CURLOPT_TCP_KEEPINTVL, 5L);
  Set(easy, CURLOPT_OPENSOCKETFUNCTION, &OpenSocket);
  Set(easy, CURLOPT_SOCKOPTFUNCTION, &SetSocketOptions);
  Set(easy, CURLOPT_SOCKOPTDATA, static_cast<void*>(const_cast<CurlTarget*>(target_.get())));
  Set(easy, CURLOPT_HEADERFUNCTION, &OnHeader);
  Set(easy, CURLOPT_WRITEFUNCTION, &OnBody);
  if (!target_->connect_to.empty()) {
    connect_to_ = curl_slist_append(nullptr, target_->connect_to.c_str());
    Set(easy, CURLOPT_CONNECT_TO, static_cast<curl_slist*>(connect_to_));
  }
  if (!target_->endpoint.proxy_url.empty()) {
    Set(easy, CURLOPT_PROXY, target_->endpoint.proxy_url.c_str());
  } else if (target_->bypass_proxy) {
    Set(easy, CURLOPT_PROXY, "");
  }
}

void CurlEasy::SetTls() {
  auto* easy = static_cast<CURL*>(easy_);
  Set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (target_->endpoint.insecure_skip_tls_verify) {
    Set(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    Set(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  } else if (!target_->endpoint.ca_pem.empty()) {
    SetBlob(easy, CURLOPT_CAINFO_BLOB, target_->endpoint.ca_pem);
    // Only the given CA: the system's directory would otherwise be searched as well.
    Set(easy, CURLOPT_CAPATH, static_cast<char*>(nullptr));
  }
  if (!target_->certificate.certificate_pem.empty()) {
    SetBlob(easy, CURLOPT_SSLCERT_BLOB, target_->certificate.certificate_pem);
    SetBlob(easy, CURLOPT_SSLKEY_BLOB, target_->certificate.key_pem);
  }
}

void CurlEasy::Prepare(const HttpRequest& request, CurlSink& sink) {
  auto* easy = static_cast<CURL*>(easy_);
  error_[0] = '\0';
  Set(easy, CURLOPT_URL, (target_->base_url + request.target).c_str());
  Set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  Set(easy, CURLOPT_HEADERDATA, static_cast<void*>(&sink));
  Set(easy, CURLOPT_WRITEDATA, static_cast<void*>(&sink));
  if (request.method == "GET") {
    Set(easy, CURLOPT_HTTPGET, 1L);
    Set(easy, CURLOPT_CUSTOMREQUEST, static_cast<char*>(nullptr));
  } else {
    Set(easy, CURLOPT_POST, 1L);
    Set(easy, CURLOPT_POSTFIELDS, request.body.c_str());
    Set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    Set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  // On a kept connection libcurl itself would send a request again that got no answer.
  Set(easy, CURLOPT_FRESH_CONNECT, request.idempotent ? 0L : 1L);
  bool compress = request.compress && !target_->endpoint.disable_compression;
  Set(easy, CURLOPT_ACCEPT_ENCODING, compress ? "gzip" : static_cast<const char*>(nullptr));
  curl_slist* list = nullptr;
  auto add = [&list](const std::string& line) { list = curl_slist_append(list, line.c_str()); };
  // libcurl would ask "Expect: 100-continue" for larger bodies, which costs a round trip.
  add("Expect:");
  add(fmt::format("User-Agent: {}", kUserAgent));
  if (!target_->host_header.empty()) add(fmt::format("Host: {}", target_->host_header));
  for (const auto& [name, value] : request.headers) add(fmt::format("{}: {}", name, value));
  Set(easy, CURLOPT_HTTPHEADER, list);
  curl_slist_free_all(static_cast<curl_slist*>(headers_));
  headers_ = list;
}

int CurlEasy::os_errno() const {
  long value = 0;
  curl_easy_getinfo(static_cast<CURL*>(easy_), CURLINFO_OS_ERRNO, &value);
  return static_cast<int>(value);
}

}  // namespace fairway::clusters
