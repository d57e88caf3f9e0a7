// Ops on block formats, by the formats' description.
#include "compiler/reference/Families.h"
#include "dialects/blocks/PackedFormat.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace tensel;
using namespace tensel::reference;

template <typename T>
static void dequantize(const blocks::BlockFormat &format, const Tensor &input, Tensor &result) {
  const auto *block = reinterpret_cast<const uint8_t *>(input.getData());
  char *to = result.getMutableData();
  std::vector<T> numbers(format.elements);
  for (int64_t i = 0, n = result.getCount(); i < n; i += format.elements, block += format.bytes) {
    format.dequantize(block, numbers.data());
    std::memcpy(to + i * sizeof(T), numbers.data(), numbers.size() * sizeof(T));
  }
}

LogicalResult tensel::reference::evaluate(graph::DequantizeOp op, Operands operands, Results results) {
  const blocks::BlockFormat &format = *blocks::findBlockFormat(op.getFormat());
  if (results[0].getKind() == Kind::F64)
    dequantize<double>(format, operands[0], results[0]);
  else
    dequantize<float>(format, operands[0], results[0]);
  return success();
}

/// In f32 each step is the one that kernels take, so that the integers are the same.
template <typename T>
static void quantizeRows(graph::QuantizeRowsOp op, const Tensor &input, Results results) {
  const bool isWide = op.getBits() == 16;
  const int64_t group = op.getGroup(), most = isWide ? 127 * 256 : 127;
  std::vector<double> wide = input.readAll<double>(), scales, sums;
  std::vector<int64_t> quants;
  const size_t scaled = isWide ? input.getDim(input.getRank() - 1) : blocks::chunkElements; // elements of a scale
  T scale = 0, inverse = 0;
  for (size_t begin = 0; begin < wide.size(); begin += blocks::chunkElements) {
    if (begin % scaled == 0) {
      T largest = 0;
      for (size_t i = begin; i < begin + scaled; ++i)
        largest = std::isnan(wide[i]) || std::isnan(largest) ? T(NAN) : std::max(largest, static_cast<T>(std::fabs(wide[i])));
      scale = largest / T(most);
      inverse = largest > 0 ? T(most) / largest : T(0);
      scales.push_back(scale);
    }
    int64_t sum = 0, integers[blocks::chunkElements];
    for (size_t i = begin; i < begin + blocks::chunkElements; ++i) {
      T number = std::nearbyint(static_cast<T>(wide[i]) * inverse);
      int64_t &integer = integers[i - begin];
      integer = std::isnan(number) ? -most : static_cast<int64_t>(std::clamp(number, T(-most), T(most)));
      sum += integer;
      if ((i + 1 - begin) % group == 0) {
        sums.push_back(isWide ? static_cast<T>(sum) : scale * static_cast<T>(sum));
        sum = 0;
      }
    }
    if (isWide)
      for (int64_t integer : integers)
        quants.push_back((integer + 128) >> 8);
    for (int64_t integer : integers)
      quants.push_back(isWide ? integer - ((integer + 128) >> 8) * 256 : integer);
  }
  results[0].writeAll(quants);
  results[1].writeAll(scales);
  results[2].writeAll(sums);
}

LogicalResult tensel::reference::evaluate(graph::QuantizeRowsOp op, Operands operands, Results results) {
  if (operands[0].getKind() == Kind::F64)
    quantizeRows<double>(op, operands[0], results);
  else
    quantizeRows<float>(op, operands[0], results);
  return success();
}

LogicalResult tensel::reference::evaluate(graph::PackBlocksOp op, Operands operands, Results results) {
  const blocks::PackedFormat packed(*blocks::findBlockFormat(op.getFormat()));
  const Tensor &input = operands[0];
  const int64_t rank = input.getRank(), rows = input.getDim(rank - 2), rowBytes = input.getDim(rank - 1);
  const int64_t blocks = rowBytes / packed.format.bytes, stripBytes = blocks * packed.tileBytes();
  const auto *from = reinterpret_cast<const uint8_t *>(input.getData());
  auto *to = reinterpret_cast<uint8_t *>(results[0].getMutableData());
  for (int64_t matrix = 0, end = rows ? input.getCount() / (rows * rowBytes) : 0; matrix < end; ++matrix)
    for (int64_t row = 0; row < rows; row += blocks::stripRows, to += stripBytes)
      packed.pack(from + (matrix * rows + row) * rowBytes, std::min<int64_t>(rows - row, blocks::stripRows), rowBytes, blocks,
                  to);
  return success();
}

/// The rounded numbers; of two planes, which alternate by chunks, each pair is one number of 16 bits.
static std::vector<int32_t> joinPlanes(const Tensor &quants, int64_t planes) {
  const std::vector<int64_t> values = quants.readAll<int64_t>();
  std::vector<int32_t> joined(values.size() / planes);
  for (size_t i = 0; i < joined.size(); ++i) {
    const int64_t *chunk = values.data() + i / blocks::chunkElements * blocks::chunkElements * planes + i % blocks::chunkElements;
    joined[i] = static_cast<int32_t>(planes == 1 ? *chunk : *chunk * 256 + chunk[blocks::chunkElements]);
  }
  return joined;
}

/// Of at most 256 numbers of 16 bits with codes of 8 bits, so that no sum overflows; in 32 bits it vectorizes.
static int32_t dotOf(const int32_t *numbers, const int32_t *codes, int64_t count) {
  int32_t dot = 0;
  for (int64_t i = 0; i < count; ++i)
    dot += numbers[i] * codes[i];
  return dot;
}

/// The sums; also, when asked for, the sums of what a kernel's terms are without their signs. A kernel multiplies codes, which are never
/// negative, and takes off what they have too much (`codeBias`, or a minimum) by a term of its own for each group.
static std::vector<double> multiply(graph::BlockMatmulOp op, Operands operands, int64_t count, std::vector<double> *absolute) {
  const blocks::PackedFormat packed(*blocks::findBlockFormat(op.getFormat()));
  const Tensor &quants = operands[0], &weight = operands[3];
  const int64_t rank = quants.getRank(), m = quants.getDim(rank - 2), n = op.getColumns();
  const int64_t k = operands[2].getDim(rank - 1) * packed.group, planes = k ? quants.getDim(rank - 1) / k : 1;
  const int64_t blocks = k / packed.format.elements, stripBytes = blocks * packed.tileBytes(), groups = k / packed.group;
  const int64_t experts = weight.getRank() == 3 ? weight.getDim(0) : 1;
  const bool isShared = weight.getRank() == 3 && quants.getDim(rank - 3) == 1; // one matrix of quants for all experts
  const std::vector<int32_t> numbers = joinPlanes(quants, planes);
  const std::vector<double> scales = operands[1].readAll<double>(), sums = operands[2].readAll<double>();
  std::vector<double> result(count);
  if (absolute)
    absolute->assign(count, 0);
  blocks::PackedFormat::Block block;
  for (int64_t matrix = 0, end = m * n ? count / (m * n) : 0; matrix < end; ++matrix) {
    const int64_t expert = matrix % experts, firstRow = (isShared ? matrix / experts : matrix) * m;
    for (int64_t column = 0; column < n; ++column) {
      const int64_t strip = expert * llvm::divideCeil(n, int64_t(blocks::stripRows)) + column / blocks::stripRows;
      const auto *bytes = reinterpret_cast<const uint8_t *>(weight.getData()) + strip * stripBytes;
      for (int64_t b = 0; b < blocks; ++b) {
        packed.read(bytes + b * packed.tileBytes(), column % blocks::stripRows, block);
        for (int64_t row = 0; row < m; ++row) {
          const int64_t place = (matrix * m + row) * n + column;
          double &sum = result[place];
          const int32_t *at = numbers.data() + (firstRow + row) * k + b * packed.format.elements;
          for (int64_t g = 0; g < packed.format.elements / packed.group; ++g) {
            const int32_t *inGroup = at + g * packed.group;
            const int32_t dot = dotOf(inGroup, block.quants.data() + g * packed.group, packed.group);
            const int64_t inRow = b * packed.format.elements + g * packed.group;
            const double scale = planes == 1 ? scales[((firstRow + row) * k + inRow) / blocks::chunkElements] : 1;
            const double rowSum = sums[(firstRow + row) * groups + inRow / packed.group];
            sum += scale * block.scales[g] * static_cast<double>(dot) + rowSum * block.minima[g];
            if (!absolute)
              continue;
            const auto bias = static_cast<double>(packed.codeBias);
            const auto total = static_cast<double>(std::accumulate(inGroup, inGroup + packed.group, 0));
            (*absolute)[place] += std::fabs(scale * block.scales[g] * (static_cast<double>(dot) + bias * total)) +
                                  std::fabs(rowSum * (block.minima[g] - bias * block.scales[g]));
          }
        }
      }
      for (int64_t row = 0; planes == 2 && row < m; ++row)
        for (std::vector<double> *list : {&result, absolute})
          if (list)
            (*list)[(matrix * m + row) * n + column] *= scales[firstRow + row];
    }
  }
  return result;
}

LogicalResult tensel::reference::evaluate(graph::BlockMatmulOp op, Operands operands, Results results) {
  results[0].writeAll(multiply(op, operands, results[0].getCount(), nullptr));
  return success();
}

double tensel::reference::packedProductTerms(graph::BlockMatmulOp op, Operands operands, const Tensor &result) {
  const blocks::PackedFormat packed(*blocks::findBlockFormat(op.getFormat()));
  std::vector<double> absolute;
  const std::vector<double> sums = multiply(op, operands, result.getCount(), &absolute);
  double largest = 0, largestAbsolute = 0;
  for (auto [sum, all] : llvm::zip_equal(sums, absolute)) {
    if (std::isfinite(sum))
      largest = std::max(largest, std::fabs(sum));
    if (std::isfinite(all))
      largestAbsolute = std::max(largestAbsolute, all);
  }
  // Two terms a group are added, each with a rounding of a partial sum; beside it one each for the integer's conversion, the scales of the
  // row, of the group and of the sum.
  const auto groups = static_cast<double>(operands[2].getDim(operands[2].getRank() - 1));
  return (2 * groups + 4) * (largest > 0 ? largestAbsolute / largest : 1);
}
