#include "scheduler/spec_codec.h"

#include <limits>

#include "scheduler/cluster_index.h"
#include "scheduler/policy/rules_codec.h"
#include "scheduler/quota/quota_codec.h"

namespace fairway::scheduler {
namespace {

// Sections after the fields of format 1, in rising order; one that is absent has its default.
constexpr uint8_t kNoGangSection = 1;
constexpr uint8_t kQueueingSection = 2;
constexpr uint8_t kFailoverTermsSection = 3;
constexpr uint8_t kRulesSection = 4;
constexpr uint8_t kFailbackSection = 5;   // empty: it may
constexpr uint8_t kRebalanceSection = 6;  // the same
constexpr uint8_t kSplitSection = 7;

}  // namespace

void WriteResources(ByteWriter& out, const Resources& amounts) {
  out.Signed(amounts.cpu_milli);
  out.Signed(amounts.memory_bytes);
  out.Signed(amounts.ephemeral_storage_bytes);
  out.Signed(amounts.pods);
  out.Unsigned(amounts.extended.size());
  for (const auto& [name, amount] : amounts.extended) {
    out.Text(name);
    out.Signed(amount);
  }
}

Resources ReadResources(ByteReader& in) {
  Resources amounts;
  amounts.cpu_milli = in.Signed();
  amounts.memory_bytes = in.Signed();
  amounts.ephemeral_storage_bytes = in.Signed();
  amounts.pods = in.Signed();
  const size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    std::string name(in.Text());
    const int64_t amount = in.Signed();
    // Sorted and without zeros, or sums would come out wrong.
    if (amount == 0 || (i > 0 && amounts.extended.back().first >= name)) in.Refuse();
    amounts.extended.emplace_back(std::move(name), amount);
  }
  return amounts;
}

namespace {

void Write(ByteWriter& out, const SelectorTerm& term) {
  out.Unsigned(term.requirements.size());
  for (const LabelRequirement& requirement : term.requirements) {
    out.Text(requirement.key);
    out.Byte(static_cast<uint8_t>(requirement.op));
    out.Unsigned(requirement.values.size());
    for (const std::string& value : requirement.values) out.Text(value);
  }
}

SelectorTerm ReadTerm(ByteReader& in) {
  SelectorTerm term;
  const size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    LabelRequirement& requirement = term.requirements.emplace_back();
    requirement.key = in.Text();
    requirement.op = in.Choice(LabelRequirement::Op::kLt);
    const size_t values = in.Count();
    for (size_t v = 0; v < values && in.ok(); ++v) requirement.values.emplace_back(in.Text());
  }
  return term;
}

}  // namespace

void WriteTerms(ByteWriter& out, const std::vector<SelectorTerm>& terms) {
  out.Unsigned(terms.size());
  for (const SelectorTerm& term : terms) Write(out, term);
}

std::vector<SelectorTerm> ReadTerms(ByteReader& in) {
  std::vector<SelectorTerm> terms;
  const size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) terms.push_back(ReadTerm(in));
  return terms;
}

void WriteTolerations(ByteWriter& out, const std::vector<Toleration>& tolerations) {
  out.Unsigned(tolerations.size());
  for (const Toleration& toleration : tolerations) {
    out.Text(toleration.key);
    out.Byte(toleration.exists ? 1 : 0);
    out.Text(toleration.value);
    out.Byte(toleration.any_effect ? 1 : 0);
    out.Byte(static_cast<uint8_t>(toleration.effect));
  }
}

std::vector<Toleration> ReadTolerations(ByteReader& in) {
  std::vector<Toleration> tolerations;
  const size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    Toleration& toleration = tolerations.emplace_back();
    toleration.key = in.Text();
    toleration.exists = ReadBool(in);
    toleration.value = in.Text();
    toleration.any_effect = ReadBool(in);
    toleration.effect = in.Choice(TaintEffect::kNoExecute);
  }
  return tolerations;
}

void WriteTaints(ByteWriter& out, const std::vector<Taint>& taints) {
  out.Unsigned(taints.size());
  for (const Taint& taint : taints) {
    out.Text(taint.key);
    out.Text(taint.value);
    out.Byte(static_cast<uint8_t>(taint.effect));
  }
}

std::vector<Taint> ReadTaints(ByteReader& in) {
  std::vector<Taint> taints;
  const size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    Taint& taint = taints.emplace_back();
    taint.key = in.Text();
    taint.value = in.Text();
    taint.effect = in.Choice(TaintEffect::kNoExecute);
  }
  return taints;
}

namespace {

void EncodeAffinity(const JobSpec& spec, std::string& bytes) {
  ByteWriter out(bytes);
  WriteTerms(out, spec.required);
  out.Unsigned(spec.preferred.size());
  for (const PreferredTerm& preferred : spec.preferred) {
    out.Signed(preferred.weight);
    Write(out, preferred.term);
  }
  WriteTolerations(out, spec.tolerations);
}

}  // namespace

namespace {

void Write(ByteWriter& out, const SplitWish& split) {
  out.Byte(static_cast<uint8_t>(split.mode));
  out.Byte(static_cast<uint8_t>(split.bar));
  for (const int32_t number :
       {split.completions, split.min_indexes, split.max_clusters, split.backoff_limit}) {
    out.Signed(number);
  }
}

SplitWish ReadSplit(ByteReader& in) {
  SplitWish split;
  split.mode = in.Choice(SplitMode::kAlways);
  split.bar = in.Choice(kLastSplitBar);
  for (int32_t* number :
       {&split.completions, &split.min_indexes, &split.max_clusters, &split.backoff_limit}) {
    *number = ReadInt32(in);
    if (*number < 0) in.Refuse();
  }
  return split;
}

}  // namespace

void EncodeSelector(const JobSpec& spec, std::string& bytes) {
  EncodeAffinity(spec, bytes);
  const JobSpec part = SelectorPart(spec);
  if (HasRules(part)) EncodeRules(part, bytes);
}

bool EncodeSpec(const JobSpec& spec, std::string& bytes) {
  ByteWriter out(bytes);
  WriteResources(out, spec.request);
  out.Signed(spec.parallelism);
  out.Signed(spec.priority);
  EncodeAffinity(spec, bytes);
  bool extended = false;
  if (!spec.gang) {
    out.Byte(kNoGangSection);
    extended = true;
  }
  if (spec.queueing != Queueing{}) {
    out.Byte(kQueueingSection);
    Write(out, spec.queueing);
    extended = true;
  }
  if (spec.failover != FailoverPolicy::kFenced || spec.grace_seconds != kDefaultGraceSeconds) {
    out.Byte(kFailoverTermsSection);
    out.Byte(static_cast<uint8_t>(spec.failover));
    out.Signed(spec.grace_seconds);
    extended = true;
  }
  if (HasRules(spec)) {
    out.Byte(kRulesSection);
    EncodeRules(spec, bytes);
    extended = true;
  }
  if (spec.failback) {
    out.Byte(kFailbackSection);
    extended = true;
  }
  if (spec.rebalance) {
    out.Byte(kRebalanceSection);
    extended = true;
  }
  if (!spec.split.empty()) {
    out.Byte(kSplitSection);
    Write(out, spec.split.front());
    extended = true;
  }
  return extended;
}

int32_t ReadInt32(ByteReader& in) {
  const int64_t value = in.Signed();
  if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max()) {
    in.Refuse();
    return 0;
  }
  return static_cast<int32_t>(value);
}

bool ReadBool(ByteReader& in) {
  const uint8_t value = in.Byte();
  if (value > 1) in.Refuse();
  return value == 1;
}

JobSpec DecodeSpec(ByteReader& in, bool extended) {
  JobSpec spec;
  spec.request = ReadResources(in);
  spec.parallelism = ReadInt32(in);
  spec.priority = ReadInt32(in);
  spec.required = ReadTerms(in);
  const size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    PreferredTerm& preferred = spec.preferred.emplace_back();
    preferred.weight = ReadInt32(in);
    preferred.term = ReadTerm(in);
  }
  spec.tolerations = ReadTolerations(in);
  for (uint8_t last = 0; extended && in.ok() && !in.AtEnd();) {
    const uint8_t section = in.Byte();
    if (section <= last) in.Refuse();  // each at most once, in order
    last = section;
    if (section == kNoGangSection) {
      spec.gang = false;
    } else if (section == kQueueingSection) {
      spec.queueing = ReadQueueing(in);
    } else if (section == kFailoverTermsSection) {
      spec.failover = in.Choice(FailoverPolicy::kManual);
      spec.grace_seconds = ReadInt32(in);
    } else if (section == kRulesSection) {
      DecodeRules(in, spec);
    } else if (section == kFailbackSection) {
      spec.failback = true;
    } else if (section == kRebalanceSection) {
      spec.rebalance = true;
    } else if (section == kSplitSection) {
      spec.split.push_back(ReadSplit(in));
    } else {
      in.Refuse();
    }
  }
  return spec;
}

}  // namespace fairway::scheduler
