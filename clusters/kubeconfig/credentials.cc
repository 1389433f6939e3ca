#include "clusters/kubeconfig/credentials.h"

#include <fmt/core.h>

#include <map>
#include <utility>
#include <vector>

#include "clusters/kube/schema/leaf.h"
#include "clusters/kubeconfig/base64.h"
#include "clusters/kubeconfig/child_process.h"
#include "clusters/kubeconfig/exec_credential.h"
#include "clusters/kubeconfig/files.h"
#include "clusters/log.h"

namespace fairway::clusters {

namespace {

constexpr int64_t kTokenFileAgeMaxMs = 60'000;
constexpr int64_t kRefusedIntervalMs = 10'000;

Error NoCredentials(std::string message) {
  Error error;
  error.code = 401;
  error.reason = std::string(kHttpCredentials);
  error.message = std::move(message);
  return error;
}

// A header's value must stay one line; tokens from files end with one.
std::string OneLine(std::string text) {
  size_t end = text.find_last_not_of(" \t\r\n");
  text.resize(end == std::string::npos ? 0 : end + 1);
  for (char& c : text) {
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  }
  return text;
}

class IdentitySource : public CredentialSource {
 public:
  IdentitySource(Loop& loop, Identity identity, Endpoint endpoint, ExecAllowed allowed)
      : loop_(loop),
        identity_(std::move(identity)),
        endpoint_(std::move(endpoint)),
        allowed_(std::move(allowed)) {}

  const Credentials* Fresh() override;
  Call Get(std::function<void(Result<const Credentials*>)> done) override;
  bool Refuse(uint64_t generation) override;

 private:
  bool StillFresh();
  Status ReadTokenFile();
  void RunPlugin();
  void OnPlugin(Result<ChildOutput> output);
  void Rebuild();
  void AnswerAll(const Status& status);

  Loop& loop_;
  Identity identity_;
  Endpoint endpoint_;
  ExecAllowed allowed_;

  bool have_ = false;
  Credentials credentials_;
  std::string file_token_;
  int64_t file_read_ms_ = 0;
  ExecAnswer exec_answer_;
  int64_t refused_ms_ = -kRefusedIntervalMs;

  Call plugin_;
  uint64_t next_waiter_ = 1;
  std::map<uint64_t, std::function<void(Result<const Credentials*>)>> waiters_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

bool IdentitySource::StillFresh() {
  if (!have_) return false;
  if (identity_.exec) return !exec_answer_.expires || loop_.Now() < exec_answer_.expires;
  if (!identity_.token_file.empty()) {
    return loop_.MonotonicMs() - file_read_ms_ < kTokenFileAgeMaxMs;
  }
  return true;
}

const Credentials* IdentitySource::Fresh() {
  if (StillFresh()) return &credentials_;
  if (identity_.exec) return nullptr;
  if (!identity_.token_file.empty()) {
    // A token that cannot be read again just now may still be good.
    if (Status read = ReadTokenFile(); !read) {
      Log(LogLevel::kWarning, "{}", read.error().message);
      if (!have_) return nullptr;
    }
  }
  Rebuild();
  return &credentials_;
}

Status IdentitySource::ReadTokenFile() {
  file_read_ms_ = loop_.MonotonicMs();
  auto content = ReadSmallFile(identity_.token_file, kTokenBytesMax);
  if (!content) return Fail(std::move(content.error()));
  std::string token = OneLine(std::move(*content));
  if (token.empty()) return Fail(NoCredentials(identity_.token_file + " holds no token"));
  file_token_ = std::move(token);
  return {};
}

Call IdentitySource::Get(std::function<void(Result<const Credentials*>)> done) {
  uint64_t id = next_waiter_++;
  waiters_.emplace(id, std::move(done));
  std::weak_ptr<bool> alive = alive_;
  if (identity_.exec && !StillFresh()) {
    if (!plugin_) RunPlugin();
  } else {
    loop_.Defer([this, alive] {
      if (alive.expired()) return;
      Status status;
      if (Fresh() == nullptr) {
        status = Fail(NoCredentials("no token can be read from " + identity_.token_file));
      }
      AnswerAll(status);
    });
  }
  return Call([this, alive, id] {
    if (!alive.expired()) waiters_.erase(id);
  });
}

void IdentitySource::RunPlugin() {
  const ExecConfig& exec = *identity_.exec;
  if (allowed_ && !allowed_(exec.command)) {
    std::weak_ptr<bool> alive = alive_;
    loop_.Defer([this, alive, command = exec.command] {
      if (alive.expired()) return;
      AnswerAll(Fail(NoCredentials(
          fmt::format("the credential plugin {} is not on the list of allowed commands",
                      kube::GoQuote(command)))));
    });
    return;
  }
  ChildCommand command;
  command.file = exec.command;
  command.args = exec.args;
  command.env = exec.env;
  command.env.emplace_back("KUBERNETES_EXEC_INFO", ExecInfoJson(exec, endpoint_));
  plugin_ = RunChild(loop_, std::move(command),
                     [this](Result<ChildOutput> output) { OnPlugin(std::move(output)); });
}

void IdentitySource::OnPlugin(Result<ChildOutput> output) {
  plugin_ = Call();
  const ExecConfig& exec = *identity_.exec;
  if (!output) {
    std::string hint = exec.install_hint.empty() ? "" : "; " + exec.install_hint;
    return AnswerAll(Fail(NoCredentials(output.error().message + hint)));
  }
  if (output->exit_code != 0 || output->signal != 0) {
    return AnswerAll(Fail(NoCredentials(fmt::format(
        "the credential plugin {} failed with {} {}: {}", kube::GoQuote(exec.command),
        output->signal != 0 ? "signal" : "exit code",
        output->signal != 0 ? output->signal : output->exit_code, OneLine(output->err)))));
  }
  auto answer = ParseExecAnswer(output->out, exec);
  if (!answer) return AnswerAll(Fail(NoCredentials(answer.error().message)));
  if (answer->expires && answer->expires <= loop_.Now()) {
    return AnswerAll(Fail(NoCredentials(
        fmt::format("the credential plugin {} answered credentials that have expired already",
                    kube::GoQuote(exec.command)))));
  }
  exec_answer_ = std::move(*answer);
  Rebuild();
  AnswerAll({});
}

void IdentitySource::Rebuild() {
  Credentials fresh;
  std::string token = !identity_.token_file.empty() ? file_token_ : identity_.token;
  fresh.certificate = identity_.certificate;
  if (identity_.exec) {
    if (!exec_answer_.token.empty()) token = exec_answer_.token;
    if (!exec_answer_.certificate.certificate_pem.empty()) {
      fresh.certificate = exec_answer_.certificate;
    }
  }
  if (!token.empty()) {
    fresh.headers.emplace_back("Authorization", "Bearer " + OneLine(token));
  } else if (!identity_.username.empty()) {
    fresh.headers.emplace_back(
        "Authorization", "Basic " + EncodeBase64(identity_.username + ":" + identity_.password));
  }
  auto impersonate = [&fresh](std::string name, const std::string& value) {
    if (!value.empty()) fresh.headers.emplace_back(std::move(name), OneLine(value));
  };
  impersonate("Impersonate-User", identity_.as_user);
  impersonate("Impersonate-Uid", identity_.as_uid);
  for (const auto& group : identity_.as_groups) impersonate("Impersonate-Group", group);
  for (const auto& [key, value] : identity_.as_extra) {
    impersonate("Impersonate-Extra-" + OneLine(key), value);
  }
  bool same = have_ && fresh.headers == credentials_.headers &&
              fresh.certificate == credentials_.certificate;
  fresh.generation = credentials_.generation + (same ? 0 : 1);
  credentials_ = std::move(fresh);
  have_ = true;
}

bool IdentitySource::Refuse(uint64_t generation) {
  if (generation != credentials_.generation) return true;  // there are newer ones already
  if (!identity_.exec && identity_.token_file.empty()) return false;
  int64_t now = loop_.MonotonicMs();
  if (now - refused_ms_ < kRefusedIntervalMs) return static_cast<bool>(plugin_);
  refused_ms_ = now;
  if (identity_.exec) {
    have_ = false;
    return true;
  }
  if (!ReadTokenFile()) return false;
  Rebuild();
  return credentials_.generation != generation;
}

void IdentitySource::AnswerAll(const Status& status) {
  std::weak_ptr<bool> alive = alive_;
  // A callback may drop another waiter's Call, wait anew, or drop all of us.
  uint64_t end = next_waiter_;
  while (!waiters_.empty() && waiters_.begin()->first < end) {
    auto node = waiters_.extract(waiters_.begin());
    if (status) {
      node.mapped()(&credentials_);
    } else {
      node.mapped()(Fail(status.error()));
    }
    if (alive.expired()) return;
  }
}

}  // namespace

std::unique_ptr<CredentialSource> MakeCredentialSource(Loop& loop, Identity identity,
                                                       Endpoint endpoint, ExecAllowed allowed) {
  return std::make_unique<IdentitySource>(loop, std::move(identity), std::move(endpoint),
                                          std::move(allowed));
}

}  // namespace fairway::clusters
