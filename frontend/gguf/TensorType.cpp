// The tensor types of GGUF that we read. Block sizes come from the block formats.
#include "frontend/gguf/File.h"

using namespace tensel;
using namespace tensel::gguf;

namespace {
struct Numbered {
  uint32_t number;
  std::string_view name;
  uint16_t bytes; // 0: a block format
};
} // namespace

// ggml_type's numbers.
static constexpr Numbered numbered[] = {{0, "f32", 4},   {1, "f16", 2},   {2, "q4_0", 0},    {3, "q4_1", 0},  {6, "q5_0", 0},
                                        {7, "q5_1", 0},  {8, "q8_0", 0},  {10, "q2_k", 0},   {11, "q3_k", 0}, {12, "q4_k", 0},
                                        {13, "q5_k", 0}, {14, "q6_k", 0}, {20, "iq4_nl", 0}, {24, "i8", 1},   {25, "i16", 2},
                                        {26, "i32", 4},  {27, "i64", 8},  {28, "f64", 8},    {30, "bf16", 2}, {39, "mxfp4", 0}};

const TensorType *tensel::gguf::findTensorType(uint32_t number) {
  static const std::vector<TensorType> types = [] {
    std::vector<TensorType> result;
    for (const Numbered &entry : numbered) {
      const blocks::BlockFormat *format = blocks::findBlockFormat(entry.name);
      result.push_back(
          {entry.number, entry.name, format ? format->elements : uint16_t(1), format ? format->bytes : entry.bytes, format});
    }
    return result;
  }();
  for (const TensorType &type : types)
    if (type.number == number)
      return &type;
  return nullptr;
}
