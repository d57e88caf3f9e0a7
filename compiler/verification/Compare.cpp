// Comparisons; see Compare.h.
#include "compiler/verification/Compare.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace tensel::reference;

namespace tensel::verification {
namespace {
std::string typeText(const Tensor &tensor) {
  std::string text;
  for (int64_t dim : tensor.getDims())
    text += std::to_string(dim) + "x";
  return text + nameOf(tensor.getKind()).str();
}

std::string elementText(const Tensor &tensor, int64_t index) {
  if (isFloat(tensor.getKind())) {
    char text[40];
    std::snprintf(text, sizeof text, tensor.getKind() == Kind::F64 ? "%.17g" : "%.9g", tensor.getDouble(index));
    return text;
  }
  int64_t value = tensor.getInt(index);
  return isUnsigned(tensor.getKind()) ? std::to_string(static_cast<uint64_t>(value)) : std::to_string(value);
}

std::string differenceAt(const Tensor &found, const Tensor &expected, int64_t index, int64_t count) {
  std::string place;
  int64_t rest = index;
  for (int64_t dim : llvm::reverse(found.getDims())) {
    place = std::to_string(rest % dim) + (place.empty() ? "" : ", ") + place;
    rest /= dim;
  }
  return "element [" + place + "]: found " + elementText(found, index) + ", expected " + elementText(expected, index) + " (" +
         std::to_string(count) + " of " + std::to_string(found.getCount()) + " elements differ)";
}

bool areAlike(const Tensor &a, const Tensor &b) { return a.getKind() == b.getKind() && a.getDims() == b.getDims(); }

/// By bits, so that 0 is not -0; NaNs are alike.
bool isSameElement(const Tensor &a, const Tensor &b, int64_t index) {
  if (!isFloat(a.getKind()))
    return a.getInt(index) == b.getInt(index);
  double x = a.getDouble(index), y = b.getDouble(index);
  return (std::isnan(x) && std::isnan(y)) || (x == y && std::signbit(x) == std::signbit(y));
}

/// The first element for which `isGood` is false, and how many there are.
template <typename IsGood>
std::string firstBad(const Tensor &found, const Tensor &expected, IsGood isGood) {
  int64_t first = -1, count = 0;
  for (int64_t i = 0; i < found.getCount(); ++i)
    if (!isGood(i)) {
      first = first < 0 ? i : first;
      ++count;
    }
  return count ? differenceAt(found, expected, first, count) : "";
}
} // namespace

double unitRoundoff(Kind kind) {
  switch (kind) {
  case Kind::F64:
    return 0x1p-53;
  case Kind::F16:
    return 0x1p-11;
  case Kind::BF16:
    return 0x1p-8;
  default:
    return 0x1p-24;
  }
}

bool areSame(const Tensor &found, const Tensor &expected) {
  if (!areAlike(found, expected))
    return false;
  if (found.getBytes() == expected.getBytes())
    return true;
  for (int64_t i = 0; i < found.getCount(); ++i)
    if (!isSameElement(found, expected, i))
      return false;
  return true;
}

std::string describeTypes(llvm::ArrayRef<Tensor> tensors) {
  std::string text;
  for (const Tensor &tensor : tensors)
    text += (text.empty() ? "" : ", ") + typeText(tensor);
  return text;
}

std::string differenceOf(const Tensor &found, const Tensor &expected) {
  if (!areAlike(found, expected))
    return "found " + typeText(found) + ", expected " + typeText(expected);
  if (found.getBytes() == expected.getBytes())
    return "";
  return firstBad(found, expected, [&](int64_t i) { return isSameElement(found, expected, i); });
}

std::string differenceBeyond(const Tensor &found, const Tensor &expected, const Tolerance &tolerance) {
  if (!areAlike(found, expected))
    return "found " + typeText(found) + ", expected " + typeText(expected);
  return firstBad(found, expected, [&](int64_t i) {
    if (isSameElement(found, expected, i))
      return true;
    double x = found.getDouble(i), y = expected.getDouble(i);
    // An infinite number is its own tolerance.
    return x == y || (std::isfinite(x) && std::isfinite(y) && std::fabs(x - y) <= tolerance.atol + tolerance.rtol * std::fabs(y));
  });
}

Drift driftBetween(const Tensor &found, const Tensor &expected) {
  Drift drift;
  for (int64_t i = 0; i < std::min(found.getCount(), expected.getCount()); ++i) {
    double x = found.getDouble(i), y = expected.getDouble(i);
    if (!std::isfinite(x) || !std::isfinite(y))
      continue;
    drift.distance = std::max(drift.distance, std::fabs(x - y));
    drift.magnitude = std::max(drift.magnitude, std::fabs(y));
  }
  return drift;
}

Bound::Bound(Tensor heldValue, Tensor heldExact, Terms terms) : value(std::move(heldValue)), exact(std::move(heldExact)) {
  Drift own = driftBetween(value, exact);
  allowed = 4 * std::sqrt(terms.longest) * own.distance +
            (unitRoundoff(value.getKind()) * (terms.longest + 4 * std::sqrt(terms.sum)) + terms.steps) * own.magnitude;
}

bool Bound::isWithin(double found, int64_t index, double &share) const {
  double own = value.getDouble(index), true_ = exact.getDouble(index);
  if (!std::isfinite(own) || !std::isfinite(true_))
    return std::isfinite(own) != std::isfinite(true_) || found == own || (std::isnan(found) && std::isnan(own));
  if (!isFloat(value.getKind()))
    return found == own || own != true_;
  double distance = std::fabs(found - true_);
  share = std::max(share, allowed > 0 ? distance / allowed : distance > 0 ? HUGE_VAL : 0);
  return distance <= allowed; // false for NaN
}

std::string Bound::differenceOf(const Tensor &found) const {
  if (!areAlike(found, value))
    return "found " + typeText(found) + ", expected " + typeText(value);
  double share = 0;
  std::string text = firstBad(found, value, [&](int64_t i) { return isWithin(found.getDouble(i), i, share); });
  if (!text.empty() && isFloat(value.getKind())) {
    llvm::raw_string_ostream(text) << llvm::format("; allowed are %.3g", allowed);
  }
  return text;
}

double Bound::shareOf(const Tensor &found) const {
  double share = 0;
  for (int64_t i = 0; i < found.getCount(); ++i)
    (void)isWithin(found.getDouble(i), i, share);
  return share;
}
} // namespace tensel::verification
