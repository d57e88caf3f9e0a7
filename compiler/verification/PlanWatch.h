// A memory plan under observation: which value every buffer holds while a program runs by its host ops. Reading a buffer that has another
// value by then, or that is not alive at that place of the program, breaks the plan; so does a value that is larger than its buffer.
#ifndef TENSEL_COMPILER_VERIFICATION_PLANWATCH_H
#define TENSEL_COMPILER_VERIFICATION_PLANWATCH_H

#include "compiler/reference/Tensor.h"
#include "dialects/graph/Graph.h"
#include "dialects/task/Task.h"
#include "llvm/ADT/DenseMap.h"

namespace tensel::verification {

class PlanWatch {
public:
  /// The entry has been through -tensel-plan-memory.
  PlanWatch(mlir::func::FuncOp entry, llvm::ArrayRef<reference::Tensor> inputs);
  static bool isPlanned(mlir::func::FuncOp entry) { return entry->hasAttr("tensel.planned_values"); }

  // What the program does, in order.
  void read(mlir::Operation *at, mlir::Value value);
  void alias(mlir::Value to, mlir::Value from);
  /// `op` writes a value of `bytes` to the buffer; nothing for `buffer` -1.
  void write(mlir::Operation *at, mlir::Value value, int64_t buffer, int64_t bytes);
  /// Inputs at `over` are read through the destination, all others beside it.
  void dispatch(task::DispatchOp op, llvm::ArrayRef<int64_t> over, llvm::ArrayRef<reference::Tensor> results);
  void beginLoop(graph::LoopOp op);
  /// The body's yields go where the next iteration reads them.
  void iterate(graph::LoopOp op, llvm::ArrayRef<reference::Tensor> yields);
  void endLoop(graph::LoopOp op);
  void finish(mlir::Operation *ret, llvm::ArrayRef<reference::Tensor> results);

  /// The first thing that went wrong, "" while nothing has.
  const std::string &violation() const { return found; }
  mlir::Operation *culprit() const { return where; }

private:
  struct Buffer {
    std::string name;
    int64_t bytes = -1, first = 0, last = 0;
  };
  /// A value's memory, and how many values that had held before it. Buffer -1 is memory that nobody writes.
  struct Place {
    int64_t buffer = -1;
    uint64_t version = 0;
  };
  void number(mlir::Block &block);
  void complain(mlir::Operation *at, const llvm::Twine &message);
  bool isHeld(const Place &place);
  void checkAlive(mlir::Operation *at, int64_t buffer);
  Place put(mlir::Operation *at, int64_t buffer, int64_t bytes);
  std::string nameOf(int64_t buffer) const;

  mlir::func::FuncOp entry;
  std::vector<Buffer> buffers;
  llvm::DenseMap<mlir::Operation *, int64_t> positions;
  int64_t position = -1;
  llvm::DenseMap<mlir::Value, Place> places;
  struct Held {
    uint64_t version = 0;
    mlir::Operation *writer = nullptr;
  };
  llvm::DenseMap<int64_t, Held> held;
  std::string found;
  mlir::Operation *where = nullptr;
};

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_PLANWATCH_H
