// Sums of products of unsigned with signed bytes on each level of x86-64; see BlockProduct.h.
//   VNNI       vpdpbusd: four products and their sum into 32 bits
//   otherwise  vpmaddubsw: two products and their sum into 16 bits, signed and saturating. Codes up to 127 fit; sums of small ones are
//              added in 16 bits as long as they fit, then vpmaddwd with ones makes them 32 bits wide. Larger codes are taken as
//              16 * high + low, two sums of nibbles, the high one widened by a vpmaddwd with 16s.
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/kernel/BlockProduct.h"

using namespace mlir;

namespace tensel {
Value DotProduct::call(StringRef intrinsic, Type type, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, loc, type, b.getStringAttr(intrinsic), operands).getResult(0);
}

Value DotProduct::splat(Type type, int64_t value) {
  auto vector = cast<VectorType>(type);
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vector, b.getIntegerAttr(vector.getElementType(), value)));
}

Value DotProduct::bytesOf(Value four) {
  Value repeated = vector::BroadcastOp::create(b, loc, vectorOf(32), four);
  return vector::BitCastOp::create(b, loc, vectorOf(8), repeated);
}

/// Neighbouring words times `factor`, summed to 32 bits.
Value DotProduct::addPairs(Value words, int64_t factor) {
  StringRef name = target.vectorBits == 512 ? "llvm.x86.avx512.pmaddw.d.512" : "llvm.x86.avx2.pmadd.wd";
  return call(name, vectorOf(32), {words, splat(vectorOf(16), factor)});
}

Value DotProduct::sum(ArrayRef<Value> codes, ArrayRef<Value> rows) {
  if (target.hasDotProducts) {
    StringRef name = target.vectorBits == 512 ? "llvm.x86.avx512.vpdpbusd.512" : "llvm.x86.avx512.vpdpbusd.256";
    Value total = splat(vectorOf(32), 0);
    for (auto [code, row] : llvm::zip_equal(codes, rows))
      total = call(name, vectorOf(32), {total, code, bytesOf(row)});
    return total;
  }
  StringRef name = target.vectorBits == 512 ? "llvm.x86.avx512.pmaddubs.w.512" : "llvm.x86.avx2.pmadd.ub.sw";
  auto pairs = [&](Value code, Value row) { return call(name, vectorOf(16), {code, bytesOf(row)}); };
  Value total;
  auto add = [&](Value sum) { total = total ? Value(arith::AddIOp::create(b, loc, total, sum)) : sum; };
  if (largest > 127) {
    for (auto [code, row] : llvm::zip_equal(codes, rows)) {
      Value low = arith::AndIOp::create(b, loc, code, splat(vectorOf(8), 15));
      Value words = vector::BitCastOp::create(b, loc, vectorOf(16), code);
      words = arith::ShRUIOp::create(b, loc, words, splat(vectorOf(16), 4));
      Value high = arith::AndIOp::create(b, loc, vector::BitCastOp::create(b, loc, vectorOf(8), words), splat(vectorOf(8), 15));
      add(addPairs(pairs(low, row), 1));
      add(addPairs(pairs(high, row), 16));
    }
    return total;
  }
  const size_t fit = INT16_MAX / (2 * 128 * largest);
  for (size_t begin = 0; begin < codes.size(); begin += fit) {
    Value words;
    for (size_t i = begin; i < std::min(begin + fit, codes.size()); ++i) {
      Value next = pairs(codes[i], rows[i]);
      words = words ? Value(arith::AddIOp::create(b, loc, words, next)) : next;
    }
    add(addPairs(words, 1));
  }
  return total;
}
} // namespace tensel
