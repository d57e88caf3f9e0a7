// Numbers of the configuration that most architectures share.
#include "frontend/llm/builder/Model.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::llm;

static constexpr int64_t maxHeads = 65536;

static std::string nameOf(const Source &source, Key key) {
  return source.isGguf() ? source.architecture() + "." + key.gguf.str() : key.huggingFace.str();
}

int64_t Model::sizeOr(Key key, int64_t fallback) {
  int64_t value = source.integer(key).value_or(fallback);
  if (value >= 1 && value <= INT32_MAX)
    return value;
  fail("'" + nameOf(source, key) + "' is " + Twine(value) + ", expected 1 to 2147483647");
  return 1;
}

int64_t Model::size(Key key) {
  if (source.integer(key))
    return sizeOr(key, 1);
  fail("'" + nameOf(source, key) + "' is missing or no integer");
  return 1;
}

void Model::readConfig() {
  config.layers = size({"num_hidden_layers|n_layer|num_layers", "block_count"});
  config.hidden = size({"hidden_size|n_embd|d_model|n_embed", "embedding_length"});
  config.heads = size({"num_attention_heads|n_head|num_heads", "attention.head_count"});
  config.kvHeads = sizeOr({"num_key_value_heads", "attention.head_count_kv"}, config.heads);
  config.headSize = sizeOr({"head_dim|d_kv", "attention.key_length"}, std::max<int64_t>(1, config.hidden / config.heads));
  config.context = sizeOr({"max_position_embeddings|n_positions|n_ctx|seq_length", "context_length"}, 2048);
  config.epsilon = numberOr({"rms_norm_eps|layer_norm_epsilon|layer_norm_eps|layernorm_epsilon",
                             "attention.layer_norm_rms_epsilon|attention.layer_norm_epsilon"},
                            1e-5);
  // What is worked out per head or per element of a head must not outgrow the file.
  if (config.heads > maxHeads || config.headSize > maxHeads)
    fail(Twine(config.heads) + " heads of size " + Twine(config.headSize) + ", expected at most " + Twine(maxHeads) + " of each");
  if (config.heads % config.kvHeads)
    fail(Twine(config.kvHeads) + " key heads, expected a divisor of the " + Twine(config.heads) + " heads");
}

void Model::expectFlag(Key key, bool expected) {
  if (flagOr(key, expected) != expected)
    fail("'" + nameOf(source, key) + "' is " + (expected ? "false" : "true") + ", expected " + (expected ? "true" : "false"));
}

int64_t Model::window(bool slides) {
  SmallVector<std::string> kinds = source.strings({"layer_types", ""});
  if (layer < static_cast<int64_t>(kinds.size()))
    slides = kinds[layer] == "sliding_attention";
  if (!slides)
    return 0;
  int64_t window = source.integer({"sliding_window", "attention.sliding_window"}).value_or(0);
  if (window < 0)
    fail("a window of " + Twine(window) + " tokens, expected 0 or more");
  return window;
}

Value llm::silu(Writer &w, Value x) { return w.mul(x, w.make<graph::SigmoidOp>(x)); }

Value llm::gelu(Writer &w, Value x) {
  Value erf = w.make<graph::ErfOp>(w.mul(x, w.number(0.70710678118654752440)));
  return w.mul(w.mul(x, w.number(0.5)), w.add(erf, w.number(1)));
}

Value llm::geluTanh(Writer &w, Value x) {
  Value cube = w.mul(w.mul(x, x), w.mul(x, w.number(0.044715)));
  Value tanh = w.make<graph::TanhOp>(w.mul(w.add(x, cube), w.number(0.79788456080286535588)));
  return w.mul(w.mul(x, w.number(0.5)), w.add(tanh, w.number(1)));
}

Value llm::relu(Writer &w, Value x) { return w.make<graph::ReluOp>(x); }

Activation Model::activation(Key key, StringRef fallback) {
  std::string name = source.string(key).value_or(fallback.str());
  static const std::pair<StringRef, Activation> known[] = {
      {"silu", silu},          {"swish", silu},       {"gelu", gelu}, {"gelu_new", geluTanh}, {"gelu_pytorch_tanh", geluTanh},
      {"gelu_fast", geluTanh}, {"gelu_python", gelu}, {"relu", relu}};
  for (auto [text, function] : known)
    if (text == name)
      return function;
  fail("'" + nameOf(source, key) + "' is '" + name + "', expected silu, gelu, gelu_new, gelu_pytorch_tanh or relu");
  return silu;
}
