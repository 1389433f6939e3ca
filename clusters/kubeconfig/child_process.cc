#include "clusters/kubeconfig/child_process.h"

#include <fmt/core.h>
#include <signal.h>
#include <uv.h>

#include <memory>

#include "clusters/kube/schema/leaf.h"
#include "clusters/loop/uv_handle.h"

extern char** environ;

namespace fairway::clusters {

namespace {

constexpr size_t kErrBytesKept = 4096;

Error ChildError(std::string message) {
  Error error;
  error.code = 500;
  error.reason = "ExecFailed";
  error.message = std::move(message);
  return error;
}

// One run. Kept alive by its handles' `data` (through the loop) until all three are done or it is
// cancelled.
class Child : public std::enable_shared_from_this<Child> {
 public:
  Child(Loop& loop, ChildCommand command, std::function<void(Result<ChildOutput>)> done)
      : loop_(loop), command_(std::move(command)), done_(std::move(done)) {}

  void Start();
  void Cancel() {
    done_ = nullptr;
    Kill();
    Release();
  }

 private:
  struct Pipe {
    UvHandle<uv_pipe_t> handle;
    std::string* text = nullptr;
    size_t bytes_max = 0;
    bool fail_beyond = false;
    bool ended = false;
    Child* child = nullptr;
    char buffer[16 << 10];
  };

  void OpenPipe(Pipe& pipe, std::string& text, size_t bytes_max, bool fail_beyond);
  void StartReading(Pipe& pipe);
  void OnRead(Pipe& pipe, ssize_t count);
  void OnExit(int64_t status, int signal);
  void FinishWhenDone();
  void FinishWith(Result<ChildOutput> result);
  void Kill();
  void Release();

  Loop& loop_;
  ChildCommand command_;
  std::function<void(Result<ChildOutput>)> done_;
  ChildOutput output_;
  Pipe out_, err_;
  UvHandle<uv_process_t> process_;
  bool exited_ = false;
  Call timer_;
  std::shared_ptr<Child> self_;  // while handles can call
};

void Child::OpenPipe(Pipe& pipe, std::string& text, size_t bytes_max, bool fail_beyond) {
  pipe.handle = MakeUvHandle<uv_pipe_t>();
  uv_pipe_init(loop_.uv(), pipe.handle.get(), 0);
  pipe.handle->data = &pipe;
  pipe.text = &text;
  pipe.bytes_max = bytes_max;
  pipe.fail_beyond = fail_beyond;
  pipe.child = this;
}

void Child::Start() {
  self_ = shared_from_this();
  OpenPipe(out_, output_.out, command_.output_bytes_max, true);
  OpenPipe(err_, output_.err, kErrBytesKept, false);
  uv_stdio_container_t stdio[3];
  stdio[0].flags = UV_IGNORE;
  stdio[1].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
  stdio[1].data.stream = reinterpret_cast<uv_stream_t*>(out_.handle.get());
  stdio[2].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
  stdio[2].data.stream = reinterpret_cast<uv_stream_t*>(err_.handle.get());

  std::vector<std::string> env;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string_view name = std::string_view(*entry).substr(0, std::string_view(*entry).find('='));
    bool replaced = false;
    for (auto& [key, value] : command_.env) replaced = replaced || key == name;
    if (!replaced) env.emplace_back(*entry);
  }
  for (auto& [key, value] : command_.env) env.push_back(key + "=" + value);
  std::vector<char*> env_pointers, args{command_.file.data()};
  for (auto& entry : env) env_pointers.push_back(entry.data());
  for (auto& arg : command_.args) args.push_back(arg.data());
  env_pointers.push_back(nullptr);
  args.push_back(nullptr);

  uv_process_options_t options{};
  options.file = command_.file.c_str();
  options.args = args.data();
  options.env = env_pointers.data();
  options.stdio = stdio;
  options.stdio_count = 3;
  options.flags = UV_PROCESS_DETACHED;  // a group of its own, so that its children die with it
  options.exit_cb = [](uv_process_t* handle, int64_t status, int signal) {
    if (handle->data != nullptr) static_cast<Child*>(handle->data)->OnExit(status, signal);
  };
  process_ = MakeUvHandle<uv_process_t>();
  process_->data = this;
  int code = uv_spawn(loop_.uv(), process_.get(), &options);
  if (code != 0) {
    loop_.Defer([self = self_, code] {
      self->FinishWith(Fail(ChildError(fmt::format(
          "cannot run {}: {}", kube::GoQuote(self->command_.file), uv_strerror(code)))));
    });
    return;
  }
  StartReading(out_);
  StartReading(err_);
  timer_ = loop_.StartTimer(command_.timeout_ms, [this] {
    auto keep = shared_from_this();
    Kill();
    FinishWith(Fail(ChildError(fmt::format("{} did not end within {} ms and was killed",
                                           kube::GoQuote(command_.file), command_.timeout_ms))));
  });
}

void Child::StartReading(Pipe& pipe) {
  uv_read_start(
      reinterpret_cast<uv_stream_t*>(pipe.handle.get()),
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        auto* p = static_cast<Pipe*>(handle->data);
        *buffer =
            p == nullptr ? uv_buf_init(nullptr, 0) : uv_buf_init(p->buffer, sizeof(p->buffer));
      },
      [](uv_stream_t* stream, ssize_t count, const uv_buf_t*) {
        auto* p = static_cast<Pipe*>(stream->data);
        if (p != nullptr) p->child->OnRead(*p, count);
      });
}

void Child::OnRead(Pipe& pipe, ssize_t count) {
  auto keep = shared_from_this();
  if (count == 0) return;
  if (count < 0) {
    pipe.ended = true;
    pipe.handle.reset();
    return FinishWhenDone();
  }
  size_t room = pipe.bytes_max - pipe.text->size();
  auto got = static_cast<size_t>(count);
  if (got > room && pipe.fail_beyond) {
    Kill();
    return FinishWith(Fail(ChildError(fmt::format("{} printed more than {} bytes",
                                                  kube::GoQuote(command_.file), pipe.bytes_max))));
  }
  pipe.text->append(pipe.buffer, std::min(got, room));
}

void Child::OnExit(int64_t status, int signal) {
  auto keep = shared_from_this();
  exited_ = true;
  output_.exit_code = static_cast<int>(status);
  output_.signal = signal;
  process_.reset();
  FinishWhenDone();
}

void Child::FinishWhenDone() {
  if (exited_ && out_.ended && err_.ended) FinishWith(std::move(output_));
}

void Child::FinishWith(Result<ChildOutput> result) {
  auto done = std::exchange(done_, nullptr);
  Release();
  if (done) done(std::move(result));
}

void Child::Kill() {
  if (process_ && !exited_ && process_->pid > 0) kill(-process_->pid, SIGKILL);
}

void Child::Release() {
  timer_.Cancel();
  out_.handle.reset();
  err_.handle.reset();
  // The exit of a killed child is still awaited, so that it does not stay behind as a zombie.
  if (process_ && !exited_ && process_->pid > 0) {
    process_->data = nullptr;
    auto* waiting = process_.release();
    waiting->exit_cb = [](uv_process_t* handle, int64_t, int) {
      uv_close(reinterpret_cast<uv_handle_t*>(handle),
               [](uv_handle_t* h) { delete reinterpret_cast<uv_process_t*>(h); });
    };
  }
  process_.reset();
  loop_.Defer([self = std::move(self_)] {});
}

}  // namespace

Call RunChild(Loop& loop, ChildCommand command, std::function<void(Result<ChildOutput>)> done) {
  auto child = std::make_shared<Child>(loop, std::move(command), std::move(done));
  child->Start();
  return Call([weak = std::weak_ptr<Child>(child)] {
    if (auto live = weak.lock()) live->Cancel();
  });
}

}  // namespace fairway::clusters
