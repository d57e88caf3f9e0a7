// The loop nest of a contraction (rows M, columns N, reduction K; see Contraction.h):
//
//   for item in [begin, end)                      parallel: outer index x block of rows x group of panels
//     for block of KC steps of K                  one block only when K is small
//       offsets of the KC steps -> table          where K is several loops that have no common stride
//       for panel in group (at most 4)            [KC][NR] of the vector operand -> stack, 16 KB a panel: together in L2; none
//                                                 where it is read in place or was packed in blocks of columns when compiling
//       for MR rows                               their KC scalars stay in L1 for all panels of the group
//         for panel in group                      the panel goes through L1
//           sums[MR][NR] = 0 or the partial sums  registers
//           for k in KC                           MR broadcasts, NR/lanes vectors, MR * NR/lanes multiply-adds
//           store partial sums, or epilogue and store
//
// Columns past the edge are computed on repeated columns and not stored. The sum over K is in order, whatever the range of items, so results
// do not depend on how work is split.
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "passes/kernel/ContractionEmitter.h"
#include "passes/kernel/KernelInfo.h"
#include "passes/kernel/Passes.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_EMITCONTRACTIONPASS
#include "passes/kernel/Passes.h.inc"

TileShape chooseTileShape(IndexMath &m, const Contraction &c, int64_t vectorBits) {
  TileShape shape;
  shape.lanes = vectorBits / c.element.getIntOrFloatBitWidth();
  int64_t registers = vectorBits == 512 ? 32 : 16;
  std::optional<int64_t> rows = getConstantIntValue(c.m.total), columns = getConstantIntValue(c.n.total),
                         steps = getConstantIntValue(c.k.total);
  int64_t width = c.vector.blocks ? c.vector.blocks->width : 1; // blocks are read whole
  int64_t neededVectors = columns ? llvm::divideCeil(llvm::alignTo(std::max<int64_t>(*columns, 1), width), shape.lanes) : 16;
  shape.rows = registers == 32 ? 12 : 6;
  if (neededVectors == 1)
    shape.rows *= 2;
  // Around rows whose number is known at run time only, LLVM keeps all broadcasts of a step at once: 8 of them beside 16 sums fit.
  if (c.vector.blocks && !rows && registers == 32)
    shape.rows = 8;
  if (rows)
    shape.rows = std::clamp<int64_t>(*rows, 1, shape.rows);
  // The widest tile of that height that leaves registers for a row of vectors and a broadcast.
  shape.vectors = std::clamp<int64_t>((registers - 2) / (shape.rows + 1), 1, std::min<int64_t>(8, neededVectors));
  if (c.vector.blocks && !rows)
    shape.vectors = std::min<int64_t>(shape.vectors, 2);
  int64_t elementSize = elementBytes(c.element), panelBytes = 16 * 1024 * (vectorBits / 256);
  shape.kBlock = panelBytes / (shape.columns() * elementSize);
  shape.oneBlock = steps && *steps <= shape.kBlock + shape.kBlock / 2;
  if (shape.oneBlock)
    shape.kBlock = std::max<int64_t>(*steps, 1);
  else if (steps)
    shape.kBlock = llvm::divideCeil(*steps, llvm::divideCeil(*steps, shape.kBlock));
  shape.panels = columns ? std::clamp<int64_t>(llvm::divideCeil(*columns, shape.columns()), 1, 4) : 4;
  shape.fullOnly = columns && *columns % shape.columns() == 0;
  // Reading in place pays when no second row tile would reuse the panel.
  bool contiguous = getConstantIntValue(c.n.commonStride(m, c.vector)) == 1;
  bool strided =
      (!c.k.moves(c.vector) || c.k.commonStride(m, c.vector)) && (!c.k.moves(c.scalar) || c.k.commonStride(m, c.scalar));
  bool oneTile = rows && *rows <= shape.rows;
  shape.source = c.vector.blocks                    ? VectorSource::Blocks
                 : contiguous && strided && oneTile ? VectorSource::InPlace
                                                    : VectorSource::Copied;
  shape.oneBlock |= shape.source != VectorSource::Copied && (oneTile || c.out.elementType() != c.element);
  return shape;
}

void ContractionEmitter::emit() {
  Type element = c.element;
  tileBuffer = stackBuffer(element, shape.rows * shape.columns());
  if (shape.source == VectorSource::Copied) {
    panelBuffer = stackBuffer(element, shape.panels * shape.kBlock * shape.columns());
    columnTable = stackBuffer(b.getIndexType(), shape.columns());
    if (c.k.moves(c.vector) && !c.k.commonStride(m, c.vector))
      vectorTable = stackBuffer(b.getIndexType(), shape.kBlock);
    if (c.k.moves(c.scalar) && !c.k.commonStride(m, c.scalar))
      scalarTable = stackBuffer(b.getIndexType(), shape.kBlock);
  }
  // Rows are split into blocks when there are few items otherwise; each block packs the panels again, so blocks stay tall.
  tilesN = m.ceilDiv(c.n.total, m.constant(shape.columns()));
  Value groups = m.ceilDiv(tilesN, m.constant(shape.panels));
  Value items = m.mul(c.outer.total, groups), one = m.constant(1), rows = m.constant(shape.rows);
  Value wanted = m.max(m.div(m.constant(8), m.max(items, one)), one);
  Value tallest = m.max(m.div(c.m.total, m.constant(16 * shape.rows)), one);
  Value blockRows = m.max(m.mul(m.ceilDiv(m.ceilDiv(c.m.total, m.min(wanted, tallest)), rows), rows), rows);
  Value blocks = m.ceilDiv(c.m.total, blockRows);
  Value perOuter = m.mul(blocks, groups);

  auto parallel = scf::ForOp::create(b, loc, m.constant(0), m.mul(c.outer.total, perOuter), one);
  parallel->setAttr("tensel.parallel", b.getUnitAttr());
  m.anchor = parallel;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(parallel.getBody());
  Value item = parallel.getInductionVar();
  Value outer = m.div(item, perOuter), inner = m.rem(item, perOuter);
  firstTile = m.mul(m.rem(inner, groups), m.constant(shape.panels));
  panels = m.min(m.constant(shape.panels), m.sub(tilesN, firstTile));
  rowBegin = m.mul(m.div(inner, groups), blockRows);
  rowEnd = m.min(m.add(rowBegin, blockRows), c.m.total);
  auto baseOf = [&](const FlatOperand &operand) { return m.add(operand.base, c.outer.offset(m, operand, outer)); };
  vectorBase = baseOf(c.vector);
  scalarBase = baseOf(c.scalar);
  outBase = baseOf(c.out);
  for (const std::optional<FlatOperand> &operand : c.extra)
    extraBases.push_back(operand ? baseOf(*operand) : Value());
  if (shape.oneBlock)
    emitBlock(m.constant(0));
  else
    loop(m.constant(0), m.max(c.k.total, one), shape.kBlock, [&](Value k0) { emitBlock(k0); });
}

void ContractionEmitter::emitBlock(Value k0) {
  blockStart = k0;
  if (shape.oneBlock) {
    blockSize = c.k.total;
    isFirst = isLast = arith::ConstantIntOp::create(b, loc, 1, 1);
  } else {
    Value size = m.constant(shape.kBlock);
    blockSize = m.min(size, m.sub(c.k.total, k0));
    isFirst = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::eq, k0, m.constant(0));
    isLast = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::uge, m.add(k0, size), c.k.total);
  }
  if (vectorTable)
    fillOffsetTable(vectorTable, c.vector, k0, blockSize);
  if (scalarTable)
    fillOffsetTable(scalarTable, c.scalar, k0, blockSize);
  if (shape.source == VectorSource::Copied)
    loop(m.constant(0), panels, 1, [&](Value t) { packPanel(t); });
  emitRows();
}

void ContractionEmitter::emitRows() {
  Value zero = m.constant(0), rows = m.constant(shape.rows);
  auto tiles = [&](Value row, int64_t count) { loop(zero, panels, 1, [&](Value t) { emitTile(row, count, t); }); };
  std::optional<int64_t> known = getConstantIntValue(c.m.total);
  if (known == shape.rows)
    return tiles(rowBegin, shape.rows);
  Value mainEnd = m.add(rowBegin, m.mul(m.div(m.sub(rowEnd, rowBegin), rows), rows));
  loop(rowBegin, mainEnd, shape.rows, [&](Value row) { tiles(row, shape.rows); });
  if (known) {
    if (int64_t rest = *known % shape.rows)
      branch(m.less(mainEnd, rowEnd), [&] { tiles(mainEnd, rest); }, [] {});
    return;
  }
  // Four rows of two vectors keep the multiply-adds busy; fewer wait for their latency.
  for (int64_t count : {4, 2, 1}) {
    if (count >= shape.rows)
      continue;
    Value end = m.sub(rowEnd, m.rem(m.sub(rowEnd, mainEnd), m.constant(count)));
    loop(mainEnd, end, count, [&](Value row) { tiles(row, count); });
    mainEnd = end;
  }
}

namespace {
struct EmitContractionPass : WithCleanUp<impl::EmitContractionPassBase<EmitContractionPass>> {
  using WithCleanUp::WithCleanUp;

  void runOnOperation() final {
    func::FuncOp func = getOperation();
    if (!isKernel(func) || func.getNumResults() != 1)
      return;
    std::optional<ContractionMatch> match = matchContraction(func);
    if (!match)
      return;
    // The description is made on memrefs; keep the tensors to fall back on.
    func::FuncOp saved = func.clone();
    SmallVector<Value> destinations;
    convertArguments(func, destinations);
    Operation *ret = func.getBody().front().getTerminator();
    OpBuilder b(ret);
    IndexMath math(b, match->contraction.getLoc());
    DimNames names(func);
    FailureOr<Contraction> description = describeContraction(*match, func, names, math);
    if (failed(description)) {
      func.getBody().takeBody(saved.getBody());
      func.setType(saved.getFunctionType());
      saved.erase();
      return;
    }
    saved.erase();
    ContractionEmitter(*description, chooseTileShape(math, *description, vectorBits), math).emit();
    b.setInsertionPoint(ret);
    func::ReturnOp::create(b, ret->getLoc());
    ret->erase();
    func.setType(b.getFunctionType(func.getArgumentTypes(), {}));
    cleanUp(func);
  }
};
} // namespace
} // namespace tensel
