// Mistakes of the passes that group, schedule and plan; see Planted.h.
#include "dialects/graph/Graph.h"
#include "dialects/task/Task.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "tools/planted/Planted.h"

using namespace mlir;
using namespace tensel;

namespace {
/// Changes a field of the first planned value.
bool changePlan(Operation *op, StringRef field, llvm::function_ref<Attribute(Attribute)> change) {
  auto plan = op->getAttrOfType<ArrayAttr>("tensel.planned_values");
  if (!plan || plan.empty())
    return false;
  NamedAttrList fields(cast<DictionaryAttr>(plan[0]));
  fields.set(field, change(fields.get(field)));
  SmallVector<Attribute> values(plan.getValue());
  values[0] = fields.getDictionary(op->getContext());
  op->setAttr("tensel.planned_values", ArrayAttr::get(op->getContext(), values));
  return true;
}

/// Two live values share bytes, as one is thought to have died.
bool shortenLife(Operation *op) {
  return changePlan(op, "last", [](Attribute last) {
    auto number = cast<IntegerAttr>(last);
    return IntegerAttr::get(number.getType(), number.getInt() - 1);
  });
}

bool halveSize(Operation *op) {
  return changePlan(op, "size_expr", [](Attribute size) {
    SmallVector<int64_t> words(cast<DenseI64ArrayAttr>(size).asArrayRef());
    words.append({task::SizeConst, 2, task::SizeFloorDiv, 0});
    return DenseI64ArrayAttr::get(size.getContext(), words);
  });
}

/// The second dispatch writes where the first did.
bool shareBuffer(Operation *op) {
  auto second = dyn_cast<task::DispatchOp>(op);
  auto first = second ? dyn_cast_or_null<task::DispatchOp>(op->getPrevNode()) : task::DispatchOp();
  if (!first || !first.getIds() || second.getIds() == first.getIds())
    return false;
  second.setIds(*first.getIds());
  return true;
}

/// A kernel is told to write over an input that it does not read element by element.
bool writeOver(Operation *op) {
  auto kernel = dyn_cast<func::FuncOp>(op);
  if (!kernel || !kernel->hasAttr("tensel.kernel") || kernel.getBody().front().getOps<graph::ReduceOp>().empty())
    return false;
  kernel->setAttr("tensel.in_place", DenseI64ArrayAttr::get(op->getContext(), {0}));
  auto module = op->getParentOfType<ModuleOp>();
  module.walk([&](task::DispatchOp dispatch) {
    if (dispatch.getKernel() != kernel.getName())
      return;
    if (auto input = dispatch.getInputs()[0].getDefiningOp<task::DispatchOp>(); input && input.getIds())
      dispatch.setIds(*input.getIds());
  });
  return true;
}

bool swapInputs(Operation *op) {
  auto dispatch = dyn_cast<task::DispatchOp>(op);
  if (!dispatch || dispatch.getInputs().size() < 2 || dispatch.getInputs()[0].getType() != dispatch.getInputs()[1].getType())
    return false;
  SmallVector<Value> inputs(dispatch.getInputs());
  std::swap(inputs[0], inputs[1]);
  dispatch.getInputsMutable().assign(inputs);
  return true;
}

bool growDim(Operation *op) {
  auto dispatch = dyn_cast<task::DispatchOp>(op);
  if (!dispatch || dispatch.getDims().empty())
    return false;
  OpBuilder b(op);
  Value one = arith::ConstantIndexOp::create(b, op->getLoc(), 1);
  dispatch.getDimsMutable()[0].set(arith::AddIOp::create(b, op->getLoc(), dispatch.getDims()[0], one));
  return true;
}

/// What follows a product in its kernel is lost.
bool loseEpilogue(Operation *op) {
  auto kernel = op->getParentOfType<func::FuncOp>();
  if (!isa<graph::ReluOp, graph::SigmoidOp, graph::TanhOp, graph::ExpOp>(op) || !kernel || !kernel->hasAttr("tensel.kernel"))
    return false;
  op->getResult(0).replaceAllUsesWith(op->getOperand(0));
  op->erase();
  return true;
}

/// Of an entry: two pointers change places in a closure.
bool swapSlots(Operation *op) {
  auto first = dyn_cast<LLVM::StoreOp>(op);
  auto entry = op->getParentOfType<LLVM::LLVMFuncOp>();
  if (!first || !entry || !entry.getName().starts_with("tensel_entry_"))
    return false;
  for (Operation *next = op->getNextNode(); next; next = next->getNextNode())
    if (auto second = dyn_cast<LLVM::StoreOp>(next);
        second && isa<LLVM::LLVMPointerType>(second.getValue().getType()) && second.getValue() != first.getValue()) {
      Value value = first.getValue();
      first.getValueMutable().set(second.getValue());
      second.getValueMutable().set(value);
      // The second value may be made between the two.
      first->moveBefore(second);
      Operation *address = first.getAddr().getDefiningOp();
      return !address || address->isBeforeInBlock(first);
    }
  return false;
}

constexpr planted::Mistake mistakes[] = {
    {"short-life", shortenLife},    {"small-buffer", halveSize}, {"shared-buffer", shareBuffer},  {"wrong-in-place", writeOver},
    {"swapped-inputs", swapInputs}, {"wrong-dim", growDim},      {"lost-epilogue", loseEpilogue}, {"swapped-slots", swapSlots}};
} // namespace

llvm::ArrayRef<planted::Mistake> tensel::planted::taskMistakes() { return mistakes; }
