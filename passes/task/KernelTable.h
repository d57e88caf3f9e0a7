// The kernels of a module while dispatches are formed: outlines groups of ops and shares structurally equal ones.
#ifndef TENSEL_PASSES_TASK_KERNELTABLE_H
#define TENSEL_PASSES_TASK_KERNELTABLE_H

#include "dialects/graph/Graph.h"
#include "mlir/IR/BuiltinOps.h"
#include "passes/kernel/CheckKernel.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"

namespace tensel {

/// What a dispatch of an outlined group needs: values of the graph in the kernel's order.
struct OutlinedGroup {
  mlir::FlatSymbolRefAttr kernel;
  llvm::SmallVector<mlir::Value> inputs;
};

class KernelTable {
public:
  explicit KernelTable(mlir::ModuleOp module) : module(module), symbols(module), checker(module.getContext()) {}

  /// Copies the ops (in program order) into a kernel that computes `results`; small constants go along. The kernel's arguments
  /// name their dynamic dims (`graph.dims`), alike where `dimOf` gives one expression: equal dims need no broadcast test.
  OutlinedGroup outline(llvm::ArrayRef<mlir::Operation *> ops, llvm::ArrayRef<mlir::Value> results,
                        llvm::function_ref<mlir::AffineExpr(mlir::Value, int64_t)> dimOf);

  /// What code generation would make of that kernel. Remembered by body.
  const KernelCheck &check(llvm::ArrayRef<mlir::Operation *> ops, llvm::ArrayRef<mlir::Value> results,
                           llvm::function_ref<mlir::AffineExpr(mlir::Value, int64_t)> dimOf);

  /// [{name, nodes, flops, bytes}] in the order of the kernels.
  mlir::ArrayAttr describe();

private:
  /// The kernel's function, in no module yet.
  mlir::func::FuncOp build(llvm::ArrayRef<mlir::Operation *> ops, llvm::ArrayRef<mlir::Value> results,
                           llvm::SmallVectorImpl<mlir::Value> &inputs,
                           llvm::function_ref<mlir::AffineExpr(mlir::Value, int64_t)> dimOf);
  struct Entry {
    std::string name;
    llvm::SetVector<mlir::Attribute> nodes; // names
    int64_t flops, bytes;
  };
  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  KernelChecker checker;
  llvm::MapVector<mlir::StringAttr, Entry> kernels; // by printed body
  llvm::StringMap<KernelCheck> checks;              // likewise
};

} // namespace tensel
#endif // TENSEL_PASSES_TASK_KERNELTABLE_H
