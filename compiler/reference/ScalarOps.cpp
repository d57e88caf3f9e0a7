// Evaluates one arith or math op on a block of elements, straight from the op's definition. Floats are computed in
// double and rounded to the op's type, which for + - * / sqrt is the same as computing in that type.
#include "compiler/reference/ScalarOps.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace tensel::reference;
using Code = ScalarProgram::Code;

static uint64_t wrap(uint64_t value, unsigned width) { return width < 64 ? value & ((uint64_t(1) << width) - 1) : value; }

static int64_t signedOf(uint64_t value, unsigned width) {
  unsigned shift = 64 - width;
  return static_cast<int64_t>(value << shift) >> shift;
}

static bool compareFloats(arith::CmpFPredicate predicate, double a, double b) {
  using P = arith::CmpFPredicate;
  bool unordered = std::isnan(a) || std::isnan(b);
  switch (predicate) {
  case P::AlwaysFalse:
    return false;
  case P::OEQ:
    return a == b;
  case P::OGT:
    return a > b;
  case P::OGE:
    return a >= b;
  case P::OLT:
    return a < b;
  case P::OLE:
    return a <= b;
  case P::ONE:
    return !unordered && a != b;
  case P::ORD:
    return !unordered;
  case P::UEQ:
    return unordered || a == b;
  case P::UGT:
    return unordered || a > b;
  case P::UGE:
    return unordered || a >= b;
  case P::ULT:
    return unordered || a < b;
  case P::ULE:
    return unordered || a <= b;
  case P::UNE:
    return a != b;
  case P::UNO:
    return unordered;
  case P::AlwaysTrue:
    return true;
  }
  return false;
}

static bool compareIntegers(arith::CmpIPredicate predicate, uint64_t a, uint64_t b, unsigned width) {
  using P = arith::CmpIPredicate;
  int64_t x = signedOf(a, width), y = signedOf(b, width);
  switch (predicate) {
  case P::eq:
    return a == b;
  case P::ne:
    return a != b;
  case P::slt:
    return x < y;
  case P::sle:
    return x <= y;
  case P::sgt:
    return x > y;
  case P::sge:
    return x >= y;
  case P::ult:
    return a < b;
  case P::ule:
    return a <= b;
  case P::ugt:
    return a > b;
  case P::uge:
    return a >= b;
  }
  return false;
}

uint64_t tensel::reference::toInteger(double value, unsigned width, bool isSigned) {
  if (std::isnan(value))
    return 0;
  double high = std::ldexp(1.0, isSigned ? width - 1 : width), low = isSigned ? -high : 0.0;
  if (value >= high)
    return isSigned ? wrap(~uint64_t(0), width) >> 1 : wrap(~uint64_t(0), width);
  if (value <= low)
    return isSigned ? uint64_t(1) << (width - 1) : 0;
  return wrap(isSigned ? static_cast<uint64_t>(static_cast<int64_t>(value)) : static_cast<uint64_t>(value), width);
}

void tensel::reference::execute(const ScalarProgram::Instruction &instruction, Slot *slots, int64_t block, int64_t n) {
  Slot *result = slots + instruction.result * block;
  const Slot *a = slots + instruction.operands[0] * block, *b = slots + instruction.operands[1] * block,
             *c = slots + instruction.operands[2] * block;
  unsigned width = instruction.width, resultWidth = instruction.resultWidth;

  auto round = [&] {
    if (instruction.rounding == Kind::F32) {
      for (int64_t i = 0; i < n; ++i)
        result[i].f = static_cast<float>(result[i].f);
    } else if (instruction.rounding != Kind::F64) {
      for (int64_t i = 0; i < n; ++i)
        result[i].f = roundTo(instruction.rounding, result[i].f);
    }
  };
  auto unary = [&](auto f) {
    for (int64_t i = 0; i < n; ++i)
      result[i].f = f(a[i].f);
    round();
  };
  auto binary = [&](auto f) {
    for (int64_t i = 0; i < n; ++i)
      result[i].f = f(a[i].f, b[i].f);
    round();
  };
  auto integer = [&](auto f) {
    for (int64_t i = 0; i < n; ++i)
      result[i].u = wrap(f(a[i].u, b[i].u), width);
  };
  auto onSigned = [&](auto f) {
    for (int64_t i = 0; i < n; ++i)
      result[i].u = wrap(static_cast<uint64_t>(f(signedOf(a[i].u, width), signedOf(b[i].u, width))), width);
  };

  switch (instruction.code) {
  case Code::addF:
    return binary([](double x, double y) { return x + y; });
  case Code::subF:
    return binary([](double x, double y) { return x - y; });
  case Code::mulF:
    return binary([](double x, double y) { return x * y; });
  case Code::divF:
    return binary([](double x, double y) { return x / y; });
  case Code::remF:
    return binary([](double x, double y) { return std::fmod(x, y); });
  case Code::negF:
    return unary([](double x) { return -x; });
  case Code::maximumF:
    return binary([](double x, double y) {
      if (std::isnan(x) || std::isnan(y))
        return std::numeric_limits<double>::quiet_NaN();
      return x == y ? (std::signbit(x) ? y : x) : std::max(x, y);
    });
  case Code::minimumF:
    return binary([](double x, double y) {
      if (std::isnan(x) || std::isnan(y))
        return std::numeric_limits<double>::quiet_NaN();
      return x == y ? (std::signbit(x) ? x : y) : std::min(x, y);
    });
  case Code::maxNumF:
    return binary([](double x, double y) { return std::fmax(x, y); });
  case Code::minNumF:
    return binary([](double x, double y) { return std::fmin(x, y); });
  case Code::compareF:
    for (int64_t i = 0; i < n; ++i)
      result[i].u = compareFloats(static_cast<arith::CmpFPredicate>(instruction.predicate), a[i].f, b[i].f);
    return;
  case Code::convertF:
    return unary([](double x) { return x; });
  case Code::floatToSigned:
  case Code::floatToUnsigned:
    for (int64_t i = 0; i < n; ++i)
      result[i].u = toInteger(a[i].f, resultWidth, instruction.code == Code::floatToSigned);
    return;
  case Code::signedToFloat:
    for (int64_t i = 0; i < n; ++i)
      result[i].f = instruction.rounding == Kind::F32 ? static_cast<float>(signedOf(a[i].u, width))
                                                      : static_cast<double>(signedOf(a[i].u, width));
    return round();
  case Code::unsignedToFloat:
    for (int64_t i = 0; i < n; ++i)
      result[i].f = instruction.rounding == Kind::F32 ? static_cast<float>(a[i].u) : static_cast<double>(a[i].u);
    return round();
  case Code::addI:
    return integer([](uint64_t x, uint64_t y) { return x + y; });
  case Code::subI:
    return integer([](uint64_t x, uint64_t y) { return x - y; });
  case Code::mulI:
    return integer([](uint64_t x, uint64_t y) { return x * y; });
  case Code::divS:
    return onSigned([](int64_t x, int64_t y) {
      return y == 0 ? 0 : y == -1 ? static_cast<int64_t>(-static_cast<uint64_t>(x)) : x / y;
    });
  case Code::divU:
    return integer([](uint64_t x, uint64_t y) { return y ? x / y : 0; });
  case Code::remS:
    return onSigned([](int64_t x, int64_t y) { return y == 0 || y == -1 ? 0 : x % y; });
  case Code::remU:
    return integer([](uint64_t x, uint64_t y) { return y ? x % y : 0; });
  case Code::andI:
    return integer([](uint64_t x, uint64_t y) { return x & y; });
  case Code::orI:
    return integer([](uint64_t x, uint64_t y) { return x | y; });
  case Code::xorI:
    return integer([](uint64_t x, uint64_t y) { return x ^ y; });
  case Code::shiftLeft:
    return integer([&](uint64_t x, uint64_t y) { return y < width ? x << y : 0; });
  case Code::shiftRightS:
    for (int64_t i = 0; i < n; ++i)
      result[i].u = wrap(static_cast<uint64_t>(signedOf(a[i].u, width) >> std::min<uint64_t>(b[i].u, width - 1)), width);
    return;
  case Code::shiftRightU:
    return integer([&](uint64_t x, uint64_t y) { return y < width ? x >> y : 0; });
  case Code::maxS:
    return onSigned([](int64_t x, int64_t y) { return std::max(x, y); });
  case Code::maxU:
    return integer([](uint64_t x, uint64_t y) { return std::max(x, y); });
  case Code::minS:
    return onSigned([](int64_t x, int64_t y) { return std::min(x, y); });
  case Code::minU:
    return integer([](uint64_t x, uint64_t y) { return std::min(x, y); });
  case Code::compareI:
    for (int64_t i = 0; i < n; ++i)
      result[i].u = compareIntegers(static_cast<arith::CmpIPredicate>(instruction.predicate), a[i].u, b[i].u, width);
    return;
  case Code::signExtend:
    for (int64_t i = 0; i < n; ++i)
      result[i].u = wrap(static_cast<uint64_t>(signedOf(a[i].u, width)), resultWidth);
    return;
  case Code::resizeI:
    for (int64_t i = 0; i < n; ++i)
      result[i].u = wrap(a[i].u, resultWidth);
    return;
  case Code::select:
    for (int64_t i = 0; i < n; ++i)
      result[i] = a[i].u ? b[i] : c[i];
    return;
  case Code::absI:
    return onSigned([](int64_t x, int64_t) { return x < 0 ? static_cast<int64_t>(-static_cast<uint64_t>(x)) : x; });
  case Code::abs:
    return unary([](double x) { return std::fabs(x); });
  case Code::floor:
    return unary([](double x) { return std::floor(x); });
  case Code::ceil:
    return unary([](double x) { return std::ceil(x); });
  case Code::round:
    return unary([](double x) { return std::round(x); });
  case Code::roundEven:
    return unary([](double x) { return std::nearbyint(x); });
  case Code::trunc:
    return unary([](double x) { return std::trunc(x); });
  case Code::sqrt:
    return unary([](double x) { return std::sqrt(x); });
  case Code::rsqrt:
    return unary([](double x) { return 1 / std::sqrt(x); });
  case Code::cbrt:
    return unary([](double x) { return std::cbrt(x); });
  case Code::exp:
    return unary([](double x) { return std::exp(x); });
  case Code::exp2:
    return unary([](double x) { return std::exp2(x); });
  case Code::expm1:
    return unary([](double x) { return std::expm1(x); });
  case Code::log:
    return unary([](double x) { return std::log(x); });
  case Code::log2:
    return unary([](double x) { return std::log2(x); });
  case Code::log10:
    return unary([](double x) { return std::log10(x); });
  case Code::log1p:
    return unary([](double x) { return std::log1p(x); });
  case Code::sin:
    return unary([](double x) { return std::sin(x); });
  case Code::cos:
    return unary([](double x) { return std::cos(x); });
  case Code::tan:
    return unary([](double x) { return std::tan(x); });
  case Code::asin:
    return unary([](double x) { return std::asin(x); });
  case Code::acos:
    return unary([](double x) { return std::acos(x); });
  case Code::atan:
    return unary([](double x) { return std::atan(x); });
  case Code::sinh:
    return unary([](double x) { return std::sinh(x); });
  case Code::cosh:
    return unary([](double x) { return std::cosh(x); });
  case Code::tanh:
    return unary([](double x) { return std::tanh(x); });
  case Code::asinh:
    return unary([](double x) { return std::asinh(x); });
  case Code::acosh:
    return unary([](double x) { return std::acosh(x); });
  case Code::atanh:
    return unary([](double x) { return std::atanh(x); });
  case Code::erf:
    return unary([](double x) { return std::erf(x); });
  case Code::erfc:
    return unary([](double x) { return std::erfc(x); });
  case Code::pow:
    return binary([](double x, double y) { return std::pow(x, y); });
  case Code::atan2:
    return binary([](double x, double y) { return std::atan2(x, y); });
  case Code::copySign:
    return binary([](double x, double y) { return std::copysign(x, y); });
  case Code::fma:
    for (int64_t i = 0; i < n; ++i)
      result[i].f = std::fma(a[i].f, b[i].f, c[i].f);
    return round();
  }
}
