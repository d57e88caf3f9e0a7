// When two tensors count as the same, by the numeric class of what lies between them.
#ifndef TENSEL_COMPILER_VERIFICATION_COMPARE_H
#define TENSEL_COMPILER_VERIFICATION_COMPARE_H

#include "compiler/reference/Tensor.h"
#include <string>

namespace tensel::verification {

/// Of the floating type; of f32 for any other.
double unitRoundoff(reference::Kind kind);

/// Whether all bits are the same; NaNs are alike.
bool areSame(const reference::Tensor &found, const reference::Tensor &expected);

/// "2x3xf32, 4xi64".
std::string describeTypes(llvm::ArrayRef<reference::Tensor> tensors);

/// "" when areSame; else the first element that differs, with both values, or the types.
std::string differenceOf(const reference::Tensor &found, const reference::Tensor &expected);

/// numpy.allclose's rule: |found - expected| <= atol + rtol * |expected|; NaN equals NaN.
struct Tolerance {
  double rtol = 1e-5, atol = 1e-8;
};
/// "" within the tolerance, else the first element that is not.
std::string differenceBeyond(const reference::Tensor &found, const reference::Tensor &expected, const Tolerance &tolerance);

/// How many numbers are combined one after another on the way to a result.
struct Terms {
  double sum = 0;     ///< over all ops that ran
  double longest = 1; ///< of one op: K of a product of [M, K] and [K, N]
  /// Of the roundings to integers that the program asks for: the sum of their steps, each as a share of the largest number.
  double steps = 0;
};

/// How far rounding in another order may take a tensor from what the reference gives. Every element may be away from `exact`, the
/// reference in f64, by
///   4 * sqrt(terms.longest) * (the largest distance between `value`, the reference in its own types, and `exact`)
///   + (u * (terms.longest + 4 * sqrt(terms.sum)) + terms.steps) * (the largest magnitude), u being the unit roundoff of the type.
/// The distance says how much the ops at hand blow rounding errors up. The reference sums in f64 and rounds once an op, though; code that
/// rounds after every term of a sum is about sqrt(terms) times as far off, if roundings are independent. In a growing sum of numbers of
/// one sign they are not: like addends round alike, up to u of the sum a term, which is the second part's longest sum. Its square
/// root keeps the bound from being zero by chance. Where the program itself rounds, a last bit may decide about a whole step.
class Bound {
public:
  Bound(reference::Tensor value, reference::Tensor exact, Terms terms);

  /// "" within the bound, else the first element that is not. Integers may differ only where `value` and `exact` do; what is not
  /// finite in `value` or `exact` is not looked at where only one of them is not.
  std::string differenceOf(const reference::Tensor &found) const;
  /// The largest distance to `exact` as a share of what is allowed.
  double shareOf(const reference::Tensor &found) const;

private:
  bool isWithin(double found, int64_t index, double &share) const;
  reference::Tensor value, exact;
  double allowed = 0;
};

/// The largest distance of `found` from `expected` and the largest magnitude in `expected`; finite elements only.
struct Drift {
  double distance = 0, magnitude = 0;
  double share() const { return magnitude > 0 ? distance / magnitude : 0; }
};
Drift driftBetween(const reference::Tensor &found, const reference::Tensor &expected);

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_COMPARE_H
