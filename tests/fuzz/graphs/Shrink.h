// Makes a graph that fails smaller.
#ifndef TENSEL_TESTS_FUZZ_GRAPHS_SHRINK_H
#define TENSEL_TESTS_FUZZ_GRAPHS_SHRINK_H

#include "tests/fuzz/graphs/Oracle.h"

namespace tensel::fuzz {

/// A part of the graph for which `fails` holds, too; the graph itself when no part is.
Graph shrink(const Graph &failing, llvm::function_ref<bool(const Graph &)> fails);

} // namespace tensel::fuzz
#endif // TENSEL_TESTS_FUZZ_GRAPHS_SHRINK_H
