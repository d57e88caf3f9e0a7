// Finds an order of the host program's ops in which less is alive at once: where branches meet, one that makes little of much goes
// before one that makes much of little.
//   %a = big(%x)                      %a = big(%x)
//   %b = big(%y)              ->      %c = reduce(%a)
//   %c = reduce(%a)                   %b = big(%y)
//   %d = reduce(%b)                   %d = reduce(%b)
// The search goes from the front and keeps the best so many beginnings, by the most bytes alive so far, then by those alive now.
#include "passes/task/Liveness.h"
#include "passes/task/Passes.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/Hashing.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_REORDERDISPATCHESPASS
#include "passes/task/Passes.h.inc"

namespace {

/// A beginning of the program: which units have run, and what is alive then.
struct Beginning {
  std::vector<unsigned> order;
  SmallVector<uint32_t, 0> waits, left; // per unit: makers that have not run; per buffer: readers that have not run
  llvm::BitVector ran;
  int64_t alive = 0, peak = 0;
};

class Scheduler {
public:
  Scheduler(const BlockLiveness &block, size_t width) : block(block), width(width), users(block.units.size()) {
    Beginning start;
    start.waits.assign(block.units.size(), 0);
    llvm::DenseMap<Operation *, unsigned> unitOf;
    for (auto [i, unit] : llvm::enumerate(block.units)) {
      unitOf[unit.op] = i;
      llvm::SmallSetVector<unsigned, 8> makers;
      unit.op->walk([&](Operation *inner) {
        for (Value operand : inner->getOperands())
          if (Operation *maker = operand.getDefiningOp())
            if (auto found = unitOf.find(maker); found != unitOf.end() && found->second != i)
              makers.insert(found->second);
      });
      start.waits[i] = makers.size();
      for (unsigned maker : makers)
        users[maker].push_back(i);
    }
    // What ends the block waits for all.
    unsigned last = block.units.size() - 1;
    for (unsigned i = 0; i < last; ++i)
      if (!llvm::is_contained(users[i], last)) {
        users[i].push_back(last);
        ++start.waits[last];
      }
    start.left = llvm::map_to_vector<0>(block.buffers,
                                        [](const LiveBuffer &buffer) { return static_cast<uint32_t>(buffer.readers.size()); });
    start.ran.resize(block.units.size());
    runLight(start);
    beginnings.push_back(std::move(start));
  }

  /// The units in the order found, and the most bytes alive in it.
  Beginning run() {
    while (beginnings.front().order.size() < block.units.size())
      advance();
    return std::move(beginnings.front());
  }

private:
  struct Choice {
    unsigned beginning, unit;
    int64_t peak, alive;
  };

  Choice consider(unsigned index, unsigned unitIndex) const {
    const Beginning &from = beginnings[index];
    const LiveUnit &unit = block.units[unitIndex];
    int64_t alive = from.alive;
    for (unsigned buffer : unit.makes)
      alive += block.buffers[buffer].bytes;
    Choice choice{index, unitIndex, std::max(from.peak, alive + unit.inside), alive};
    for (unsigned buffer : unit.reads)
      if (from.left[buffer] == 1)
        choice.alive -= block.buffers[buffer].bytes;
    for (unsigned buffer : unit.makes)
      if (block.buffers[buffer].readers.empty())
        choice.alive -= block.buffers[buffer].bytes;
    return choice;
  }

  void append(Beginning &to, unsigned unit) const {
    to.order.push_back(unit);
    to.ran.set(unit);
    for (unsigned buffer : block.units[unit].reads)
      --to.left[buffer];
    for (unsigned user : users[unit])
      --to.waits[user];
  }

  /// What costs nothing runs as soon as it can. A view that was the last reader of a buffer frees it.
  void runLight(Beginning &at) const {
    for (bool changed = true; changed;) {
      changed = false;
      for (unsigned i = 0; i < block.units.size(); ++i) {
        if (at.waits[i] != 0 || at.ran.test(i) || !block.units[i].isLight())
          continue;
        for (unsigned buffer : block.units[i].reads)
          if (at.left[buffer] == 1)
            at.alive -= block.buffers[buffer].bytes;
        append(at, i);
        changed = true;
      }
    }
  }

  void advance() {
    std::vector<Choice> choices;
    for (unsigned b = 0; b < beginnings.size(); ++b)
      for (unsigned i = 0; i < block.units.size(); ++i)
        if (beginnings[b].waits[i] == 0 && !beginnings[b].ran.test(i))
          choices.push_back(consider(b, i));
    llvm::stable_sort(choices, [](const Choice &a, const Choice &b) {
      return std::tie(a.peak, a.alive, a.beginning, a.unit) < std::tie(b.peak, b.alive, b.beginning, b.unit);
    });
    std::vector<Beginning> next;
    for (const Choice &choice : choices) {
      if (next.size() == width)
        break;
      Beginning made = beginnings[choice.beginning];
      append(made, choice.unit);
      made.peak = choice.peak;
      made.alive = choice.alive;
      runLight(made);
      // The same set of units in another order is worse or as good.
      if (llvm::none_of(next, [&](const Beginning &other) { return other.ran == made.ran; }))
        next.push_back(std::move(made));
    }
    beginnings = std::move(next);
  }

  const BlockLiveness &block;
  size_t width;
  std::vector<SmallVector<unsigned>> users;
  std::vector<Beginning> beginnings;
};

struct ReorderDispatchesPass : impl::ReorderDispatchesPassBase<ReorderDispatchesPass> {
  using Base::Base;

  void runOnOperation() final {
    SmallVector<int64_t> maxima = symbolMaxima(getOperation());
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (!func->hasAttr("tensel.entry"))
        continue;
      // The inner ones first: what lives in them counts outside.
      SmallVector<Block *> blocks;
      func.walk<WalkOrder::PostOrder>([&](Operation *op) {
        for (Region &region : op->getRegions())
          for (Block &block : region)
            blocks.push_back(&block);
      });
      for (Block *block : blocks)
        reorder(*block, maxima);
    }
  }

  void reorder(Block &block, ArrayRef<int64_t> maxima) const {
    BlockLiveness live(block, maxima);
    if (live.units.size() < 3)
      return;
    Beginning found = Scheduler(live, std::max<int64_t>(width, 1)).run();
    if (found.peak >= live.peak().bytes)
      return;
    for (unsigned unit : found.order)
      if (!live.units[unit].op->hasTrait<OpTrait::IsTerminator>())
        live.units[unit].op->moveBefore(block.getTerminator());
  }
};

} // namespace
} // namespace tensel
