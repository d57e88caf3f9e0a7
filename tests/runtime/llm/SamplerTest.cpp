// Sampling: who may be chosen, how often, and that a seed repeats itself.
#include "runtime/llm/Sampler.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <map>

using namespace tensel::text;

static Sampler make(const SamplingOptions &options) {
  auto sampler = Sampler::create(options);
  EXPECT_TRUE(sampler) << sampler.message();
  return std::move(*sampler);
}

static SamplingOptions plain() {
  SamplingOptions options;
  options.temperature = 1;
  options.topK = 0;
  options.topP = 1;
  options.minP = 0;
  return options;
}

/// How often each token comes in `count` draws; nothing is remembered between them.
static std::map<uint32_t, int> draws(SamplingOptions options, const std::vector<float> &logits, int count = 20'000) {
  options.penaltyWindow = 0;
  Sampler sampler = make(options);
  std::map<uint32_t, int> out;
  for (int i = 0; i < count; ++i)
    ++out[sampler.sample(logits)];
  return out;
}

TEST(Sampler, FollowsTheProbabilities) {
  auto found = draws(plain(), {std::log(0.5F), std::log(0.3F), std::log(0.2F)});
  EXPECT_NEAR(found[0], 10'000, 300);
  EXPECT_NEAR(found[1], 6'000, 300);
  EXPECT_NEAR(found[2], 4'000, 300);
}

TEST(Sampler, GreedyTakesTheFirstOfEqualOnes) {
  SamplingOptions options = plain();
  options.temperature = 0;
  EXPECT_EQ(make(options).sample(std::vector<float>{1, 3, 3, 2}), 1u);
}

TEST(Sampler, Narrows) {
  const std::vector<float> logits = {std::log(0.5F), std::log(0.3F), std::log(0.15F), std::log(0.05F)};
  SamplingOptions options = plain();
  options.topK = 2;
  EXPECT_EQ(draws(options, logits).size(), 2u);
  options = plain();
  options.topP = 0.7F;
  EXPECT_EQ(draws(options, logits).size(), 2u);
  options = plain();
  options.minP = 0.25F;
  EXPECT_EQ(draws(options, logits).size(), 3u);
  options = plain();
  options.typicalP = 0.2F; // the entropy is nearest to the second token's surprise
  EXPECT_EQ(draws(options, logits).begin()->first, 1u);
  options = plain();
  options.temperature = 0.05F;
  EXPECT_GT(draws(options, logits)[0], 19'900);
}

TEST(Sampler, PenalisesWhatWasThere) {
  SamplingOptions options = plain();
  options.temperature = 0;
  options.repetitionPenalty = 2;
  options.penaltyWindow = 2;
  Sampler sampler = make(options);
  const std::vector<float> logits = {3, 2, 1.4F};
  EXPECT_EQ(sampler.sample(logits), 0u);
  EXPECT_EQ(sampler.sample(logits), 1u);
  EXPECT_EQ(sampler.sample(logits), 0u); // 1.5, 1, 1.4
  options.repetitionPenalty = 1;
  options.frequencyPenalty = 0.6F;
  options.presencePenalty = 0.5F;
  sampler = make(options);
  sampler.accept(0);
  sampler.accept(0);
  EXPECT_EQ(sampler.sample(logits), 1u); // 3 - 0.5 - 1.2
}

TEST(Sampler, RepeatsItself) {
  SamplingOptions options;
  options.seed = 42;
  Sampler a = make(options), b = make(options);
  std::vector<float> logits(1000);
  for (size_t i = 0; i < logits.size(); ++i)
    logits[i] = std::sin(static_cast<float>(i * i));
  std::vector<uint32_t> first, second;
  for (int i = 0; i < 100; ++i) {
    first.push_back(a.sample(logits));
    second.push_back(b.sample(logits));
  }
  EXPECT_EQ(first, second);
  a.reset();
  EXPECT_EQ(a.sample(logits), first[0]);
  options.seed = 43;
  b = make(options);
  second.clear();
  for (int i = 0; i < 100; ++i)
    second.push_back(b.sample(logits));
  EXPECT_NE(first, second);
}

TEST(Sampler, TakesOddLogits) {
  const float nan = std::nanf(""), inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(make(plain()).sample(std::vector<float>{nan, -inf, 1, nan}), 2u);
  EXPECT_EQ(make(plain()).sample(std::vector<float>{nan, -inf}), 0u);
  EXPECT_EQ(make(plain()).sample(std::vector<float>{}), 0u);
  EXPECT_EQ(make(plain()).sample(std::vector<float>{1, inf, 2}), 1u);
}

TEST(Sampler, RefusesOptionsWithoutMeaning) {
  SamplingOptions options;
  options.topP = 0;
  EXPECT_EQ(Sampler::create(options).message(), "sampling: found top-p 0.000000, expected more than 0, at most 1");
  options = {};
  options.temperature = -1;
  EXPECT_FALSE(Sampler::create(options));
  options = {};
  options.repetitionPenalty = 0;
  EXPECT_FALSE(Sampler::create(options));
}
