// Stores the weights of matrix products as kernels read them, so that no call packs them again:
//   %w = graph.load_weight @w : tensor<384x100xf32>
//   graph.matmul %x, %w        ->        graph.blocked_matmul %x, %blocks {columns = 100}
// where %blocks (7 blocks of 384 x 16) is %w with zeros behind its columns, reshaped and transposed: graph code, which constant folding
// evaluates. One width serves all CPU levels: a block is one or two registers wide, a register tile takes several blocks.
// Weights of f16 and bf16 that are cast to f32 for the product stay what they are: the kernel widens what it has loaded.
#include "passes/graph/Passes.h"

#include "passes/Provenance.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_PACKCONSTANTSPASS
#include "passes/graph/Passes.h.inc"

namespace {
using namespace graph;

constexpr int64_t blockWidth = 16;

/// The axis of the columns of a right side.
int64_t columnAxis(MatmulOp op) {
  int64_t rank = cast<RankedTensorType>(op.getRhs().getType()).getRank();
  return op.getTransposeRhs() ? rank - 2 : rank - 1;
}

/// Whether the right side is one that kernels tile by registers.
bool canPack(MatmulOp op) {
  auto type = dyn_cast<RankedTensorType>(op.getRhs().getType());
  if (!type || op.getLhs() == op.getRhs() || op.getTransposeLhs() || !type.hasStaticShape() || type.getNumElements() == 0)
    return false;
  // Narrower right sides would mostly be zeros.
  return isa<FloatType>(type.getElementType()) && type.getDimSize(columnAxis(op)) >= blockWidth / 2;
}

/// What reads a weight.
struct Uses {
  SmallVector<MatmulOp> products; // that take it as their right side
  bool hasOthers = false;
};

/// Sorts the uses of `value`, which is a weight or a half-precision one cast to f32.
void collectUses(Value value, Uses &uses) {
  bool half = isHalf(elementTypeOf(value));
  for (OpOperand &use : value.getUses()) {
    auto cast = dyn_cast<CastOp>(use.getOwner());
    auto product = dyn_cast<MatmulOp>(use.getOwner());
    if (cast && half && cast.getTo().isF32())
      collectUses(cast.getResult(), uses);
    else if (product && use.getOperandNumber() == 1 && canPack(product))
      uses.products.push_back(product);
    else
      uses.hasOthers = true;
  }
}

/// The weight behind a right side.
Value storedSide(MatmulOp op) {
  auto cast = op.getRhs().getDefiningOp<CastOp>();
  return cast ? cast.getInput() : op.getRhs();
}

/// Whether a kernel reads the right side as fast as it is stored: where so few rows use each element, it is read in order, once.
bool isFineAsStored(MatmulOp op) {
  if (isHalf(elementTypeOf(storedSide(op))))
    return false; // would be widened when compiling
  auto lhs = cast<RankedTensorType>(op.getLhs().getType()), result = cast<RankedTensorType>(op.getType());
  if (!lhs.hasStaticShape() || !result.hasStaticShape())
    return false;
  int64_t rows = lhs.getNumElements() / std::max<int64_t>(1, lhs.getShape().back());
  return rows <= (op.getTransposeRhs() ? 1 : 2);
}

/// [..., K, N], or [..., N, K] when transposed, as [..., ceil(N / 16), K, 16].
Value blocksOf(OpBuilder &b, MatmulOp op) {
  Value side = storedSide(op);
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(side.getType());
  int64_t axis = columnAxis(op), batch = type.getRank() - 2, columns = type.getDimSize(axis),
          count = llvm::divideCeil(columns, blockWidth);
  SmallVector<int64_t> shape(type.getShape());
  shape[axis] = count * blockWidth - columns;
  if (shape[axis]) {
    auto zeros = RankedTensorType::get(shape, type.getElementType());
    Value tail = ConstantOp::create(b, loc, cast<ElementsAttr>(b.getZeroAttr(zeros)));
    side = ConcatOp::create(b, loc, ValueRange{side, tail}, axis);
  }
  shape[axis] = count;
  shape.insert(shape.begin() + axis + 1, blockWidth);
  side = ReshapeOp::create(b, loc, side, makeShape(b, loc, shape));
  SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(0, batch));
  if (op.getTransposeRhs())
    permutation.append({batch, batch + 2, batch + 1});
  else
    permutation.append({batch + 1, batch, batch + 2});
  return TransposeOp::create(b, loc, side, permutation);
}

/// Why the weight with these uses stays as it is; "" where it need not.
StringRef whyNot(const Uses &uses) {
  ArrayRef<MatmulOp> products = uses.products;
  if (products.empty())
    return "no tiled matrix product reads it as its right side";
  if (llvm::all_of(products, isFineAsStored))
    return "so few rows use each element that it is read in order, once";
  if (!llvm::all_equal(llvm::map_range(products, [](MatmulOp op) { return op.getTransposeRhs(); })))
    return "one product reads the weight transposed, another one does not";
  // What someone else reads as it is would be there twice; that is less than its widened copy, though.
  if (uses.hasOthers && !isHalf(elementTypeOf(storedSide(products.front()))))
    return "something else reads the weight as it is: it would be there twice";
  return "";
}

struct PackConstantsPass : impl::PackConstantsPassBase<PackConstantsPass> {
  using Base::Base;

  void runOnOperation() final {
    llvm::MapVector<StringAttr, Uses> weights;
    getOperation().walk([&](LoadWeightOp load) { collectUses(load.getResult(), weights[load.getWeightAttr().getAttr()]); });
    for (auto &[weight, uses] : weights) {
      if (StringRef reason = whyNot(uses); !reason.empty()) {
        for (MatmulOp op : uses.products)
          recordDecision(op.getLoc(), getArgument(), "pack", Verdict::Refused, reason);
        continue;
      }
      for (MatmulOp op : uses.products) {
        OpBuilder b(op);
        int64_t columns = cast<RankedTensorType>(op.getRhs().getType()).getDimSize(columnAxis(op));
        auto blocked =
            BlockedMatmulOp::create(b, op.getLoc(), op.getType(), op.getLhs(), blocksOf(b, op), b.getI64IntegerAttr(columns));
        recordDecision(op.getLoc(), getArgument(), "pack", Verdict::Taken,
                       "its weight '" + weight.getValue() + "' is stored in blocks of " + Twine(blockWidth) + " columns");
        op.replaceAllUsesWith(blocked.getResult());
        op.erase();
      }
    }
  }
};
} // namespace
} // namespace tensel
