// Chooses sizes and fills tensors; see Samples.h.
#include "compiler/verification/Samples.h"

#include "dialects/graph/Graph.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/xxhash.h"
#include <map>
#include <random>

using namespace mlir;
using namespace tensel::reference;

namespace tensel::verification {
namespace {
constexpr int64_t mostElements = int64_t(1) << 27;
constexpr int64_t primes[] = {2, 3, 5, 7, 11, 13};

/// A dim to choose: a symbol's, or one without a name.
struct FreeDim {
  int64_t min = 1, max = -1, step = 1;
  int64_t size = -1;
};

/// First all dims differ, then all are alike, then some are small and the others large: `choice` counts through which, for growing sizes.
constexpr int64_t largeSizes[] = {8, 32, 64, 160, 576};
constexpr unsigned masks = 16;

int64_t wantedSize(unsigned choice, unsigned variant, unsigned index) {
  if (choice == 0)
    return primes[(index + variant) % std::size(primes)];
  if (choice == 1)
    return 4 + variant;
  bool isLarge = (choice - 2) % masks >> (index % 4) & 1;
  return isLarge ? largeSizes[(choice - 2) / masks] * (1 + (index + variant) % 2) : 2 + variant;
}

int64_t fitted(const FreeDim &dim, int64_t size) {
  auto roundUp = [&](int64_t value) { return (value + dim.step - 1) / dim.step * dim.step; };
  size = roundUp(std::max(size, dim.min));
  return dim.max >= 0 && size > dim.max ? std::max(dim.max / dim.step * dim.step, roundUp(dim.min)) : size;
}

std::string nameIn(DictionaryAttr attributes, unsigned index) {
  auto name = attributes ? attributes.getAs<StringAttr>("graph.name") : StringAttr();
  return name ? name.str() : std::to_string(index);
}

class Maker {
public:
  Maker(func::FuncOp function, unsigned choice, unsigned variant, uint64_t seed, const GivenInputs &given)
      : function(function), choice(choice), variant(variant), seed(seed), given(given) {}

  FailureOr<Sample> make() {
    collectDims();
    chooseSizes();
    Sample sample;
    int64_t total = 0;
    for (BlockArgument argument : function.getArguments()) {
      if (const Tensor *own = givenFor(argument)) {
        sample.inputs.push_back(*own);
        continue;
      }
      auto type = dyn_cast<RankedTensorType>(argument.getType());
      auto kind = type ? kindOf(type.getElementType()) : std::nullopt;
      if (!kind)
        return failure();
      SmallVector<int64_t> dims;
      for (int64_t d = 0; d < type.getRank(); ++d)
        dims.push_back(type.isDynamicDim(d) ? free.find(keyOf(argument, d))->second.size : type.getDimSize(d));
      std::optional<int64_t> count = Tensor::countOf(dims);
      if (!count || (total += *count) > mostElements)
        return failure();
      sample.inputs.push_back(fill(argument, *kind, dims));
    }
    for (const auto &[key, dim] : free)
      sample.sizes += (sample.sizes.empty() ? "" : ", ") + key + "=" + std::to_string(dim.size);
    return sample;
  }

private:
  std::string keyOf(BlockArgument argument, int64_t d) {
    auto names = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "graph.dims");
    auto name = names && d < static_cast<int64_t>(names.size()) ? dyn_cast<StringAttr>(names[d]) : StringAttr();
    return name ? name.str() : "dim " + std::to_string(d) + " of '" + nameOfArgument(function, argument.getArgNumber()) + "'";
  }

  const Tensor *givenFor(BlockArgument argument) {
    auto found = given.find(nameOfArgument(function, argument.getArgNumber()));
    return found == given.end() ? nullptr : &found->second;
  }

  void collectDims() {
    for (BlockArgument argument : function.getArguments()) {
      auto type = dyn_cast<RankedTensorType>(argument.getType());
      const Tensor *own = givenFor(argument);
      for (int64_t d = 0; type && d < type.getRank(); ++d) {
        if (!type.isDynamicDim(d))
          continue;
        std::string key = keyOf(argument, d);
        FreeDim &dim = free[key];
        if (own && d < own->getRank())
          dim.size = own->getDim(d);
        if (auto symbol =
                SymbolTable::lookupNearestSymbolFrom<graph::SymbolOp>(function, StringAttr::get(type.getContext(), key))) {
          dim.min = symbol.getMin();
          dim.max = symbol.getMax();
          dim.step = std::max<int64_t>(symbol.getStep(), 1);
        }
      }
    }
  }

  void chooseSizes() {
    for (auto [index, entry] : llvm::enumerate(free))
      if (entry.second.size < 0)
        entry.second.size = fitted(entry.second, wantedSize(choice, variant, index));
  }

  /// The rows of the table that the value is an index into, through ops that only move or convert it; 0: none.
  static int64_t tableRows(Value value, int depth = 8) {
    if (depth == 0)
      return 0;
    for (Operation *user : value.getUsers()) {
      if (auto gather = dyn_cast<graph::GatherOp>(user)) {
        auto type = cast<RankedTensorType>(gather.getData().getType());
        auto axis = static_cast<int64_t>(gather.getAxis());
        axis += axis < 0 ? type.getRank() : 0;
        if (gather.getIndices() == value && axis < type.getRank() && !type.isDynamicDim(axis))
          return type.getDimSize(axis);
      } else if (user->getNumResults() == 1 && user->getOperand(0) == value &&
                 getElementTypeOrSelf(user->getResult(0)).isInteger()) {
        if (int64_t rows = tableRows(user->getResult(0), depth - 1))
          return rows;
      }
    }
    return 0;
  }

  Tensor fill(BlockArgument argument, Kind kind, ArrayRef<int64_t> dims) {
    Tensor tensor(kind, dims);
    std::mt19937_64 random(seed * 0x9e3779b97f4a7c15u + llvm::xxh3_64bits(function.getName()) + argument.getArgNumber() * 31 +
                           variant);
    if (isFloat(kind)) {
      std::vector<double> values(tensor.getCount());
      for (double &value : values) {
        value = static_cast<double>(random() >> 11) * 0x1p-52 - 1;
        if (variant > 0)
          value = random() % 16 == 0 ? 0 : 4 * value;
      }
      tensor.writeAll(values);
      return tensor;
    }
    int64_t rows = tableRows(argument), span = kind == Kind::Bool ? 2 : rows > 0 ? rows : 10;
    if (bytesOf(kind) == 1)
      span = std::min<int64_t>(span, 128);
    bool isNegated = variant > 0 && !isUnsigned(kind) && rows == 0;
    std::vector<int64_t> values(tensor.getCount());
    for (int64_t &value : values) {
      value = static_cast<int64_t>(random() % static_cast<uint64_t>(span));
      if (isNegated && random() % 2)
        value = -value;
    }
    tensor.writeAll(values);
    return tensor;
  }

  func::FuncOp function;
  unsigned choice, variant;
  uint64_t seed;
  const GivenInputs &given;
  llvm::MapVector<std::string, FreeDim, std::map<std::string, unsigned>> free;
};
} // namespace

unsigned sizeChoiceCount() { return 2 + masks * std::size(largeSizes); }

FailureOr<Sample> makeSample(func::FuncOp function, unsigned sizeChoice, unsigned variant, uint64_t seed,
                             const GivenInputs &given) {
  return Maker(function, sizeChoice, variant, seed, given).make();
}

std::string nameOfArgument(func::FuncOp function, unsigned index) { return nameIn(function.getArgAttrDict(index), index); }
std::string nameOfResult(func::FuncOp function, unsigned index) { return nameIn(function.getResultAttrDict(index), index); }
} // namespace tensel::verification
