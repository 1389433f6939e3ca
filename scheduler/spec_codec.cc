#include "scheduler/spec_codec.h"

#include <limits>

namespace fairway::scheduler {
namespace {

void Write(ByteWriter& out, const Resources& amounts) {
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

void EncodeSelector(const JobSpec& spec, std::string& bytes) {
  ByteWriter out(bytes);
  out.Unsigned(spec.required.size());
  for (const SelectorTerm& term : spec.required) Write(out, term);
  out.Unsigned(spec.preferred.size());
  for (const PreferredTerm& preferred : spec.preferred) {
    out.Signed(preferred.weight);
    Write(out, preferred.term);
  }
  out.Unsigned(spec.tolerations.size());
  for (const Toleration& toleration : spec.tolerations) {
    out.Text(toleration.key);
    out.Byte(toleration.exists ? 1 : 0);
    out.Text(toleration.value);
    out.Byte(toleration.any_effect ? 1 : 0);
    out.Byte(static_cast<uint8_t>(toleration.effect));
  }
}

void EncodeSpec(const JobSpec& spec, std::string& bytes) {
  ByteWriter out(bytes);
  Write(out, spec.request);
  out.Signed(spec.parallelism);
  out.Signed(spec.priority);
  EncodeSelector(spec, bytes);
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

JobSpec DecodeSpec(ByteReader& in) {
  JobSpec spec;
  spec.request = ReadResources(in);
  spec.parallelism = ReadInt32(in);
  spec.priority = ReadInt32(in);
  size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) spec.required.push_back(ReadTerm(in));
  count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    PreferredTerm& preferred = spec.preferred.emplace_back();
    preferred.weight = ReadInt32(in);
    preferred.term = ReadTerm(in);
  }
  count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    Toleration& toleration = spec.tolerations.emplace_back();
    toleration.key = in.Text();
    toleration.exists = ReadBool(in);
    toleration.value = in.Text();
    toleration.any_effect = ReadBool(in);
    toleration.effect = in.Choice(TaintEffect::kNoExecute);
  }
  return spec;
}

}  // namespace fairway::scheduler
