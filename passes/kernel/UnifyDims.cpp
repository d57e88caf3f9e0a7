// Dims of different arguments that a kernel steps through with the same loop are equal (the host has checked that), but each op asks its
// own operand for them. One name per dim lets equal slices be seen as equal, so that a fused producer is computed once.
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "passes/kernel/EmitLoops.h"
#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;

namespace tensel {
namespace {
using Dim = std::pair<void *, int64_t>; // value, dim
} // namespace

DimNames::DimNames(func::FuncOp func) {
  llvm::EquivalenceClasses<Dim> classes;
  auto id = [](Value v, int64_t d) { return Dim(v.getAsOpaquePointer(), d); };
  func.walk([&](Operation *op) {
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
      SmallVector<std::optional<Dim>> loops(linalgOp.getNumLoops());
      for (OpOperand &operand : op->getOpOperands())
        for (auto [d, expr] : llvm::enumerate(linalgOp.getMatchingIndexingMap(&operand).getResults()))
          if (auto loop = dyn_cast<AffineDimExpr>(expr)) {
            auto &first = loops[loop.getPosition()];
            if (!first)
              first = id(operand.get(), d);
            classes.unionSets(*first, id(operand.get(), d));
          }
    }
    if (auto dps = dyn_cast<DestinationStyleOpInterface>(op))
      for (OpResult result : op->getResults())
        if (auto type = dyn_cast<RankedTensorType>(result.getType()))
          for (int64_t d = 0; d < type.getRank(); ++d)
            classes.unionSets(id(result, d), id(dps.getTiedOpOperand(result)->get(), d));
    if (auto ret = dyn_cast<func::ReturnOp>(op)) // results have the dims of their destinations
      for (auto [result, arg] : llvm::zip_equal(ret.getOperands(), func.getArguments().take_back(ret.getNumOperands())))
        for (Operation *user : arg.getUsers())
          if (auto tensor = dyn_cast<bufferization::ToTensorOp>(user))
            for (int64_t d = 0, rank = cast<RankedTensorType>(tensor.getType()).getRank(); d < rank; ++d)
              classes.unionSets(id(result, d), id(tensor, d));
    if (auto cast = dyn_cast<tensor::CastOp>(op))
      if (auto type = dyn_cast<RankedTensorType>(cast.getType()))
        for (int64_t d = 0; d < type.getRank(); ++d)
          classes.unionSets(id(cast.getResult(), d), id(cast.getSource(), d));
  });
  llvm::DenseMap<Dim, Name> leaders;
  func.walk([&](bufferization::ToTensorOp op) {
    auto type = cast<RankedTensorType>(op.getType());
    for (int64_t d = 0; d < type.getRank(); ++d) {
      auto leader = classes.findLeader(id(op, d));
      if (leader == classes.member_end() || !isa<BlockArgument>(op.getBuffer()))
        continue;
      Name &name = leaders.try_emplace(*leader, Name{op.getBuffer(), d, ShapedType::kDynamic}).first->second;
      if (!type.isDynamicDim(d))
        name.size = type.getDimSize(d);
    }
  });
  func.walk([&](bufferization::ToTensorOp op) {
    for (int64_t d = 0; d < cast<RankedTensorType>(op.getType()).getRank(); ++d)
      if (auto leader = classes.findLeader(id(op, d)); leader != classes.member_end() && leaders.contains(*leader))
        names[id(op.getBuffer(), d)] = leaders[*leader];
  });
}

Value DimNames::get(OpBuilder &b, Location loc, Value memref, int64_t dim) {
  int64_t size = cast<MemRefType>(memref.getType()).getDimSize(dim);
  if (auto name = names.find({memref.getAsOpaquePointer(), dim}); name != names.end()) {
    size = name->second.size;
    memref = name->second.memref;
    dim = name->second.dim;
  }
  Value &value = made[{memref.getAsOpaquePointer(), dim}];
  if (!value)
    value = ShapedType::isStatic(size) ? arith::ConstantIndexOp::create(b, loc, size).getResult()
                                       : memref::DimOp::create(b, loc, memref, dim).getResult();
  return value;
}

void DimNames::apply(func::FuncOp func) {
  SmallVector<Operation *> dims;
  func.walk([&](Operation *op) {
    if (isa<tensor::DimOp, memref::DimOp>(op))
      dims.push_back(op);
  });
  OpBuilder b(func.getContext());
  b.setInsertionPointToStart(&func.getBody().front());
  for (Operation *op : dims) {
    std::optional<int64_t> index = getConstantIntValue(op->getOperand(1));
    Value source = op->getOperand(0);
    if (auto tensor = source.getDefiningOp<bufferization::ToTensorOp>())
      source = tensor.getBuffer();
    auto name = index ? names.find({source.getAsOpaquePointer(), *index}) : names.end();
    if (name == names.end())
      continue;
    Value dim = name->second.size == ShapedType::kDynamic
                    ? memref::DimOp::create(b, op->getLoc(), name->second.memref, name->second.dim).getResult()
                    : arith::ConstantIndexOp::create(b, op->getLoc(), name->second.size).getResult();
    op->getResult(0).replaceAllUsesWith(dim);
    op->erase();
  }
}
} // namespace tensel
