// Equal layers of a function: ops that come again and again, each time on other weights and states. Two versions of a function that have
// the same layers are compared on two of these: what follows for them follows for all, since the others differ in their names alone.
#ifndef TENSEL_COMPILER_VERIFICATION_LAYERS_H
#define TENSEL_COMPILER_VERIFICATION_LAYERS_H

#include "compiler/verification/Evaluator.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"

namespace tensel::verification {

/// What a layer is given from outside: a weight, by its symbol, or (null) an argument of the function, by its number.
using Given = std::pair<mlir::StringAttr, unsigned>;

/// A run of equal layers, each of `size` ops. Ops without operands (constants, weights that are loaded) belong to no layer.
///
/// Op i of a layer has the attributes and types of op i of any other, and each of its operands is in every layer
///   - a constant of this value,
///   - the same value, made before the run or in one of its layers,
///   - or what the same op of the same layer, or of the layer before it, gives,
///   - or a weight or an argument, of one type: the same one in all layers, or one that no other layer has.
/// What lies behind the run uses only the last layer's values; the function may return what all of them make.
struct Layers {
  struct Place {
    unsigned layer, what; ///< things of the same kind have one `what` in all layers
    bool operator==(const Place &) const = default;
  };
  unsigned count = 0, size = 0;
  std::vector<mlir::Operation *> ops;      ///< layer by layer
  llvm::DenseMap<Given, Place> given;      ///< what is another one in each layer
  llvm::DenseMap<unsigned, Place> results; ///< of the function, as far as layers make them

  llvm::ArrayRef<mlir::Operation *> layer(unsigned k) const { return llvm::ArrayRef(ops).slice(size_t(k) * size, size); }
};

/// A function's runs of at least `leastLayers`, as far as they are found: every run with the places to cut it into layers that give
/// different layers the same weights and arguments.
constexpr unsigned leastLayers = 3;
struct LayeredFunction {
  explicit LayeredFunction(mlir::func::FuncOp function);

  mlir::func::FuncOp function;
  llvm::DenseSet<Given> uses; ///< weights and arguments that something in the function uses
  std::vector<std::vector<Layers>> runs;
};

/// Two versions of a function with the same layers: as many, in the same order, each with the same weights, arguments and results in the
/// same roles. A weight that only the version after has must hold, in every layer, what ops on this layer's weights give in the version
/// before; and a weight that both have must be the same one.
struct EqualLayers {
  Representatives before, after;
  unsigned count = 0; ///< layers that are equal; 0: each op has to be evaluated
};
EqualLayers equalLayers(const LayeredFunction &before, const LayeredFunction &after, WeightResolver &weights);

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_LAYERS_H
