#include "gateway/auth/rbac.h"

namespace fairway::gateway {

namespace {

using Strings = std::vector<std::string>;

const Strings kRead = {"get", "list", "watch"};
const Strings kWrite = {"get",    "list",  "watch",  "create",
                        "update", "patch", "delete", "deletecollection"};

PolicyRule Rule(Strings verbs, Strings groups, Strings resources) {
  return {std::move(verbs), std::move(groups), std::move(resources), {}, {}};
}

PolicyRule Urls(Strings urls) { return {{"get"}, {}, {}, {}, std::move(urls)}; }

PolicyRule Everything() { return Rule({"*"}, {"*"}, {"*"}); }

// What an admin may do on paths: everything, as on resources.
PolicyRule EveryUrl() { return {{"*"}, {}, {}, {}, {"*"}}; }

// Everything served but Secrets, which RBAC can only say by naming the rest.
std::vector<PolicyRule> ViewerRules() {
  return {
      Rule(kRead, {""},
           {"namespaces", "configmaps", "events", "pods", "pods/log", "pods/status", "services",
            "serviceaccounts", "persistentvolumeclaims", "podtemplates", "replicationcontrollers",
            "resourcequotas", "limitranges", "endpoints", "nodes", "persistentvolumes"}),
      Urls({"/fairway/v1/history", "/fairway/v1/history/*", "/fairway/v1/plans/*",
            "/fairway/v1/freeze", "/fairway/v1/rebalance"}),
      Rule(kRead,
           {"batch", "apps", "autoscaling", "policy", "networking.k8s.io", "events.k8s.io",
            "coordination.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "fairway.flext.sh",
            "kueue.x-k8s.io"},
           {"*"}),
  };
}

// Workloads and what belongs to them; of the gateway's own objects, what explains a workload.
std::vector<PolicyRule> SubmitterRules() {
  return {
      Rule(kWrite, {"batch"}, {"jobs", "cronjobs"}),
      Rule(kRead, {"batch"}, {"jobs/status", "cronjobs/status"}),
      Rule(kWrite, {""}, {"configmaps", "secrets", "serviceaccounts", "persistentvolumeclaims"}),
      Rule(kRead, {""},
           {"pods", "pods/log", "pods/status", "events", "namespaces", "resourcequotas",
            "limitranges"}),
      Rule({"get", "list", "watch", "create", "patch", "update"}, {"", "events.k8s.io"},
           {"events"}),
      Rule(kRead, {"fairway.flext.sh"},
           {"placements", "clusters", "placementpolicies", "clusterplacementpolicies"}),
      Rule(kRead, {"kueue.x-k8s.io"},
           {"localqueues", "localqueues/status", "clusterqueues", "cohorts", "resourceflavors",
            "workloads", "workloads/status", "workloadpriorityclasses"}),
  };
}

std::vector<RbacRole> MakeRoles() {
  return {
      {"", "cluster-admin", {Everything(), EveryUrl()}},
      {"", "fairway-admin", {Everything(), EveryUrl()}},
      {"", "fairway-submitter", SubmitterRules()},
      {"", "fairway-viewer", ViewerRules()},
      {"",
       "system:discovery",
       {Urls({"/", "/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", "/version",
              "/version/"})}},
      {"",
       "system:basic-user",
       {Rule({"create"}, {"authorization.k8s.io"},
             {"selfsubjectaccessreviews", "selfsubjectrulesreviews"}),
        Rule({"create"}, {"authentication.k8s.io"}, {"selfsubjectreviews"})}},
      {"",
       "system:public-info-viewer",
       {Urls({"/healthz", "/healthz/*", "/livez", "/livez/*", "/readyz", "/readyz/*", "/version",
              "/version/"})}},
  };
}

RbacBinding ToGroups(std::string name, std::string role, Strings groups) {
  RbacBinding binding;
  binding.name = std::move(name);
  binding.role = std::move(role);
  for (std::string& group : groups) {
    binding.subjects.push_back({RbacSubject::Kind::kGroup, std::move(group), ""});
  }
  return binding;
}

std::vector<RbacBinding> MakeBindings() {
  std::vector<RbacBinding> bindings = {
      ToGroups("cluster-admin", "cluster-admin", {"system:masters"}),
      ToGroups("fairway-admins", "fairway-admin", {"fairway:admins"}),
      ToGroups("fairway-submitters", "fairway-submitter", {"fairway:submitters"}),
      ToGroups("fairway-viewers", "fairway-viewer", {"fairway:viewers"}),
      ToGroups("system:discovery", "system:discovery", {"system:authenticated"}),
      ToGroups("system:basic-user", "system:basic-user", {"system:authenticated"}),
      ToGroups("system:public-info-viewer", "system:public-info-viewer",
               {"system:authenticated", "system:unauthenticated"}),
  };
  for (RbacBinding& binding : bindings) {
    if (binding.name == "fairway-submitters") {
      binding.except_namespaces = {"fairway-system", "kube-system"};
    }
  }
  return bindings;
}

}  // namespace

const std::vector<RbacRole>& BuiltinRoles() {
  static const std::vector<RbacRole> roles = MakeRoles();
  return roles;
}

const std::vector<RbacBinding>& BuiltinBindings() {
  static const std::vector<RbacBinding> bindings = MakeBindings();
  return bindings;
}

}  // namespace fairway::gateway
