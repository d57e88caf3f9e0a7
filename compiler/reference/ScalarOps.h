// The instructions of scalar programs.
#ifndef TENSEL_COMPILER_REFERENCE_SCALAROPS_H
#define TENSEL_COMPILER_REFERENCE_SCALAROPS_H

#include "compiler/reference/ScalarProgram.h"

namespace tensel::reference {

/// Truncated to an integer of `width` bits; beyond its range the nearest end of it, NaN 0. (There the arith ops' results are not defined.)
uint64_t toInteger(double value, unsigned width, bool isSigned);

/// Named after the arith or math op; F: float, I: integer of either signedness, S: signed, U: unsigned.
enum class ScalarProgram::Code : uint8_t {
  addF,
  subF,
  mulF,
  divF,
  remF,
  negF,
  maximumF,
  minimumF,
  maxNumF,
  minNumF,
  compareF,
  convertF,
  floatToSigned,
  floatToUnsigned,
  signedToFloat,
  unsignedToFloat,
  addI,
  subI,
  mulI,
  divS,
  divU,
  remS,
  remU,
  andI,
  orI,
  xorI,
  shiftLeft,
  shiftRightS,
  shiftRightU,
  maxS,
  maxU,
  minS,
  minU,
  compareI,
  signExtend,
  resizeI,
  select,
  absI,
  abs,
  floor,
  ceil,
  round,
  roundEven,
  trunc,
  sqrt,
  rsqrt,
  cbrt,
  exp,
  exp2,
  expm1,
  log,
  log2,
  log10,
  log1p,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  erf,
  erfc,
  pow,
  atan2,
  copySign,
  fma
};

/// Executes one instruction on the first `n` elements of its registers; register r starts at slots[r * block].
void execute(const ScalarProgram::Instruction &instruction, Slot *slots, int64_t block, int64_t n);

} // namespace tensel::reference
#endif // TENSEL_COMPILER_REFERENCE_SCALAROPS_H
