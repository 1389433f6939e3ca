// ScriptedServer: an HTTPS/1.1 server on loopback that answers as a test tells it to, well or
// badly.
//
// Thread: the loop it shares with what it tests. Every request goes to the handler as an Exchange;
// one that is not answered hangs, as a hung server's would.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clusters/http/endpoint.h"
#include "clusters/loop/loop.h"

namespace fairway::testing {

class ScriptedServer {
 public:
  class Connection;

  struct Exchange {
    std::string method, target, body;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string client_name;                                   // CN of the client certificate
    std::string sni;

    std::string Header(std::string_view name) const;
    bool Is(std::string_view method_wanted, std::string_view target_prefix) const {
      return method == method_wanted && std::string_view(target).starts_with(target_prefix);
    }
    // Answers whole. `extra` are header lines, each with its "\r\n".
    void Reply(int status, std::string_view content, std::string_view extra = "");
    // A stream: chunks until End() or Abort().
    void Start(int status);
    void Chunk(std::string_view content);
    void End();
    void Abort();  // closes the connection in the middle

    std::weak_ptr<Connection> connection;
  };
  using ExchangePtr = std::shared_ptr<Exchange>;

  // `client_ca` non-empty: client certificates are demanded.
  ScriptedServer(Loop& loop, const clusters::ClientCertificate& identity,
                 const std::string& client_ca = "");
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::function<void(ExchangePtr)> handler;
  uint16_t port() const { return port_; }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
  int connections_made() const { return connections_made_; }
  // Every open connection is cut, as by a crash.
  void CutAll();
  // New connections are accepted and then ignored.
  bool mute = false;

 private:
  struct Impl;
  void Accept();
  std::unique_ptr<Impl> impl_;
  uint16_t port_ = 0;
  int connections_made_ = 0;
};

}  // namespace fairway::testing
