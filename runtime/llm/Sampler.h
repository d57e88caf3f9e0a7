// Chooses the next token from the model's logits: penalties for what was said, then top-k, typical, top-p, min-p and
// temperature, in this order; then one draw. The same seed and logits give the same tokens, on every machine of one kind.
#ifndef TENSEL_RUNTIME_LLM_SAMPLER_H
#define TENSEL_RUNTIME_LLM_SAMPLER_H

#include "runtime/llm/Result.h"

#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

namespace tensel::text {

struct SamplingOptions {
  float temperature = 0.8F;       ///< 0: always the most likely token
  uint32_t topK = 40;             ///< 0: all
  float topP = 0.95F;             ///< 1: all
  float minP = 0.05F;             ///< 0: all; else a share of the most likely token's probability
  float typicalP = 1.0F;          ///< 1: off
  float repetitionPenalty = 1.0F; ///< 1: off; divides positive and multiplies negative logits of tokens that were there
  float presencePenalty = 0.0F;   ///< taken off the logit of each token that was there
  float frequencyPenalty = 0.0F;  ///< taken off as often as it was there
  uint32_t penaltyWindow = 64;    ///< how many of the last tokens count
  uint64_t seed = 0;
};

class Sampler {
public:
  /// Refuses options that have no meaning, by name.
  static Result<Sampler> create(const SamplingOptions &options);

  /// Counts a token of the prompt or of the answer for the penalties; `sample` does so itself.
  void accept(uint32_t token);
  /// The next token. Logits that are not numbers are never chosen; where all are, or there are none, it is token 0.
  uint32_t sample(std::span<const float> logits);
  /// Back to the seed, without memory of tokens.
  void reset();

private:
  struct Candidate {
    uint32_t token;
    float logit;
    double probability;
  };

  explicit Sampler(const SamplingOptions &options) : options(options) { reset(); }
  void penalise(std::vector<float> &logits) const;
  void choose(std::span<const float> logits, size_t count);
  void keepTop();
  void keepTypical();
  void softmax(double temperature);
  double draw();

  SamplingOptions options;
  uint64_t state = 0;
  std::deque<uint32_t> recent;
  std::unordered_map<uint32_t, uint32_t> counts;
  std::vector<float> scores;         // the logits after penalties
  std::vector<Candidate> candidates; // kept for its memory
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_SAMPLER_H
