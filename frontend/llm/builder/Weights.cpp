// Weights by name, and the layers that are little more than a weight. Blocks stay bytes until they are used: an
// embedding gathers rows of bytes before it decodes them.
#include "dialects/blocks/BlockFormat.h"
#include "frontend/llm/builder/Model.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::llm;

std::string Model::fullName(StringRef name) const {
  return name.starts_with(".") ? block + "." + std::to_string(layer) + name.str() : name.str();
}

Ints Model::dimsOf(StringRef name) {
  std::optional<WeightPlace> place = source.weight(fullName(name));
  return place ? Ints(place->dims) : Ints();
}

static std::string textOf(ArrayRef<int64_t> dims) {
  std::string text;
  for (int64_t dim : dims)
    text += (text.empty() ? "" : "x") + std::to_string(dim);
  return dims.empty() ? "a scalar" : text;
}

static Type elementType(MLIRContext *context, StringRef type) {
  OpBuilder b(context);
  if (type == "f64")
    return b.getF64Type();
  if (type == "f32")
    return b.getF32Type();
  if (type == "f16")
    return b.getF16Type();
  return type == "bf16" ? Type(b.getBF16Type()) : Type();
}

Model::Loaded Model::load(StringRef shortName, ArrayRef<int64_t> dims) {
  std::string name = fullName(shortName);
  if (!openParts)
    locate(name, "weight");
  std::optional<WeightPlace> place = failed() ? std::nullopt : source.weight(name);
  if (!place) {
    fail("tensor '" + name + "' is missing");
    return {poison(), "f32"};
  }
  if (ArrayRef<int64_t>(place->dims) != dims) {
    fail("tensor '" + name + "' is " + textOf(place->dims) + ", expected " + textOf(dims));
    return {poison(), "f32"};
  }
  const blocks::BlockFormat *format = blocks::findBlockFormat(place->type);
  Type element = format ? b.getIntegerType(8, /*isSigned=*/false) : elementType(b.getContext(), place->type);
  if (!element) {
    fail("tensor '" + name + "' has type " + place->type + ", expected a floating type");
    return {poison(), "f32"};
  }
  Ints shape(dims);
  if (format)
    shape.back() = shape.back() / format->elements * format->bytes;
  auto type = RankedTensorType::get(shape, element);
  StringAttr &known = weights[name];
  if (!known) {
    OpBuilder atModule = OpBuilder::atBlockBegin(module.getBody());
    auto op = graph::WeightOp::create(atModule, NameLoc::get(b.getStringAttr(name)), name, type, b.getStringAttr(place->file),
                                      static_cast<int64_t>(place->offset), static_cast<int64_t>(place->length), ElementsAttr());
    known = symbols.insert(op);
  }
  return {graph::LoadWeightOp::create(b, loc, type, FlatSymbolRefAttr::get(known)), place->type};
}

Value Model::decode(const Loaded &loaded) {
  if (blocks::findBlockFormat(loaded.type))
    return make<graph::DequantizeOp>(loaded.type, loaded.value);
  return cast(loaded.value, f32());
}

Value Model::weight(StringRef name, ArrayRef<int64_t> dims) { return decode(load(name, dims)); }

Value Model::embed(StringRef name, Value ids, int64_t width) {
  Part part(*this, name, "embedding");
  Ints dims = dimsOf((name + ".weight").str());
  Loaded table = load((name + ".weight").str(), {dims.empty() ? 0 : dims[0], width});
  return decode({gather(table.value, ids), table.type});
}

Value Model::addBias(Value x, StringRef name) {
  std::string bias = (name + ".bias").str();
  return has(bias) ? add(x, weight(bias, {dim(x, rank(x) - 1)})) : x;
}

Value Model::linear(Value x, StringRef name, int64_t out) {
  Part part(*this, name, "linear");
  Value w = weight((name + ".weight").str(), {out, dim(x, rank(x) - 1)});
  return addBias(matmul(x, w, /*transposeRight=*/true), name);
}

SmallVector<Value> Model::split(Value x, ArrayRef<int64_t> sizes) {
  SmallVector<Value> parts;
  int64_t at = 0;
  for (int64_t size : sizes) {
    parts.push_back(slice(x, rank(x) - 1, at, at + size));
    at += size;
  }
  return parts;
}

Value Model::linearTransposed(Value x, StringRef name, int64_t out) {
  Part part(*this, name, "linear");
  Value w = weight((name + ".weight").str(), {dim(x, rank(x) - 1), out});
  return addBias(matmul(x, w), name);
}

Value Model::rmsNorm(Value x, StringRef name, double offset) {
  Part part(*this, name, "rms_norm");
  Value scale = weight((name + ".weight").str(), {dim(x, rank(x) - 1)});
  if (offset)
    scale = add(scale, number(offset));
  return make<graph::RmsNormOp>(x, scale, rank(x) - 1, APFloat(config.epsilon));
}

Value Model::layerNorm(Value x, StringRef name) {
  Part part(*this, name, "layer_norm");
  int64_t size = dim(x, rank(x) - 1);
  Value scale = weight((name + ".weight").str(), {size});
  std::string bias = (name + ".bias").str();
  return make<graph::LayerNormOp>(x, scale, has(bias) ? weight(bias, {size}) : Value(), rank(x) - 1, APFloat(config.epsilon));
}
