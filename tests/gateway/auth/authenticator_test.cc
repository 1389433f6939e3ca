#include "gateway/auth/authenticator.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "gateway/auth/rbac_access.h"

namespace fairway::gateway {
namespace {

// A source without stored roles: the built-in ones are all there is.
class NoStoredRbac final : public RbacSource {
 public:
  uint64_t generation() const override { return 0; }
  void ForEachRole(const std::function<void(const RbacRole&)>&) const override {}
  void ForEachBinding(const std::function<void(const RbacBinding&)>&) const override {}
};

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Instant kAsked{1'800'000'000'000};

class AuthenticatorTest : public ::testing::Test {
 protected:
  AuthenticatorTest() {
    directory =
        std::filesystem::path(::testing::TempDir()) / ("fairway-auth-" + std::to_string(getpid()));
    std::filesystem::create_directories(directory);
    path = directory / "tokens.csv";
  }
  ~AuthenticatorTest() override { std::filesystem::remove_all(directory); }

  void Save(const std::string& text) { std::ofstream(path) << text; }
  static Request Bearer(const std::string& token) {
    Request request;
    request.headers = {{"authorization", "Bearer " + token}};
    return request;
  }
  static Request WithCertificate(const std::string& name, std::vector<std::string> organizations,
                                 int64_t not_after_ms) {
    auto certificate = std::make_shared<Peer::Certificate>();
    certificate->common_name = name;
    certificate->organizations = std::move(organizations);
    certificate->sha256_hex = "ab12";
    certificate->not_after_ms = not_after_ms;
    Request request;
    request.peer.certificate = certificate;
    return request;
  }

  std::filesystem::path directory, path;
  TokenTable tokens;
  Authenticator authenticator{tokens};
  int64_t clock = 10'000;
};

// The format of kube-apiserver's static token file.
TEST_F(AuthenticatorTest, TokenFile) {
  Save(
      "# comment\n"
      "t1,alice,u1,\"dev,ops\"\r\n"
      "\n"
      "t2,bob,u2\n"
      "\"t,3\",\"carol \"\"c\"\"\",u3,one\n");
  ASSERT_TRUE(tokens.Load(path).has_value());
  auto alice = authenticator.Authenticate(Bearer("t1"), kAsked, clock);
  ASSERT_TRUE(alice.has_value());
  EXPECT_EQ(alice->name, "alice");
  EXPECT_EQ(alice->uid, "u1");
  EXPECT_THAT(alice->groups, ElementsAre("dev", "ops", "system:authenticated"));
  EXPECT_THAT(authenticator.Authenticate(Bearer("t2"), kAsked, clock)->groups,
              ElementsAre("system:authenticated"));
  EXPECT_EQ(authenticator.AuthenticateToken("t,3", clock)->name, "carol \"c\"");
}

// A broken file is refused with its line.
TEST_F(AuthenticatorTest, TokenFileErrorsNameTheLine) {
  for (const char* text : {"t1,alice,u1\nt2,bob\n", "t1,alice,u1\n\"t2,bob,u\n",
                           "t1,alice,u1\n,bob,u\n", "t1,alice,u1\nt1,bob,u\n"}) {
    Save(text);
    Status loaded = tokens.Load(path);
    ASSERT_FALSE(loaded.has_value()) << text;
    EXPECT_THAT(loaded.error().message, HasSubstr("tokens.csv:2: ")) << text;
  }
  Status missing = tokens.Load(directory / "none.csv");
  ASSERT_FALSE(missing.has_value());
  EXPECT_THAT(missing.error().message, HasSubstr("none.csv"));
}

// A changed file is read again, a broken one is not taken, and the disk is asked once a second.
TEST_F(AuthenticatorTest, TokenFileIsReloaded) {
  Save("t1,alice,u1\n");
  ASSERT_TRUE(tokens.Load(path).has_value());
  EXPECT_TRUE(authenticator.AuthenticateToken("t1", clock).has_value());
  Save("t2,bob,u2,longer\n");
  EXPECT_TRUE(authenticator.AuthenticateToken("t1", clock + 999).has_value());
  EXPECT_FALSE(authenticator.AuthenticateToken("t1", clock + 1000).has_value());
  EXPECT_TRUE(authenticator.AuthenticateToken("t2", clock + 1000).has_value());
  Save("broken\n");
  EXPECT_TRUE(authenticator.AuthenticateToken("t2", clock + 5000).has_value());
}

// A wrong token is 401, never anonymous; so is another scheme.
TEST_F(AuthenticatorTest, WrongCredentialsAreRefused) {
  tokens.Add("right", {.name = "own", .uid = "", .groups = {"g"}, .extra = {}});
  EXPECT_EQ(authenticator.Authenticate(Bearer("right"), kAsked, clock)->name, "own");
  for (const char* header : {"Bearer wrong", "Bearer ", "Bearer", "Basic cmlnaHQ=", "right"}) {
    Request request;
    request.headers = {{"authorization", header}};
    auto result = authenticator.Authenticate(request, kAsked, clock);
    ASSERT_FALSE(result.has_value()) << header;
    EXPECT_EQ(result.error().code, 401) << header;
    EXPECT_EQ(result.error().reason, "Unauthorized") << header;
  }
  Request lower;
  lower.headers = {{"authorization", "bearer right"}};
  EXPECT_TRUE(authenticator.Authenticate(lower, kAsked, clock).has_value());
}

// A certificate names user, groups and credential; it comes before a token.
TEST_F(AuthenticatorTest, ClientCertificate) {
  Request request = WithCertificate("bob", {"dev", "ops"}, kAsked.ms + 1);
  request.headers = {{"authorization", "Bearer wrong"}};
  auto user = authenticator.Authenticate(request, kAsked, clock);
  ASSERT_TRUE(user.has_value());
  EXPECT_EQ(user->name, "bob");
  EXPECT_THAT(user->groups, ElementsAre("dev", "ops", "system:authenticated"));
  ASSERT_EQ(user->extra.size(), 1u);
  EXPECT_EQ(user->extra[0].first, "authentication.kubernetes.io/credential-id");
  EXPECT_THAT(user->extra[0].second, ElementsAre("X509SHA256=ab12"));
}

// A certificate that ran out on an open connection, has no name, or was refused by TLS is 401 with
// its reason, unless a good token stands beside it.
TEST_F(AuthenticatorTest, BadCertificatesSayWhy) {
  tokens.Add("right", {.name = "own", .uid = "", .groups = {}, .extra = {}});
  Request expired = WithCertificate("bob", {}, kAsked.ms - 1);
  auto result = authenticator.Authenticate(expired, kAsked, clock);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, 401);
  EXPECT_THAT(result.error().message,
              HasSubstr("client certificate \"bob\" expired at 2027-01-15T07:59:59Z"));
  EXPECT_FALSE(authenticator.Authenticate(WithCertificate("", {}, kAsked.ms + 1), kAsked, clock));
  Request refused;
  refused.peer.certificate_error = "client certificate \"eve\" is foreign";
  EXPECT_THAT(authenticator.Authenticate(refused, kAsked, clock).error().message,
              HasSubstr("client certificate \"eve\" is foreign"));
  refused.headers = {{"authorization", "Bearer right"}};
  EXPECT_EQ(authenticator.Authenticate(refused, kAsked, clock)->name, "own");
}

// No credentials: anonymous.
TEST_F(AuthenticatorTest, Anonymous) {
  auto user = authenticator.Authenticate(Request{}, kAsked, clock);
  ASSERT_TRUE(user.has_value());
  EXPECT_EQ(user->name, "system:anonymous");
  EXPECT_THAT(user->groups, ElementsAre("system:unauthenticated"));
}

class ImpersonationTest : public ::testing::Test {
 protected:
  ImpersonationTest() {
    tokens.Add("root", {.name = "root", .uid = "", .groups = {"system:masters"}, .extra = {}});
    tokens.Add("bob", {.name = "bob", .uid = "", .groups = {}, .extra = {}});
  }
  Result<api::User> As(const std::string& token, Headers headers) {
    Request request;
    request.headers = std::move(headers);
    request.headers.emplace_back("authorization", "Bearer " + token);
    return access.Authenticate(request);
  }

  Loop loop;
  TokenTable tokens;
  NoStoredRbac source;
  RbacAccess access{loop, tokens, source};
};

// Whoever may impersonate becomes the user with exactly the groups that were named.
TEST_F(ImpersonationTest, ReplacesTheUser) {
  auto user = As("root", {{"impersonate-user", "alice"},
                          {"impersonate-group", "dev"},
                          {"impersonate-group", "ops"},
                          {"impersonate-uid", "7"},
                          {"impersonate-extra-scopes%2fx", "a"},
                          {"impersonate-extra-scopes%2fx", "b"}});
  ASSERT_TRUE(user.has_value());
  EXPECT_EQ(user->name, "alice");
  EXPECT_EQ(user->uid, "7");
  EXPECT_THAT(user->groups, ElementsAre("dev", "ops", "system:authenticated"));
  ASSERT_EQ(user->extra.size(), 1u);
  EXPECT_EQ(user->extra[0].first, "scopes/x");
  EXPECT_THAT(user->extra[0].second, ElementsAre("a", "b"));
  EXPECT_THAT(
      As("root", {{"impersonate-user", "system:serviceaccount:ci:run"}})->groups,
      ElementsAre("system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated"));
  EXPECT_THAT(As("root", {{"impersonate-user", "system:anonymous"}})->groups,
              ElementsAre("system:unauthenticated"));
}

// Everybody else is refused, also for their own name, and headers without a user make no sense.
TEST_F(ImpersonationTest, NeedsTheRight) {
  auto refused = As("bob", {{"impersonate-user", "alice"}});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, 403);
  EXPECT_EQ(refused.error().message,
            "users \"alice\" is forbidden: User \"bob\" cannot impersonate resource \"users\" in "
            "API group \"\" at the cluster scope");
  EXPECT_EQ(As("root", {{"impersonate-group", "dev"}}).error().code, 400);
  EXPECT_EQ(As("bob", {{"impersonate-extra-x", "dev"}}).error().code, 400);
  EXPECT_EQ(As("wrong", {{"impersonate-user", "alice"}}).error().code, 401);
}

}  // namespace
}  // namespace fairway::gateway
