#include "gateway/auth/pki.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "gateway/auth/admin_kubeconfig.h"
#include "gateway/auth/private_file.h"
#include "gateway/server/tls_context.h"

namespace fairway::gateway {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Instant kFirstDay{1'800'000'000'000};
constexpr int64_t kDayMs = 86'400'000;

class PkiTest : public ::testing::Test {
 protected:
  PkiTest() {
    directory =
        std::filesystem::path(::testing::TempDir()) / ("fairway-pki-" + std::to_string(getpid()));
    std::filesystem::remove_all(directory);
  }
  ~PkiTest() override { std::filesystem::remove_all(directory); }

  static mode_t ModeOf(const std::filesystem::path& path) {
    struct stat info {};
    EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  }

  std::filesystem::path directory;
};

// The first start founds the authority; the next one finds the same.
TEST_F(PkiTest, FoundsOnceAndLoadsAfter) {
  auto first = Pki::Open(directory, {"gateway.example", "10.0.0.9"}, kFirstDay);
  ASSERT_TRUE(first.has_value()) << first.error().message;
  auto second = Pki::Open(directory, {"gateway.example", "10.0.0.9"}, kFirstDay);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(first->ca_certificate(), second->ca_certificate());
  // Another spelling of a name that is there already is no new name.
  auto respelled =
      Pki::Open(directory, {"gateway.example", "0:0:0:0:0:0:0:1", "10.0.0.9"}, kFirstDay);
  EXPECT_EQ(first->identity().certificate_chain, respelled->identity().certificate_chain);
  EXPECT_EQ(first->identity().certificate_chain, second->identity().certificate_chain);
  EXPECT_EQ(first->admin().private_key, second->admin().private_key);
  auto facts = ReadCertificate(first->identity().certificate_chain);
  for (const char* name : {"localhost", "127.0.0.1", "::1", "gateway.example", "10.0.0.9"}) {
    EXPECT_THAT(facts->names, Contains(name));
  }
  auto admin = ReadCertificate(first->admin().certificate);
  EXPECT_THAT(admin->organizations, ElementsAre("system:masters"));
  EXPECT_TRUE(TlsContext::Create(first->identity()).has_value());
  EXPECT_EQ(ModeOf(directory), 0700u);
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    EXPECT_EQ(ModeOf(entry.path()), 0600u) << entry.path();
  }
}

// A further name, or the last third of a certificate's life, brings a new one by the same
// authority.
TEST_F(PkiTest, RenewsInTime) {
  auto pki = Pki::Open(directory, {}, kFirstDay);
  ASSERT_TRUE(pki.has_value());
  std::string before = pki->identity().certificate_chain;
  EXPECT_FALSE(*pki->Renew(kFirstDay + Duration{200 * kDayMs}));
  EXPECT_EQ(pki->identity().certificate_chain, before);
  EXPECT_TRUE(*pki->Renew(kFirstDay + Duration{300 * kDayMs}));
  EXPECT_NE(pki->identity().certificate_chain, before);
  auto facts = ReadCertificate(pki->identity().certificate_chain);
  EXPECT_GT(facts->not_after, kFirstDay + Duration{600 * kDayMs});
  EXPECT_FALSE(*pki->Renew(kFirstDay + Duration{301 * kDayMs}));
  auto renamed = Pki::Open(directory, {"new.example"}, kFirstDay + Duration{301 * kDayMs});
  EXPECT_EQ(renamed->ca_certificate(), pki->ca_certificate());
  EXPECT_THAT(ReadCertificate(renamed->identity().certificate_chain)->names,
              Contains("new.example"));
}

// Damage is reported with the file and what to do; nothing is replaced behind the owner's back.
TEST_F(PkiTest, DamageIsReported) {
  ASSERT_TRUE(Pki::Open(directory, {}, kFirstDay).has_value());
  std::ofstream(directory / "ca.crt") << "junk";
  auto damaged = Pki::Open(directory, {}, kFirstDay);
  ASSERT_FALSE(damaged.has_value());
  EXPECT_THAT(damaged.error().message, HasSubstr("ca.crt is damaged"));
  std::filesystem::remove_all(directory);
  ASSERT_TRUE(Pki::Open(directory, {}, kFirstDay).has_value());
  std::filesystem::remove(directory / "ca.key");
  auto keyless = Pki::Open(directory, {}, kFirstDay);
  ASSERT_FALSE(keyless.has_value());
  EXPECT_THAT(keyless.error().message, HasSubstr("ca.key"));
  auto expired = Pki::Open(directory, {}, kFirstDay + Duration{4000 * kDayMs});
  EXPECT_FALSE(expired.has_value());
  EXPECT_FALSE(Pki::Open(directory / "no" / "parent", {}, kFirstDay).has_value());
}

// Certificates say what they were made for.
TEST(CertificatesTest, Facts) {
  KeyPair ca = *MakeCa("ca", kFirstDay, 10);
  KeyPair client = *IssueClientCertificate(ca, "Jürgen", {"a", "b,c"}, kFirstDay, 2);
  auto facts = ReadCertificate(client.certificate);
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->common_name, "Jürgen");
  EXPECT_THAT(facts->organizations, ElementsAre("a", "b,c"));
  EXPECT_EQ(facts->not_after, kFirstDay + Duration{2 * kDayMs});
  EXPECT_LT(facts->not_before, kFirstDay);
  EXPECT_EQ(facts->sha256_hex.size(), 64u);
  EXPECT_FALSE(ReadCertificate("junk").has_value());
  EXPECT_FALSE(IssueServerCertificate(ca, {"a,DNS:evil"}, kFirstDay, 1).has_value());
  EXPECT_FALSE(IssueClientCertificate(client, "x", {}, kFirstDay, 1)->certificate.empty());
  EXPECT_FALSE(IssueClientCertificate({ca.certificate, client.private_key}, "x", {}, kFirstDay, 1));
}

// Tokens are long, of safe letters and never the same.
TEST(CertificatesTest, RandomTokens) {
  std::string token = RandomToken(32);
  EXPECT_EQ(token.size(), 43u);
  EXPECT_EQ(
      token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
      std::string::npos);
  EXPECT_NE(token, RandomToken(32));
}

// The kubeconfig is private and complete, and replaces an older one.
TEST_F(PkiTest, AdminKubeconfig) {
  auto pki = Pki::Open(directory, {}, kFirstDay);
  std::string path = directory / "admin.kubeconfig";
  std::ofstream(path) << "old";
  KubeconfigFacts facts;
  facts.server = ServerUrl("0.0.0.0", 7443);
  facts.ca_certificate = pki->ca_certificate();
  facts.client = pki->admin();
  ASSERT_TRUE(WriteKubeconfig(path, facts).has_value());
  EXPECT_EQ(ModeOf(path), 0600u);
  std::string text = *ReadTextFile(path);
  EXPECT_THAT(text, HasSubstr("server: https://127.0.0.1:7443\n"));
  EXPECT_THAT(text, HasSubstr("certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"));
  EXPECT_THAT(text, HasSubstr("client-key-data: LS0tLS1CRUdJTi"));
  EXPECT_THAT(text, HasSubstr("current-context: fairway\n"));
  EXPECT_EQ(text.find("token:"), std::string::npos);
  EXPECT_EQ(ServerUrl("::1", 1), "https://[::1]:1");
  EXPECT_FALSE(WriteKubeconfig(directory / "no" / "where", facts).has_value());
}

}  // namespace
}  // namespace fairway::gateway
