// Fusion v1: decides which ops share a kernel.
#include "passes/task/Grouping.h"

using namespace mlir;
using namespace tensel::graph;

namespace tensel {

std::vector<Group> formGroups(Block &block, SymbolicShapes &shapes, bool fuse, function_ref<bool(Operation *)> isCompute) {
  std::vector<Group> groups;
  for (Operation &op : block)
    if (isCompute(&op))
      groups.push_back({{&op}, SmallVector<Value>(op.getResults())});
  return groups;
}

} // namespace tensel
