// The programs inside fairway_bench, one per job that tests/bench/run gives out. Each prints its
// figures as one line of JSON on standard output; exit code 0 = everything answered as it should.
#pragma once

#include "tests/bench/args.h"

namespace fairway::bench {

int RunTwin(Args& args);     // the ideal accept server
int RunLoad(Args& args);     // POSTs one body over h2 or HTTP/1.1 and measures
int RunCrowd(Args& args);    // many clients at once, one of them flooding
int RunFollow(Args& args);   // holds watches; follows placements to their end
int RunProbe(Args& args);    // the moment of the first right answer
int RunPost(Args& args);     // a bare curl_multi loop of POSTs
int RunCore(Args& args);     // placements against the bare score loop
int RunQuota(Args& args);    // decisions with queues, and with very many jobs waiting
int RunFill(Args& args);     // writes a store with many jobs
int RunCompact(Args& args);  // brings a store into its settled form
int RunScan(Args& args);     // a bare scan of a store's core records

}  // namespace fairway::bench
