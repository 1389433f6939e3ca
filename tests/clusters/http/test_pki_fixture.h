// A certificate authority for tests: makes server and client certificates with any name and dates.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "clusters/http/endpoint.h"

namespace fairway::testing {

class TestPki {
 public:
  TestPki();
  ~TestPki();
  TestPki(const TestPki&) = delete;
  TestPki& operator=(const TestPki&) = delete;

  std::string ca_pem() const;
  // `names` are DNS names, or addresses when they look like one. The certificate is valid from
  // `from_s` to `to_s` seconds from now.
  clusters::ClientCertificate Issue(const std::string& common_name,
                                    const std::vector<std::string>& names, long from_s = -3600,
                                    long to_s = 3600);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairway::testing
