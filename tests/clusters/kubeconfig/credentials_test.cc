#include "clusters/kubeconfig/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "clusters/http/curl_client.h"
#include "clusters/kubeconfig/auth_client.h"
#include "tests/clusters/http/scripted_server_fixture.h"
#include "tests/clusters/http/test_pki_fixture.h"

namespace fairway::clusters {
namespace {

using fairway::testing::ScriptedServer;
using fairway::testing::TestPki;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A server that takes one token, and clients that come by it in different ways.
class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fairway-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    server_.handler = [this](auto exchange) {
      seen_.push_back(exchange->Header("authorization"));
      user_ = exchange->Header("impersonate-user");
      bool good = exchange->Header("authorization") == "Bearer " + good_token_;
      exchange->Reply(good ? 200 : 401, "{}");
    };
  }
  ~CredentialsTest() override { std::filesystem::remove_all(directory_); }

  std::string Write(const std::string& name, const std::string& text, bool program = false) {
    std::string path = directory_ + "/" + name;
    std::ofstream(path) << text;
    if (program) chmod(path.c_str(), 0700);
    return path;
  }
  // A plugin that counts its runs and prints what `body` says.
  Identity Plugin(const std::string& body) {
    Identity identity;
    identity.exec.emplace();
    identity.exec->api_version = "client.authentication.k8s.io/v1";
    identity.exec->command =
        Write("plugin", "#!/bin/sh\necho run >> " + directory_ + "/runs\n" + body, true);
    identity.exec->interactive_mode = "Never";
    return identity;
  }
  int Runs() {
    std::ifstream file(directory_ + "/runs");
    int lines = 0;
    for (std::string line; std::getline(file, line);) ++lines;
    return lines;
  }
  static std::string Print(const std::string& status) {
    return "echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\","
           "\"status\":" +
           status + "}'\n";
  }
  void Connect(Identity identity, ExecAllowed allowed = nullptr) {
    Endpoint endpoint;
    endpoint.server = server_.url();
    endpoint.ca_pem = pki_.ca_pem();
    auto curl = CurlClient::Create(loop_, endpoint, identity.certificate);
    ASSERT_TRUE(curl);
    CurlClient* raw = curl->get();
    client_ = std::make_unique<AuthClient>(
        loop_, std::move(*curl),
        MakeCredentialSource(loop_, identity, endpoint, std::move(allowed)),
        [raw](const ClientCertificate& certificate) { raw->SetCertificate(certificate); });
  }
  Result<HttpResponse> Fetch() {
    std::optional<Result<HttpResponse>> answer;
    HttpRequest request;
    request.target = "/";
    Call call =
        client_->Fetch(std::move(request), [&](Result<HttpResponse> r) { answer = std::move(r); });
    loop_.RunUntil([&] { return answer.has_value(); });
    return std::move(*answer);
  }

  TestPki pki_;
  Loop loop_;
  ScriptedServer server_{loop_, pki_.Issue("server", {"127.0.0.1"})};
  std::unique_ptr<AuthClient> client_;
  std::string directory_;
  std::string good_token_ = "one";
  std::string user_;
  std::vector<std::string> seen_;
};

TEST_F(CredentialsTest, TokenBasicAndImpersonationGoWithEveryRequest) {
  Identity identity;
  identity.token = "one";
  identity.as_user = "bob";
  Connect(identity);
  EXPECT_EQ(Fetch()->status, 200);
  EXPECT_EQ(user_, "bob");
  Identity basic;
  basic.username = "u";
  basic.password = "p";
  Connect(basic);
  EXPECT_EQ(Fetch()->status, 401);
  EXPECT_THAT(seen_, ElementsAre("Bearer one", "Basic dTpw"));
}

TEST_F(CredentialsTest, RotatedTokenFileIsReadAgainOn401AndTheRequestSucceeds) {
  Identity identity;
  identity.token_file = Write("token", "one\n");
  identity.token = "ignored";
  Connect(identity);
  EXPECT_EQ(Fetch()->status, 200);
  Write("token", "two\n");
  good_token_ = "two";
  EXPECT_EQ(Fetch()->status, 200);
  EXPECT_THAT(seen_, ElementsAre("Bearer one", "Bearer one", "Bearer two"));
}

TEST_F(CredentialsTest, TokenThatStaysWrongIsSentOnceOnly) {
  Identity identity;
  identity.token_file = Write("token", "bad");
  Connect(identity);
  EXPECT_EQ(Fetch()->status, 401);
  EXPECT_EQ(seen_.size(), 1u);
}

TEST_F(CredentialsTest, PluginRunsOnceForManyRequestsAndAgainAfter401) {
  Connect(Plugin("cat " + directory_ + "/answer\n"));
  auto answer = [](const std::string& token) {
    return R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":")" +
           token + "\"}}";
  };
  Write("answer", answer("one"));
  EXPECT_EQ(Fetch()->status, 200);
  EXPECT_EQ(Fetch()->status, 200);
  EXPECT_EQ(Runs(), 1);
  good_token_ = "two";
  Write("answer", answer("two"));
  EXPECT_EQ(Fetch()->status, 200);
  EXPECT_EQ(Runs(), 2);
}

TEST_F(CredentialsTest, PluginIsToldTheClusterAndGetsItsEnvironment) {
  Identity identity = Plugin("echo \"$KUBERNETES_EXEC_INFO $EXTRA $1\" > " + directory_ +
                             "/info\n" + Print("{\"token\":\"one\"}"));
  identity.exec->provide_cluster_info = true;
  identity.exec->args = {"arg1"};
  identity.exec->env = {{"EXTRA", "extra1"}};
  Connect(identity);
  EXPECT_EQ(Fetch()->status, 200);
  std::ifstream file(directory_ + "/info");
  std::string info;
  std::getline(file, info);
  EXPECT_THAT(info, HasSubstr("\"server\":\"" + server_.url()));
  EXPECT_THAT(info, HasSubstr("\"interactive\":false"));
  EXPECT_THAT(info, HasSubstr("extra1 arg1"));
}

TEST_F(CredentialsTest, ExpiredAnswerIsNotKept) {
  Connect(Plugin(Print(R"({"token":"one","expirationTimestamp":"2001-01-01T00:00:00Z"})")));
  auto answer = Fetch();
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("expired already"));
}

TEST_F(CredentialsTest, PluginsThatFailSayWhatTheyPrinted) {
  struct Case {
    std::string body, message;
  };
  for (const Case& one :
       std::vector<Case>{{"echo no login >&2; exit 3\n", "exit code 3: no login"},
                         {"echo garbage\n", "no usable ExecCredential"},
                         {Print("{}"), "neither a token nor a client certificate"},
                         {"kill -9 $$\n", "signal 9"},
                         {"head -c 3000000 /dev/zero; sleep 1\n", "printed more than"}}) {
    Identity identity = Plugin(one.body);
    identity.exec->install_hint = "see the manual";
    Connect(identity);
    auto answer = Fetch();
    ASSERT_FALSE(answer) << one.body;
    EXPECT_EQ(answer.error().reason, kHttpCredentials);
    EXPECT_THAT(answer.error().message, HasSubstr(one.message));
  }
  EXPECT_TRUE(seen_.empty());
}

TEST_F(CredentialsTest, PluginOutsideTheAllowListNeverRuns) {
  Connect(Plugin(Print("{\"token\":\"one\"}")), [](const std::string&) { return false; });
  auto answer = Fetch();
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("not on the list"));
  EXPECT_EQ(Runs(), 0);
}

TEST_F(CredentialsTest, MissingPluginNamesTheCommandAndTheHint) {
  Identity identity;
  identity.exec.emplace();
  identity.exec->api_version = "client.authentication.k8s.io/v1";
  identity.exec->command = "/nowhere/plugin";
  identity.exec->install_hint = "install it from there";
  Connect(identity);
  auto answer = Fetch();
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("/nowhere/plugin"));
  EXPECT_THAT(answer.error().message, HasSubstr("install it from there"));
}

}  // namespace
}  // namespace fairway::clusters
