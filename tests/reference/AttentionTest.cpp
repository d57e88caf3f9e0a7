// Attention through the reference interpreter, worked out by hand: with scores of 0 each query takes the mean of the values
// that it sees.
#include "tests/reference/Harness.h"

using namespace tensel::reference;

namespace {
class AttentionTest : public ReferenceTest {
protected:
  /// One head; queries of 0, four keys whose values are 1, 2, 4, 8.
  void expectMeans(const std::string &attributes, const std::string &operand, llvm::ArrayRef<Tensor> more,
                   const Doubles &values) {
    std::string extra = operand.empty() ? "" : operand + " %e ";
    std::string type = operand.empty() ? "" : operand == "positions" ? ", tensor<1x4xi64>" : ", tensor<1xi64>";
    std::string types = "tensor<1x4x1x2xf32>, tensor<1x4x1x2xf32>, tensor<1x4x1x1xf32>";
    std::string arguments = "%q: tensor<1x4x1x2xf32>, %k: tensor<1x4x1x2xf32>, %v: tensor<1x4x1x1xf32>";
    if (!operand.empty())
      arguments += ", %e: " + type.substr(2);
    llvm::SmallVector<Tensor> inputs = {f32({1, 4, 1, 2}, {0}), f32({1, 4, 1, 2}, {1, 2, 3, 4, 5, 6, 7, 8}),
                                        f32({1, 4, 1, 1}, {1, 2, 4, 8})};
    inputs.append(more.begin(), more.end());
    size_t mask = attributes.find(' ');
    expect("func.func @f(" + arguments + ") -> tensor<1x4x1x1xf32> { %0 = graph.attention " + attributes.substr(0, mask) +
               " %q, %k, %v " + extra + "{scale = 1.0 : f64" + attributes.substr(mask + 1) + "} : (" + types + type +
               ") -> tensor<1x4x1x1xf32> return %0 : tensor<1x4x1x1xf32> }",
           inputs, {1, 4, 1, 1}, values, 1e-6);
  }
};
} // namespace

TEST_F(AttentionTest, FullSeesAll) { expectMeans("full ", "", {}, {3.75, 3.75, 3.75, 3.75}); }

TEST_F(AttentionTest, CausalSeesWhatWasBefore) { expectMeans("causal ", "", {}, {1, 1.5, 7.0 / 3, 3.75}); }

TEST_F(AttentionTest, PositionsMoveQueries) {
  expectMeans("causal ", "positions", {i64({1, 4}, {3, 0, 1, 7})}, {3.75, 1, 1.5, 3.75});
}

TEST_F(AttentionTest, WindowForgets) { expectMeans("causal , window = 2 : i64", "", {}, {1, 1.5, 3, 6}); }

TEST_F(AttentionTest, PrefixIsSeenByAll) { expectMeans("causal ", "prefix", {i64({1}, {3})}, {7.0 / 3, 7.0 / 3, 7.0 / 3, 3.75}); }

TEST_F(AttentionTest, LengthsHideTheRest) { expectMeans("full ", "lengths", {i64({1}, {2})}, {1.5, 1.5, 1.5, 1.5}); }

TEST_F(AttentionTest, NothingSeenGivesZero) {
  expectMeans("full ", "lengths", {i64({1}, {0})}, {0, 0, 0, 0});
  expectMeans("causal , window = 1 : i64", "positions", {i64({1, 4}, {9, 9, 2, -5})}, {0, 0, 4, 0});
}

TEST_F(AttentionTest, ScoresAreScaledCappedAndBiased) {
  // One query of 2, keys 1 and -1, slopes of 1: scores tanh(2 * 0.5) * 1 + (t - 0) and its opposite.
  std::string text =
      "func.func @f(%q: tensor<1x1x1x1xf32>, %k: tensor<1x2x1x1xf32>, %v: tensor<1x2x1x1xf32>, %s: tensor<1xf32>) -> "
      "tensor<1x1x1x1xf32> { %0 = graph.attention full %q, %k, %v slopes %s {scale = 0.5 : f64, softcap = 1.0 : f64} "
      ": (tensor<1x1x1x1xf32>, tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32> "
      "return %0 : tensor<1x1x1x1xf32> }";
  double first = std::tanh(1.0), second = -std::tanh(1.0) + 1;
  double weight = std::exp(first) / (std::exp(first) + std::exp(second));
  expect(text, {f32({1, 1, 1, 1}, {2}), f32({1, 2, 1, 1}, {1, -1}), f32({1, 2, 1, 1}, {10, 20}), f32({1}, {1})}, {1, 1, 1, 1},
         {10 * weight + 20 * (1 - weight)}, 1e-5);
}

TEST_F(AttentionTest, QueriesAreScaledFirst) {
  // The products of 3e38 and 2 would overflow; scaled by 2^-127 they are 3.5 and -3.5.
  std::string text =
      "func.func @f(%q: tensor<1x1x1x1xf32>, %k: tensor<1x2x1x1xf32>, %v: tensor<1x2x1x1xf32>) -> tensor<1x1x1x1xf32> { "
      "%0 = graph.attention full %q, %k, %v {scale = 5.877471754111438e-39 : f64} : (tensor<1x1x1x1xf32>, tensor<1x2x1x1xf32>, "
      "tensor<1x2x1x1xf32>) -> tensor<1x1x1x1xf32> return %0 : tensor<1x1x1x1xf32> }";
  double score = 3e38 * 0x1p-127 * 2, weight = 1 / (1 + std::exp(-2 * score));
  expect(text, {f32({1, 1, 1, 1}, {3e38}), f32({1, 2, 1, 1}, {2, -2}), f32({1, 2, 1, 1}, {10, 20})}, {1, 1, 1, 1},
         {10 * weight + 20 * (1 - weight)}, 1e-5);
}
