// The subcommands. Each gets the words and flags behind its name and returns the process's exit
// code: 0, or 1 after a message on standard error.
#pragma once

#include <string>
#include <vector>

namespace fairway::gateway {

// `arguments` without the program's name.
int RunCommandLine(const std::vector<std::string>& arguments);

int RunServe(const std::vector<std::string>& arguments);
int RunDemo(const std::vector<std::string>& arguments);
int RunCluster(const std::vector<std::string>& arguments);
int RunApprove(const std::vector<std::string>& arguments);
int RunFreeze(const std::vector<std::string>& arguments);
int RunUnfreeze(const std::vector<std::string>& arguments);
int RunRebalance(const std::vector<std::string>& arguments);
int RunDrill(const std::vector<std::string>& arguments);
int RunSimulate(const std::vector<std::string>& arguments);
int RunExplain(const std::vector<std::string>& arguments);
int RunWhatIf(const std::vector<std::string>& arguments);
int RunHistory(const std::vector<std::string>& arguments);
int RunBackup(const std::vector<std::string>& arguments);
int RunRestore(const std::vector<std::string>& arguments);
int RunVersion(const std::vector<std::string>& arguments);

}  // namespace fairway::gateway
