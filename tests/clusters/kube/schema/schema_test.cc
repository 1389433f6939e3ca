#include "clusters/kube/schema/schema.h"

#include <gtest/gtest.h>

#include "clusters/kube/schema/embedded.h"

namespace fairway::kube {
namespace {

const Schema& Builtin() { return Schema::Builtin(); }

const Field& FieldAt(std::string_view message, std::initializer_list<std::string_view> path) {
  const MessageType* root = Builtin().FindMessage(message);
  EXPECT_NE(root, nullptr) << message;
  const Field* field = FindField(Builtin(), *root, path);
  EXPECT_NE(field, nullptr) << message;
  return *field;
}

// The embedded texts parse: a slip in a data file fails here and not at a user's start.
TEST(SchemaTest, EmbeddedTextsParse) {
  const auto schema = Schema::Parse(EmbeddedSchemaSources());
  ASSERT_TRUE(schema.has_value()) << schema.error().message;
  EXPECT_GT((*schema)->messages().size(), 200u);
}

// Every field can be found by its own name and by no other spelling.
TEST(SchemaTest, FindsEveryFieldByName) {
  for (const MessageType& message : Builtin().messages()) {
    for (const Field& field : message.fields) {
      EXPECT_EQ(message.Find(field.name), &field) << message.name << "." << field.name;
      EXPECT_EQ(message.Find(std::string(field.name) + "x"), nullptr);
    }
    for (const WireField& wire : message.wire) EXPECT_EQ(message.FindWire(wire.number), &wire);
    EXPECT_EQ(message.FindWire(0), nullptr);
    EXPECT_EQ(message.FindWire(60000), nullptr);
  }
}

// The facts that patches and apply rest on, from the reference of both merge styles.
TEST(SchemaTest, KnowsHowListsMerge) {
  const Field& containers = FieldAt("batch/v1.Job", {"spec", "template", "spec", "containers"});
  EXPECT_EQ(containers.list_type, ListType::kMap);
  EXPECT_EQ(containers.list_keys.at(0).name, "name");
  EXPECT_TRUE(containers.patch_merge);
  EXPECT_EQ(containers.patch_merge_key, "name");

  const Field& ports = FieldAt("core/v1.Container", {"ports"});
  ASSERT_EQ(ports.list_keys.size(), 2u);
  EXPECT_EQ(ports.list_keys[0].name, "containerPort");
  EXPECT_EQ(ports.list_keys[1].name, "protocol");
  EXPECT_EQ(ports.list_keys[1].default_json, "\"TCP\"");
  EXPECT_EQ(ports.patch_merge_key, "containerPort");

  const Field& volumes = FieldAt("core/v1.PodSpec", {"volumes"});
  EXPECT_TRUE(volumes.patch_merge);
  EXPECT_TRUE(volumes.patch_retain_keys);

  const Field& conditions = FieldAt("batch/v1.JobStatus", {"conditions"});
  EXPECT_EQ(conditions.list_type, ListType::kAtomic);
  EXPECT_EQ(conditions.patch_merge_key, "type");

  EXPECT_EQ(FieldAt("meta/v1.ObjectMeta", {"finalizers"}).list_type, ListType::kSet);
  EXPECT_TRUE(FieldAt("meta/v1.ObjectMeta", {"finalizers"}).patch_merge);
  EXPECT_TRUE(FieldAt("batch/v1.JobSpec", {"selector"}).atomic);
  EXPECT_TRUE(FieldAt("core/v1.PodSpec", {"nodeSelector"}).atomic);
  EXPECT_FALSE(FieldAt("meta/v1.ObjectMeta", {"labels"}).atomic);
  EXPECT_TRUE(Builtin().FindMessage("meta/v1.OwnerReference")->atomic);
}

TEST(SchemaTest, KnowsPointersNumbersAndGoNames) {
  const Field& parallelism = FieldAt("batch/v1.JobSpec", {"parallelism"});
  EXPECT_TRUE(parallelism.pointer);
  EXPECT_EQ(parallelism.number, 1);
  EXPECT_EQ(parallelism.go_type, "int32");
  EXPECT_FALSE(FieldAt("core/v1.PodSpec", {"hostNetwork"}).pointer);
  EXPECT_EQ(FieldAt("core/v1.PodSpec", {"restartPolicy"}).go_type, "v1.RestartPolicy");
  EXPECT_EQ(FieldAt("core/v1.PodSpec", {"containers"}).go_shape, "[]v1.Container");
  EXPECT_EQ(FieldAt("core/v1.ResourceRequirements", {"limits"}).go_shape, "v1.ResourceList");
  EXPECT_EQ(FieldAt("meta/v1.ObjectMeta", {"labels"}).go_shape, "map[string]string");
  EXPECT_TRUE(FieldAt("core/v1.Container", {"name"}).required);
}

// An inlined message's fields stand in its parent, in JSON and on the wire.
TEST(SchemaTest, FlattensInlinedMessages) {
  EXPECT_EQ(FieldAt("core/v1.Volume", {"emptyDir"}).go_type, "v1.EmptyDirVolumeSource");
  const MessageType& volume = *Builtin().FindMessage("core/v1.Volume");
  const WireField* source = volume.FindWire(2);
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(Builtin().message(source->inlined).name, "core/v1.VolumeSource");
  EXPECT_NE(Builtin().FindMessage("batch/v1.Job")->Find("apiVersion"), nullptr);
}

TEST(SchemaTest, ServesTheKindsInDiscoveryOrder) {
  const KindInfo* jobs = Builtin().FindResource("batch", "v1", "jobs");
  ASSERT_NE(jobs, nullptr);
  EXPECT_EQ(jobs->kind, "Job");
  EXPECT_EQ(jobs->list_kind, "JobList");
  EXPECT_EQ(jobs->singular, "job");
  EXPECT_EQ(jobs->api_version(), "batch/v1");
  EXPECT_EQ(jobs->group_resource(), "jobs.batch");
  EXPECT_TRUE(jobs->namespaced && jobs->has_status && jobs->has_generation && !jobs->custom);
  EXPECT_TRUE(jobs->HasVerb("deletecollection"));
  ASSERT_NE(jobs->FindSubresource("status"), nullptr);
  EXPECT_EQ(jobs->FindSubresource("scale"), nullptr);

  const KindInfo* namespaces = Builtin().FindResource("", "v1", "namespaces");
  ASSERT_NE(namespaces, nullptr);
  EXPECT_EQ(&Builtin().kinds().front(), namespaces);
  EXPECT_FALSE(namespaces->HasVerb("deletecollection"));
  EXPECT_EQ(Builtin().FindResource("events.k8s.io", "v1", "events")->storage_group, "");
  EXPECT_TRUE(Builtin().FindResource("fairway.flext.sh", "v1alpha1", "clusters")->custom);
  EXPECT_NE(Builtin().FindKind("", "v1", "DeleteOptions"), nullptr);
  EXPECT_EQ(Builtin().FindResource("", "v1", ""), nullptr);
}

std::string SchemaMistake(std::string_view text) {
  const auto schema = Schema::Parse({{"x.schema", text}});
  return schema ? "" : schema.error().message;
}

// A slip in a data file is named with its place.
TEST(SchemaTest, NamesMistakes) {
  EXPECT_EQ(SchemaMistake("package a/v1 openapi=a\nmessage M\n  f 1 strin\n"),
            "x.schema:3: unknown type \"strin\"");
  EXPECT_EQ(SchemaMistake("package a/v1 openapi=a\nmessage M\n  f one string\n"),
            "x.schema:3: expected a field: name number type");
  EXPECT_EQ(SchemaMistake("package a/v1 openapi=a\nmessage M\n  f 1 Other\n"),
            "field f: no message is called a/v1.Other");
  EXPECT_EQ(SchemaMistake("package a/v1 openapi=a\nmessage M\n  inline 1 M\n"),
            "message a/v1.M inlines itself");
  EXPECT_EQ(SchemaMistake("package a/v1 openapi=a\nmessage M\n  f 1 string\n  g 1 string\n"),
            "message a/v1.M uses number 1 twice");
  EXPECT_EQ(SchemaMistake("package a/v1 openapi=a\nmessage M\nmessage M\n"),
            "message a/v1.M is declared twice");
  EXPECT_EQ(SchemaMistake("  f 1 string\n"),
            "x.schema:1: an indented line needs a message or kind above it");
  EXPECT_EQ(SchemaMistake("kind Job v1 jobs message=a/v1.Job\n"),
            "kind Job: no message is called a/v1.Job");
  EXPECT_EQ(SchemaMistake("describe a/v1.Job text\n"), "describe: nothing is called a/v1.Job");
}

}  // namespace
}  // namespace fairway::kube
