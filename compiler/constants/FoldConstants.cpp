// Folds ops on constants by evaluating them; see FoldConstants.h.
//   %w = graph.load_weight @w : tensor<64x10xf32>
//   %t = graph.transpose %w {permutation = array<i64: 1, 0>}    ->    %t = graph.load_weight @folded : tensor<10x64xf32>
#include "compiler/constants/FoldConstants.h"

#include "compiler/reference/ConcreteShapes.h"
#include "compiler/reference/Interpreter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "passes/NumericClass.h"
#include "passes/Provenance.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace tensel;
using reference::Tensor;

namespace {
constexpr llvm::StringLiteral passName = "tensel-fold-constants";

class Folder {
public:
  Folder(ModuleOp module, WeightResolver &weights, const FoldOptions &options)
      : module(module), weights(weights), options(options), interpreter(weights), symbols(module) {}

  LogicalResult run() {
    if (failed(checkWeights()))
      return failure();
    for (auto weight : module.getOps<graph::WeightOp>())
      weightBytes += weights.resolve(weight)->size();
    module.walk<WalkOrder::PreOrder>([&](Operation *op) { visit(op); });
    for (Operation *op : llvm::reverse(folded)) {
      for (Value result : op->getResults())
        if (Value replacement = replacements.lookup(result))
          result.replaceAllUsesWith(replacement);
      op->erase();
    }
    eraseDead();
    updateFunctionTypes();
    return success();
  }

private:
  /// A folded value: dropped when the last of its users has been seen.
  struct Known {
    Tensor tensor;
    int64_t unseenUses;
  };

  /// Reports unreadable weights here, since errors of the evaluation itself only keep an op from being folded.
  LogicalResult checkWeights() {
    for (auto weight : module.getOps<graph::WeightOp>())
      if (failed(weights.resolve(weight)))
        return failure();
    return success();
  }

  static bool isSource(Operation *op) { return isa_and_nonnull<graph::ConstantOp, graph::LoadWeightOp>(op); }

  bool isCandidate(Operation *op) const {
    return isa<graph::ShapedOpInterface>(op) && op->getNumRegions() == 0 && op->getNumOperands() > 0 && isPure(op) &&
           !op->hasTrait<graph::SpreadsData>() && llvm::all_of(op->getOperands(), [&](Value operand) {
             return known.contains(operand) || isSource(operand.getDefiningOp());
           });
  }

  void visit(Operation *op) {
    bool isFolded = isCandidate(op) && fold(op);
    for (Value operand : op->getOperands()) {
      auto found = known.find(operand);
      if (found == known.end())
        continue;
      if (!isFolded)
        materialize(operand, found->second.tensor);
      if (--found->second.unseenUses == 0) {
        if (!replacements.contains(operand) && !operand.getDefiningOp()->hasTrait<graph::FoldsAlways>())
          heldBytes -= found->second.tensor.getByteSize();
        found->second.tensor = Tensor();
      }
    }
  }

  bool fold(Operation *op) {
    // What cannot be evaluated, maybe in a branch that never runs, is not an error here.
    ScopedDiagnosticHandler quiet(op->getContext(), [](Diagnostic &) { return success(); });
    SmallVector<Tensor> operands;
    int64_t operandBytes = 0, resultBytes = 0;
    for (Value operand : op->getOperands()) {
      auto found = known.find(operand);
      if (found != known.end()) {
        operands.push_back(found->second.tensor);
      } else {
        auto source = interpreter.evaluate(operand.getDefiningOp(), {});
        if (failed(source))
          return false;
        operands.push_back(source->front());
      }
      operandBytes += operands.back().getByteSize();
    }
    auto shapes = reference::ConcreteShapes(op, operands).infer();
    if (failed(shapes))
      return false;
    for (auto [result, dims] : llvm::zip_equal(op->getResults(), *shapes)) {
      Type element = getElementTypeOrSelf(result.getType());
      auto kind = reference::kindOf(element);
      if (!kind || !acceptsType(result, RankedTensorType::get(dims, element)))
        return false;
      resultBytes += *Tensor::countOf(dims) * reference::bytesOf(*kind);
    }
    // Ops that code generation leaves to the compiler are folded whatever they take: their results replace their operands.
    const bool isOptional = !op->hasTrait<graph::FoldsAlways>();
    if (options.keepsHalves && isa<graph::CastOp>(op) && graph::isHalf(graph::elementTypeOf(op->getOperand(0))) &&
        resultBytes > options.constantBytes && resultBytes > operandBytes)
      return false;
    if (isOptional && (heldBytes + resultBytes > options.totalBytes + weightBytes ||
                       resultBytes > options.growthFactor * operandBytes + options.growthBytes)) {
      recordDecision(op->getLoc(), passName, "fold", Verdict::Refused,
                     "its value of " + Twine(resultBytes) + " bytes is too large beside the " + Twine(operandBytes) +
                         " that it is made from");
      return false;
    }
    auto results = interpreter.evaluate(op, operands);
    if (failed(results))
      return false;
    for (const Tensor &operand : operands)
      weights.release(operand.getBytes());
    for (auto [result, tensor] : llvm::zip_equal(op->getResults(), *results))
      if (!result.use_empty()) {
        heldBytes += isOptional ? tensor.getByteSize() : 0;
        known[result] = {tensor, std::distance(result.use_begin(), result.use_end())};
      }
    recordDecision(op->getLoc(), passName, "fold", Verdict::Taken, "all that it reads is known when compiling");
    folded.push_back(op);
    return true;
  }

  /// Graph ops take operands that are more static than before, and functions' types follow (updateFunctionTypes).
  static bool acceptsType(Value result, Type type) {
    return result.getType() == type || llvm::all_of(result.getUsers(), [](Operation *user) {
             return isa<graph::GraphDialect>(user->getDialect()) || isa<func::ReturnOp>(user);
           });
  }

  void updateFunctionTypes() {
    for (auto func : module.getOps<func::FuncOp>())
      if (!func.isDeclaration())
        func.setType(
            FunctionType::get(func.getContext(), func.getArgumentTypes(), func.front().getTerminator()->getOperandTypes()));
  }

  /// Puts the value into the program as a constant or a weight, once.
  void materialize(Value value, const Tensor &tensor) {
    if (replacements.contains(value))
      return;
    OpBuilder b(value.getDefiningOp());
    Location loc = value.getLoc();
    auto type = RankedTensorType::get(tensor.getDims(), getElementTypeOrSelf(value.getType()));
    ArrayRef<char> bytes = tensor.getBytes();
    if (tensor.getByteSize() <= options.constantBytes) {
      replacements[value] = graph::ConstantOp::create(b, loc, reference::elementsOf(type.getElementType(), tensor));
      return;
    }
    replacements[value] = graph::LoadWeightOp::create(b, loc, type, FlatSymbolRefAttr::get(weightOf(type, bytes, loc)));
  }

  /// A weight of these bytes. Functions that share a weight fold it alike: equal ones are made once.
  StringAttr weightOf(RankedTensorType type, ArrayRef<char> bytes, Location loc) {
    auto &alike = made[{type, llvm::xxh3_64bits({reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()})}];
    for (const MadeWeight &other : alike)
      if (other.bytes == bytes)
        return other.name;
    auto blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, 64, /*dataIsMutable=*/false);
    ArrayRef<char> kept = blob.getData();
    ElementsAttr data = DenseResourceElementsAttr::get(type, "folded", std::move(blob));
    OpBuilder atModule = OpBuilder::atBlockBegin(module.getBody());
    auto weight = graph::WeightOp::create(atModule, loc, "folded", type, StringAttr(), 0, 0, data);
    alike.push_back({kept, symbols.insert(weight)});
    return alike.back().name;
  }

  void eraseDead() {
    SmallVector<Operation *> dead;
    llvm::DenseSet<StringRef> used;
    module.walk([&](Operation *op) {
      if (isSource(op) && op->use_empty())
        dead.push_back(op);
      else if (auto load = dyn_cast<graph::LoadWeightOp>(op))
        used.insert(load.getWeight());
    });
    for (auto weight : module.getOps<graph::WeightOp>())
      if (!used.contains(weight.getSymName()))
        dead.push_back(weight);
    llvm::SmallPtrSet<Attribute, 8> live;
    for (auto weight : module.getOps<graph::WeightOp>())
      if (used.contains(weight.getSymName()) && weight.getData())
        live.insert(*weight.getData());
    for (Operation *op : dead) {
      // The context keeps a resource for ever: at least its bytes can go.
      auto weight = dyn_cast<graph::WeightOp>(op);
      auto data =
          dyn_cast_or_null<DenseResourceElementsAttr>(weight ? weight.getData().value_or(ElementsAttr()) : ElementsAttr());
      if (data && !live.contains(data))
        data.getRawHandle().getResource()->setBlob({});
      op->erase();
    }
  }

  ModuleOp module;
  WeightResolver &weights;
  const FoldOptions &options;
  reference::Interpreter interpreter;
  SymbolTable symbols;
  DenseMap<Value, Known> known;
  DenseMap<Value, Value> replacements;
  struct MadeWeight {
    ArrayRef<char> bytes;
    StringAttr name;
  };
  DenseMap<std::pair<Type, uint64_t>, SmallVector<MadeWeight, 1>> made;
  SmallVector<Operation *> folded;
  int64_t heldBytes = 0, weightBytes = 0;
};

struct FoldConstantsPass : PassWrapper<FoldConstantsPass, NumericPass<NumericClass::Exact, ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FoldConstantsPass)
  FoldConstantsPass() : weights(&own) {}
  FoldConstantsPass(WeightResolver &weights, bool keepsHalves) : weights(&weights) { this->keepsHalves = keepsHalves; }
  FoldConstantsPass(const FoldConstantsPass &other)
      : PassWrapper(other), weights(other.weights == &other.own ? &own : other.weights) {}
  StringRef getArgument() const final { return passName; }
  StringRef getDescription() const final { return "Evaluate ops on constants and weights at compile time"; }
  void runOnOperation() override {
    FoldOptions options;
    options.keepsHalves = keepsHalves;
    if (failed(foldConstants(getOperation(), *weights, options)))
      signalPassFailure();
  }

  Option<bool> keepsHalves{*this, "keep-halves", llvm::cl::desc("leave casts of f16 and bf16 weights to wider types")};

private:
  WeightResolver own;
  WeightResolver *weights;
};
} // namespace

LogicalResult tensel::foldConstants(ModuleOp module, WeightResolver &weights, const FoldOptions &options) {
  return Folder(module, weights, options).run();
}

std::unique_ptr<Pass> tensel::createFoldConstantsPass(WeightResolver &weights, bool keepsHalves) {
  return std::make_unique<FoldConstantsPass>(weights, keepsHalves);
}

void tensel::registerFoldConstantsPass() { PassRegistration<FoldConstantsPass>(); }
