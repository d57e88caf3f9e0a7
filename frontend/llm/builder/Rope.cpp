// Rotary positions (Su et al. 2021) and the ways of stretching them to longer contexts: linear, Llama 3's by wavelength,
// and YaRN (Peng et al. 2023). Frequencies are worked out here, in f64, so that the program holds numbers only.
#include "frontend/llm/builder/Model.h"

#include <cmath>

using namespace mlir;
using namespace tensel;
using namespace tensel::llm;

namespace {
/// A member of config.json's scaling object, wherever it is, and its GGUF name.
struct Scaling {
  const Source &source;
  StringRef parameters;

  std::string path(StringRef member) const {
    std::string text;
    SmallVector<StringRef> parents;
    parameters.split(parents, '|');
    for (StringRef parent : parents)
      text += (text.empty() ? "" : "|") + (parent + "." + member).str();
    return text;
  }
  std::optional<double> number(StringRef member, StringRef gguf = "") const { return source.number({path(member), gguf}); }
};
} // namespace

static SmallVector<double> plainFrequencies(const RopeSettings &settings) {
  SmallVector<double> result;
  for (int64_t i = 0; i < settings.size; i += 2)
    result.push_back(std::pow(settings.base, -static_cast<double>(i) / static_cast<double>(settings.size)));
  return result;
}

/// Long wavelengths are divided by the factor, short ones stay, those between are blended.
static void scaleLlama3(MutableArrayRef<double> frequencies, double factor, double low, double high, double original) {
  for (double &frequency : frequencies) {
    double length = 2 * M_PI / frequency;
    double blend = std::clamp((original / length - low) / (high - low), 0.0, 1.0);
    frequency *= blend + (1 - blend) / factor;
  }
}

/// The same by how often a frequency turns within the original context.
static void scaleYarn(MutableArrayRef<double> frequencies, const RopeSettings &settings, double factor, double fast, double slow,
                      double original, bool truncate) {
  auto size = static_cast<double>(settings.size);
  auto dimOfTurns = [&](double turns) { return size * std::log(original / (turns * 2 * M_PI)) / (2 * std::log(settings.base)); };
  double low = dimOfTurns(fast), high = dimOfTurns(slow);
  if (truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, size - 1);
  if (low == high)
    high += 0.001;
  for (auto [i, frequency] : llvm::enumerate(frequencies)) {
    double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    frequency *= 1 - ramp + ramp / factor;
  }
}

RopeSettings Model::ropeSettings() {
  RopeSettings settings;
  settings.base = numberOr(
      {"rope_theta|rope_parameters.rope_theta|rotary_emb_base|rope_parameters.rotary_emb_base", "rope.freq_base"}, 10000);
  double part = numberOr({"partial_rotary_factor|rope_parameters.partial_rotary_factor|rotary_pct", ""}, 1);
  settings.size = sizeOr({"", "rope.dimension_count"}, std::max<int64_t>(1, static_cast<int64_t>(part * config.headSize)));
  if (settings.size % 2 || settings.size > config.headSize)
    fail("rotary size " + Twine(settings.size) + ", expected an even number up to the head size " + Twine(config.headSize));
  if (!(settings.base > 1))
    fail("rotary base " + std::to_string(settings.base) + ", expected more than 1");
  return settings;
}

Rope Model::rope(const RopeSettings &settings) {
  if (failed())
    return {poison(), poison(), settings.size, settings.interleaved};
  Part part(*this, "rope", "rotary");
  SmallVector<double> frequencies = plainFrequencies(settings);
  Scaling scaling{source, settings.parameters};
  std::string kind =
      source.string({scaling.path("rope_type") + "|" + scaling.path("type"), "rope.scaling.type"}).value_or("default");
  double factor = scaling.number("factor", "rope.scaling.factor").value_or(1), amplitude = 1;
  double original =
      scaling.number("original_max_position_embeddings", "rope.scaling.original_context_length").value_or(config.context);
  if (!settings.scaled || kind == "none" || kind == "default") {
  } else if (!(factor >= 1)) {
    fail("rotary scaling by " + std::to_string(factor) + ", expected a factor of at least 1");
  } else if (kind == "linear") {
    for (double &frequency : frequencies)
      frequency /= factor;
  } else if (kind == "llama3") {
    scaleLlama3(frequencies, factor, scaling.number("low_freq_factor").value_or(1),
                scaling.number("high_freq_factor").value_or(4), original);
  } else if (kind == "yarn") {
    scaleYarn(frequencies, settings, factor, scaling.number("beta_fast", "rope.scaling.yarn_beta_fast").value_or(32),
              scaling.number("beta_slow", "rope.scaling.yarn_beta_slow").value_or(1), original,
              source.boolean({scaling.path("truncate"), ""}).value_or(true));
    auto magnitude = [&](double scale) { return factor > 1 ? 0.1 * scale * std::log(factor) + 1 : 1; };
    std::optional<double> scale = scaling.number("mscale"), all = scaling.number("mscale_all_dim");
    amplitude = scale && all && *scale && *all ? magnitude(*scale) / magnitude(*all) : magnitude(1);
    amplitude = scaling.number("attention_factor", "rope.scaling.attn_factor").value_or(amplitude);
  } else {
    fail("rotary scaling of type '" + kind + "', expected default, linear, llama3 or yarn");
  }
  Value steps = floats(frequencies);
  // GGUF files hold Llama 3's scaling as divisors of the frequencies.
  if (settings.scaled && has("rope_freqs.weight"))
    steps = div(steps, weight("rope_freqs.weight", {settings.size / 2}));
  Value angles = mul(unsqueeze(cast(positions(), f32()), {2, 3}), steps);
  Value cos = make<graph::CosOp>(angles), sin = make<graph::SinOp>(angles);
  if (amplitude != 1) {
    cos = mul(cos, number(amplitude));
    sin = mul(sin, number(amplitude));
  }
  return {cos, sin, settings.size, settings.interleaved};
}

Value Model::rotate(Value x, const Rope &rope) {
  if (!rope.size)
    return x;
  if (failed())
    return poison();
  Part part(*this, ".rope", "rotary");
  int64_t size = rope.size, half = size / 2, width = dim(x, 3), heads = dim(x, 2);
  Value turned = width == size ? x : slice(x, 3, 0, size);
  Value first, second;
  if (rope.interleaved) {
    Value pairs = reshape(turned, {0, 0, heads, half, 2});
    first = squeeze(slice(pairs, 4, 0, 1), {4});
    second = squeeze(slice(pairs, 4, 1, 2), {4});
  } else {
    first = slice(turned, 3, 0, half);
    second = slice(turned, 3, half, size);
  }
  Value left = sub(mul(first, rope.cos), mul(second, rope.sin)), right = add(mul(second, rope.cos), mul(first, rope.sin));
  if (rope.interleaved)
    turned = reshape(concat({unsqueeze(left, {4}), unsqueeze(right, {4})}, 4), {0, 0, heads, size});
  else
    turned = concat({left, right}, 3);
  return width == size ? turned : concat({turned, slice(x, 3, size, width)}, 3);
}
