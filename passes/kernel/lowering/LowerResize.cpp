// Resampling (ONNX Resize): every resampled dim gives taps, an input index and a weight each; the element is the sum over
// the dims' taps, taken dim by dim. Coordinates and weights are computed in f64:
// rounded otherwise, a position between two pixels would be found beside the wrong one, and weights of large pixels would not cancel.
#include "passes/kernel/lowering/KernelLowering.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace tensel {
using graph::Dim;
using graph::IndexShapes;
using graph::ResizeMode;
using P = arith::CmpIPredicate;

namespace {
/// f64 arithmetic.
struct Real {
  Cursor &c;
  Value constant(double value) { return arith::ConstantOp::create(c.b, c.loc, c.b.getF64FloatAttr(value)); }
  Value add(Value a, Value b) { return c.b.createOrFold<arith::AddFOp>(c.loc, a, b); }
  Value sub(Value a, Value b) { return c.b.createOrFold<arith::SubFOp>(c.loc, a, b); }
  Value mul(Value a, Value b) { return c.b.createOrFold<arith::MulFOp>(c.loc, a, b); }
  Value div(Value a, Value b) { return c.b.createOrFold<arith::DivFOp>(c.loc, a, b); }
  Value floor(Value a) { return math::FloorOp::create(c.b, c.loc, a); }
  Value ceil(Value a) { return math::CeilOp::create(c.b, c.loc, a); }
  Value less(Value a, Value b) { return arith::CmpFOp::create(c.b, c.loc, arith::CmpFPredicate::OLT, a, b); }
  Value lessEqual(Value a, Value b) { return arith::CmpFOp::create(c.b, c.loc, arith::CmpFPredicate::OLE, a, b); }
  Value of(Value index) {
    Value wide = arith::IndexCastOp::create(c.b, c.loc, c.b.getI64Type(), index);
    return arith::SIToFPOp::create(c.b, c.loc, c.b.getF64Type(), wide);
  }
  Value toIndex(Value real) {
    // Below 2^63: keeps the conversion defined, whatever a roi holds.
    Value safe =
        arith::MinNumFOp::create(c.b, c.loc, arith::MaxNumFOp::create(c.b, c.loc, real, constant(-9.0e18)), constant(9.0e18));
    return arith::IndexCastOp::create(c.b, c.loc, c.b.getIndexType(),
                                      Value(arith::FPToSIOp::create(c.b, c.loc, c.b.getI64Type(), safe)));
  }
};

struct Tap {
  Value index;  // inside the input
  Value weight; // null: 1
};

struct Resampler {
  KernelLowering &k;
  graph::ResizeOp op;
  ArrayRef<Value> at;
  Value outside;        // some coordinate lies outside (tf_crop_and_resize)
  Indices sources = {}; // the coordinates in all dims, for sumStretched

  /// Whether the dim is copied as it is.
  bool isIdentity(int64_t d) {
    DenseFPElementsAttr scales, roi;
    if (op.getCoordinates() == "tf_crop_and_resize") {
      if (!op.getRoi() || !matchPattern(op.getRoi(), m_Constant(&roi)))
        return false;
      auto bounds = roi.getValues<APFloat>();
      if (!bounds[d].isZero() || !bounds[at.size() + d].isExactlyValue(1.0))
        return false;
    }
    if (op.getScales() && matchPattern(op.getScales(), m_Constant(&scales)))
      return scales.getValues<APFloat>()[d].isExactlyValue(1.0);
    return !op.getScales() && IndexShapes::areSame(k.dims(op.getInput())[d], k.dims(op.getResult())[d]);
  }
  /// Output elements per input element.
  Value scale(int64_t d) {
    return k.once(op, 3 * d, [&](Cursor &c) {
      Real r{c};
      if (op.getScales())
        return convertFloat(c, k.pull(c, op.getScales(), {c.index(d)}), c.b.getF64Type());
      return r.div(r.of(k.entryIndex(k.dims(op.getResult())[d])), r.of(k.entryIndex(k.dims(op.getInput())[d])));
    });
  }
  Value roi(Cursor &c, int64_t i) {
    Value value = k.pull(c, op.getRoi(), {c.index(i)});
    return convertFloat(c, value, c.b.getF64Type());
  }

  /// The input coordinate of the element's position in dim d.
  Value coordinate(Cursor &c, int64_t d) {
    Real r{c};
    StringRef mode = op.getCoordinates();
    Value in = r.of(k.entryIndex(k.dims(op.getInput())[d])), out = r.of(k.entryIndex(k.dims(op.getResult())[d])), x = r.of(at[d]);
    Value one = r.constant(1), half = r.constant(0.5), zero = r.constant(0);
    // One division, so that a position that is a pixel, or half way between two, is found to be there.
    auto shrunk = [&](Value x) { return op.getScales() ? r.div(x, scale(d)) : r.div(r.mul(x, in), out); };
    auto halfPixel = [&] { return r.sub(shrunk(r.add(x, half)), half); };
    // The output's exact length: with scales it need not be a whole number.
    Value length = op.getScales() ? r.mul(in, scale(d)) : out;
    if (mode == "asymmetric")
      return shrunk(x);
    if (mode == "half_pixel_symmetric") {
      Value adjustment = r.div(out, length), center = r.mul(in, half);
      return r.add(r.mul(center, r.sub(one, adjustment)), halfPixel());
    }
    if (mode == "pytorch_half_pixel")
      return c.select(r.less(one, out), halfPixel(), zero);
    if (mode == "align_corners") {
      Value steps = r.sub(length, one);
      Value single = arith::CmpFOp::create(c.b, c.loc, arith::CmpFPredicate::OEQ, length, one);
      return c.select(single, zero, r.div(r.mul(x, r.sub(in, one)), c.select(single, one, steps)));
    }
    if (mode == "tf_crop_and_resize" && op.getRoi()) {
      int64_t rank = at.size();
      Value start = roi(c, d), end = roi(c, rank + d), last = r.sub(in, one);
      Value many = r.less(one, out), steps = c.select(many, r.sub(length, one), one);
      Value spread = r.add(r.mul(start, last), r.div(r.mul(x, r.mul(r.sub(end, start), last)), steps));
      Value middle = r.mul(half, r.mul(r.add(start, end), last));
      Value coordinate = c.select(many, spread, middle);
      Value out = arith::OrIOp::create(c.b, c.loc, r.less(coordinate, zero), r.less(last, coordinate));
      outside = outside ? Value(arith::OrIOp::create(c.b, c.loc, outside, out)) : out;
      return coordinate;
    }
    return halfPixel();
  }

  Value inside(Cursor &c, Value index, int64_t d) {
    return c.clamp(index, c.index(0), c.sub(k.entryIndex(k.dims(op.getInput())[d]), c.index(1)));
  }

  Value nearestIndex(Cursor &c, Value x) {
    Real r{c};
    StringRef mode = op.getNearest();
    if (mode == "floor")
      return r.toIndex(r.floor(x));
    if (mode == "ceil")
      return r.toIndex(r.ceil(x));
    Value floor = r.floor(x), fraction = r.sub(x, floor), half = r.constant(0.5);
    Value stays = mode == "round_prefer_ceil" ? r.less(fraction, half) : r.lessEqual(fraction, half);
    return r.toIndex(c.select(stays, floor, r.add(floor, r.constant(1))));
  }

  /// Keys' kernel at distance |x| (Keys 1981), a = cubic_coeff; or the triangle of linear interpolation.
  Value kernelAt(Cursor &c, Value x) {
    Real r{c};
    Value d = math::AbsFOp::create(c.b, c.loc, x), one = r.constant(1), zero = r.constant(0);
    if (op.getMode() == ResizeMode::linear)
      return arith::MaxNumFOp::create(c.b, c.loc, r.sub(one, d), zero);
    double a = op.getCubicCoeff().convertToDouble();
    auto poly = [&](double c3, double c2, double c1, double c0) {
      return r.add(r.mul(r.add(r.mul(r.add(r.mul(r.constant(c3), d), r.constant(c2)), d), r.constant(c1)), d), r.constant(c0));
    };
    Value near = poly(a + 2, -(a + 3), 0, 1), far = poly(a, -5 * a, 8 * a, -4 * a);
    return c.select(r.lessEqual(d, one), near, c.select(r.less(d, r.constant(2)), far, zero));
  }

  SmallVector<Tap> taps(Cursor &c, int64_t d) {
    Real r{c};
    if (isIdentity(d))
      return {{at[d], {}}};
    Value x = coordinate(c, d);
    if (op.getMode() == ResizeMode::nearest)
      return {{inside(c, nearestIndex(c, x), d), {}}};
    Value floor = r.floor(x), first = r.toIndex(floor), fraction = r.sub(x, floor);
    int64_t low = op.getMode() == ResizeMode::linear ? 0 : -1, high = op.getMode() == ResizeMode::linear ? 1 : 2;
    SmallVector<Tap> taps;
    Value total = r.constant(0), size = k.entryIndex(k.dims(op.getInput())[d]);
    for (int64_t i = low; i <= high; ++i) {
      Value index = c.add(first, c.index(i)), weight;
      if (op.getMode() == ResizeMode::linear)
        weight = i == 0 ? r.sub(r.constant(1), fraction) : fraction;
      else
        weight = kernelAt(c, r.sub(fraction, r.constant(i)));
      if (op.getExcludeOutside()) {
        weight = c.select(c.compare(P::ult, index, size), weight, r.constant(0));
        total = r.add(total, weight);
      }
      taps.push_back({inside(c, index, d), weight});
    }
    if (op.getExcludeOutside())
      for (Tap &tap : taps)
        tap.weight = r.div(tap.weight, total);
    return taps;
  }

  Value read(Cursor &c, ArrayRef<Value> indices, Type wide) {
    Value value = k.pull(c, op.getInput(), indices);
    if (isa<FloatType>(value.getType()))
      return convertFloat(c, value, wide);
    Type element = graph::elementTypeOf(op.getInput());
    return graph::ScalarBuilder(c.b, c.loc, element, value).cast(value, element, wide);
  }

  /// A pixel without weight takes no part, whatever it is.
  Value weighted(Cursor &c, Value value, Value weight, Type wide) {
    weight = convertFloat(c, weight, wide);
    Value product = arith::MulFOp::create(c.b, c.loc, value, weight);
    if (!isa<FloatType>(graph::elementTypeOf(op.getInput())))
      return product;
    Value zero = arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(wide));
    return c.select(arith::CmpFOp::create(c.b, c.loc, arith::CmpFPredicate::OEQ, weight, zero), zero, product);
  }

  /// The weighted sum over the taps of dims d and later.
  Value sum(Cursor &c, ArrayRef<SmallVector<Tap>> all, Indices &indices, Type wide) {
    size_t d = indices.size();
    if (d == all.size())
      return read(c, indices, wide);
    Value result;
    for (const Tap &tap : all[d]) {
      indices.push_back(tap.index);
      Value value = sum(c, all, indices, wide);
      indices.pop_back();
      if (tap.weight)
        value = weighted(c, value, tap.weight, wide);
      result = result ? Value(arith::AddFOp::create(c.b, c.loc, result, value)) : value;
    }
    return result;
  }

  /// Shrinking with antialias: the kernel is stretched by 1 / scale, so the number of taps is known only when it runs.
  Value sumStretched(Cursor &c, Indices &indices, Type wide) {
    size_t d = indices.size();
    if (d == at.size())
      return read(c, indices, wide);
    if (isIdentity(d)) {
      indices.push_back(at[d]);
      Value value = sumStretched(c, indices, wide);
      indices.pop_back();
      return value;
    }
    Real r{c};
    Value x = sources[d], floor = r.floor(x);
    Value shrink = k.once(
        op, 3 * d + 1, [&](Cursor &c) -> Value { return arith::MinNumFOp::create(c.b, c.loc, scale(d), Real{c}.constant(1)); });
    double reach = op.getMode() == ResizeMode::linear ? 1 : 2;
    Value radius = k.once(op, 3 * d + 2, [&](Cursor &c) {
      Real r{c};
      return r.toIndex(r.ceil(r.div(r.constant(reach), shrink)));
    });
    Value first = c.add(c.sub(r.toIndex(floor), radius), c.index(1)), count = c.mul(radius, c.index(2));
    Value size = k.entryIndex(k.dims(op.getInput())[d]);
    Value zero = arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(wide));
    ValueRange sums =
        k.sequential(c, c.index(0), count, {zero, r.constant(0)}, [&](Cursor &c, Value i, ArrayRef<Value> carried) -> Indices {
          Real r{c};
          Value index = c.add(first, i);
          Value weight = kernelAt(c, r.mul(r.sub(r.of(index), x), shrink));
          if (op.getExcludeOutside())
            weight = c.select(c.compare(P::ult, index, size), weight, r.constant(0));
          indices.push_back(inside(c, index, d));
          Value value = sumStretched(c, indices, wide);
          indices.pop_back();
          return {arith::AddFOp::create(c.b, c.loc, carried[0], weighted(c, value, weight, wide)), r.add(carried[1], weight)};
        });
    return arith::DivFOp::create(c.b, c.loc, sums[0], convertFloat(c, sums[1], wide));
  }
};

Value pullResize(KernelLowering &k, Cursor &c, graph::ResizeOp op, ArrayRef<Value> at) {
  Type element = graph::elementTypeOf(op.getInput()), storage = graph::storageType(element);
  Resampler resampler{k, op, at, {}, {}};
  Value result;
  Indices indices;
  if (op.getMode() == ResizeMode::nearest) {
    for (size_t d = 0; d < at.size(); ++d)
      indices.push_back(resampler.taps(c, d)[0].index);
    result = k.pull(c, op.getInput(), indices);
  } else {
    // Integers are truncated: f32 would fall below a whole number too often.
    Type wide = element.isF64() || !isa<FloatType>(element) ? Type(c.b.getF64Type()) : Type(c.b.getF32Type());
    if (op.getAntialias()) {
      for (size_t d = 0; d < at.size(); ++d)
        resampler.sources.push_back(resampler.isIdentity(d) ? Value() : resampler.coordinate(c, d));
      result = resampler.sumStretched(c, indices, wide);
    } else {
      SmallVector<SmallVector<Tap>> taps;
      for (size_t d = 0; d < at.size(); ++d)
        taps.push_back(resampler.taps(c, d));
      result = resampler.sum(c, taps, indices, wide);
    }
    result = isa<FloatType>(storage) ? convertFloat(c, result, storage)
                                     : graph::ScalarBuilder(c.b, c.loc, wide, result).cast(result, wide, element);
  }
  if (!resampler.outside)
    return result;
  Value like = arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(accumulatorType(element)));
  Value extrapolation = graph::ScalarBuilder(c.b, c.loc, element, like).constant(op.getExtrapolation().convertToDouble());
  return c.select(resampler.outside, convertFloat(c, extrapolation, storage), result);
}
} // namespace

void addResizeLowerings(LoweringTable &table) { table.pull(pullResize); }
} // namespace tensel
