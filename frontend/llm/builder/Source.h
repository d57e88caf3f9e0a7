// Where a language model comes from: numbers of its configuration and places of its weights, under one set of names for
// all formats. Names are GGUF's ("blk.3.attn_q.weight"); an architecture lists how Hugging Face calls them.
#ifndef TENSEL_FRONTEND_LLM_BUILDER_SOURCE_H
#define TENSEL_FRONTEND_LLM_BUILDER_SOURCE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace tensel::llm {

/// What a number is called in config.json (alternatives separated by '|', members of objects after '.') and in GGUF
/// metadata (after the architecture's name). An empty one: that format does not have it.
struct Key {
  llvm::StringRef huggingFace, gguf;
};

/// Our name of a tensor and Hugging Face's, without ".weight" or ".bias"; '%' stands for a number, '|' separates alternatives.
struct NamePair {
  llvm::StringRef name, huggingFace;
};

/// The bytes of a tensor in a file.
struct WeightPlace {
  std::string file;
  uint64_t offset = 0, length = 0;
  /// The outermost first, in elements.
  llvm::SmallVector<int64_t> dims;
  /// "f32", "f16", "bf16", ... or a block format.
  std::string type;
};

class Source {
public:
  virtual ~Source() = default;

  virtual bool isGguf() const = 0;
  /// general.architecture, or config.json's model_type.
  virtual std::string architecture() const = 0;
  virtual std::optional<int64_t> integer(Key key) const = 0;
  virtual std::optional<double> number(Key key) const = 0;
  virtual std::optional<bool> boolean(Key key) const = 0;
  virtual std::optional<std::string> string(Key key) const = 0;
  /// Elements of an array of numbers; empty when it is not there.
  virtual llvm::SmallVector<double> numbers(Key key) const = 0;
  virtual llvm::SmallVector<std::string> strings(Key key) const = 0;
  virtual std::optional<WeightPlace> weight(llvm::StringRef name) const = 0;

  /// How the architecture's tensors are called in Hugging Face files.
  llvm::ArrayRef<NamePair> names;
};

/// Null with `error` set when the file or folder is wrong.
std::unique_ptr<Source> openGguf(const std::string &path, std::string &error);
std::unique_ptr<Source> openHuggingFace(const std::string &path, std::string &error);

} // namespace tensel::llm

#endif // TENSEL_FRONTEND_LLM_BUILDER_SOURCE_H
