// Everything is computed in double and ordered by logit, then by token, so that nothing depends on how sorting is done.
#include "runtime/llm/Sampler.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace tensel::text {

namespace {

Error outside(const char *name, double found, const char *expected) {
  return Error{std::string("sampling: found ") + name + " " + std::to_string(found) + ", expected " + expected};
}

} // namespace

Result<Sampler> Sampler::create(const SamplingOptions &options) {
  if (!(options.temperature >= 0) || std::isinf(options.temperature))
    return outside("temperature", options.temperature, "0 or more");
  if (!(options.topP > 0 && options.topP <= 1))
    return outside("top-p", options.topP, "more than 0, at most 1");
  if (!(options.minP >= 0 && options.minP <= 1))
    return outside("min-p", options.minP, "0 to 1");
  if (!(options.typicalP > 0 && options.typicalP <= 1))
    return outside("typical-p", options.typicalP, "more than 0, at most 1");
  if (!(options.repetitionPenalty > 0) || std::isinf(options.repetitionPenalty))
    return outside("repetition penalty", options.repetitionPenalty, "more than 0");
  if (!std::isfinite(options.presencePenalty) || !std::isfinite(options.frequencyPenalty))
    return outside("presence or frequency penalty", options.presencePenalty, "a finite number");
  return Sampler(options);
}

void Sampler::reset() {
  state = options.seed;
  recent.clear();
  counts.clear();
}

void Sampler::accept(uint32_t token) {
  if (!options.penaltyWindow)
    return;
  recent.push_back(token);
  ++counts[token];
  if (recent.size() <= options.penaltyWindow)
    return;
  const auto old = counts.find(recent.front());
  if (--old->second == 0)
    counts.erase(old);
  recent.pop_front();
}

/// A number in [0, 1): splitmix64, whose state is one word.
double Sampler::draw() {
  state += 0x9E3779B97F4A7C15ULL;
  uint64_t bits = state;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9ULL;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBULL;
  bits ^= bits >> 31;
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

void Sampler::penalise(std::vector<float> &logits) const {
  for (const auto &[token, count] : counts) {
    if (token >= logits.size())
      continue;
    float &logit = logits[token];
    logit = logit > 0 ? logit / options.repetitionPenalty : logit * options.repetitionPenalty;
    logit -= options.presencePenalty + options.frequencyPenalty * static_cast<float>(count);
  }
}

/// Whether any is greater; a loop without an exit, which compiles to vectors.
static bool anyAbove(std::span<const float> logits, float least) {
  bool found = false;
  for (const float logit : logits)
    found |= logit > least;
  return found;
}

/// The best `count` candidates, sorted. One pass over the vocabulary; few of it ever enter the heap, whose front is the worst kept.
void Sampler::choose(std::span<const float> logits, size_t count) {
  const auto before = [](const Candidate &a, const Candidate &b) {
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
  };
  candidates.clear();
  constexpr size_t block = 64;
  for (size_t i = 0; i < logits.size(); ++i) {
    while (i % block == 0 && i + block < logits.size() && candidates.size() == count &&
           !anyAbove(logits.subspan(i, block), candidates.front().logit))
      i += block;
    const float logit = logits[i];
    if (candidates.size() == count && !(logit > candidates.front().logit))
      continue; // of equal ones the first stay
    if (std::isnan(logit) || logit == -HUGE_VALF)
      continue;
    if (candidates.size() == count) {
      std::pop_heap(candidates.begin(), candidates.end(), before);
      candidates.pop_back();
    }
    candidates.push_back({static_cast<uint32_t>(i), logit, 0});
    std::push_heap(candidates.begin(), candidates.end(), before);
  }
  std::sort_heap(candidates.begin(), candidates.end(), before);
}

/// Probabilities of the candidates, which are sorted.
void Sampler::softmax(double temperature) {
  const double most = candidates[0].logit;
  double sum = 0;
  for (Candidate &candidate : candidates)
    sum += candidate.probability = std::exp((candidate.logit - most) / temperature);
  for (Candidate &candidate : candidates)
    candidate.probability /= sum;
}

/// top-p and min-p.
void Sampler::keepTop() {
  if (options.topP < 1) {
    double sum = 0;
    size_t count = 0;
    while (count < candidates.size() && sum < options.topP)
      sum += candidates[count++].probability;
    candidates.resize(std::max<size_t>(count, 1));
  }
  if (options.minP > 0) {
    const double least = candidates[0].probability * options.minP;
    while (candidates.size() > 1 && candidates.back().probability < least)
      candidates.pop_back();
  }
}

/// Locally typical sampling (Meister et al. 2022): the tokens whose surprise is nearest to the expected one.
void Sampler::keepTypical() {
  double entropy = 0;
  for (const Candidate &candidate : candidates)
    if (candidate.probability > 0)
      entropy -= candidate.probability * std::log(candidate.probability);
  const auto distance = [&](const Candidate &c) {
    return c.probability > 0 ? std::fabs(-std::log(c.probability) - entropy) : HUGE_VAL;
  };
  std::vector<std::pair<double, size_t>> order;
  for (size_t i = 0; i < candidates.size(); ++i)
    order.emplace_back(distance(candidates[i]), i);
  std::sort(order.begin(), order.end());
  double sum = 0;
  size_t count = 0;
  while (count < order.size() && sum < options.typicalP)
    sum += candidates[order[count++].second].probability;
  order.resize(std::max<size_t>(count, 1));
  std::sort(order.begin(), order.end(), [](const auto &a, const auto &b) { return a.second < b.second; });
  std::vector<Candidate> kept;
  for (const auto &[far, place] : order)
    kept.push_back(candidates[place]);
  candidates = std::move(kept);
}

uint32_t Sampler::sample(std::span<const float> logits) {
  if (options.repetitionPenalty != 1 || options.presencePenalty != 0 || options.frequencyPenalty != 0) {
    scores.assign(logits.begin(), logits.end());
    penalise(scores);
    logits = scores;
  }
  const bool isGreedy = options.temperature == 0;
  choose(logits, isGreedy ? 1 : options.topK ? std::min<size_t>(options.topK, logits.size()) : logits.size());
  uint32_t chosen = 0;
  if (!candidates.empty() && isGreedy) {
    chosen = candidates[0].token;
  } else if (!candidates.empty()) {
    if (std::isinf(candidates[0].logit)) // plus infinity leaves no choice
      candidates.resize(1);
    softmax(1);
    if (options.typicalP < 1) {
      keepTypical();
      softmax(1);
    }
    keepTop();
    softmax(options.temperature);
    double left = draw();
    chosen = candidates.back().token;
    for (const Candidate &candidate : candidates)
      if ((left -= candidate.probability) < 0) {
        chosen = candidate.token;
        break;
      }
  }
  accept(chosen);
  return chosen;
}

} // namespace tensel::text
