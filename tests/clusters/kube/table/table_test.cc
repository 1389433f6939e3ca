// kubectl get shows the same columns and cells as with a real API server.
#include "clusters/kube/table/table.h"

#include <gtest/gtest.h>

#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

using testing::Jobs;
using testing::KindOf;
using testing::ParseObject;

constexpr Instant kNow{1'700'000'000'000};  // 2023-11-14T22:13:20Z

std::string Cells(const KindInfo& kind, std::string_view doc) {
  const Object table = TableOfObject(kind, ParseObject(doc), {IncludeObject::kNone, kNow, "v1"});
  const Value& row = GetArray(table, {"rows"})->at(0);
  EXPECT_EQ(GetArray(row, {"cells"})->size(), GetArray(table, {"columnDefinitions"})->size());
  return Serialize(*FindPath(row, {"cells"}));
}

std::string JobCells(std::string_view metadata, std::string_view spec, std::string_view status) {
  const Object table = TableOfObject(
      Jobs(),
      ParseObject(R"({"metadata":{"name":"j","creationTimestamp":"2023-11-14T22:13:15Z")" +
                  std::string(metadata) + R"(},"spec":{)" + std::string(spec) + R"(},"status":{)" +
                  std::string(status) + "}}"),
      {IncludeObject::kNone, kNow, "v1"});
  const Array& cells = *GetArray(GetArray(table, {"rows"})->at(0), {"cells"});
  return std::string(cells[1].get_string()) + " " + std::string(cells[2].get_string()) + " " +
         std::string(cells[3].get_string());
}

std::string True(std::string_view types) {
  std::string out = R"("conditions":[)";
  for (char type : types) {
    const char* name = type == 'C'   ? "Complete"
                       : type == 'F' ? "Failed"
                       : type == 'S' ? "Suspended"
                       : type == 'T' ? "FailureTarget"
                                     : "SuccessCriteriaMet";
    if (out.back() == '}') out += ',';
    out += R"({"type":")" + std::string(name) + R"(","status":"True"})";
  }
  return out + "]";
}

TEST(Table, JobStatusHasAnOrderOfPrecedence) {
  constexpr std::string_view kDeleting = R"(,"deletionTimestamp":"2023-11-14T22:13:16Z")";
  EXPECT_EQ(JobCells("", R"("completions":1)", ""), "Running 0/1 ");
  EXPECT_EQ(JobCells(kDeleting, R"("completions":1)", True("FC")), "Complete 0/1 ");
  EXPECT_EQ(JobCells(kDeleting, R"("completions":1)", True("F")), "Failed 0/1 ");
  EXPECT_EQ(JobCells(kDeleting, R"("completions":1)", True("STM")), "Terminating 0/1 ");
  EXPECT_EQ(JobCells("", R"("completions":1)", True("STM")), "Suspended 0/1 ");
  EXPECT_EQ(JobCells("", R"("completions":1)", True("MT")), "FailureTarget 0/1 ");
  EXPECT_EQ(JobCells("", R"("completions":1)", True("M")), "SuccessCriteriaMet 0/1 ");
}

TEST(Table, JobCompletionsAndDuration) {
  EXPECT_EQ(JobCells("", R"("completions":5)", R"("succeeded":2)"), "Running 2/5 ");
  EXPECT_EQ(JobCells("", R"("parallelism":1)", ""), "Running 0/1 ");
  EXPECT_EQ(JobCells("", R"("parallelism":3)", R"("succeeded":1)"), "Running 1/1 of 3 ");
  EXPECT_EQ(JobCells("", "", R"("startTime":"2023-11-14T22:10:00Z")"), "Running 0/1 3m20s");
  EXPECT_EQ(
      JobCells("", "",
               R"("startTime":"2023-11-14T22:10:00Z","completionTime":"2023-11-14T22:10:07Z")"),
      "Running 0/1 7s");
}

TEST(Table, WholeRows) {
  EXPECT_EQ(Cells(Jobs(), R"({"metadata":{"name":"j","creationTimestamp":"2023-11-14T22:13:15Z"},
        "spec":{"completions":1,"selector":{"matchLabels":{"a":"b"}},"template":{"spec":{"containers":[
        {"name":"c","image":"x"},{"name":"d","image":"y"}]}}}})"),
            R"(["j","Running","0/1","","5s","c,d","x,y","a=b"])");
  EXPECT_EQ(
      Cells(
          KindOf("fairway.flext.sh", "v1alpha1", "clusters"),
          R"({"metadata":{"name":"eu","labels":{"region":"eu","a":"b"},"creationTimestamp":"2023-11-14T22:13:15Z"},
        "spec":{"server":"https://x","cordoned":true},"status":{"conditions":[{"type":"Ready","status":"True"}],
        "kubernetesVersion":"v1.33.1","nodes":3,"allocatable":{"cpu":"12","memory":"48Gi"},
        "requested":{"cpu":"2500m","memory":"512Mi"},"runningJobs":4}})"),
      R"(["eu","True","v1.33.1","3","2.5/12","512Mi/48.0Gi","4",true,"<none>","5s","<unknown>","https://x","a=b,region=eu"])");
  EXPECT_EQ(
      Cells(KindOf("fairway.flext.sh", "v1alpha1", "clusters"), R"({"metadata":{"name":"new"}})"),
      R"(["new","Unknown","<unknown>","<unknown>","<unknown>","<unknown>","0",false,"<none>","<unknown>","<unknown>","<none>","<none>"])");
  const auto drain = [](std::string_view status) {
    const std::string row =
        Cells(KindOf("fairway.flext.sh", "v1alpha1", "clusters"),
              R"({"metadata":{"name":"d"},"spec":{"drain":{"mode":"Now"}},"status":{)" +
                  std::string(status) + "}}");
    const size_t at = row.find("false,\"") + 7;
    return row.substr(at, row.find('"', at) - at);
  };
  EXPECT_EQ(drain(""), "requested");
  EXPECT_EQ(drain(R"("linkState":"Ready","drain":{"left":9,"moving":2})"), "11 left");
  EXPECT_EQ(drain(R"("drain":{"left":0,"moving":0})"), "drained");
  EXPECT_EQ(Cells(KindOf("fairway.flext.sh", "v1alpha1", "placements"),
                  R"({"metadata":{"name":"j"},"status":{"cluster":"eu","epoch":2,"state":"Running",
        "outcome":"Placed","message":"fits"}})"),
            R"(["j","eu",2,"Running","Placed","<unknown>","fits"])");
  EXPECT_EQ(
      Cells(
          KindOf("fairway.flext.sh", "v1alpha1", "placementpolicies"),
          R"({"metadata":{"name":"p"},"spec":{"priority":3,"workloadSelector":{"matchLabels":{"a":"b"}},
        "clusterAffinity":{"required":[{"matchExpressions":[{"key":"r","operator":"In","values":["eu","us"]},
        {"key":"g","operator":"DoesNotExist"}]},{"matchExpressions":[{"key":"c","operator":"Gt","values":["8"]}]}],
        "preferred":[{"weight":9,"preference":{"matchExpressions":[{"key":"t","operator":"In","values":["x"]}]}}]}}})"),
      R"(["p","a=b","r in (eu,us),!g or c>8",3,"<unknown>","9: t=x"])");
}

TEST(Table, PodsTellWhatTheirContainersDo) {
  const KindInfo& pods = KindOf("", "v1", "pods");
  const auto cells = [&](std::string_view status, std::string_view init = "") {
    const Object table = TableOfObject(
        pods,
        ParseObject(R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c"}])" +
                    std::string(init) + R"(},"status":{)" + std::string(status) + "}}"),
        {IncludeObject::kNone, kNow, "v1"});
    const Array& row = *GetArray(GetArray(table, {"rows"})->at(0), {"cells"});
    return std::string(row[1].get_string()) + " " + std::string(row[2].get_string()) + " " +
           std::string(row[3].get_string());
  };
  EXPECT_EQ(cells(R"("phase":"Pending")"), "0/1 Pending 0");
  EXPECT_EQ(
      cells(R"("phase":"Running","containerStatuses":[{"name":"c","ready":true,"restartCount":3,
      "state":{"running":{}},"lastState":{"terminated":{"finishedAt":"2023-11-14T22:08:20Z"}}}])"),
      "1/1 Running 3 (5m ago)");
  EXPECT_EQ(cells(R"("phase":"Running","containerStatuses":[{"name":"c","restartCount":1,
      "state":{"waiting":{"reason":"CrashLoopBackOff"}}}])"),
            "0/1 CrashLoopBackOff 1");
  EXPECT_EQ(
      cells(
          R"("phase":"Failed","containerStatuses":[{"name":"c","state":{"terminated":{"exitCode":3}}}])"),
      "0/1 ExitCode:3 0");
  EXPECT_EQ(cells(R"("phase":"Succeeded","containerStatuses":[{"name":"c","state":{"terminated":
      {"exitCode":0,"reason":"Completed"}}}])"),
            "0/1 Completed 0");
  EXPECT_EQ(
      cells(R"("phase":"Pending","initContainerStatuses":[{"name":"i","state":{"running":{}}}])",
            R"(,"initContainers":[{"name":"i"},{"name":"k"}])"),
      "0/1 Init:0/2 0");
}

TEST(Table, ListsCarryTheirPageAndRowsTheirMetadata) {
  const Object list =
      ParseObject(R"({"kind":"JobList","metadata":{"resourceVersion":"9","continue":"t",
      "remainingItemCount":4},"items":[{"metadata":{"name":"j"},"spec":{}}]})");
  Object table = TableOfList(Jobs(), list, {IncludeObject::kMetadata, kNow, "v1"});
  EXPECT_EQ(Serialize(*Find(table, "metadata")),
            R"({"resourceVersion":"9","continue":"t","remainingItemCount":4})");
  EXPECT_EQ(
      Serialize(*FindPath(GetArray(table, {"rows"})->at(0), {"object"})),
      R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"j"}})");
  table = TableOfList(Jobs(), list, {IncludeObject::kObject, kNow, "v1"});
  EXPECT_EQ(Serialize(*FindPath(GetArray(table, {"rows"})->at(0), {"object"})),
            R"({"kind":"Job","apiVersion":"batch/v1","metadata":{"name":"j"},"spec":{}})");
}

TEST(Table, WatchesSendColumnsOnceAndBookmarks) {
  const TableOptions options{IncludeObject::kMetadata, kNow, "v1"};
  const Object later =
      TableOfObject(Jobs(), ParseObject(R"({"metadata":{"resourceVersion":"3"}})"), options, false);
  EXPECT_TRUE(Find(later, "columnDefinitions")->is_null());
  EXPECT_EQ(GetString(later, {"metadata", "resourceVersion"}), "3");
  const Object bookmark = TableOfBookmark(Jobs(), "12", true, options, false);
  EXPECT_EQ(GetString(bookmark, {"metadata", "resourceVersion"}), "12");
  const Value& row = GetArray(bookmark, {"rows"})->at(0);
  EXPECT_EQ(GetString(row, {"object", "metadata", "annotations", "k8s.io/initial-events-end"}),
            "true");
}

TEST(Table, IncludeObjectIsOneOfThree) {
  EXPECT_EQ(*ParseIncludeObject(""), IncludeObject::kMetadata);
  EXPECT_EQ(*ParseIncludeObject("Object"), IncludeObject::kObject);
  EXPECT_EQ(*ParseIncludeObject("None"), IncludeObject::kNone);
  EXPECT_EQ(ParseIncludeObject("x").error().code, 400);
}

TEST(PartialMetadata, KeepsMetadataOnly) {
  EXPECT_EQ(
      Serialize(Value(PartialMetadataList(ParseObject(
          R"({"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"a"},"spec":1}]})")))),
      R"({"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"1"},"items":[{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"a"}}]})");
}

TEST(Table, RowsOfBrokenDocumentsAreComplete) {
  for (const char* text :
       {"{}", R"({"metadata":[],"spec":1,"status":[],"subjects":[1],"data":3})"}) {
    for (const KindInfo& kind : Schema::Builtin().kinds()) {
      if (kind.resource.empty()) continue;
      EXPECT_NE(Cells(kind, text), "") << kind.kind;
    }
  }
}

}  // namespace
}  // namespace fairway::kube
