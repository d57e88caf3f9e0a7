// See the header.
#include "passes/graph/ExampleSizes.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;

namespace tensel {
namespace {
bool isPrime(int64_t number) {
  for (int64_t factor = 2; factor * factor <= number; ++factor)
    if (number % factor == 0)
      return false;
  return true;
}
} // namespace

ExampleSizes::ExampleSizes(func::FuncOp func) {
  func.walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      if (auto tensor = dyn_cast<RankedTensorType>(type))
        taken.insert_range(tensor.getShape());
  });
}

std::optional<int64_t> ExampleSizes::of(AffineExpr expr) {
  SmallVector<AffineExpr> numbers;
  expr.walk([&](AffineExpr inner) {
    auto symbol = dyn_cast<AffineSymbolExpr>(inner);
    if (!symbol)
      return;
    int64_t &prime = primes[symbol.getPosition()];
    while (!prime)
      if (isPrime(++last) && !taken.contains(last))
        prime = last;
    for (unsigned s = numbers.size(); s <= symbol.getPosition(); ++s)
      numbers.push_back(getAffineSymbolExpr(s, expr.getContext()));
    numbers[symbol.getPosition()] = getAffineConstantExpr(prime, expr.getContext());
  });
  auto number = dyn_cast<AffineConstantExpr>(expr.replaceSymbols(numbers));
  return number ? std::optional(number.getValue()) : std::nullopt;
}
} // namespace tensel
