// Chooses the stretches of a program that run tile by tile (RowStretch.h), by what is alive at once (GraphLiveness.h): every choice is
// made on a copy and looked at.
#include "dialects/graph/Graph.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Provenance.h"
#include "passes/task/GraphLiveness.h"
#include "passes/task/Passes.h"
#include "passes/task/RowStretch.h"
#include <set>

using namespace mlir;
using namespace tensel::graph;

namespace tensel {
#define GEN_PASS_DEF_TILEROWSPASS
#include "passes/task/Passes.h.inc"

namespace {

constexpr size_t mostBegins = 12, mostEnds = 5, mostStretches = 16;
constexpr unsigned mostBefore = 200; // ops between a begin and the peak
constexpr double mostWork = 1.5, leastGain = 0.97;
constexpr int64_t steps = 64; // of bytes that count as different

/// The elements that the ops of a block make.
double workOf(Block &block) {
  double work = 0;
  for (Operation &op : block)
    for (Value result : op.getResults())
      if (auto type = dyn_cast<RankedTensorType>(result.getType()); type && type.hasStaticShape())
        work += static_cast<double>(type.getNumElements());
  return work;
}

class Tiler {
public:
  Tiler(Operation *holder, int64_t tiles, int64_t limit)
      : holder(holder), tiles(tiles), limit(limit), best{nullptr, {}, holder->getLoc(), holder->getLoc(), 0} {}

  void run() {
    for (size_t k = 0; k < mostStretches && improve(); ++k) {
    }
  }

private:
  /// In the whole block at once, in steps, and in the stretch in bytes: where places are as bad, one after the other gets better.
  using Alive = std::pair<int64_t, int64_t>;
  struct Choice {
    Operation *copy = nullptr; // of the holder
    Alive alive;
    Location first, last;
    int64_t rows;
  };

  Block &body() { return holder->getRegion(0).front(); }

  /// Tiles one stretch, or returns false.
  bool improve() {
    GraphLiveness live(body());
    unsigned peak = live.peak();
    int64_t most = live.aliveAt(peak);
    if (most <= limit)
      return false;
    known.clear();
    before = most;
    best = {nullptr, {steps, most}, holder->getLoc(), holder->getLoc(), 0};
    work = workOf(body());
    // A stretch begins and ends where little is alive.
    std::vector<Begin> begins = findBegins(live, peak);
    llvm::DenseSet<unsigned> positions = choosePositions(begins);
    for (const Begin &begin : begins)
      if (positions.contains(begin.position))
        tryEnds(live, begin.stretch, peak);
    if (!best.copy)
      return false;
    recordDecision(best.first, getPassName(), "tile", Verdict::Taken,
                   "runs up to '" + Twine(nodeName(best.last)) + "' in " + Twine(tiles) + " tiles of " + Twine(best.rows) +
                       " rows");
    holder->getRegion(0).takeBody(best.copy->getRegion(0));
    best.copy->erase();
    return true;
  }

  static StringRef getPassName() { return "tensel-tile-rows"; }

  struct Begin {
    unsigned position;
    int64_t across; // bytes that are kept before it
    RowStretch stretch;
  };

  /// All stretches that come to the peak, each once, in program order.
  std::vector<Begin> findBegins(const GraphLiveness &live, unsigned peak) {
    std::vector<Begin> begins;
    std::set<SmallVector<std::pair<Operation *, int64_t>>> seen;
    for (unsigned first = peak < mostBefore ? 0 : peak - mostBefore; first <= peak; ++first) {
      Operation *op = live.getOps()[first];
      for (Value seed : llvm::SmallSetVector<Value, 4>(op->operand_begin(), op->operand_end())) {
        auto type = dyn_cast<RankedTensorType>(seed.getType());
        for (int64_t dim = 0; type && !isPackaged(seed) && dim < type.getRank(); ++dim) {
          if (type.isDynamicDim(dim) || type.getDimSize(dim) < tiles)
            continue;
          RowStretch stretch(seed, dim, op, known);
          if (stretch.getFlows().empty() || live.positionOf(stretch.getFlows().back().op) < peak)
            continue;
          auto dims = llvm::map_to_vector(stretch.getFlows(), [](const RowFlow &flow) { return std::pair(flow.op, flow.dim); });
          if (seen.insert(std::move(dims)).second)
            begins.push_back({first, live.aliveAcross(first), std::move(stretch)});
        }
      }
    }
    return begins;
  }

  /// The positions to begin at: those nearest to the peak, and those of the others before which least is kept.
  static llvm::DenseSet<unsigned> choosePositions(ArrayRef<Begin> begins) {
    SmallVector<std::pair<int64_t, unsigned>> positions; // what is kept, position; the nearest first
    for (const Begin &begin : llvm::reverse(begins))
      if (positions.empty() || positions.back().second != begin.position)
        positions.push_back({begin.across, begin.position});
    if (positions.size() > mostBegins)
      std::stable_sort(positions.begin() + mostBegins, positions.end(), llvm::less_first());
    llvm::DenseSet<unsigned> chosen;
    for (auto [across, position] : ArrayRef(positions).take_front(2 * mostBegins))
      chosen.insert(position);
    return chosen;
  }

  void tryEnds(const GraphLiveness &live, const RowStretch &stretch, unsigned peak) {
    SmallVector<std::pair<int64_t, unsigned>> ends; // what is kept behind it, and how many ops of the stretch come before it
    for (auto [k, flow] : llvm::enumerate(stretch.getFlows()))
      if (unsigned position = live.positionOf(flow.op); position >= peak)
        ends.push_back({live.aliveAcross(position + 1), k + 1});
    llvm::stable_sort(ends, llvm::less_first());
    for (auto [across, count] : llvm::ArrayRef(ends).take_front(mostEnds))
      tryStretch(stretch, count);
  }

  void tryStretch(const RowStretch &stretch, unsigned count) {
    IRMapping map;
    Operation *copy = holder->clone(map);
    Block &block = copy->getRegion(0).front();
    auto [first, last] = stretch.tile(map, count, tiles);
    if (first && workOf(block) <= mostWork * work) {
      GraphLiveness live(block);
      int64_t most = live.aliveAt(live.peak()), inside = 0;
      for (unsigned position = live.positionOf(first); position <= live.positionOf(last); ++position)
        inside = std::max(inside, live.aliveAt(position));
      Alive alive = {most * steps / before, inside};
      if (most <= before && inside <= leastGain * before && alive < best.alive) {
        std::swap(best.copy, copy);
        const RowFlow &end = stretch.getFlows()[count - 1];
        best = {best.copy, alive, stretch.getFlows().front().op->getLoc(), end.op->getLoc(), end.rows() / tiles};
      }
    }
    if (copy)
      copy->erase();
  }

  Operation *holder;                // a function, or a loop
  int64_t tiles, limit, before = 0; // bytes alive at once before a stretch is chosen
  double work = 0;
  Choice best;
  KnownFlows known;
};

struct TileRowsPass : impl::TileRowsPassBase<TileRowsPass> {
  using Base::Base;

  void runOnOperation() final {
    if (tiles < 2) {
      emitError(getOperation().getLoc(), "'tiles' is ") << tiles << ", expected at least 2";
      return signalPassFailure();
    }
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (!func.isPublic() || func.isDeclaration())
        continue;
      // Inner blocks first: what holds them is replaced by a copy.
      func.walk([&](LoopOp loop) { Tiler(loop, tiles, limit).run(); });
      Tiler(func, tiles, limit).run();
    }
  }
};
} // namespace
} // namespace tensel
