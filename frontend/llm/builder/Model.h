// The vocabulary in which architectures are written: weights by name, linear layers, norms, embeddings, rotary positions,
// attention over explicit state, feed-forward blocks. One Model writes one function of the module at a time; an
// architecture's `build` reads its configuration, writes the layers and calls `finish`.
#ifndef TENSEL_FRONTEND_LLM_BUILDER_MODEL_H
#define TENSEL_FRONTEND_LLM_BUILDER_MODEL_H

#include "dialects/graph/SourceNodes.h"
#include "frontend/llm/builder/Source.h"
#include "frontend/llm/builder/Writer.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringSet.h"

namespace tensel::llm {

/// What the function being written is for.
enum class Mode {
  Score,   ///< tokens of a text -> logits at every position
  Prefill, ///< tokens of prompts -> logits after the last of each
  Decode,  ///< one token of each row -> logits after it
  Encode,  ///< tokens of whole texts -> a vector for each token
};

/// Sizes that most architectures have; read by Model::readConfig.
struct Config {
  int64_t layers = 0, hidden = 0, heads = 0, kvHeads = 0, headSize = 0, context = 0;
  double epsilon = 0;
};

/// Cosines and sines of rotary positions, [B, S, 1, size / 2] each, for the first `size` elements of a head.
struct Rope {
  Value cos, sin;
  int64_t size = 0;
  /// Pairs (0, 1), (2, 3), ... turn together; else (0, size / 2), (1, size / 2 + 1), ...
  bool interleaved = false;
};

struct RopeSettings {
  double base = 10000;
  int64_t size = 0;
  bool interleaved = false;
  /// Where config.json keeps scaling, for models with more than one kind of layer.
  llvm::StringRef parameters = "rope_parameters|rope_scaling";
  bool scaled = true;
};

struct AttentionSettings {
  double scale = 0; ///< 0: 1 / sqrt(head size)
  double softcap = 0;
  int64_t window = 0;
  Value slopes, bias;
  /// Added to the weights of norms over queries and keys (Gemma: 1).
  double normOffset = 0;
};

using Activation = Value (*)(Writer &, Value);
Value silu(Writer &w, Value x);
/// x * Phi(x) with erf, and its approximation by tanh.
Value gelu(Writer &w, Value x);
Value geluTanh(Writer &w, Value x);
Value relu(Writer &w, Value x);

class Model : public Writer {
public:
  Model(mlir::ModuleOp module, const Source &source, int64_t maxBatch);

  const Source &source;
  Config config;
  Mode mode = Mode::Score;
  /// The layer being written: names that begin with '.' mean "blk.LAYER.NAME".
  int64_t layer = 0;
  std::string block = "blk";

  /// Starts a function; `build` writes its body; `end` completes it.
  void begin(llvm::StringRef name, Mode mode);
  void end();

  /// A part of the model, as locations name it: "blk.3.attn_q (linear)". What is made while it lives belongs to it; what is made
  /// between the parts of a layer, such as the sums around them, to the layer.
  class Part {
  public:
    Part(Model &model, llvm::StringRef name, llvm::StringRef kind);
    ~Part();
    Part(const Part &) = delete;
    Part &operator=(const Part &) = delete;

  private:
    Model &model;
    mlir::Location before;
    bool isOfLayer;
  };
  /// All parts that own an op of the module, in the module's order.
  graph::SourceNodes parts();

  // Configuration (Config.cpp). A missing or senseless required number is an error that names the key.
  int64_t size(Key key);
  int64_t sizeOr(Key key, int64_t fallback);
  double numberOr(Key key, double fallback) { return source.number(key).value_or(fallback); }
  bool flagOr(Key key, bool fallback) { return source.boolean(key).value_or(fallback); }
  void readConfig();
  /// An unsupported variant: an error when the flag is not what it should be.
  void expectFlag(Key key, bool expected);
  /// The window of the current layer, 0 without one. Where `layer_types` is absent, `slides` tells.
  int64_t window(bool slides = true);
  /// The activation that config.json names in `hidden_act` or the like.
  Activation activation(Key key, llvm::StringRef fallback);

  // Weights (Weights.cpp).
  bool has(llvm::StringRef name) { return source.weight(fullName(name)).has_value(); }
  /// Dims of a weight in elements; empty when it is missing.
  Ints dimsOf(llvm::StringRef name);
  /// The numbers in f32; an error unless they have these dims.
  Value weight(llvm::StringRef name, llvm::ArrayRef<int64_t> dims);
  /// Rows of a matrix of `width` columns.
  Value embed(llvm::StringRef name, Value ids, int64_t width);
  /// x W^T + b; the weight is NAME.weight [out, in], the bias NAME.bias where the file has it.
  Value linear(Value x, llvm::StringRef name, int64_t out);
  /// Consecutive parts of the last dim.
  llvm::SmallVector<Value> split(Value x, llvm::ArrayRef<int64_t> sizes);
  /// The same for a weight stored as [in, out].
  Value linearTransposed(Value x, llvm::StringRef name, int64_t out);
  /// Adds NAME.bias where the file has it.
  Value addBias(Value x, llvm::StringRef name);
  /// The weight is scaled by `offset` + itself (Gemma: 1).
  Value rmsNorm(Value x, llvm::StringRef name, double offset = 0);
  Value layerNorm(Value x, llvm::StringRef name);

  // Inputs and state (Functions.cpp).
  Value input(llvm::StringRef name, mlir::Type element, llvm::ArrayRef<mlir::Attribute> dims);
  /// Declared once: a dim that is known when the program runs.
  mlir::Attribute symbol(llvm::StringRef name, int64_t min, int64_t max);
  mlir::Attribute batch() { return symbol("batch", 1, maxBatch); }
  Value tokens();    ///< [B, S]
  Value positions(); ///< [B, S]: how many tokens stand before each
  Value lengths();   ///< [B]: tokens of each row that count, of those that are encoded
  Value last();      ///< [B]: the last token of each row that counts (Prefill)
  /// [B, S, N] -> [B, N]: what stands at each row's last token.
  Value atLast(Value x);
  /// A tensor that lives from call to call; zeros at first.
  Value state(llvm::StringRef name, llvm::ArrayRef<mlir::Attribute> dims);
  void setState(llvm::StringRef name, Value next);
  /// Writes the last result: logits by NAME.weight (or the embedding, when there is none), or the vectors themselves.
  void finish(Value x, llvm::StringRef head = "output", llvm::StringRef embedding = "token_embd", double softcap = 0);
  void result(llvm::StringRef name, Value value);

  // Attention (Attention.cpp, Rope.cpp).
  RopeSettings ropeSettings();
  Rope rope(const RopeSettings &settings);
  /// x itself for a Rope of size 0.
  Value rotate(Value x, const Rope &rope);
  /// [B, S, heads * size] as [B, S, heads, size] and back.
  Value splitHeads(Value x, int64_t heads);
  Value joinHeads(Value x);
  /// The keys or values that the current layer has seen before, [B, context, heads, size].
  Value keyValues(llvm::StringRef what, int64_t heads, int64_t size);
  /// q [B, S, H, D], k and v [B, S, G, D] -> [B, S, H * D]: causal over all tokens so far, which the layer's state keeps.
  Value attend(Value q, Value k, Value v, const AttentionSettings &settings = {});
  /// Queries, keys and values from one projection `attn_qkv` as heads: [heads, 3, size] in Hugging Face's files, one after
  /// the other in GGUF's.
  llvm::SmallVector<Value> fusedHeads(Value x);
  /// The usual projections around `attend`: attn_q, attn_k, attn_v, attn_output.
  Value selfAttention(Value x, const Rope &rope, const AttentionSettings &settings = {});

  // Feed forward (FeedForward.cpp).
  /// down(act(gate(x)) * up(x))
  Value gatedMlp(Value x, Activation act, llvm::StringRef prefix = ".ffn", int64_t width = 0);
  /// down(act(up(x)))
  Value mlp(Value x, Activation act, llvm::StringRef prefix = ".ffn");
  /// A mixture of gated blocks: each token takes the `used` experts that `ffn_gate_inp` likes best, weighted by its softmax.
  Value mixture(Value x, Activation act, int64_t experts, int64_t used, bool normalized);

  /// "blk.3.attn_q.weight" for ".attn_q.weight".
  std::string fullName(llvm::StringRef name) const;

private:
  struct Loaded {
    Value value;
    std::string type;
  };
  Loaded load(llvm::StringRef name, llvm::ArrayRef<int64_t> dims);
  Value decode(const Loaded &loaded);
  void locate(llvm::StringRef name, llvm::StringRef kind);

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  int64_t maxBatch;
  llvm::StringMap<mlir::StringAttr> weights; ///< symbols of weights by their name in the file
  llvm::StringMap<graph::SourceNode> known;  ///< parts by id
  int openParts = 0;

  // Of the function being written.
  mlir::func::FuncOp function;
  llvm::StringMap<Value> inputs;
  llvm::SmallVector<std::pair<std::string, Value>> results;
  llvm::SmallVector<std::pair<std::string, Value>> states;
  Value cacheIndices;
};

} // namespace tensel::llm

#endif // TENSEL_FRONTEND_LLM_BUILDER_MODEL_H
