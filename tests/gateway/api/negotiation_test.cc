// A client gets the first form it asks for that can be served.
#include "gateway/api/negotiation.h"

#include <gtest/gtest.h>

namespace fairway::gateway::api {
namespace {

struct Case {
  const char* accept;
  Answer answer;
  int status;  // 200 or 406
  Encoding encoding;
  View view;
};

TEST(NegotiationTest, FirstServableEntryWins) {
  const Case kCases[] = {
      {"", Answer::kObject, 200, Encoding::kJson, View::kObject},
      {"*/*", Answer::kList, 200, Encoding::kJson, View::kObject},
      {"application/*", Answer::kList, 406, Encoding::kJson, View::kObject},
      {"application/yaml", Answer::kObject, 200, Encoding::kYaml, View::kObject},
      {"application/yaml", Answer::kWatch, 406, Encoding::kJson, View::kObject},
      {"application/json;q=0.1, application/yaml", Answer::kObject, 200, Encoding::kYaml,
       View::kObject},
      {"application/vnd.kubernetes.protobuf,application/json", Answer::kObject, 200,
       Encoding::kJson, View::kObject},
      {"application/vnd.kubernetes.protobuf", Answer::kObject, 406, Encoding::kJson, View::kObject},
      {"application/json;as=Table;v=v1;g=meta.k8s.io,application/json", Answer::kList, 200,
       Encoding::kJson, View::kTable},
      {"application/json;as=Table;v=v1;g=meta.k8s.io", Answer::kReview, 406, Encoding::kJson,
       View::kObject},
      {"application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", Answer::kList, 200,
       Encoding::kJson, View::kPartial},
      {"application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", Answer::kList, 406,
       Encoding::kJson, View::kObject},
  };
  for (const Case& c : kCases) {
    Request request;
    request.headers = {{"accept", c.accept}};
    auto format = NegotiateOutput(request, c.answer);
    ASSERT_EQ(format ? 200 : format.error().code, c.status) << c.accept;
    if (!format) continue;
    EXPECT_EQ(format->encoding, c.encoding) << c.accept;
    EXPECT_EQ(format->view, c.view) << c.accept;
  }
}

}  // namespace
}  // namespace fairway::gateway::api
