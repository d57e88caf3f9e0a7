// Compiles scalar bodies and runs them over broadcast operands; see ScalarProgram.h. ScalarOps.cpp evaluates the
// single instructions.
#include "compiler/reference/ScalarProgram.h"

#include "compiler/reference/ScalarOps.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::reference;
using Code = ScalarProgram::Code;

static std::optional<Code> codeOf(Operation *op) {
  return llvm::StringSwitch<std::optional<Code>>(op->getName().getStringRef())
      .Case("arith.addf", Code::addF)
      .Case("arith.subf", Code::subF)
      .Case("arith.mulf", Code::mulF)
      .Case("arith.divf", Code::divF)
      .Case("arith.remf", Code::remF)
      .Case("arith.negf", Code::negF)
      .Case("arith.maximumf", Code::maximumF)
      .Case("arith.minimumf", Code::minimumF)
      .Case("arith.maxnumf", Code::maxNumF)
      .Case("arith.minnumf", Code::minNumF)
      .Case("arith.cmpf", Code::compareF)
      .Cases({"arith.extf", "arith.truncf"}, Code::convertF)
      .Case("arith.fptosi", Code::floatToSigned)
      .Case("arith.fptoui", Code::floatToUnsigned)
      .Case("arith.sitofp", Code::signedToFloat)
      .Case("arith.uitofp", Code::unsignedToFloat)
      .Case("arith.addi", Code::addI)
      .Case("arith.subi", Code::subI)
      .Case("arith.muli", Code::mulI)
      .Case("arith.divsi", Code::divS)
      .Case("arith.divui", Code::divU)
      .Case("arith.remsi", Code::remS)
      .Case("arith.remui", Code::remU)
      .Case("arith.andi", Code::andI)
      .Case("arith.ori", Code::orI)
      .Case("arith.xori", Code::xorI)
      .Case("arith.shli", Code::shiftLeft)
      .Case("arith.shrsi", Code::shiftRightS)
      .Case("arith.shrui", Code::shiftRightU)
      .Case("arith.maxsi", Code::maxS)
      .Case("arith.maxui", Code::maxU)
      .Case("arith.minsi", Code::minS)
      .Case("arith.minui", Code::minU)
      .Case("arith.cmpi", Code::compareI)
      .Case("arith.extsi", Code::signExtend)
      .Cases({"arith.extui", "arith.trunci"}, Code::resizeI)
      .Case("arith.select", Code::select)
      .Case("math.absf", Code::abs)
      .Case("math.absi", Code::absI)
      .Case("math.floor", Code::floor)
      .Case("math.ceil", Code::ceil)
      .Case("math.round", Code::round)
      .Case("math.roundeven", Code::roundEven)
      .Case("math.trunc", Code::trunc)
      .Case("math.sqrt", Code::sqrt)
      .Case("math.rsqrt", Code::rsqrt)
      .Case("math.cbrt", Code::cbrt)
      .Case("math.exp", Code::exp)
      .Case("math.exp2", Code::exp2)
      .Case("math.expm1", Code::expm1)
      .Case("math.log", Code::log)
      .Case("math.log2", Code::log2)
      .Case("math.log10", Code::log10)
      .Case("math.log1p", Code::log1p)
      .Case("math.sin", Code::sin)
      .Case("math.cos", Code::cos)
      .Case("math.tan", Code::tan)
      .Case("math.asin", Code::asin)
      .Case("math.acos", Code::acos)
      .Case("math.atan", Code::atan)
      .Case("math.sinh", Code::sinh)
      .Case("math.cosh", Code::cosh)
      .Case("math.tanh", Code::tanh)
      .Case("math.asinh", Code::asinh)
      .Case("math.acosh", Code::acosh)
      .Case("math.atanh", Code::atanh)
      .Case("math.erf", Code::erf)
      .Case("math.erfc", Code::erfc)
      .Case("math.powf", Code::pow)
      .Case("math.atan2", Code::atan2)
      .Case("math.copysign", Code::copySign)
      .Case("math.fma", Code::fma)
      .Default(std::nullopt);
}

static uint8_t widthOf(Type type) { return isa<IntegerType>(type) ? type.getIntOrFloatBitWidth() : 0; }

static Slot constantSlot(Attribute value) {
  Slot slot;
  if (auto floating = dyn_cast<FloatAttr>(value)) {
    slot.f = floating.getValueAsDouble();
  } else {
    slot.u = cast<IntegerAttr>(value).getValue().getZExtValue();
  }
  return slot;
}

FailureOr<ScalarProgram> ScalarProgram::compile(graph::ElementwiseOpInterface op, bool f64) {
  Location loc = op.getLoc();
  OwningOpRef<ModuleOp> scratch = ModuleOp::create(UnknownLoc::get(op.getContext()));
  Block *body = scratch->getBody();
  OpBuilder b = OpBuilder::atBlockEnd(body);
  ScalarProgram program;
  DenseMap<Value, int> registers;
  // The arguments are the arguments of a block that is not part of the module (a module's takes none).
  Block arguments;
  for (Value operand : op->getOperands())
    registers[arguments.addArgument(graph::storageType(graph::elementTypeOf(operand)), loc)] = program.numRegisters++;
  Value result = op.buildScalar(b, loc, arguments.getArguments());
  LogicalResult known = success();
  for (Operation &scalar : *body) {
    int target = program.numRegisters++;
    if (scalar.getNumResults() == 1)
      registers[scalar.getResult(0)] = target;
    if (auto constant = dyn_cast<arith::ConstantOp>(scalar)) {
      program.constants.push_back({target, constantSlot(constant.getValue())});
      continue;
    }
    auto code = codeOf(&scalar);
    if (!code || scalar.getNumOperands() > 3) {
      known = op.emitError("the reference interpreter does not know the scalar op '")
              << scalar.getName() << "' of '" << op->getName() << "'";
      break;
    }
    Type type = scalar.getResult(0).getType();
    Instruction instruction{*code};
    instruction.result = target;
    instruction.width = widthOf(scalar.getOperand(0).getType());
    instruction.resultWidth = widthOf(type);
    if (isa<FloatType>(type) && !f64)
      instruction.rounding = kindOf(type).value_or(Kind::F64);
    if (auto compare = dyn_cast<arith::CmpFOp>(scalar))
      instruction.predicate = static_cast<uint8_t>(compare.getPredicate());
    if (auto compare = dyn_cast<arith::CmpIOp>(scalar))
      instruction.predicate = static_cast<uint8_t>(compare.getPredicate());
    for (auto [i, operand] : llvm::enumerate(scalar.getOperands()))
      instruction.operands[i] = registers.at(operand);
    program.instructions.push_back(instruction);
  }
  if (succeeded(known))
    program.resultRegister = registers.at(result);
  // The body uses the block's arguments: it goes first.
  scratch = nullptr;
  if (failed(known))
    return failure();
  return program;
}

namespace {
/// Reads one operand's elements in the order of the result's elements.
class OperandReader {
public:
  OperandReader(const Tensor &tensor, ArrayRef<int64_t> resultDims)
      : tensor(tensor), dims(resultDims), strides(resultDims.size(), 0) {
    int64_t stride = 1;
    for (int64_t i = tensor.getRank() - 1, lead = resultDims.size() - tensor.getRank(); i >= 0; --i) {
      strides[lead + i] = tensor.getDim(i) == 1 ? 0 : stride;
      stride *= tensor.getDim(i);
    }
    int64_t count = 1;
    for (int64_t dim : resultDims)
      count *= dim;
    isDense = tensor.getCount() == count;
  }

  /// Elements [begin, begin + n) of the broadcast operand.
  void read(int64_t begin, int64_t n, Slot *to) {
    if (isDense)
      return readDense(begin, n, to);
    // Position and offset of the first element, then step by step.
    SmallVector<int64_t> position(dims.size());
    int64_t offset = 0, rest = begin;
    for (int64_t d = dims.size() - 1; d >= 0; --d) {
      position[d] = rest % dims[d];
      rest /= dims[d];
      offset += position[d] * strides[d];
    }
    int64_t inner = dims.size() - 1;
    for (int64_t i = 0; i < n;) {
      int64_t run = std::min(n - i, dims[inner] - position[inner]);
      if (strides[inner] == 1) {
        readDense(offset, run, to + i);
      } else {
        readDense(offset, 1, to + i);
        std::fill(to + i + 1, to + i + run, to[i]);
      }
      i += run;
      offset += run * strides[inner];
      position[inner] += run;
      for (int64_t d = inner; position[d] == dims[d] && d > 0; --d) {
        offset += strides[d - 1] - position[d] * strides[d];
        position[d] = 0;
        ++position[d - 1];
      }
    }
  }

private:
  void readDense(int64_t begin, int64_t n, Slot *to) const {
    if (isFloat(tensor.getKind())) {
      tensor.read(begin, n, &to->f);
      return;
    }
    tensor.read(begin, n, &to->u);
    unsigned width = tensor.getKind() == Kind::Bool ? 1 : 8 * bytesOf(tensor.getKind());
    for (int64_t i = 0; i < n && width < 64; ++i)
      to[i].u &= (uint64_t(1) << width) - 1;
  }

  const Tensor &tensor;
  ArrayRef<int64_t> dims;
  SmallVector<int64_t> strides;
  bool isDense;
};
} // namespace

void ScalarProgram::run(ArrayRef<Tensor> operands, Tensor &result) const {
  constexpr int64_t block = 256;
  std::vector<Slot> registers(numRegisters * block);
  for (auto [index, value] : constants)
    std::fill_n(registers.begin() + index * block, block, value);
  SmallVector<OperandReader> readers;
  for (const Tensor &operand : operands)
    readers.emplace_back(operand, result.getDims());
  for (int64_t begin = 0; begin < result.getCount(); begin += block) {
    int64_t n = std::min(block, result.getCount() - begin);
    for (auto [i, reader] : llvm::enumerate(readers))
      reader.read(begin, n, &registers[i * block]);
    for (const Instruction &instruction : instructions)
      execute(instruction, registers.data(), block, n);
    const Slot *value = &registers[resultRegister * block];
    if (isFloat(result.getKind()))
      result.write(begin, n, &value->f);
    else
      result.write(begin, n, &value->u);
  }
}
