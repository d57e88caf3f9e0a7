// In-place results: after liveness is known, a dispatch may write its result over an input that dies there, and the next value of a
// state over the state.
#ifndef TENSEL_PASSES_TASK_REUSEBUFFERS_H
#define TENSEL_PASSES_TASK_REUSEBUFFERS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "passes/kernel/CheckKernel.h"
#include "passes/task/States.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include <string>
#include <vector>

namespace tensel {

/// A buffer of the memory plan: its size expression and the positions in the program from where to where it lives.
struct PlannedBuffer {
  std::string name;
  llvm::SmallVector<int64_t> size;
  int64_t first, last;
  bool isPlaced = false; // in the memory of an argument: no buffer of the arena
};

/// Makes kernels that write over inputs, one per kernel and set of inputs.
class InPlaceKernels {
public:
  explicit InPlaceKernels(mlir::ModuleOp module) : module(module), symbols(module), checker(module.getContext()) {}

  /// Makes dispatches write next values of states into the states' memory, where nobody reads that any more: `lastReads` says per
  /// argument where in the program that is. Marks their planned buffers.
  void placeStates(mlir::func::FuncOp entry, llvm::ArrayRef<StatePair> states, std::vector<PlannedBuffer> &planned,
                   llvm::ArrayRef<int64_t> lastReads);
  /// Gives results of dispatches in `entry` the buffer of an input that dies there, where the kernel reads it element by element;
  /// renumbers what is left of `planned`, and every `ids` in `entry`.
  void reuseIn(mlir::func::FuncOp entry, std::vector<PlannedBuffer> &planned);
  /// Erases the kernels that no dispatch names any more, and their entries in `tensel.kernels`.
  void eraseUnused();

private:
  llvm::ArrayRef<int64_t> overwritable(mlir::func::FuncOp kernel);
  mlir::FlatSymbolRefAttr variant(mlir::func::FuncOp kernel, llvm::ArrayRef<int64_t> arguments);

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  KernelChecker checker;
  llvm::StringMap<llvm::SmallVector<int64_t>> known; // by kernel
  llvm::StringMap<mlir::StringAttr> variants;        // by kernel and arguments
  llvm::StringMap<std::string> sources;              // of the variants
};

} // namespace tensel
#endif // TENSEL_PASSES_TASK_REUSEBUFFERS_H
