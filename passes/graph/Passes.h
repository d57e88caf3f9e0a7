// Passes from the graph dialect to itself.
#ifndef TENSEL_PASSES_GRAPH_PASSES_H
#define TENSEL_PASSES_GRAPH_PASSES_H

#include "dialects/graph/Graph.h"
#include "mlir/Pass/Pass.h"
#include "passes/NumericClass.h"

namespace tensel {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/graph/Passes.h.inc"
} // namespace tensel

#endif // TENSEL_PASSES_GRAPH_PASSES_H
