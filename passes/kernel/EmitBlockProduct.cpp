// The kernel of graph.block_matmul, on the layout of dialects/blocks/PackedFormat.h:
//
//   for item in [begin, end)                  parallel: batch x group of strips
//     for strip in group                      16 columns of the product; its bytes stay in L1 for all rows
//       for R rows                            R from a short list, so that any number of rows is covered
//         for half in strip                   v3 only: 8 columns a register
//           sums[R] = 0                       f32, registers
//           for block, for chunk of 32        depth
//             8 vectors of codes, factors     unpacked once for R rows
//             for row: dot[group] -> sums     integers of a group exact, then scaled and added
//           store
//
// Each column's sum goes over blocks in order, whatever the item, so results do not depend on how work is split.
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/kernel/BlockProduct.h"

using namespace mlir;

namespace tensel {
namespace {
/// How far ahead weights are fetched: what memory delivers in about 250 ns (measured in docs/decisions/0005).
constexpr int64_t prefetchBytes = 11264;

class BlockProductEmitter : NestBuilder {
public:
  BlockProductEmitter(IndexMath &m, graph::BlockMatmulOp op, ValueRange arguments, const QuantizedTarget &target)
      : NestBuilder(m), target(target), packed(*blocks::findBlockFormat(op.getFormat())),
        dot(b, loc, target, packed.format.table.empty() ? (1u << packed.codeBits) - 1 : 255), columns(op.getColumns()),
        lanes(target.lanes()) {
    for (Value argument : arguments)
      flat.push_back(flatView(m, argument));
    auto quants = cast<MemRefType>(arguments[0].getType()), weight = cast<MemRefType>(arguments[3].getType());
    k = cast<MemRefType>(arguments[2].getType()).getShape().back() * packed.group;
    planes = k ? quants.getShape().back() / k : 1;
    strips = weight.getShape()[weight.getRank() - 2];
    stripBytes = weight.getShape().back();
    isBatched = weight.getRank() == 3;
    isShared = isBatched && quants.getDimSize(quants.getRank() - 3) == 1;
    if (isBatched) { // [batches, experts, rows, columns]; the quants' own third dim may be 1
      experts = m.constant(weight.getDimSize(0));
      outer = outerSize(m, arguments[4], 2);
      rows = dimOf(m, arguments[0], quants.getRank() - 2);
    } else {
      outer = m.constant(1);
      rows = outerSize(m, arguments[0], 1);
    }
  }

  void emit() {
    // A few items for each thread, and enough columns an item to be worth the call.
    const int64_t perItem = std::clamp<int64_t>(strips / 16, 1, 8), items = llvm::divideCeil(strips, perItem);
    auto parallel = scf::ForOp::create(b, loc, m.constant(0), m.mul(outer, m.constant(items)), m.constant(1));
    parallel->setAttr("tensel.parallel", b.getUnitAttr());
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(parallel.getBody());
    Value item = parallel.getInductionVar(), matrix = m.div(item, m.constant(items)),
          first = m.mul(m.rem(item, m.constant(items)), m.constant(perItem));
    outRow = m.mul(matrix, rows);
    quantRow = isShared ? m.mul(m.div(matrix, experts), rows) : outRow;
    weightBase = isBatched ? m.mul(m.rem(matrix, experts), m.constant(strips * stripBytes)) : m.constant(0);
    loop(first, m.min(m.add(first, m.constant(perItem)), m.constant(strips)), 1, [&](Value strip) { emitStrip(strip); });
  }

private:
  VectorType vectorOf(Type element, int64_t perLane = 1) { return VectorType::get({lanes * perLane}, element); }
  Value splat(Type element, double value) {
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vectorOf(element), b.getFloatAttr(element, value)));
  }
  Value splat(VectorType type, int64_t value) {
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, b.getIntegerAttr(type.getElementType(), value)));
  }
  /// Carries the sums over `count` steps; one step has no loop.
  Values sumLoop(int64_t count, ValueRange sums, function_ref<Values(Value, ValueRange)> body) {
    return count == 1 ? body(m.constant(0), sums) : carry(m.constant(0), m.constant(count), 1, sums, body);
  }

  void emitStrip(Value strip) {
    Value bytes = m.add(weightBase, m.mul(strip, m.constant(stripBytes)));
    Value done = m.constant(0);
    for (int64_t count : rowSteps()) {
      Value end = count == 1 ? rows : m.add(done, m.mul(m.div(m.sub(rows, done), m.constant(count)), m.constant(count)));
      loop(done, end, count, [&](Value row) {
        for (int64_t part = 0; part < blocks::stripRows / lanes; ++part)
          emitTile(strip, bytes, row, count, part);
      });
      done = end;
    }
  }

  /// Registers hold 8 vectors of codes, and a sum for each row; a few are left for what is on its way.
  ArrayRef<int64_t> rowSteps() const {
    static constexpr int64_t wide[] = {10, 4, 1}, narrow[] = {4, 1};
    return target.vectorBits == 512 ? ArrayRef(wide) : ArrayRef(narrow);
  }

  void emitTile(Value strip, Value bytes, Value row, int64_t count, int64_t part) {
    const int64_t numBlocks = k / packed.format.elements;
    SmallVector<Value> sums(count, splat(b.getF32Type(), 0));
    sums = sumLoop(numBlocks, sums, [&](Value block, ValueRange ofBlocks) {
      Value tile = m.add(bytes, m.mul(block, m.constant(packed.tileBytes())));
      Value planes = m.add(tile, m.constant(part * lanes * 4)), factors = m.add(tile, m.constant(packed.planeBytes()));
      return sumLoop(packed.chunks(), ofBlocks, [&](Value chunk, ValueRange ofChunks) {
        Values sums(ofChunks);
        Value inRow = m.add(m.mul(block, m.constant(packed.chunks())), chunk);
        if (count <= 4 && part == 0)
          prefetchAhead(tile, chunk);
        emitChunk(
            {m.add(planes, m.mul(chunk, m.constant(packed.chunkLines * blocks::lineBytes))), factors, inRow, chunk, row, part},
            sums);
        return sums;
      });
    });
    if (planes == 2)
      for (auto [i, sum] : llvm::enumerate(sums))
        sum = arith::MulFOp::create(b, loc, sum, broadcastFrom(flat[1], m.add(quantRow, m.add(row, m.constant(i)))));
    Value firstColumn = m.add(m.mul(strip, m.constant(blocks::stripRows)), m.constant(part * lanes));
    for (auto [i, sum] : llvm::enumerate(sums))
      storeColumns(sum, m.add(outRow, m.add(row, m.constant(i))), firstColumn);
  }

  /// With few rows the weights come from memory as fast as they are asked for: each chunk fetches as many lines as it reads,
  /// prefetchBytes further on. The processor's own prefetcher stops at each page.
  void prefetchAhead(Value tile, Value chunk) {
    const int64_t share = packed.tileBytes() / packed.chunks();
    Value begin = m.add(m.add(tile, m.mul(chunk, m.constant(share))), m.constant(prefetchBytes));
    prefetch(flat[3], begin, share, target.pastCaches ? 0 : 3);
  }

  void storeColumns(Value sum, Value row, Value column) {
    Value at = m.add(m.mul(row, m.constant(columns)), column);
    if (columns % blocks::stripRows == 0) {
      vector::StoreOp::create(b, loc, sum, flat[4], at);
      return;
    }
    Value valid = m.sub(m.max(m.constant(columns), column), column);
    Value mask = vector::CreateMaskOp::create(b, loc, vectorOf(b.getI1Type()), m.min(valid, m.constant(lanes)));
    vector::MaskedStoreOp::create(b, loc, flat[4], at, mask, sum);
  }

  struct Chunk {
    Value planes, factors; ///< bytes of this chunk's lines; of its block's factors
    Value inRow, inBlock;  ///< the chunk's number
    Value row;
    int64_t part;
  };

  void emitChunk(const Chunk &chunk, SmallVector<Value> &sums) {
    SmallVector<Value> codes = loadCodes(chunk.planes);
    Value blockScale = loadShared(packed.format.scale, chunk.factors, chunk.part), minimum;
    if (packed.format.minimum)
      minimum = loadShared(packed.format.minimum, m.add(chunk.factors, m.constant(packed.minimumOffset())), chunk.part);
    const int64_t groups = blocks::chunkElements / packed.group, fours = packed.group / 4;
    SmallVector<Value> scales, offsets;
    for (int64_t g = 0; g < groups; ++g) {
      Value number = m.add(m.mul(chunk.inBlock, m.constant(groups)), m.constant(g));
      Value scale = blockScale, offset = minimum;
      if (packed.format.group)
        scale = arith::MulFOp::create(b, loc, scale, loadGroup(chunk, packed.groupScalesOffset(), number));
      if (packed.format.groupMinima)
        offset = arith::NegFOp::create(
            b, loc, arith::MulFOp::create(b, loc, offset, loadGroup(chunk, packed.groupMinimaOffset(), number)));
      else if (!offset && packed.codeBias)
        offset = arith::MulFOp::create(b, loc, scale, splat(b.getF32Type(), -static_cast<double>(packed.codeBias)));
      scales.push_back(scale);
      offsets.push_back(offset);
    }
    for (auto [i, sum] : llvm::enumerate(sums)) {
      Value row = m.add(quantRow, m.add(chunk.row, m.constant(i)));
      Value chunkAt = m.add(m.mul(row, m.constant(k / blocks::chunkElements)), chunk.inRow);
      Value rowScale = planes == 1 ? broadcastFrom(flat[1], chunkAt) : Value();
      for (int64_t g = 0; g < groups; ++g) {
        Value integers;
        for (int64_t plane = 0; plane < planes; ++plane) {
          SmallVector<Value> rowBytes;
          for (int64_t v = g * fours; v < (g + 1) * fours; ++v)
            rowBytes.push_back(loadFour(m.add(m.mul(chunkAt, m.constant(planes * blocks::chunkElements)),
                                              m.constant(plane * blocks::chunkElements + 4 * v))));
          Value sum = dot.sum(ArrayRef(codes).slice(g * fours, fours), rowBytes);
          // The high bytes first. Two chains of sums: products of one chain wait for one another.
          if (integers)
            sum = arith::AddIOp::create(b, loc, sum, arith::ShLIOp::create(b, loc, integers, splat(vectorOf(b.getI32Type()), 8)));
          integers = sum;
        }
        Value numbers = arith::SIToFPOp::create(b, loc, vectorOf(b.getF32Type()), integers);
        if (rowScale)
          numbers = arith::MulFOp::create(b, loc, numbers, rowScale);
        sum = vector::FMAOp::create(b, loc, numbers, scales[g], sum);
        if (!offsets[g])
          continue;
        Value sumAt = m.add(m.mul(chunkAt, m.constant(groups)), m.constant(g));
        Value rowSum = broadcastFrom(flat[2], sumAt);
        sum = vector::FMAOp::create(b, loc, rowSum, offsets[g], sum);
      }
    }
  }

  Value broadcastFrom(Value numbers, Value at) {
    return vector::BroadcastOp::create(b, loc, vectorOf(b.getF32Type()), memref::LoadOp::create(b, loc, numbers, at));
  }

  /// Four neighbouring quants of a row as one i32.
  Value loadFour(Value at) {
    Value bytes = vector::LoadOp::create(b, loc, VectorType::get({4}, b.getI8Type()), flat[0], at);
    Value word = vector::BitCastOp::create(b, loc, VectorType::get({1}, b.getI32Type()), bytes);
    return vector::ExtractOp::create(b, loc, word, ArrayRef<int64_t>{0});
  }

  Value loadBytes(VectorType type, Value at) { return vector::LoadOp::create(b, loc, type, flat[3], at); }

  /// The codes of 32 elements, four elements a vector.
  SmallVector<Value> loadCodes(Value at) {
    constexpr unsigned fours = blocks::chunkElements / 4;
    VectorType bytes = vectorOf(b.getI8Type(), 4);
    SmallVector<Value> codes(fours);
    for (const blocks::Plane &plane : packed.planes) {
      SmallVector<Value> lines;
      for (unsigned l = 0; l < plane.width; ++l)
        lines.push_back(loadBytes(bytes, m.add(at, m.constant((plane.line + l) * blocks::lineBytes))));
      for (unsigned v = 0; v < fours; ++v) {
        Value piece = cut(lines[v % plane.width], v / plane.width * plane.width, plane);
        codes[v] = codes[v] ? Value(arith::OrIOp::create(b, loc, codes[v], piece)) : piece;
      }
    }
    if (!packed.format.table.empty())
      for (Value &code : codes)
        code = lookUp(code);
    return codes;
  }

  /// Bits [shift, shift + width) of each byte, moved to where the plane belongs in a code.
  Value cut(Value line, int64_t shift, const blocks::Plane &plane) {
    if (plane.width == 8)
      return line;
    VectorType words = vectorOf(b.getIntegerType(16), 2), bytes = vectorOf(b.getI8Type(), 4);
    if (int64_t right = shift - plane.to) {
      line = vector::BitCastOp::create(b, loc, words, line);
      line = right > 0 ? Value(arith::ShRUIOp::create(b, loc, line, splat(words, right)))
                       : Value(arith::ShLIOp::create(b, loc, line, splat(words, -right)));
      line = vector::BitCastOp::create(b, loc, bytes, line);
    }
    return arith::AndIOp::create(b, loc, line, splat(bytes, static_cast<int8_t>(((1 << plane.width) - 1) << plane.to)));
  }

  /// Entries of a table of 16 bytes.
  Value lookUp(Value codes) {
    SmallVector<int8_t> entries;
    for (int64_t i = 0; i < lanes * 4; ++i)
      entries.push_back(static_cast<int8_t>(packed.lookUp(i % 16)));
    VectorType bytes = vectorOf(b.getI8Type(), 4);
    Value table = arith::ConstantOp::create(b, loc, cast<TypedAttr>(DenseElementsAttr::get(bytes, ArrayRef<int8_t>(entries))));
    StringRef name = target.vectorBits == 512 ? "llvm.x86.avx512.pshuf.b.512" : "llvm.x86.avx2.pshuf.b";
    return LLVM::CallIntrinsicOp::create(b, loc, bytes, b.getStringAttr(name), ValueRange{table, codes}).getResult(0);
  }

  /// The numbers that blocks of `lanes` rows have for scale or minimum, as f32.
  Value loadShared(const blocks::Shared &shared, Value at, int64_t part) {
    Type f32 = b.getF32Type();
    if (shared.kind == blocks::Shared::F16) {
      Value bytes = loadBytes(vectorOf(b.getI8Type(), 2), m.add(at, m.constant(part * lanes * 2)));
      Value halves = vector::BitCastOp::create(b, loc, vectorOf(b.getF16Type()), bytes);
      return arith::ExtFOp::create(b, loc, vectorOf(f32), halves);
    }
    // 2^(e - 128); the two smallest are subnormal.
    VectorType words = vectorOf(b.getI32Type());
    Value e = arith::ExtUIOp::create(b, loc, words, loadBytes(vectorOf(b.getI8Type()), m.add(at, m.constant(part * lanes))));
    Value small = arith::ShLIOp::create(b, loc, splat(words, 0x00200000), e);
    Value usual = arith::ShLIOp::create(b, loc, arith::SubIOp::create(b, loc, e, splat(words, 1)), splat(words, 23));
    Value isSmall = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, e, splat(words, 2));
    return arith::BitcastOp::create(b, loc, vectorOf(f32), arith::SelectOp::create(b, loc, isSmall, small, usual));
  }

  Value loadGroup(const Chunk &chunk, int64_t offset, Value group) {
    Value at = m.add(m.add(chunk.factors, m.constant(offset + chunk.part * lanes)), m.mul(group, m.constant(blocks::stripRows)));
    Value words = arith::ExtSIOp::create(b, loc, vectorOf(b.getI32Type()), loadBytes(vectorOf(b.getI8Type()), at));
    return arith::SIToFPOp::create(b, loc, vectorOf(b.getF32Type()), words);
  }

  QuantizedTarget target;
  blocks::PackedFormat packed;
  DotProduct dot;
  int64_t columns, lanes, k, planes, strips, stripBytes;
  bool isBatched, isShared;
  SmallVector<Value> flat;
  Value experts, outer, rows, outRow, quantRow, weightBase;
};
} // namespace

void emitBlockProduct(IndexMath &m, graph::BlockMatmulOp op, ValueRange arguments, const QuantizedTarget &target) {
  BlockProductEmitter(m, op, arguments, target).emit();
}
} // namespace tensel
