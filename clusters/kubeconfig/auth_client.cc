#include "clusters/kubeconfig/auth_client.h"

#include <utility>

namespace fairway::clusters {

namespace {

constexpr size_t kWaitingMax = 20'000;

// One signed request: credentials, request, and at most one more round of both.
struct Signed {
  HttpRequest request;
  size_t own_headers = 0;  // how many of its headers are not ours
  HttpDone done;
  HttpStream stream;
  bool streaming = false;
  bool again = false;         // the second round
  bool unauthorized = false;  // this round's stream answered 401 and is being swallowed
  bool ended = false;
  uint64_t generation = 0;
  Call step;
};
using SignedPtr = std::shared_ptr<Signed>;

void Deliver(Signed& request, Result<HttpResponse> result) {
  request.ended = true;
  if (request.streaming) {
    auto on_end = std::move(request.stream.on_end);
    on_end(result ? Status() : Status(Fail(std::move(result.error()))));
  } else {
    auto done = std::move(request.done);
    done(std::move(result));
  }
}

}  // namespace

struct AuthClient::Shared : std::enable_shared_from_this<AuthClient::Shared> {
  Loop& loop;
  std::unique_ptr<HttpClient> inner;
  std::unique_ptr<CredentialSource> source;
  std::function<void(const ClientCertificate&)> on_certificate;
  ClientCertificate certificate;
  size_t waiting = 0;

  explicit Shared(Loop& l) : loop(l) {}

  Call Begin(SignedPtr request);
  void Send(const SignedPtr& request, const Credentials& credentials);
  void SendFetch(const SignedPtr& request);
  void SendStream(const SignedPtr& request);
  void Authorize(const SignedPtr& request);
  bool SendAgain(const SignedPtr& request);
};

Call AuthClient::Shared::Begin(SignedPtr request) {
  request->own_headers = request->request.headers.size();
  if (const Credentials* fresh = source->Fresh()) {
    Send(request, *fresh);
  } else {
    Authorize(request);
  }
  return Call([request] {
    request->ended = true;
    request->step.Cancel();
  });
}

void AuthClient::Shared::Authorize(const SignedPtr& request) {
  if (waiting >= kWaitingMax) {
    loop.Defer([request] {
      Error error;
      error.code = 429;
      error.reason = std::string(kHttpQueueFull);
      error.message = "too many requests wait for credentials already";
      if (!request->ended) Deliver(*request, Fail(std::move(error)));
    });
    return;
  }
  ++waiting;
  std::weak_ptr<Shared> weak = weak_from_this();
  Call get = source->Get([weak, request](Result<const Credentials*> result) {
    auto self = weak.lock();
    if (!self || request->ended) return;
    if (!result) return Deliver(*request, Fail(std::move(result.error())));
    self->Send(request, **result);
  });
  // `waiting` counts down however the wait ends.
  auto held = std::make_shared<Call>(std::move(get));
  std::shared_ptr<void> count(nullptr, [weak](void*) {
    if (auto self = weak.lock()) --self->waiting;
  });
  request->step = Call([held, count] { held->Cancel(); });
}

void AuthClient::Shared::Send(const SignedPtr& request, const Credentials& credentials) {
  if (!(credentials.certificate == certificate)) {
    certificate = credentials.certificate;
    on_certificate(certificate);
  }
  request->generation = credentials.generation;
  request->request.headers.resize(request->own_headers);
  for (const auto& header : credentials.headers) request->request.headers.push_back(header);
  if (request->streaming) {
    SendStream(request);
  } else {
    SendFetch(request);
  }
}

void AuthClient::Shared::SendFetch(const SignedPtr& request) {
  // A second round needs the request; a first that cannot be repeated hands it over.
  HttpRequest copy = request->request;
  request->step = inner->Fetch(
      std::move(copy), [weak = weak_from_this(), request](Result<HttpResponse> answer) {
        auto self = weak.lock();
        if (self && answer && answer->status == 401 && self->SendAgain(request)) return;
        Deliver(*request, std::move(answer));
      });
}

void AuthClient::Shared::SendStream(const SignedPtr& request) {
  HttpStream stream;
  std::weak_ptr<Shared> weak = weak_from_this();
  stream.on_head = [weak, request](const HttpResponse& head) {
    auto self = weak.lock();
    request->unauthorized =
        self && head.status == 401 && !request->again && self->source->Refuse(request->generation);
    if (!request->unauthorized) request->stream.on_head(head);
  };
  stream.on_data = [request](std::string_view piece) {
    if (!request->unauthorized) request->stream.on_data(piece);
  };
  stream.on_end = [weak, request](Status status) {
    auto self = weak.lock();
    if (self && request->unauthorized && !request->ended) {
      request->unauthorized = false;
      request->again = true;
      return self->Authorize(request);
    }
    if (!status) return Deliver(*request, Fail(std::move(status.error())));
    Deliver(*request, HttpResponse{});
  };
  request->step = inner->Stream(request->request, std::move(stream));
}

bool AuthClient::Shared::SendAgain(const SignedPtr& request) {
  if (request->again || request->ended || !source->Refuse(request->generation)) return false;
  request->again = true;
  Authorize(request);
  return true;
}

AuthClient::AuthClient(Loop& loop, std::unique_ptr<HttpClient> inner,
                       std::unique_ptr<CredentialSource> source,
                       std::function<void(const ClientCertificate&)> on_certificate)
    : shared_(std::make_shared<Shared>(loop)) {
  shared_->inner = std::move(inner);
  shared_->source = std::move(source);
  shared_->on_certificate = std::move(on_certificate);
}

AuthClient::~AuthClient() = default;

Call AuthClient::Fetch(HttpRequest request, HttpDone done) {
  auto fetch = std::make_shared<Signed>();
  fetch->request = std::move(request);
  fetch->done = std::move(done);
  return shared_->Begin(std::move(fetch));
}

Call AuthClient::Stream(HttpRequest request, HttpStream stream) {
  auto streaming = std::make_shared<Signed>();
  streaming->request = std::move(request);
  streaming->stream = std::move(stream);
  streaming->streaming = true;
  return shared_->Begin(std::move(streaming));
}

HttpClient& AuthClient::inner() { return *shared_->inner; }

}  // namespace fairway::clusters
