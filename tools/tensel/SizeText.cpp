// See SizeText.h.
#include "tools/tensel/SizeText.h"

#include "runtime/package/SizeExpr.h"
#include <algorithm>
#include <optional>

namespace tensel::cli {
namespace {
SizeSum constant(int64_t value) { return value ? SizeSum{{{}, value}} : SizeSum{}; }

std::optional<int64_t> constantOf(const SizeSum &sum) {
  if (sum.empty())
    return 0;
  return sum.size() == 1 && sum.begin()->first.empty() ? std::optional(sum.begin()->second) : std::nullopt;
}

void add(SizeSum &to, const std::vector<std::string> &factors, int64_t coefficient) {
  if ((to[factors] += coefficient) == 0)
    to.erase(factors);
}

SizeSum times(const SizeSum &a, const SizeSum &b) {
  SizeSum product;
  for (const auto &[left, x] : a)
    for (const auto &[right, y] : b) {
      std::vector<std::string> factors = left;
      factors.insert(factors.end(), right.begin(), right.end());
      std::sort(factors.begin(), factors.end());
      add(product, factors, x * y);
    }
  return product;
}

const char *nameOf(rt::SizeOp op) {
  switch (op) {
  case rt::SizeOp::FloorDiv:
    return "floordiv";
  case rt::SizeOp::CeilDiv:
    return "ceildiv";
  case rt::SizeOp::Max:
    return "max";
  case rt::SizeOp::Min:
    return "min";
  default:
    return "mod";
  }
}

SizeSum apply(rt::SizeOp op, const SizeSum &a, const SizeSum &b) {
  if (op == rt::SizeOp::Add)
    return a + b;
  if (op == rt::SizeOp::Sub)
    return a + times(b, constant(-1));
  if (op == rt::SizeOp::Mul)
    return times(a, b);
  std::optional<int64_t> x = constantOf(a), y = constantOf(b);
  int64_t folded = 0;
  if (x && y) {
    const int64_t words[] = {0, *x, 0, *y, static_cast<int64_t>(op), 0};
    if (rt::evalSizeExpr(words, 6, nullptr, 0, folded) == rt::SizeExprResult::Ok)
      return constant(folded);
  }
  return {{{std::string(nameOf(op)) + "(" + textOf(a) + ", " + textOf(b) + ")"}, 1}};
}
} // namespace

SizeSum operator+(const SizeSum &a, const SizeSum &b) {
  SizeSum sum = a;
  for (const auto &[factors, coefficient] : b)
    add(sum, factors, coefficient);
  return sum;
}

SizeSum readSizeSum(const std::vector<int64_t> &expression, const std::vector<std::string> &symbols) {
  std::vector<SizeSum> stack; // the package's verifier has seen that it is well formed
  for (size_t i = 0; i + 1 < expression.size(); i += 2) {
    const auto op = static_cast<rt::SizeOp>(expression[i]);
    const int64_t argument = expression[i + 1];
    if (op == rt::SizeOp::Const) {
      stack.push_back(constant(argument));
    } else if (op == rt::SizeOp::Symbol) {
      stack.push_back({{{symbols[static_cast<size_t>(argument)]}, 1}});
    } else {
      SizeSum right = std::move(stack.back());
      stack.pop_back();
      stack.back() = apply(op, stack.back(), right);
    }
  }
  return stack.empty() ? SizeSum{} : stack.back();
}

bool isAtMost(const SizeSum &a, const SizeSum &b) {
  auto coefficient = [](const SizeSum &sum, const std::vector<std::string> &factors) {
    auto found = sum.find(factors);
    return found == sum.end() ? 0 : found->second;
  };
  return std::all_of(a.begin(), a.end(), [&](const auto &term) { return term.second <= coefficient(b, term.first); }) &&
         std::all_of(b.begin(), b.end(), [&](const auto &term) { return coefficient(a, term.first) <= term.second; });
}

std::string textOf(const SizeSum &sum) {
  std::string text;
  for (auto term = sum.rbegin(); term != sum.rend(); ++term) { // the constant comes last
    const auto &[factors, coefficient] = *term;
    if (!text.empty())
      text += coefficient < 0 ? " - " : " + ";
    else if (coefficient < 0)
      text += "-";
    const uint64_t magnitude = coefficient < 0 ? 0 - static_cast<uint64_t>(coefficient) : static_cast<uint64_t>(coefficient);
    std::string product = magnitude != 1 || factors.empty() ? std::to_string(magnitude) : "";
    for (const std::string &factor : factors)
      product += (product.empty() ? "" : "*") + factor;
    text += product;
  }
  return text.empty() ? "0" : text;
}
} // namespace tensel::cli
