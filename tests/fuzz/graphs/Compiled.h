// Compiles a graph and runs it, in a process of its own.
#ifndef TENSEL_TESTS_FUZZ_GRAPHS_COMPILED_H
#define TENSEL_TESTS_FUZZ_GRAPHS_COMPILED_H

#include "compiler/targets/Cpu.h"
#include "tests/fuzz/graphs/Graph.h"
#include "tests/fuzz/graphs/Oracle.h"

namespace tensel::fuzz {

/// What became of a graph.
struct Verdict {
  /// disputed: compiled code and the reference agree, another implementation gave something else.
  enum Kind { same, notEvaluated, differs, refused, failedToRun, crashed, hung, disputed } kind = same;
  char message[4000] = {};
  int64_t compared = 0, undecided = 0; // elements
};

/// Evaluates the graph, compiles it and compares both, and what is known from `elsewhere`. Forks: a crash is a verdict. The context must not
/// have threads.
Verdict compileAndCompare(const verification::Case &graph, const Way &way, const CpuLevel &level,
                          llvm::ArrayRef<reference::Tensor> elsewhere = {});

llvm::StringRef nameOf(Verdict::Kind kind);

} // namespace tensel::fuzz
#endif // TENSEL_TESTS_FUZZ_GRAPHS_COMPILED_H
