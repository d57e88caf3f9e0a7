// A GGUF file (versions 2 and 3, little endian): its metadata and where its
// tensors lie, checked as a whole when it is read and then used in place.
#ifndef TENSEL_FRONTEND_GGUF_FILE_H
#define TENSEL_FRONTEND_GGUF_FILE_H

#include "dialects/blocks/BlockFormat.h"
#include "frontend/gguf/Value.h"

#include <array>
#include <vector>

namespace tensel::gguf {

/// How a tensor's numbers are stored; one entry per supported ggml_type.
struct TensorType {
  uint32_t number;
  std::string_view name;             ///< "f32", "q4_0", ...
  uint16_t elements, bytes;          ///< of a block; one element for plain types
  const blocks::BlockFormat *format; ///< null for plain types
};

/// Null for numbers that are unknown or not supported.
const TensorType *findTensorType(uint32_t number);

struct Tensor {
  std::string_view name;
  /// The innermost dim first, as in the file; `rank` of them.
  std::array<int64_t, 4> dims;
  const TensorType *type;
  uint64_t offset; ///< from the start of the file
  uint32_t rank;

  int64_t count() const { return dims[0] * dims[1] * dims[2] * dims[3]; }
  uint64_t bytes() const { return static_cast<uint64_t>(count()) / type->elements * type->bytes; }
};

struct Entry {
  std::string_view key;
  const uint8_t *at; ///< the value's type, then the value
  Value value() const;
};

class File {
public:
  /// Empty with `error` set (one line: the file, the byte and what was expected) when anything is wrong.
  static std::optional<File> open(const std::string &path, std::string &error);
  /// The same over bytes that the caller keeps alive.
  static std::optional<File> read(Bytes bytes, std::string &error);

  uint32_t version = 0;
  uint64_t alignment = 32, dataOffset = 0;
  /// In the order of the file.
  std::vector<Entry> metadata;
  std::vector<Tensor> tensors;

  std::optional<Value> find(std::string_view key) const;
  const Tensor *findTensor(std::string_view name) const;
  const std::string &path() const;
  Bytes bytes() const { return content; }

private:
  void readHeader(Reader &reader);
  void readMetadata(Reader &reader, uint64_t count);
  void readTensor(Reader &reader, Tensor &tensor);
  void place(Reader &reader);

  Bytes content;
  std::shared_ptr<MappedFile> file;
  /// Positions sorted by key and name.
  std::vector<uint32_t> byKey, byName;
};

} // namespace tensel::gguf

#endif // TENSEL_FRONTEND_GGUF_FILE_H
