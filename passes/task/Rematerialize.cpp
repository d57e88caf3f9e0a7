// Computes cheap values again instead of keeping them: where a value lives across the program's peak without being read there, and is
// one elementwise loop nest over what is there anyway (or is itself cheap), its readers behind the peak get one of their own.
//   %a = spread(%x)                   %a = spread(%x)
//   %b = k0(%a)                       %b = k0(%a)
//   %c = large(%b)            ->      %c = large(%b)
//   %d = k1(%a, %c)                   %e = spread(%x)
//                                     %d = k1(%e, %c)
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "passes/kernel/CheckKernel.h"
#include "passes/task/Liveness.h"
#include "passes/task/Passes.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_REMATERIALIZEPASS
#include "passes/task/Passes.h.inc"

namespace {

constexpr int mostInChain = 8;

class Rematerializer {
public:
  Rematerializer(Block &block, ArrayRef<int64_t> maxima, SymbolTable &symbols, KernelChecker &checker,
                 llvm::StringMap<bool> &cheap)
      : block(block), maxima(maxima), symbols(symbols), checker(checker), cheap(cheap) {}

  void run(int64_t limit) {
    llvm::DenseSet<Operation *> tried;
    for (;;) {
      live.emplace(block, maxima);
      BlockLiveness::Peak before = live->peak();
      if (before.bytes <= limit)
        return;
      std::optional<Plan> plan = choose(before.unit, tried);
      if (!plan)
        return;
      tried.insert(plan->maker);
      apply(*plan);
      if (BlockLiveness(block, maxima).peak() < before)
        tried.clear();
      else
        undo();
    }
  }

private:
  /// `maker` is to run again before the unit `before`, after `chain` (what it needs again, innermost first).
  struct Plan {
    task::DispatchOp maker;
    unsigned peak, before;
    SmallVector<task::DispatchOp> chain;
    int64_t gain;
  };

  bool isCheap(task::DispatchOp op) {
    auto [place, isNew] = cheap.try_emplace(op.getKernel(), false);
    if (isNew)
      if (auto kernel = symbols.lookup<func::FuncOp>(op.getKernel()); kernel && !kernel.isExternal())
        place->second = checker.isElementwiseNest(kernel);
    return place->second && op.getNumResults() == 1;
  }

  unsigned lastRead(unsigned buffer) const {
    const LiveBuffer &b = live->buffers[buffer];
    return b.readers.empty() ? b.maker : b.readers.back();
  }

  /// What running `op` again at `before` keeps alive at the peak, in bytes; adds what has to run again with it.
  std::optional<int64_t> costOf(task::DispatchOp op, unsigned peak, unsigned before, SmallVectorImpl<task::DispatchOp> &chain) {
    int64_t cost = 0;
    for (Value input : op.getInputs())
      for (unsigned buffer : live->buffersOf(input)) {
        if (lastRead(buffer) >= peak || (live->buffers[buffer].maker > peak && live->buffers[buffer].maker < before))
          continue;
        auto maker = dyn_cast<task::DispatchOp>(live->units[live->buffers[buffer].maker].op);
        if (!maker || maker.getResult(0) != input || !isCheap(maker)) {
          cost += live->buffers[buffer].bytes;
          continue;
        }
        if (llvm::is_contained(chain, maker))
          continue;
        if (static_cast<int>(chain.size()) == mostInChain)
          return std::nullopt;
        std::optional<int64_t> more = costOf(maker, peak, before, chain);
        if (!more)
          return std::nullopt;
        cost += *more;
        chain.push_back(maker);
      }
    return cost;
  }

  /// The one that takes most off the peak.
  std::optional<Plan> choose(unsigned peak, const llvm::DenseSet<Operation *> &tried) {
    std::optional<Plan> best;
    for (auto [index, buffer] : llvm::enumerate(live->buffers)) {
      auto maker = dyn_cast<task::DispatchOp>(live->units[buffer.maker].op);
      if (!maker || buffer.maker >= peak || tried.contains(maker) || llvm::is_contained(buffer.readers, peak))
        continue;
      const auto *next = llvm::upper_bound(buffer.readers, peak);
      if (next == buffer.readers.end() || !isCheap(maker))
        continue;
      Plan plan{maker, peak, *next, {}, 0};
      std::optional<int64_t> cost = costOf(maker, peak, *next, plan.chain);
      if (!cost || buffer.bytes <= *cost)
        continue;
      plan.gain = buffer.bytes - *cost;
      if (!best || plan.gain > best->gain)
        best = std::move(plan);
    }
    return best;
  }

  void apply(const Plan &plan) {
    replaced.clear();
    made.clear();
    OpBuilder b(live->units[plan.before].op);
    IRMapping map;
    for (task::DispatchOp op : plan.chain)
      made.push_back(b.clone(*op, map));
    made.push_back(b.clone(*plan.maker, map));
    llvm::DenseMap<Operation *, unsigned> unitOf;
    for (auto [i, unit] : llvm::enumerate(live->units))
      unitOf[unit.op] = i;
    Value value = plan.maker->getResult(0);
    replaceBehind(value, map.lookup(value), plan, unitOf, b);
  }

  /// Readers of `value` behind the peak read `again`; views of it that stand before the peak are made again, too.
  void replaceBehind(Value value, Value again, const Plan &plan, const llvm::DenseMap<Operation *, unsigned> &unitOf,
                     OpBuilder &b) {
    for (OpOperand &use : llvm::make_early_inc_range(value.getUses())) {
      Operation *unit = block.findAncestorOpInBlock(*use.getOwner());
      auto found = unit ? unitOf.find(unit) : unitOf.end();
      if (found == unitOf.end())
        continue; // one of ours
      if (found->second > plan.peak) {
        replaced.push_back({&use, value});
        use.set(again);
      } else if (auto view = dyn_cast<task::AliasOp>(use.getOwner())) {
        IRMapping map;
        map.map(value, again);
        made.push_back(b.clone(*view, map));
        replaceBehind(view.getResult(), made.back()->getResult(0), plan, unitOf, b);
      }
    }
  }

  void undo() {
    for (auto [use, value] : replaced)
      use->set(value);
    for (Operation *op : llvm::reverse(made))
      op->erase();
  }

  Block &block;
  ArrayRef<int64_t> maxima;
  SymbolTable &symbols;
  KernelChecker &checker;
  llvm::StringMap<bool> &cheap;
  std::optional<BlockLiveness> live;
  SmallVector<std::pair<OpOperand *, Value>> replaced;
  SmallVector<Operation *> made;
};

struct RematerializePass : impl::RematerializePassBase<RematerializePass> {
  using Base::Base;

  void runOnOperation() final {
    SymbolTable symbols(getOperation());
    KernelChecker checker(&getContext());
    llvm::StringMap<bool> cheap;
    SmallVector<int64_t> maxima = symbolMaxima(getOperation());
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (func->hasAttr("tensel.entry"))
        Rematerializer(func.front(), maxima, symbols, checker, cheap).run(limit);
  }
};

} // namespace
} // namespace tensel
