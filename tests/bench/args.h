// Arguments of the bench programs: "--name value" pairs. A name that nobody asked for is an error,
// reported by Unused().
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace fairway::bench {

class Args {
 public:
  Args(int argc, char** argv, int first);

  std::string Get(const std::string& name, const std::string& fallback = {});
  int64_t GetInt(const std::string& name, int64_t fallback);
  // What is wrong with the command line, once everything was asked for; "" = nothing.
  std::string Problem() const;

 private:
  std::map<std::string, std::string> values_;
  std::set<std::string> used_;
  std::string problem_;
};

}  // namespace fairway::bench
