// Writes one entry of the host program as an LLVM function against kernel_abi.h. Split over HostEmitter.cpp (the frame,
// buffers, dispatches, index arithmetic) and HostControl.cpp (if and loop).
#ifndef TENSEL_PASSES_TASK_HOSTEMITTER_H
#define TENSEL_PASSES_TASK_HOSTEMITTER_H

#include "dialects/graph/Graph.h"
#include "dialects/task/Task.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/StringMap.h"

namespace tensel {

/// Module-wide names that entries share: weights by number, constants as globals.
struct HostGlobals {
  explicit HostGlobals(mlir::ModuleOp module);
  mlir::LLVM::GlobalOp constant(mlir::OpBuilder &b, mlir::ElementsAttr value);
  mlir::LLVM::LLVMFuncOp kernelFunction(mlir::OpBuilder &b, llvm::StringRef name, bool isCount);

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  llvm::StringMap<int64_t> weights;
  llvm::SmallVector<mlir::Attribute> weightNames;
  llvm::DenseMap<mlir::Attribute, mlir::LLVM::GlobalOp> constants;
};

class HostEmitter {
public:
  HostEmitter(HostGlobals &globals, mlir::func::FuncOp func);
  llvm::LogicalResult emit();
  llvm::ArrayRef<std::string> placeNames() const { return places; }

private:
  using Value = mlir::Value;
  /// Where a tensor lies and all its dims, as i64.
  struct Tensor {
    Value data;
    llvm::SmallVector<Value> dims;
  };

  llvm::LogicalResult emitBlock(mlir::Block &block);
  llvm::LogicalResult emitOp(mlir::Operation *op);
  bool emitArith(mlir::Operation *op);
  void emitDispatch(mlir::Operation *op, llvm::StringRef kernel, mlir::ValueRange inputs, mlir::ValueRange dims,
                    llvm::ArrayRef<int64_t> ids);
  void emitConstant(mlir::Operation *op, mlir::ElementsAttr value);
  llvm::LogicalResult emitReturn(mlir::Operation *op);
  llvm::LogicalResult emitIf(graph::IfOp op);
  llvm::LogicalResult emitLoop(graph::LoopOp op);

  Value number(int64_t value);
  Value load(mlir::Type type, Value base, int64_t offset);
  void store(Value value, Value base, int64_t offset);
  Value at(Value base, int64_t offset);
  Value bytesOf(const Tensor &tensor, mlir::Type type, llvm::ArrayRef<Value> dims);
  Value compare(mlir::LLVM::ICmpPredicate predicate, Value a, Value b);
  /// The planned value's place in the arena, after a check that `bytes` fit (null: they do by construction); or an argument's memory.
  Value buffer(int64_t id, Value bytes);
  void failUnless(Value condition, int64_t code, int64_t where, Value found, Value expected);
  /// Fails when the input does not hold the elements that the program was compiled for (`graph.value`).
  void checkValue(mlir::BlockArgument arg, llvm::ArrayRef<int64_t> expected);
  /// Fails when a tensor seen with other dims would have another number of elements, as a squeezed dim that is not 1.
  void checkCount(mlir::Operation *op, const Tensor &input, const Tensor &result);
  void move(Value to, Value from, Value bytes);
  mlir::Block *newBlock(mlir::TypeRange arguments = {});
  Tensor tensorOf(mlir::RankedTensorType type, Value data, mlir::ValueRange dynamicDims);
  void append(llvm::SmallVectorImpl<Value> &values, const Tensor &tensor, mlir::RankedTensorType type);
  void appendTypes(llvm::SmallVectorImpl<mlir::Type> &types, mlir::RankedTensorType type);
  Tensor takeTensor(mlir::RankedTensorType type, mlir::ValueRange &values);
  Value floorDivide(Value a, Value b, bool up);

  HostGlobals &globals;
  mlir::func::FuncOp func;
  mlir::OpBuilder b;
  mlir::Location loc;
  mlir::Type i64, i32, i8, i1, ptr;
  mlir::Block *entry = nullptr;
  mlir::LLVM::LLVMFuncOp target;
  Value env, arena, offsets, capacities, weights, closure;
  llvm::DenseMap<Value, Tensor> tensors;
  llvm::DenseMap<Value, Value> scalars;
  llvm::SmallVector<std::string> places;
  llvm::DenseMap<mlir::Operation *, int64_t> numbers; // of dispatches, in the order of a walk
};

} // namespace tensel
#endif // TENSEL_PASSES_TASK_HOSTEMITTER_H
