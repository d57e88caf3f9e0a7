// What the fuzzer of graphs passes around: a module with one function, and concrete inputs for it.
#ifndef TENSEL_TESTS_FUZZ_GRAPHS_GRAPH_H
#define TENSEL_TESTS_FUZZ_GRAPHS_GRAPH_H

#include "compiler/memory/FitMemory.h"
#include "compiler/verification/Case.h"

namespace tensel::fuzz {

/// How a graph is compiled.
struct Way {
  /// The passes that a program need not run are numbered as they come; those whose bits are set are left out.
  uint64_t skipped = 0;
  /// What --max-memory may do to a program, whether it is needed or not: an element of allMeans(), by number; 0 does nothing.
  unsigned means = 0;
};

/// A name and the passes.
llvm::ArrayRef<std::pair<llvm::StringLiteral, MemoryMeans>> allMeans();

struct Graph : verification::Case {
  Way way;
  /// What another implementation gave for the results; empty where none was asked.
  std::vector<reference::Tensor> elsewhere;
};

/// A random valid graph of 2 to about 20 ops; equal seeds give equal graphs. `context` keeps the module.
Graph generate(mlir::MLIRContext &context, uint64_t seed);

/// Names the function's arguments and results x0, x1, ... and y0, y1, ..., which compiled code asks for.
void nameInterface(mlir::func::FuncOp function);

/// The module as text, with its inputs as constants in comments, to be kept as a reproducer.
void printGraph(const verification::Case &graph, const Way &way, llvm::raw_ostream &os);

} // namespace tensel::fuzz
#endif // TENSEL_TESTS_FUZZ_GRAPHS_GRAPH_H
