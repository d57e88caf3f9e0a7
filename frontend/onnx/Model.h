// The ONNX messages as plain structs that point into the mapped file, and the
// readers for whole models and single tensors. Importing into the graph
// dialect happens in import/, which takes a Model and never sees wire bytes.
#ifndef TENSEL_FRONTEND_ONNX_MODEL_H
#define TENSEL_FRONTEND_ONNX_MODEL_H

#include "frontend/common/MappedFile.h"
#include "frontend/onnx/Wire.h"

#include <map>
#include <memory>
#include <optional>

namespace tensel::onnx {

/// TensorProto.DataType.
enum class DataType : int32_t {
  Undefined,
  Float,
  UInt8,
  Int8,
  UInt16,
  Int16,
  Int32,
  Int64,
  String,
  Bool,
  Float16,
  Double,
  UInt32,
  UInt64,
  Complex64,
  Complex128,
  BFloat16,
  Float8E4M3FN,
  Float8E4M3FNUZ,
  Float8E5M2,
  Float8E5M2FNUZ,
  UInt4,
  Int4,
  Float4E2M1,
  Float8E8M0,
  UInt2,
  Int2,
  Float6E2M3,
  Float6E3M2
};

/// Lower-case name such as "float16"; "undefined" for numbers out of range.
const char *dataTypeName(DataType type);
/// Bits an element takes in raw data; 0 for strings and unknown types.
unsigned dataTypeBits(DataType type);

struct StringPair {
  std::string_view key, value;
};

struct TensorProto {
  std::string_view name;
  DataType type = DataType::Undefined;
  std::vector<int64_t> dims;
  /// The elements as they lie in memory (row-major, little endian). In place
  /// when `file` is set, else in `decoded`.
  Bytes data;
  /// The file that `data` points into and where; null for decoded data.
  const MappedFile *file = nullptr;
  uint64_t offset = 0;
  std::shared_ptr<std::vector<uint8_t>> decoded;
  std::vector<std::string_view> strings;

  /// Number of elements; checked while reading.
  int64_t count() const;
};

struct TypeProto {
  enum class Kind { None, Tensor, Sequence, Optional, Map, SparseTensor, Opaque };
  struct Dim {
    /// A size, or -1 when only `symbol` (possibly empty) is known.
    int64_t size = -1;
    std::string_view symbol;
  };
  Kind kind = Kind::None;
  DataType elem = DataType::Undefined;
  bool hasShape = false;
  std::vector<Dim> dims;
  /// The element of a sequence or optional (at most one).
  std::vector<TypeProto> inner;
};

struct ValueInfoProto {
  std::string_view name;
  TypeProto type;
};

struct GraphProto;

struct AttributeProto {
  enum class Kind : int32_t {
    Undefined,
    Float,
    Int,
    String,
    Tensor,
    Graph,
    Floats,
    Ints,
    Strings,
    Tensors,
    Graphs,
    SparseTensor,
    SparseTensors,
    Type,
    Types
  };
  std::string_view name, refName;
  Kind kind = Kind::Undefined;
  float f = 0;
  int64_t i = 0;
  std::string_view s;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string_view> strings;
  std::vector<TensorProto> tensors; // also the single tensor
  std::vector<GraphProto> graphs;   // also the single graph
  std::vector<TypeProto> types;
};

struct NodeProto {
  std::string_view name, opType, domain, overload;
  std::vector<std::string_view> inputs, outputs;
  std::vector<AttributeProto> attributes;
};

struct GraphProto {
  std::string_view name;
  std::vector<NodeProto> nodes;
  std::vector<TensorProto> initializers;
  std::vector<ValueInfoProto> inputs, outputs, valueInfo;
};

struct OperatorSetId {
  std::string_view domain;
  int64_t version = 0;
};

struct FunctionProto {
  std::string_view name, domain, overload;
  std::vector<std::string_view> inputs, outputs, attributes;
  std::vector<AttributeProto> defaults;
  std::vector<NodeProto> nodes;
  std::vector<OperatorSetId> opsets;
};

struct ModelProto {
  int64_t irVersion = 0;
  std::string_view producer;
  std::vector<OperatorSetId> opsets;
  GraphProto graph;
  std::vector<FunctionProto> functions;
  std::vector<StringPair> metadata;
  /// The model file and every external data file, by path; keeps them mapped.
  std::map<std::string, std::shared_ptr<MappedFile>> files;
};

/// Reads the model at `path`. Empty with `error` set (one line that names the
/// file, the byte and what was expected) when anything is wrong.
std::optional<ModelProto> readModel(const std::string &path, std::string &error);

/// The same over bytes that the caller keeps alive; external data is looked up
/// in `directory`, or refused when that is empty.
std::optional<ModelProto> readModelBytes(Bytes bytes, const std::string &directory, std::string &error);

} // namespace tensel::onnx

#endif // TENSEL_FRONTEND_ONNX_MODEL_H
