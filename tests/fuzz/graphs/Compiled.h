// Compiles a graph and runs it, in a process of its own.
#ifndef TENSEL_TESTS_FUZZ_GRAPHS_COMPILED_H
#define TENSEL_TESTS_FUZZ_GRAPHS_COMPILED_H

#include "compiler/targets/Cpu.h"
#include "tests/fuzz/graphs/Oracle.h"

namespace tensel::fuzz {

/// What became of a graph.
struct Verdict {
  enum Kind { same, differs, refused, failedToRun, crashed, hung } kind = same;
  char message[4000] = {};
  int64_t compared = 0, undecided = 0; // elements
};

/// Forks: a crash of the compiler or of what it made is a verdict. The context must not have threads.
Verdict compileAndCompare(const Graph &graph, llvm::ArrayRef<Expected> expected, const CpuLevel &level);

llvm::StringRef nameOf(Verdict::Kind kind);

} // namespace tensel::fuzz
#endif // TENSEL_TESTS_FUZZ_GRAPHS_COMPILED_H
