// ONNX elementwise maths, comparisons, logic, casts: nearly one to one.
#include "frontend/onnx/import/Node.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;
using graph::ComparePredicate;

template <typename Op>
static LogicalResult unary(Node &n) {
  n.set(0, n.make<Op>(n.in(0)));
  return success();
}

/// Before opset 7 `axis` aligned operands; we start at 7, so both broadcast.
template <typename Op>
static LogicalResult binary(Node &n) {
  n.set(0, n.make<Op>(n.in(0), n.in(1)));
  return success();
}

template <typename Op>
static LogicalResult variadic(Node &n) {
  Value result = n.in(0);
  for (unsigned i = 1; i < n.numInputs(); ++i)
    result = n.make<Op>(result, n.in(i));
  n.set(0, result);
  return success();
}

static LogicalResult mean(Node &n) {
  Value result = n.in(0);
  for (unsigned i = 1; i < n.numInputs(); ++i)
    result = n.add(result, n.in(i));
  n.set(0, n.div(result, static_cast<double>(n.numInputs())));
  return success();
}

template <ComparePredicate predicate>
static LogicalResult compare(Node &n) {
  n.set(0, n.compare(predicate, n.in(0), n.in(1)));
  return success();
}

static LogicalResult mod(Node &n) {
  if (n.intAttr("fmod", 0))
    n.set(0, n.make<graph::RemOp>(n.in(0), n.in(1)));
  else
    n.set(0, n.make<graph::ModOp>(n.in(0), n.in(1)));
  return success();
}

/// The exponent may have another type; the result has the base's.
static LogicalResult power(Node &n) {
  Value base = n.in(0), exponent = n.in(1);
  Type type = Node::elem(base);
  if (isa<IntegerType>(type) && Node::isFloat(exponent))
    n.set(0, n.cast(n.pow(n.cast(base, Node::elem(exponent)), exponent), type));
  else
    n.set(0, n.pow(base, n.cast(exponent, type)));
  return success();
}

static LogicalResult clip(Node &n) {
  Value x = n.in(0);
  if (n.opset() < 11) {
    if (n.hasAttr("min"))
      x = n.max(x, n.floatAttr("min", 0));
    if (n.hasAttr("max"))
      x = n.min(x, n.floatAttr("max", 0));
  } else {
    if (n.has(1))
      x = n.max(x, n.in(1));
    if (n.has(2))
      x = n.min(x, n.in(2));
  }
  n.set(0, x);
  return success();
}

static LogicalResult castTo(Node &n) {
  Type to = n.typeAttr("to");
  if (!to)
    return n.fail("attribute 'to' is missing");
  n.set(0, n.cast(n.in(0), to));
  return success();
}

static LogicalResult castLike(Node &n) {
  n.set(0, n.cast(n.in(0), Node::elem(n.in(1))));
  return success();
}

static LogicalResult where(Node &n) {
  n.set(0, n.select(n.in(0), n.in(1), n.in(2)));
  return success();
}

static LogicalResult isInf(Node &n) {
  n.set(0, n.make<graph::IsInfOp>(n.in(0), n.intAttr("detect_positive", 1) != 0, n.intAttr("detect_negative", 1) != 0));
  return success();
}

static LogicalResult bitShift(Node &n) {
  if (n.stringAttr("direction", "") == "LEFT")
    n.set(0, n.make<graph::ShiftLeftOp>(n.in(0), n.in(1)));
  else
    n.set(0, n.make<graph::ShiftRightOp>(n.in(0), n.in(1)));
  return success();
}

static LogicalResult identity(Node &n) {
  n.set(0, n.in(0));
  return success();
}

void tensel::onnx::addElementwise(HandlerTable &t) {
  t["Abs"] = unary<graph::AbsOp>;
  t["Neg"] = unary<graph::NegOp>;
  t["Sign"] = unary<graph::SignOp>;
  t["Floor"] = unary<graph::FloorOp>;
  t["Ceil"] = unary<graph::CeilOp>;
  t["Round"] = unary<graph::RoundOp>;
  t["Sqrt"] = unary<graph::SqrtOp>;
  t["Reciprocal"] = unary<graph::ReciprocalOp>;
  t["Exp"] = unary<graph::ExpOp>;
  t["Log"] = unary<graph::LogOp>;
  t["Sin"] = unary<graph::SinOp>;
  t["Cos"] = unary<graph::CosOp>;
  t["Tan"] = unary<graph::TanOp>;
  t["Asin"] = unary<graph::AsinOp>;
  t["Acos"] = unary<graph::AcosOp>;
  t["Atan"] = unary<graph::AtanOp>;
  t["Sinh"] = unary<graph::SinhOp>;
  t["Cosh"] = unary<graph::CoshOp>;
  t["Tanh"] = unary<graph::TanhOp>;
  t["Asinh"] = unary<graph::AsinhOp>;
  t["Acosh"] = unary<graph::AcoshOp>;
  t["Atanh"] = unary<graph::AtanhOp>;
  t["Erf"] = unary<graph::ErfOp>;
  t["Sigmoid"] = unary<graph::SigmoidOp>;
  t["Relu"] = unary<graph::ReluOp>;
  t["Not"] = unary<graph::NotOp>;
  t["BitwiseNot"] = unary<graph::NotOp>;
  t["IsNaN"] = unary<graph::IsNanOp>;
  t["IsInf"] = isInf;
  t["Add"] = binary<graph::AddOp>;
  t["Sub"] = binary<graph::SubOp>;
  t["Mul"] = binary<graph::MulOp>;
  t["Div"] = binary<graph::DivOp>;
  t["And"] = binary<graph::AndOp>;
  t["Or"] = binary<graph::OrOp>;
  t["Xor"] = binary<graph::XorOp>;
  t["BitwiseAnd"] = binary<graph::AndOp>;
  t["BitwiseOr"] = binary<graph::OrOp>;
  t["BitwiseXor"] = binary<graph::XorOp>;
  t["BitShift"] = bitShift;
  t["Mod"] = mod;
  t["Pow"] = power;
  t["Max"] = variadic<graph::MaxOp>;
  t["Min"] = variadic<graph::MinOp>;
  t["Sum"] = variadic<graph::AddOp>;
  t["Mean"] = mean;
  t["Equal"] = compare<ComparePredicate::eq>;
  t["Less"] = compare<ComparePredicate::lt>;
  t["LessOrEqual"] = compare<ComparePredicate::le>;
  t["Greater"] = compare<ComparePredicate::gt>;
  t["GreaterOrEqual"] = compare<ComparePredicate::ge>;
  t["Where"] = where;
  t["Clip"] = clip;
  t["Cast"] = castTo;
  t["CastLike"] = castLike;
  t["Identity"] = identity;
}
