// Dims, cost and definition of attention. Heads that share a key head are a dim of their own, so that nothing is
// repeated: queries are [B, G, H / G, S, D], keys and values [B, G, 1, T, .], scores [B, G, H / G, S, T].
#include "dialects/graph/Graph.h"

#include <limits>

using namespace mlir;
using namespace tensel::graph;

LogicalResult AttentionOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList query = s.dims(adaptor.getQuery()), key = s.dims(adaptor.getKey()), value = s.dims(adaptor.getValue());
  auto differ = [](Dim a, Dim b) { return a.constant && b.constant && *a.constant != *b.constant; };
  auto number = [](Dim dim) { return dim.constant ? Twine(*dim.constant).str() : std::string("?"); };
  for (Dim dim : {query[2], query[3], key[2], key[3], value[2], value[3]})
    if (!dim.constant)
      return s.fail("expected known numbers of heads and head sizes");
  if (*key[2].constant == 0 || *query[2].constant % *key[2].constant || differ(key[2], value[2]))
    return s.fail("expected key and value heads that divide the " + number(query[2]) + " query heads, found " + number(key[2]) +
                  " and " + number(value[2]));
  if (differ(query[3], key[3]))
    return s.fail("expected queries and keys of one size, found " + number(query[3]) + " and " + number(key[3]));
  if (differ(key[1], value[1]))
    return s.fail("expected as many keys as values, found " + number(key[1]) + " and " + number(value[1]));
  if (differ(query[0], key[0]) || differ(query[0], value[0]))
    return s.fail("expected one batch size, found " + number(query[0]) + ", " + number(key[0]) + " and " + number(value[0]));
  // Masks have a value per row, query or head; a bias is broadcast along batch, queries and keys.
  DimList perQuery = {query[0], query[1]}, perRow = {query[0]}, perHead = {query[2]},
          perScore = {query[0], query[2], query[1], key[1]};
  auto check = [&](Value operand, StringRef name, ArrayRef<Dim> expected, ArrayRef<int64_t> broadcast = {}) -> LogicalResult {
    if (!operand)
      return success();
    for (auto [d, found] : llvm::enumerate(s.dims(operand)))
      if (differ(found, expected[d]) && !(found.is(1) && llvm::is_contained(broadcast, d)))
        return s.fail("expected " + number(expected[d]) + " as dim " + Twine(d) + " of the " + name + ", found " + number(found));
    return success();
  };
  if (failed(check(adaptor.getPositions(), "positions", perQuery)) || failed(check(adaptor.getLengths(), "lengths", perRow)) ||
      failed(check(adaptor.getPrefix(), "prefix", perRow)) || failed(check(adaptor.getSlopes(), "slopes", perHead)) ||
      failed(check(adaptor.getBias(), "bias", perScore, {0, 2, 3})))
    return failure();
  results.push_back({query[0], query[1], query[2], value[3]});
  return success();
}

Dim AttentionOp::countOps(ShapeContext &s) {
  DimList query = s.dims(getQuery()), value = s.dims(getValue());
  Dim scores = s.product({query[0], query[1], query[2], value[1]});
  return s.product({2, scores, s.add(query[3], value[3])});
}

namespace {
struct AttentionWriter {
  AttentionWriter(AttentionOp op, OpBuilder &b) : op(op), b(b), loc(op.getLoc()) {
    auto query = cast<RankedTensorType>(op.getQuery().getType());
    heads = query.getDimSize(2);
    groups = cast<RankedTensorType>(op.getKey().getType()).getDimSize(2);
    compute = query.getElementType().isF64() ? Type(b.getF64Type()) : b.getF32Type();
  }

  AttentionOp op;
  OpBuilder &b;
  Location loc;
  Type compute;
  int64_t heads, groups;

  Value cast(Value x, Type type) { return elementTypeOf(x) == type ? x : Value(CastOp::create(b, loc, x, type)); }
  Value number(double value) { return makeScalar(b, loc, compute, value); }
  Value integer(int64_t value) { return makeScalar(b, loc, b.getI64Type(), static_cast<double>(value)); }
  Value reshape(Value x, ArrayRef<int64_t> shape) { return ReshapeOp::create(b, loc, x, makeShape(b, loc, shape)); }
  Value transpose(Value x, ArrayRef<int64_t> permutation) { return TransposeOp::create(b, loc, x, permutation); }
  Value unsqueeze(Value x, ArrayRef<int64_t> axes) { return UnsqueezeOp::create(b, loc, x, axes); }
  Value both(Value x, Value y) { return !x ? y : Value(AndOp::create(b, loc, x, y)); }
  Value compare(ComparePredicate predicate, Value x, Value y) { return CompareOp::create(b, loc, predicate, x, y); }
  /// Dims from .. to of a tensor's shape.
  Value dims(Value x, int64_t from, int64_t to) {
    Value shape = ShapeOfOp::create(b, loc, x);
    return SliceOp::create(b, loc, shape, makeShape(b, loc, {from}), makeShape(b, loc, {to}), makeShape(b, loc, {1}),
                           ArrayRef<int64_t>{0});
  }
  Value count(Value shape) { return IotaOp::create(b, loc, shape, 0, b.getI64Type()); }
  /// [B] as [B, 1, 1, 1, 1].
  Value perBatch(Value x) { return unsqueeze(x, {1, 2, 3, 4}); }

  /// Whether query s sees key t, or null when each sees all.
  Value visible(Value keys, Value queries) {
    Value seen;
    if (op.getMask() == AttentionMask::causal) {
      seen = compare(ComparePredicate::le, keys, queries);
      if (op.getPrefix())
        seen = OrOp::create(b, loc, seen, compare(ComparePredicate::lt, keys, perBatch(op.getPrefix())));
    }
    if (int64_t window = op.getWindow()) {
      Value distance = SubOp::create(b, loc, queries, keys);
      seen = both(seen, compare(ComparePredicate::lt, distance, integer(window)));
    }
    if (op.getLengths())
      seen = both(seen, compare(ComparePredicate::lt, keys, perBatch(op.getLengths())));
    return seen;
  }

  Value write() {
    Value query = cast(op.getQuery(), compute), key = cast(op.getKey(), compute), value = cast(op.getValue(), compute);
    int64_t size = mlir::cast<RankedTensorType>(op.getQuery().getType()).getDimSize(3);
    query = MulOp::create(b, loc, query, number(op.getScale().convertToDouble()));
    query = transpose(reshape(query, {0, 0, groups, heads / groups, size}), {0, 2, 3, 1, 4});
    key = unsqueeze(transpose(key, {0, 2, 1, 3}), {2});
    value = unsqueeze(transpose(value, {0, 2, 1, 3}), {2});
    Value scores = MatmulOp::create(b, loc, query, key, false, true);
    if (double cap = op.getSoftcap().convertToDouble()) {
      Value ratio = DivOp::create(b, loc, scores, number(cap));
      scores = MulOp::create(b, loc, TanhOp::create(b, loc, ratio), number(cap));
    }
    Value keys = count(dims(op.getKey(), 1, 2));
    Value queries =
        op.getPositions() ? unsqueeze(op.getPositions(), {1, 2, 4}) : unsqueeze(count(dims(op.getQuery(), 1, 2)), {1});
    if (op.getSlopes()) {
      Value slopes = reshape(cast(op.getSlopes(), compute), {groups, heads / groups, 1, 1});
      Value distance = cast(SubOp::create(b, loc, keys, queries), compute);
      scores = AddOp::create(b, loc, scores, MulOp::create(b, loc, slopes, distance));
    }
    if (Value bias = op.getBias()) {
      Value shape = ConcatOp::create(
          b, loc, ValueRange{dims(bias, 0, 1), makeShape(b, loc, {groups, heads / groups}), dims(bias, 2, 4)}, 0);
      scores = AddOp::create(b, loc, scores, ReshapeOp::create(b, loc, cast(bias, compute), shape));
    }
    Value seen = visible(keys, queries);
    if (seen)
      scores = SelectOp::create(b, loc, seen, scores, number(-std::numeric_limits<double>::infinity()));
    Value weights = SoftmaxOp::create(b, loc, scores, 4);
    // Where nothing is seen, the weights are NaN.
    if (seen)
      weights = SelectOp::create(b, loc, seen, weights, number(0));
    Value sum = MatmulOp::create(b, loc, weights, value);
    int64_t valueSize = mlir::cast<RankedTensorType>(op.getValue().getType()).getDimSize(3);
    sum = reshape(transpose(sum, {0, 3, 1, 2, 4}), {0, 0, heads, valueSize});
    return cast(sum, elementTypeOf(op.getQuery()));
  }
};
} // namespace

/// The kernel holds tiles of queries and results on the stack, so heads must not be too large.
bool AttentionOp::hasOwnKernel() {
  auto isSupported = [](Value x) {
    Type type = x ? elementTypeOf(x) : Type();
    return !type || type.isF64() || type.isF32() || type.isF16() || type.isBF16();
  };
  for (Value x : {getQuery(), getKey(), getValue(), getSlopes(), getBias()})
    if (!isSupported(x))
      return false;
  int64_t size = cast<RankedTensorType>(getQuery().getType()).getDimSize(3);
  int64_t valueSize = cast<RankedTensorType>(getValue().getType()).getDimSize(3);
  return size > 0 && valueSize > 0 && (size + valueSize) * (elementTypeOf(getQuery()).isF64() ? 8 : 4) <= 4096;
}

SmallVector<Value> AttentionOp::decompose(OpBuilder &b) { return {AttentionWriter(*this, b).write()}; }
