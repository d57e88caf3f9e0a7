// The generated op classes: a file of their own, because they take long to compile and rarely change.
#include "dialects/graph/Graph.h"

#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace tensel::graph;

#define GET_OP_CLASSES
#include "dialects/graph/GraphOps.cpp.inc"

void GraphDialect::registerOps() {
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/GraphOps.cpp.inc"
      >();
}
