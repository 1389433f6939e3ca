#include "clusters/kube/schema/openapi_paths.h"

#include <string>

#include "clusters/kube/schema/openapi.h"

namespace fairway::kube {
namespace {

struct QueryParameter {
  std::string_view name;
  std::string_view type;
  std::string_view description;
};

constexpr QueryParameter kWriteParameters[] = {
    {"dryRun", "string", "All: check the request and answer it, and store nothing."},
    {"fieldManager", "string", "Who makes the change; the name in metadata.managedFields."},
    {"fieldValidation", "string",
     "What unknown and duplicate fields lead to: Ignore, Warn or Strict."},
};
constexpr QueryParameter kForce{"force", "boolean",
                                "Take fields over that other managers own. Only for apply."};
constexpr QueryParameter kListParameters[] = {
    {"allowWatchBookmarks", "boolean", "Send bookmarks in a watch."},
    {"continue", "string", "The token of the page before."},
    {"fieldSelector", "string", "Only objects with these fields."},
    {"labelSelector", "string", "Only objects with these labels."},
    {"limit", "integer", "The most objects of one page."},
    {"resourceVersion", "string", "The state to list, or to watch from."},
    {"resourceVersionMatch", "string", "How resourceVersion is meant: Exact or NotOlderThan."},
    {"sendInitialEvents", "boolean", "Begin a watch with the current objects."},
    {"timeoutSeconds", "integer", "When to end a watch."},
    {"watch", "boolean", "Send the changes instead of a list."},
};
constexpr QueryParameter kDeleteParameters[] = {
    {"dryRun", "string", "All: check the request and answer it, and delete nothing."},
    {"gracePeriodSeconds", "integer", "How long the object may take to end."},
    {"orphanDependents", "boolean", "Old form of propagationPolicy."},
    {"propagationPolicy", "string",
     "What becomes of objects that this one owns: Orphan, Background or Foreground."},
};
constexpr std::string_view kStrategicPatch = "application/strategic-merge-patch+json";
constexpr std::string_view kPatchTypes[] = {"application/apply-patch+yaml",
                                            "application/json-patch+json",
                                            "application/merge-patch+json", kStrategicPatch};

// Writes the operations of one kind.
class PathWriter {
 public:
  PathWriter(const Schema& schema, const KindInfo& kind, OpenApiVersion version,
             OpenApiSchemas& schemas, Object& paths)
      : schema_(schema),
        kind_(kind),
        v3_(version == OpenApiVersion::kV3),
        schemas_(schemas),
        paths_(paths) {}

  void Write();

 private:
  Object Parameter(const QueryParameter& parameter) const;
  Object PathParameter(std::string_view name) const;
  Object Operation(std::string_view action, const Object& answer);
  void AddBody(Object& operation, const Object& body, bool patch) const;
  template <size_t N>
  void AddParameters(Object& operation, const QueryParameter (&parameters)[N]) const;
  void AddPath(const std::string& path, bool has_name, Object operations);
  void WriteCollection(const std::string& path);
  void WriteObject(const std::string& path);
  void WriteSubresource(const std::string& path, const Subresource& sub);
  Object Write(std::string_view action, bool patch);
  Object DeleteAnswer();

  const Schema& schema_;
  const KindInfo& kind_;
  const bool v3_;
  OpenApiSchemas& schemas_;
  Object& paths_;
};

Object PathWriter::Parameter(const QueryParameter& parameter) const {
  Object out{{"name", parameter.name}, {"in", "query"}, {"description", parameter.description}};
  if (v3_) {
    out["schema"] = Object{{"type", parameter.type}, {"uniqueItems", true}};
  } else {
    out["type"] = parameter.type;
    out["uniqueItems"] = true;
  }
  return out;
}

Object PathWriter::PathParameter(std::string_view name) const {
  Object out{{"name", name}, {"in", "path"}, {"required", true}};
  if (v3_) {
    out["schema"] = Object{{"type", "string"}, {"uniqueItems", true}};
  } else {
    out["type"] = "string";
    out["uniqueItems"] = true;
  }
  return out;
}

Object PathWriter::Operation(std::string_view action, const Object& answer) {
  Object good{{"description", "OK"}};
  if (v3_) {
    good["content"] = Object{{"application/json", Object{{"schema", answer}}}};
  } else {
    good["schema"] = answer;
  }
  return Object{{"parameters", Array{}},
                {"responses", Object{{"200", std::move(good)}}},
                {"x-kubernetes-action", action},
                {"x-kubernetes-group-version-kind",
                 Object{{"group", kind_.group}, {"kind", kind_.kind}, {"version", kind_.version}}}};
}

template <size_t N>
void PathWriter::AddParameters(Object& operation, const QueryParameter (&parameters)[N]) const {
  for (const QueryParameter& parameter : parameters) {
    operation["parameters"].get_array().push_back(Parameter(parameter));
  }
}

void PathWriter::AddBody(Object& operation, const Object& body, bool patch) const {
  if (!v3_) {
    operation["parameters"].get_array().push_back(
        Object{{"name", "body"}, {"in", "body"}, {"required", true}, {"schema", body}});
    return;
  }
  Object content;
  if (patch) {
    // kubectl apply sends what it finds here, and custom kinds take no strategic patch.
    for (const std::string_view type : kPatchTypes) {
      if (!kind_.custom || type != kStrategicPatch) content[type] = Object{{"schema", body}};
    }
  } else {
    content["*/*"] = Object{{"schema", body}};
  }
  operation["requestBody"] = Object{{"content", std::move(content)}, {"required", true}};
}

Object PathWriter::Write(std::string_view action, bool patch) {
  const Object reference = schemas_.KindReference(kind_);
  Object operation = Operation(action, reference);
  AddParameters(operation, kWriteParameters);
  if (patch) operation["parameters"].get_array().push_back(Parameter(kForce));
  AddBody(operation, patch ? Object{{"type", "object"}} : reference, patch);
  return operation;
}

Object PathWriter::DeleteAnswer() {
  const KindInfo* status = schema_.FindKind("", "v1", "Status");
  return status == nullptr ? Object{{"type", "object"}} : schemas_.KindReference(*status);
}

void PathWriter::AddPath(const std::string& path, bool has_name, Object operations) {
  if (operations.empty()) return;
  Array parameters;
  if (has_name) parameters.push_back(PathParameter("name"));
  if (path.find("{namespace}") != std::string::npos) {
    parameters.push_back(PathParameter("namespace"));
  }
  if (!parameters.empty()) operations["parameters"] = std::move(parameters);
  paths_[path] = std::move(operations);
}

void PathWriter::WriteCollection(const std::string& path) {
  Object operations;
  if (kind_.HasVerb("list")) {
    operations["get"] = Operation("list", schemas_.ListReference(kind_));
    AddParameters(operations["get"].get_object(), kListParameters);
  }
  if (kind_.HasVerb("create")) operations["post"] = Write("post", false);
  if (kind_.HasVerb("deletecollection")) {
    operations["delete"] = Operation("deletecollection", DeleteAnswer());
    AddParameters(operations["delete"].get_object(), kDeleteParameters);
  }
  AddPath(path, false, std::move(operations));
}

void PathWriter::WriteObject(const std::string& path) {
  Object operations;
  if (kind_.HasVerb("get")) operations["get"] = Operation("get", schemas_.KindReference(kind_));
  if (kind_.HasVerb("update")) operations["put"] = Write("put", false);
  if (kind_.HasVerb("patch")) operations["patch"] = Write("patch", true);
  if (kind_.HasVerb("delete")) {
    operations["delete"] = Operation("delete", DeleteAnswer());
    AddParameters(operations["delete"].get_object(), kDeleteParameters);
  }
  AddPath(path, true, std::move(operations));
}

void PathWriter::WriteSubresource(const std::string& path, const Subresource& sub) {
  // One of a foreign kind would need that kind's schema; its path is left out.
  if (!sub.kind.empty()) return;
  Object operations;
  for (const std::string_view verb : sub.verbs) {
    if (verb == "get") operations["get"] = Operation("get", schemas_.KindReference(kind_));
    if (verb == "update") operations["put"] = Write("put", false);
    if (verb == "patch") operations["patch"] = Write("patch", true);
  }
  AddPath(path, true, std::move(operations));
}

void PathWriter::Write() {
  const std::string root = "/" + GroupVersionPath(kind_) + "/";
  const std::string resource(kind_.resource);
  const std::string collection =
      kind_.namespaced ? root + "namespaces/{namespace}/" + resource : root + resource;
  WriteCollection(collection);
  if (kind_.namespaced && kind_.HasVerb("list")) {
    Object list = Operation("list", schemas_.ListReference(kind_));
    AddParameters(list, kListParameters);
    AddPath(root + resource, false, Object{{"get", std::move(list)}});
  }
  const std::string object = collection + "/{name}";
  WriteObject(object);
  for (const Subresource& sub : kind_.subresources) {
    WriteSubresource(object + "/" + std::string(sub.name), sub);
  }
}

}  // namespace

void AddKindPaths(const Schema& schema, const KindInfo& kind, OpenApiVersion version,
                  OpenApiSchemas& schemas, Object& paths) {
  PathWriter(schema, kind, version, schemas, paths).Write();
}

}  // namespace fairway::kube
