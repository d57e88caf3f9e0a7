// See Liveness.h.
#include "passes/task/Liveness.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tensel {
namespace {
constexpr int64_t unboundedStandIn = 1024;

int64_t sizeAt(ArrayAttr sizes, size_t index, ArrayRef<int64_t> maxima) {
  return sizes && index < sizes.size() ? task::evaluateSize(cast<DenseI64ArrayAttr>(sizes[index]).asArrayRef(), maxima) : 0;
}
} // namespace

int64_t staticBytes(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.hasStaticShape() ? tensor.getNumElements() * task::storageBytes(tensor.getElementType()) : 0;
}

SmallVector<int64_t> symbolMaxima(ModuleOp module) {
  SmallVector<int64_t> maxima;
  for (auto symbol : module.getOps<graph::SymbolOp>()) {
    auto max = static_cast<int64_t>(symbol.getMax()), min = static_cast<int64_t>(symbol.getMin());
    maxima.push_back(max < 0 ? std::max(min, unboundedStandIn) : max);
  }
  return maxima;
}

BlockLiveness::BlockLiveness(Block &block, ArrayRef<int64_t> maxima) {
  for (Operation &op : block)
    addUnit(&op, maxima);
}

unsigned BlockLiveness::add(int64_t bytes) {
  buffers.push_back({bytes, static_cast<unsigned>(units.size()), {}});
  return buffers.size() - 1;
}

ArrayRef<unsigned> BlockLiveness::buffersOf(Value value) const {
  auto found = lies.find(value);
  return found == lies.end() ? ArrayRef<unsigned>() : ArrayRef<unsigned>(found->second);
}

void BlockLiveness::addUnit(Operation *op, ArrayRef<int64_t> maxima) {
  LiveUnit unit{op, {}, {}};
  llvm::SmallSetVector<unsigned, 8> reads;
  op->walk([&](Operation *inner) {
    if (!isa<tensor::DimOp>(inner)) // dims are not in the buffer
      for (Value operand : inner->getOperands())
        for (unsigned buffer : buffersOf(operand))
          reads.insert(buffer);
  });
  unit.reads.assign(reads.begin(), reads.end());
  auto make = [&](Value result, int64_t bytes) {
    unit.makes.push_back(add(bytes));
    lies[result].push_back(unit.makes.back());
  };
  if (auto dispatch = dyn_cast<task::DispatchOp>(op)) {
    for (auto [i, result] : llvm::enumerate(dispatch.getResults()))
      make(result, sizeAt(dispatch.getSizesAttr(), i, maxima));
  } else if (auto elements = dyn_cast<task::FromElementsOp>(op)) {
    make(elements.getResult(), staticBytes(elements.getResult().getType()));
  } else if (auto alias = dyn_cast<task::AliasOp>(op)) {
    SmallVector<unsigned, 2> same(buffersOf(alias.getInput()));
    lies[alias.getResult()] = same;
  } else if (op->getNumRegions() != 0) {
    auto sizes = op->getAttrOfType<ArrayAttr>("task.sizes");
    for (auto [i, result] : llvm::enumerate(op->getResults())) {
      make(result, sizes ? sizeAt(sizes, i, maxima) : staticBytes(result.getType()));
      // It may as well lie in what came from outside.
      SmallVector<unsigned, 2> &list = lies[result];
      list.append(reads.begin(), reads.end());
    }
    for (Region &region : op->getRegions())
      for (Block &block : region)
        unit.inside = std::max(unit.inside, BlockLiveness(block, maxima).peak().bytes);
  }
  for (unsigned buffer : unit.reads)
    buffers[buffer].readers.push_back(units.size());
  units.push_back(std::move(unit));
}

SmallVector<int64_t> BlockLiveness::aliveAtUnits() const {
  SmallVector<int64_t> alive;
  int64_t now = 0;
  SmallVector<size_t> left = llvm::map_to_vector(buffers, [](const LiveBuffer &buffer) { return buffer.readers.size(); });
  for (const LiveUnit &unit : units) {
    for (unsigned buffer : unit.makes)
      now += buffers[buffer].bytes;
    alive.push_back(now + unit.inside);
    for (unsigned buffer : unit.reads)
      if (--left[buffer] == 0)
        now -= buffers[buffer].bytes;
    for (unsigned buffer : unit.makes)
      if (buffers[buffer].readers.empty())
        now -= buffers[buffer].bytes;
  }
  return alive;
}

BlockLiveness::Peak BlockLiveness::peak() const {
  Peak peak;
  for (auto [unit, bytes] : llvm::enumerate(aliveAtUnits()))
    if (bytes > peak.bytes)
      peak = {bytes, static_cast<unsigned>(unit), 1};
    else
      peak.count += bytes == peak.bytes;
  return peak;
}

} // namespace tensel
