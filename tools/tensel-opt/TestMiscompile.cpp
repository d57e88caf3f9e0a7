// Test only: a pass that says it is exact and is not. It plants one mistake of the kind that passes make, at the first op that can have it,
// so that the tests can see --verify-each-numeric find it.
#include "tools/tensel-opt/TestMiscompile.h"

#include "dialects/graph/Graph.h"
#include "mlir/IR/Matchers.h"
#include "passes/NumericClass.h"

using namespace mlir;
using namespace tensel;

namespace {
bool swapOperands(Operation *op) {
  if (!isa<graph::SubOp, graph::DivOp, graph::PowOp>(op) || op->getOperand(0) == op->getOperand(1))
    return false;
  op->setOperands({op->getOperand(1), op->getOperand(0)});
  return true;
}

bool dropTerm(Operation *op) {
  if (!isa<graph::AddOp>(op) || op->getOperand(0).getType() != op->getResult(0).getType())
    return false;
  op->getResult(0).replaceAllUsesWith(op->getOperand(0));
  op->erase();
  return true;
}

/// Where the other axis gives the same type.
bool changeAxis(Operation *op) {
  auto axis = op->getAttrOfType<IntegerAttr>("axis");
  auto type = op->getNumOperands() == 1 ? dyn_cast<RankedTensorType>(op->getOperand(0).getType()) : RankedTensorType();
  if (!axis || !type || type.getRank() < 2 || type != op->getResult(0).getType())
    return false;
  op->setAttr("axis", IntegerAttr::get(axis.getType(), (axis.getInt() + 1) % type.getRank()));
  return true;
}

bool shiftSlice(Operation *op) {
  auto slice = dyn_cast<graph::SliceOp>(op);
  DenseIntElementsAttr starts, ends;
  if (!slice || !matchPattern(slice.getStarts(), m_Constant(&starts)) || !matchPattern(slice.getEnds(), m_Constant(&ends)))
    return false;
  OpBuilder b(op);
  auto shifted = [&](DenseIntElementsAttr values) -> Value {
    SmallVector<int64_t> moved;
    for (const APInt &value : values)
      moved.push_back(value.getSExtValue() + 1);
    return graph::makeShape(b, op->getLoc(), moved);
  };
  slice.getStartsMutable().assign(shifted(starts));
  slice.getEndsMutable().assign(shifted(ends));
  return true;
}

bool changeConstant(Operation *op) {
  auto constant = dyn_cast<graph::ConstantOp>(op);
  auto values = constant ? dyn_cast<DenseFPElementsAttr>(constant.getValue()) : DenseFPElementsAttr();
  if (!values || !values.getElementType().isF32())
    return false;
  constant.setValueAttr(
      values.mapValues(values.getElementType(), [](const APFloat &value) { return (value + APFloat(0.25f)).bitcastToAPInt(); }));
  return true;
}

bool dropOp(Operation *op) {
  if (!isa<graph::ReluOp, graph::NegOp, graph::AbsOp>(op))
    return false;
  op->getResult(0).replaceAllUsesWith(op->getOperand(0));
  op->erase();
  return true;
}

bool changeReduction(Operation *op) {
  auto reduce = dyn_cast<graph::ReduceOp>(op);
  if (!reduce)
    return false;
  reduce.setKind(reduce.getKind() == graph::ReduceKind::sum ? graph::ReduceKind::max : graph::ReduceKind::sum);
  return true;
}

bool flipTranspose(Operation *op) {
  auto matmul = dyn_cast<graph::MatmulOp>(op);
  auto type = matmul ? cast<RankedTensorType>(matmul.getRhs().getType()) : RankedTensorType();
  if (!type || type.getRank() < 2 || type.getDimSize(type.getRank() - 1) != type.getDimSize(type.getRank() - 2))
    return false;
  matmul.setTransposeRhs(!matmul.getTransposeRhs());
  return true;
}

bool repeatOperand(Operation *op) {
  auto concat = dyn_cast<graph::ConcatOp>(op);
  if (!concat || concat->getNumOperands() < 2 || concat->getOperand(0).getType() != concat->getOperand(1).getType())
    return false;
  concat->setOperand(1, concat->getOperand(0));
  return true;
}

constexpr Mistake mistakes[] = {
    {"swapped-operands", swapOperands},   {"dropped-term", dropTerm},         {"wrong-axis", changeAxis},
    {"shifted-slice", shiftSlice},        {"wrong-constant", changeConstant}, {"dropped-op", dropOp},
    {"wrong-reduction", changeReduction}, {"wrong-transpose", flipTranspose}, {"repeated-operand", repeatOperand}};

struct TestMiscompilePass : PassWrapper<TestMiscompilePass, NumericPass<NumericClass::Exact, ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TestMiscompilePass)
  TestMiscompilePass() = default;
  TestMiscompilePass(const TestMiscompilePass &other) : PassWrapper(other) {}
  StringRef getArgument() const final { return "tensel-test-miscompile"; }
  StringRef getDescription() const final { return "Test only: plant a mistake of one kind"; }

  void runOnOperation() override {
    for (ArrayRef<Mistake> table : {ArrayRef<Mistake>(mistakes), loweredMistakes()})
      for (const Mistake &mistake : table) {
        if (mistake.kind != kind)
          continue;
        getOperation().walk([&](Operation *op) { return mistake.plant(op) ? WalkResult::interrupt() : WalkResult::advance(); });
        return;
      }
    getOperation().emitError("found no kind of mistake '") << kind << "'";
    signalPassFailure();
  }

  Option<std::string> kind{*this, "kind", llvm::cl::desc("What goes wrong"), llvm::cl::init("")};
};
} // namespace

void tensel::registerTestMiscompilePass() { PassRegistration<TestMiscompilePass>(); }
