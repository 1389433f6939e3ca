// Copies: what a member gets of a gateway's object. Pure: JSON in, JSON out.
//
// A member's Job controller must own its copy fully, so everything that another API server or
// controller wrote is taken out (uid, status, generated selector and labels, finalizers, owners,
// managedBy), and the TTL too: it runs only at the gateway.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/kube/pruned_json.h"
#include "scheduler/ids.h"
#include "scheduler/result.h"

namespace fairway::clusters {

struct FailoverContext;

struct CopyTag {
  std::string_view gateway;  // our id
  JobId job;
  Epoch epoch;
  const FailoverContext* failover = nullptr;  // null: none of it
};

// The member's Job. Labels fairway.flext.sh/{uid,epoch,gateway} go on the Job and on its pod
// template, so that our pods can be told from others when capacity is measured. 422 when `job` is
// not a Job with a name and a namespace. Built of `job`'s own parts, in its storage: move it in.
Result<kube::Value> MakeJobCopy(kube::Value job, const CopyTag& tag);

// What MakeJobCopy takes out anyway, and most of a stored Job: need not be parsed.
const kube::Omission& NotCopied();

// The member's ConfigMap, Secret or ServiceAccount: data and type, user labels and annotations,
// our gateway label, no owners. Service account token Secrets are refused (they are the member's
// own), other kinds too.
Result<kube::Value> MakeDependencyCopy(const kube::Value& object, std::string_view gateway);

struct ObjectRef {
  std::string kind;  // ConfigMap, Secret, ServiceAccount
  std::string name;
  bool optional = false;  // the pod runs without it
  auto operator<=>(const ObjectRef&) const = default;
};

// What the Job's pod template names: env, envFrom, volumes (also projected), imagePullSecrets,
// serviceAccountName. Sorted, each once; optional only when every use is. "default" is not named:
// every namespace has it.
std::vector<ObjectRef> ReferencedObjects(const kube::Value& job);

// The same of a stored Job's text, which most often names nothing: that is seen without parsing.
std::vector<ObjectRef> ReferencedInText(std::string_view job_json);

}  // namespace fairway::clusters
