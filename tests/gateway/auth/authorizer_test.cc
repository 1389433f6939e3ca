#include "gateway/auth/authorizer.h"

#include <gtest/gtest.h>

#include "gateway/auth/rbac_access.h"

namespace fairway::gateway {
namespace {

using api::AccessQuery;
using api::User;

class FakeSource final : public RbacSource {
 public:
  std::vector<RbacRole> roles;
  std::vector<RbacBinding> bindings;
  uint64_t version = 1;
  mutable int reads = 0;

  uint64_t generation() const override { return version; }
  void ForEachRole(const std::function<void(const RbacRole&)>& visit) const override {
    ++reads;
    for (const auto& role : roles) visit(role);
  }
  void ForEachBinding(const std::function<void(const RbacBinding&)>& visit) const override {
    for (const auto& binding : bindings) visit(binding);
  }
};

User MakeUser(std::string name, std::vector<std::string> groups) {
  User user;
  user.name = std::move(name);
  user.groups = std::move(groups);
  user.groups.emplace_back("system:authenticated");
  return user;
}

// "get jobs.batch/status in ns name" without the ceremony.
AccessQuery Query(std::string_view verb, std::string_view group, std::string_view resource,
                  std::string_view ns = "", std::string_view name = "",
                  std::string_view subresource = "") {
  AccessQuery query;
  query.verb = verb;
  query.group = group;
  query.resource = resource;
  query.subresource = subresource;
  query.ns = ns;
  query.name = name;
  return query;
}

AccessQuery Path(std::string_view verb, std::string_view path) {
  AccessQuery query;
  query.verb = verb;
  query.path = path;
  return query;
}

PolicyRule Rule(std::vector<std::string> verbs, std::vector<std::string> groups,
                std::vector<std::string> resources, std::vector<std::string> names = {}) {
  return {std::move(verbs), std::move(groups), std::move(resources), std::move(names), {}};
}

RbacBinding Bind(std::string ns, std::string name, bool cluster_role, std::string role,
                 RbacSubject subject) {
  RbacBinding binding;
  binding.ns = std::move(ns);
  binding.name = std::move(name);
  binding.cluster_role = cluster_role;
  binding.role = std::move(role);
  binding.subjects = {std::move(subject)};
  return binding;
}

class AuthorizerTest : public ::testing::Test {
 protected:
  bool May(const User& user, const AccessQuery& query) {
    return authorizer.Authorize(user, query).allowed;
  }
  // One rule for user bob, cluster-wide.
  void Grant(PolicyRule rule) {
    source.roles = {{"", "r", {std::move(rule)}}};
    source.bindings = {Bind("", "b", true, "r", {RbacSubject::Kind::kUser, "bob", ""})};
    ++source.version;
  }

  FakeSource source;
  Authorizer authorizer{source};
  User bob = MakeUser("bob", {});
};

// What the built-in groups may do.
TEST_F(AuthorizerTest, BuiltinRoles) {
  User admin = MakeUser("a", {"fairway:admins"});
  User submitter = MakeUser("s", {"fairway:submitters"});
  User viewer = MakeUser("v", {"fairway:viewers"});
  struct Row {
    AccessQuery query;
    bool admin, submitter, viewer, nobody;
  };
  const Row rows[] = {
      {Query("create", "batch", "jobs", "ns"), true, true, false, false},
      {Query("delete", "batch", "jobs", "ns", "x"), true, true, false, false},
      {Query("list", "batch", "jobs"), true, true, true, false},
      {Query("watch", "batch", "jobs", "ns"), true, true, true, false},
      {Query("update", "batch", "jobs", "ns", "x", "status"), true, false, false, false},
      {Query("get", "batch", "jobs", "ns", "x", "status"), true, true, true, false},
      {Query("create", "", "configmaps", "ns"), true, true, false, false},
      {Query("get", "", "configmaps", "fairway-system", "x"), true, false, true, false},
      {Query("get", "", "secrets", "ns", "x"), true, true, false, false},
      {Query("list", "", "secrets", "ns"), true, true, false, false},
      {Query("list", "", "secrets"), true, false, false, false},
      {Query("get", "", "secrets", "fairway-system", "x"), true, false, false, false},
      {Query("create", "batch", "jobs", "fairway-system"), true, false, false, false},
      {Query("get", "", "pods", "ns", "x", "log"), true, true, true, false},
      {Query("create", "", "namespaces"), true, false, false, false},
      {Query("list", "", "namespaces"), true, true, true, false},
      {Query("list", "fairway.flext.sh", "placements", "ns"), true, true, true, false},
      {Query("list", "fairway.flext.sh", "clusters"), true, true, true, false},
      {Query("create", "fairway.flext.sh", "clusters"), true, false, false, false},
      {Query("create", "fairway.flext.sh", "placementpolicies", "ns"), true, false, false, false},
      {Query("list", "kueue.x-k8s.io", "localqueues", "ns"), true, true, true, false},
      {Query("create", "rbac.authorization.k8s.io", "clusterroles"), true, false, false, false},
      {Query("create", "authorization.k8s.io", "selfsubjectaccessreviews"), true, true, true, true},
      {Query("impersonate", "", "users", "", "x"), true, false, false, false},
      {Path("get", "/apis"), true, true, true, true},
      {Path("get", "/apis/batch/v1"), true, true, true, true},
      {Path("get", "/openapi/v3/apis/batch/v1"), true, true, true, true},
      {Path("get", "/version"), true, true, true, true},
      {Path("get", "/healthz/etcd"), true, true, true, true},
      {Path("get", "/metrics"), true, false, false, false},
      {Path("post", "/apis"), true, false, false, false},
  };
  for (const Row& row : rows) {
    std::string text(row.query.verb);
    text += " " + std::string(row.query.group) + "/" + std::string(row.query.resource) + "/" +
            std::string(row.query.subresource) + " in '" + std::string(row.query.ns) + "' " +
            std::string(row.query.path);
    EXPECT_EQ(May(admin, row.query), row.admin) << "admin: " << text;
    EXPECT_EQ(May(submitter, row.query), row.submitter) << "submitter: " << text;
    EXPECT_EQ(May(viewer, row.query), row.viewer) << "viewer: " << text;
    EXPECT_EQ(May(bob, row.query), row.nobody) << "any user: " << text;
    EXPECT_TRUE(May(MakeUser("root", {"system:masters"}), row.query)) << text;
  }
}

// Without credentials there is health and the version, and nothing else.
TEST_F(AuthorizerTest, AnonymousSeesHealthOnly) {
  User anonymous;
  anonymous.name = "system:anonymous";
  anonymous.groups = {"system:unauthenticated"};
  for (const char* path : {"/healthz", "/livez", "/readyz", "/readyz/store", "/version"}) {
    EXPECT_TRUE(May(anonymous, Path("get", path))) << path;
  }
  for (const char* path : {"/", "/api", "/apis", "/openapi/v2", "/metrics", "/healthzz"}) {
    EXPECT_FALSE(May(anonymous, Path("get", path))) << path;
  }
  EXPECT_FALSE(May(anonymous, Path("post", "/healthz")));
  EXPECT_FALSE(May(anonymous, Query("list", "batch", "jobs")));
  EXPECT_FALSE(May(anonymous, Query("create", "authorization.k8s.io", "selfsubjectaccessreviews")));
}

// Resources, subresources, wildcards and names match as in Kubernetes.
TEST_F(AuthorizerTest, RuleMatching) {
  struct Row {
    PolicyRule rule;
    AccessQuery query;
    bool allowed;
  };
  const Row rows[] = {
      {Rule({"get"}, {"batch"}, {"jobs"}), Query("get", "batch", "jobs", "n", "x"), true},
      {Rule({"get"}, {"batch"}, {"jobs"}), Query("list", "batch", "jobs", "n"), false},
      {Rule({"get"}, {"batch"}, {"jobs"}), Query("get", "apps", "jobs", "n", "x"), false},
      {Rule({"get"}, {"batch"}, {"jobs"}), Query("get", "batch", "jobs", "n", "x", "status"),
       false},
      {Rule({"get"}, {"batch"}, {"jobs/status"}), Query("get", "batch", "jobs", "n", "x", "status"),
       true},
      {Rule({"get"}, {"batch"}, {"jobs/status"}), Query("get", "batch", "jobs", "n", "x"), false},
      {Rule({"get"}, {"batch"}, {"jobs/status"}),
       Query("get", "batch", "cronjobs", "n", "x", "status"), false},
      {Rule({"get"}, {"batch"}, {"xjobs/status"}),
       Query("get", "batch", "jobs", "n", "x", "status"), false},
      {Rule({"get"}, {"*"}, {"*/scale"}), Query("get", "apps", "deployments", "n", "x", "scale"),
       true},
      {Rule({"get"}, {"*"}, {"*/scale"}), Query("get", "apps", "deployments", "n", "x", "status"),
       false},
      {Rule({"get"}, {"*"}, {"*/scale"}), Query("get", "apps", "deployments", "n", "x"), false},
      {Rule({"get"}, {"*"}, {"/scale"}), Query("get", "apps", "deployments", "n", "x", "scale"),
       false},
      {Rule({"get"}, {"*"}, {"scale"}), Query("get", "apps", "deployments", "n", "x", "scale"),
       false},
      {Rule({"*"}, {"*"}, {"*"}), Query("x", "y", "z", "n", "x", "w"), true},
      {Rule({"*"}, {"*"}, {"*"}), Path("get", "/metrics"), false},
      {Rule({"get"}, {""}, {"secrets"}, {"a"}), Query("get", "", "secrets", "n", "a"), true},
      {Rule({"get"}, {""}, {"secrets"}, {"a"}), Query("get", "", "secrets", "n", "b"), false},
      {Rule({"list"}, {""}, {"secrets"}, {"a"}), Query("list", "", "secrets", "n"), false},
      {Rule({"list"}, {""}, {"secrets"}, {"a"}), Query("list", "", "secrets", "n", "a"), true},
      {Rule({"create"}, {""}, {"secrets"}, {"a"}), Query("create", "", "secrets", "n"), false},
      {PolicyRule{{"get"}, {}, {}, {}, {"/logs/*"}}, Path("get", "/logs/x/y"), true},
      {PolicyRule{{"get"}, {}, {}, {}, {"/logs/*"}}, Path("get", "/logs"), false},
      {PolicyRule{{"get"}, {}, {}, {}, {"/logs"}}, Path("get", "/logs/x"), false},
      {PolicyRule{{"*"}, {}, {}, {}, {"*"}}, Path("post", "/any"), true},
      {PolicyRule{{"get"}, {"*"}, {"*"}, {}, {"*"}}, Query("get", "", "pods", "n", "x"), true},
  };
  for (size_t i = 0; i < std::size(rows); ++i) {
    Grant(rows[i].rule);
    EXPECT_EQ(May(bob, rows[i].query), rows[i].allowed) << "row " << i;
    EXPECT_FALSE(May(MakeUser("bobby", {}), rows[i].query)) << "row " << i;
  }
}

// A RoleBinding reaches its namespace only, whichever kind of role it names; the reason says by
// which binding.
TEST_F(AuthorizerTest, BindingsAndReasons) {
  source.roles = {{"", "reader", {Rule({"get"}, {"batch"}, {"jobs"})}},
                  {"one", "reader", {Rule({"delete"}, {"batch"}, {"jobs"})}}};
  source.bindings = {
      Bind("one", "rb", false, "reader", {RbacSubject::Kind::kUser, "bob", ""}),
      Bind("two", "crb", true, "reader", {RbacSubject::Kind::kGroup, "dev", ""}),
      Bind("", "sa", true, "reader", {RbacSubject::Kind::kServiceAccount, "runner", "ci"}),
      Bind("", "dangling", true, "nothing", {RbacSubject::Kind::kUser, "bob", ""}),
  };
  ++source.version;
  User dev = MakeUser("d", {"dev"});
  User account = MakeUser("system:serviceaccount:ci:runner", {});
  EXPECT_EQ(authorizer.Authorize(bob, Query("delete", "batch", "jobs", "one", "x")).reason,
            "RBAC: allowed by RoleBinding \"rb/one\" of Role \"reader\" to User \"bob\"");
  EXPECT_FALSE(May(bob, Query("get", "batch", "jobs", "one", "x")));
  EXPECT_FALSE(May(bob, Query("delete", "batch", "jobs", "two", "x")));
  EXPECT_FALSE(May(bob, Query("delete", "batch", "jobs")));
  EXPECT_EQ(authorizer.Authorize(dev, Query("get", "batch", "jobs", "two", "x")).reason,
            "RBAC: allowed by RoleBinding \"crb/two\" of ClusterRole \"reader\" to Group \"dev\"");
  EXPECT_FALSE(May(dev, Query("get", "batch", "jobs", "one", "x")));
  EXPECT_EQ(
      authorizer.Authorize(account, Query("get", "batch", "jobs", "any", "x")).reason,
      "RBAC: allowed by ClusterRoleBinding \"sa\" of ClusterRole \"reader\" to ServiceAccount "
      "\"runner/ci\"");
  EXPECT_EQ(authorizer.Authorize(bob, Query("get", "batch", "jobs", "two", "x")).reason, "");
}

// Rules are compiled once per user, and again when something has changed.
TEST_F(AuthorizerTest, ChangesTakeEffectAtOnce) {
  AccessQuery query = Query("get", "batch", "jobs", "n", "x");
  EXPECT_FALSE(May(bob, query));
  EXPECT_FALSE(May(bob, query));
  EXPECT_EQ(source.reads, 1);
  Grant(Rule({"get"}, {"batch"}, {"jobs"}));
  EXPECT_TRUE(May(bob, query));
  source.bindings.clear();
  ++source.version;
  EXPECT_FALSE(May(bob, query));
  EXPECT_EQ(source.reads, 3);
}

// Equal names with other groups are other users to the cache.
TEST_F(AuthorizerTest, GroupsArePartOfTheKey) {
  AccessQuery query = Query("create", "batch", "jobs", "n");
  EXPECT_TRUE(May(MakeUser("bob", {"fairway:submitters"}), query));
  EXPECT_FALSE(May(MakeUser("bob", {}), query));
  EXPECT_FALSE(May(MakeUser("bob", {"fairway:viewers"}), query));
}

// Whoever writes a role must hold what it grants.
TEST_F(AuthorizerTest, MissingRules) {
  Grant(Rule({"get", "list"}, {"batch"}, {"jobs"}));
  auto missing =
      authorizer.Missing(bob, "", {Rule({"get", "create"}, {"batch"}, {"jobs", "cronjobs"})});
  ASSERT_EQ(missing.size(), 3u);
  EXPECT_EQ(missing[0].resources[0], "cronjobs");
  EXPECT_EQ(missing[1].verbs[0], "create");
  EXPECT_TRUE(authorizer.Missing(bob, "", {Rule({"list"}, {"batch"}, {"jobs"})}).empty());
  EXPECT_EQ(authorizer.Missing(bob, "", {Rule({"*"}, {"batch"}, {"jobs"})}).size(), 1u);
  EXPECT_TRUE(authorizer
                  .Missing(MakeUser("a", {"fairway:admins"}), "",
                           {Rule({"*"}, {"*"}, {"*"}), {{"get"}, {}, {}, {}, {"/x"}}})
                  .empty());
}

// The listing shows what applies in the namespace.
TEST_F(AuthorizerTest, RulesForANamespace) {
  source.roles = {{"one", "r", {Rule({"delete"}, {"batch"}, {"jobs"})}}};
  source.bindings = {Bind("one", "b", false, "r", {RbacSubject::Kind::kUser, "bob", ""})};
  ++source.version;
  size_t general = authorizer.RulesFor(bob, "two").resources.size();
  auto rules = authorizer.RulesFor(bob, "one");
  ASSERT_EQ(rules.resources.size(), general + 1);
  EXPECT_EQ(rules.resources.back().verbs, std::vector<std::string>{"delete"});
  EXPECT_FALSE(rules.paths.empty());
  auto master = authorizer.RulesFor(MakeUser("m", {"system:masters"}), "one");
  ASSERT_FALSE(master.resources.empty());
  EXPECT_EQ(master.resources[0].verbs, std::vector<std::string>{"*"});
}

// 403 in the words of kube-apiserver.
TEST(ForbiddenTest, Messages) {
  User user = MakeUser("bob", {});
  EXPECT_EQ(Forbidden(user, Query("list", "batch", "jobs", "default"), "").message,
            "jobs.batch is forbidden: User \"bob\" cannot list resource \"jobs\" in API group "
            "\"batch\" in the namespace \"default\"");
  Error named = Forbidden(user, Query("get", "", "pods", "default", "x", "log"), "");
  EXPECT_EQ(named.message,
            "pods \"x\" is forbidden: User \"bob\" cannot get resource \"pods/log\" in API group "
            "\"\" in the namespace \"default\"");
  EXPECT_EQ(named.code, 403);
  EXPECT_EQ(named.reason, "Forbidden");
  EXPECT_EQ(named.name, "x");
  EXPECT_EQ(named.kind, "pods");
  EXPECT_EQ(Forbidden(user, Query("list", "", "nodes"), "").message,
            "nodes is forbidden: User \"bob\" cannot list resource \"nodes\" in API group \"\" at "
            "the cluster scope");
  EXPECT_EQ(Forbidden(user, Path("get", "/metrics"), "").message,
            "forbidden: User \"bob\" cannot get path \"/metrics\"");
}

}  // namespace
}  // namespace fairway::gateway
