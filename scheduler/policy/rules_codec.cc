#include "scheduler/policy/rules_codec.h"

#include <algorithm>
#include <limits>

namespace fairway::scheduler {
namespace {

constexpr uint8_t kHasRules = 1;
constexpr uint8_t kHasSeconds = 2;

// One pair of functions per type; lists through these two.
template <typename T, typename WriteOne>
void WriteList(ByteWriter& out, const std::vector<T>& list, WriteOne write_one) {
  out.Unsigned(list.size());
  for (const T& each : list) write_one(out, each);
}
template <typename T, typename ReadOne>
void ReadList(ByteReader& in, std::vector<T>& list, ReadOne read_one) {
  const size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) list.push_back(read_one(in));
}

int32_t Int32(ByteReader& in) {
  const int64_t value = in.Signed();
  if (value != static_cast<int32_t>(value)) in.Refuse();
  return static_cast<int32_t>(value);
}

bool Flag(ByteReader& in) {
  const uint8_t value = in.Byte();
  if (value > 1) in.Refuse();
  return value == 1;
}

void WriteRequirement(ByteWriter& out, const LabelRequirement& each) {
  out.Text(each.key);
  out.Byte(static_cast<uint8_t>(each.op));
  WriteList(out, each.values, [](ByteWriter& o, const std::string& value) { o.Text(value); });
}
LabelRequirement ReadRequirement(ByteReader& in) {
  LabelRequirement each;
  each.key = in.Text();
  each.op = in.Choice(LabelRequirement::Op::kLt);
  ReadList(in, each.values, [](ByteReader& i) { return std::string(i.Text()); });
  return each;
}

void WriteGroup(ByteWriter& out, const ClusterGroup& group) {
  out.Text(group.name);
  WriteList(out, group.terms, EncodeTerm);
}
ClusterGroup ReadGroup(ByteReader& in) {
  ClusterGroup group;
  group.name = in.Text();
  ReadList(in, group.terms, DecodeTerm);
  return group;
}

void WriteJobs(ByteWriter& out, const JobSelector& jobs) {
  out.Text(jobs.scope);
  WriteList(out, jobs.requirements, WriteRequirement);
}
JobSelector ReadJobs(ByteReader& in) {
  JobSelector jobs;
  jobs.scope = in.Text();
  ReadList(in, jobs.requirements, ReadRequirement);
  return jobs;
}

void WriteAffinity(ByteWriter& out, const JobAffinityTerm& term) {
  out.Byte(term.anti ? 1 : 0);
  out.Signed(term.weight);
  WriteJobs(out, term.jobs);
  out.Text(term.topology);
}
JobAffinityTerm ReadAffinity(ByteReader& in) {
  JobAffinityTerm term;
  term.anti = Flag(in);
  term.weight = Int32(in);
  term.jobs = ReadJobs(in);
  term.topology = in.Text();
  return term;
}

void WriteSpread(ByteWriter& out, const SpreadConstraint& spread) {
  out.Signed(spread.max_skew);
  out.Byte(spread.required ? 1 : 0);
  WriteJobs(out, spread.jobs);
  out.Text(spread.topology);
}
SpreadConstraint ReadSpread(ByteReader& in) {
  SpreadConstraint spread;
  spread.max_skew = Int32(in);
  spread.required = Flag(in);
  spread.jobs = ReadJobs(in);
  spread.topology = in.Text();
  return spread;
}

void WriteDataset(ByteWriter& out, const DatasetWish& wish) {
  out.Text(wish.name);
  out.Signed(wish.weight);
}
DatasetWish ReadDataset(ByteReader& in) {
  DatasetWish wish;
  wish.name = in.Text();
  wish.weight = Int32(in);
  return wish;
}

void WriteToleration(ByteWriter& out, const Toleration& toleration) {
  out.Text(toleration.key);
  out.Byte(toleration.exists ? 1 : 0);
  out.Text(toleration.value);
  out.Byte(toleration.any_effect ? 1 : 0);
  out.Byte(static_cast<uint8_t>(toleration.effect));
}
Toleration ReadToleration(ByteReader& in) {
  Toleration toleration;
  toleration.key = in.Text();
  toleration.exists = Flag(in);
  toleration.value = in.Text();
  toleration.any_effect = Flag(in);
  toleration.effect = in.Choice(TaintEffect::kNoExecute);
  return toleration;
}

void WriteWeights(ByteWriter& out, const ScoreWeights& weights) {
  for (const int32_t weight :
       {weights.preferred_affinity, weights.spread, weights.pack, weights.balance, weights.cost,
        weights.locality, weights.stability}) {
    out.Signed(weight);
  }
}
ScoreWeights ReadWeights(ByteReader& in) {
  ScoreWeights weights;
  for (int32_t* weight : {&weights.preferred_affinity, &weights.spread, &weights.pack,
                          &weights.balance, &weights.cost, &weights.locality, &weights.stability}) {
    *weight = Int32(in);
    if (*weight < 0 || *weight > kWeightMax) in.Refuse();
  }
  return weights;
}

void WriteRules(ByteWriter& out, const PlacementRules& rules) {
  out.Text(rules.scope);
  out.Unsigned(rules.labels.size());
  for (const auto& [key, value] : rules.labels) {
    out.Text(key);
    out.Text(value);
  }
  WriteList(out, rules.groups, WriteGroup);
  WriteList(out, rules.job_affinity, WriteAffinity);
  WriteList(out, rules.spread, WriteSpread);
  WriteList(out, rules.datasets, WriteDataset);
  WriteList(out, rules.claims, [](ByteWriter& o, const std::string& name) { o.Text(name); });
  WriteList(out, rules.nodes.required, EncodeTerm);
  WriteList(out, rules.nodes.tolerations, WriteToleration);
  WriteList(out, rules.weights, WriteWeights);
}

void ReadRules(ByteReader& in, PlacementRules& rules) {
  rules.scope = in.Text();
  const size_t labels = in.Count();
  for (size_t i = 0; i < labels && in.ok(); ++i) {
    std::string key(in.Text());
    rules.labels[std::move(key)] = in.Text();
  }
  ReadList(in, rules.groups, ReadGroup);
  ReadList(in, rules.job_affinity, ReadAffinity);
  ReadList(in, rules.spread, ReadSpread);
  ReadList(in, rules.datasets, ReadDataset);
  ReadList(in, rules.claims, [](ByteReader& i) { return std::string(i.Text()); });
  ReadList(in, rules.nodes.required, DecodeTerm);
  ReadList(in, rules.nodes.tolerations, ReadToleration);
  ReadList(in, rules.weights, ReadWeights);
  if (rules.weights.size() > 1 || rules.groups.size() > kGroupsMax) in.Refuse();
}

}  // namespace

void EncodeTerm(ByteWriter& out, const SelectorTerm& term) {
  WriteList(out, term.requirements, WriteRequirement);
}

SelectorTerm DecodeTerm(ByteReader& in) {
  SelectorTerm term;
  ReadList(in, term.requirements, ReadRequirement);
  return term;
}

namespace {

bool HasSeconds(const JobSpec& spec) {
  return std::any_of(spec.tolerations.begin(), spec.tolerations.end(),
                     [](const Toleration& toleration) { return toleration.seconds != -1; });
}

}  // namespace

bool HasRules(const JobSpec& spec) { return !spec.rules.empty() || HasSeconds(spec); }

void EncodeRules(const JobSpec& spec, std::string& bytes) {
  const bool seconds = HasSeconds(spec);
  ByteWriter out(bytes);
  out.Byte(
      static_cast<uint8_t>((spec.rules.empty() ? 0 : kHasRules) | (seconds ? kHasSeconds : 0)));
  if (!spec.rules.empty()) WriteRules(out, spec.rules.front());
  if (!seconds) return;
  for (const Toleration& toleration : spec.tolerations) out.Signed(toleration.seconds);
}

void DecodeRules(ByteReader& in, JobSpec& spec) {
  const uint8_t parts = in.Byte();
  if (parts == 0 || parts > (kHasRules | kHasSeconds)) in.Refuse();
  if ((parts & kHasRules) != 0) ReadRules(in, spec.rules.emplace_back());
  if ((parts & kHasSeconds) == 0) return;
  for (Toleration& toleration : spec.tolerations) toleration.seconds = in.Signed();
}

}  // namespace fairway::scheduler
