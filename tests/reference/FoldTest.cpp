// Constant folding: what becomes a constant, what a weight, what stays.
#include "compiler/constants/FoldConstants.h"
#include "mlir/IR/Verifier.h"
#include "tests/reference/Harness.h"

using namespace tensel::reference;

namespace {

class Fold : public ReferenceTest {
protected:
  /// The module after folding, printed without resources.
  std::string fold(const std::string &text, tensel::FoldOptions options = {}) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module) << errors;
    if (!module || failed(tensel::foldConstants(*module, weights, options)))
      return "";
    EXPECT_TRUE(succeeded(mlir::verify(*module))) << errors;
    std::string printed;
    llvm::raw_string_ostream stream(printed);
    module->print(stream, mlir::OpPrintingFlags().elideLargeResourceString(0));
    return printed;
  }
  static bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }
};

TEST_F(Fold, ChainsBecomeOneConstant) {
  std::string printed = fold(R"(
    func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {
      %a = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
      %b = graph.add %a, %a : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
      %c = graph.mul %b, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
      %0 = graph.add %x, %c : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
      return %0 : tensor<2xf32>
    })");
  EXPECT_TRUE(has(printed, "dense<[4.000000e+00, 1.600000e+01]>")) << printed;
  EXPECT_FALSE(has(printed, "graph.mul")) << printed;
  EXPECT_FALSE(has(printed, "dense<[1.0")) << printed;
}

TEST_F(Fold, LargeResultsBecomeWeights) {
  std::string printed = fold(R"(
    graph.weight @w : tensor<20x30xf32> data dense<1.0> : tensor<20x30xf32>
    func.func @f(%x: tensor<4x20xf32>) -> tensor<4x30xf32> {
      %w = graph.load_weight @w : tensor<20x30xf32>
      %t = graph.transpose %w {permutation = array<i64: 1, 0>} : (tensor<20x30xf32>) -> tensor<30x20xf32>
      %0 = graph.matmul %x, %t {transpose_rhs = true} : (tensor<4x20xf32>, tensor<30x20xf32>) -> tensor<4x30xf32>
      return %0 : tensor<4x30xf32>
    })");
  EXPECT_TRUE(has(printed, "graph.weight @folded : tensor<30x20xf32> data dense_resource<")) << printed;
  EXPECT_TRUE(has(printed, "graph.load_weight @folded")) << printed;
  EXPECT_FALSE(has(printed, "@w ")) << printed;
  auto results = Interpreter(weights).run(*module->getOps<mlir::func::FuncOp>().begin(), {f32({4, 20}, Doubles{1})});
  ASSERT_TRUE(succeeded(results)) << errors;
  EXPECT_EQ((*results)[0].getDouble(0), 20);
}

TEST_F(Fold, WideningOfHalvesWaits) {
  std::string text = R"(
    graph.weight @w : tensor<20x30xf16> data dense<1.0> : tensor<20x30xf16>
    func.func @f() -> tensor<20x30xf32> {
      %w = graph.load_weight @w : tensor<20x30xf16>
      %c = graph.cast %w {to = f32} : (tensor<20x30xf16>) -> tensor<20x30xf32>
      return %c : tensor<20x30xf32>
    })";
  tensel::FoldOptions options;
  options.keepsHalves = true;
  EXPECT_TRUE(has(fold(text, options), "graph.cast"));
  EXPECT_FALSE(has(fold(text), "graph.cast"));
}

TEST_F(Fold, WhatTwoFunctionsMakeAlikeIsMadeOnce) {
  std::string text = "graph.weight @w : tensor<20x30xf32> data dense<1.0> : tensor<20x30xf32>\n";
  for (const char *name : {"prefill", "decode"})
    text += "func.func @" + std::string(name) + R"(() -> tensor<30x20xf32> {
      %w = graph.load_weight @w : tensor<20x30xf32>
      %a = graph.neg %w : (tensor<20x30xf32>) -> tensor<20x30xf32>
      %t = graph.transpose %a {permutation = array<i64: 1, 0>} : (tensor<20x30xf32>) -> tensor<30x20xf32>
      return %t : tensor<30x20xf32>
    })";
  std::string printed = fold(text);
  auto weights = module->getOps<tensel::graph::WeightOp>();
  EXPECT_EQ(std::distance(weights.begin(), weights.end()), 1) << printed;
  EXPECT_FALSE(has(printed, "graph.transpose")) << printed;
}

TEST_F(Fold, SpreadingDataStays) {
  std::string text = R"(
    func.func @f() -> tensor<1000x1000xf32> {
      %a = graph.constant dense<1.0> : tensor<1xf32>
      %s = graph.constant dense<1000> : tensor<2xi64>
      %0 = graph.expand %a, %s : (tensor<1xf32>, tensor<2xi64>) -> tensor<1000x1000xf32>
      return %0 : tensor<1000x1000xf32>
    })";
  EXPECT_TRUE(has(fold(text), "graph.expand"));
  EXPECT_FALSE(has(fold(text, {.growthBytes = 1 << 24}), "graph.expand"));
  EXPECT_TRUE(has(fold(text, {.totalBytes = 1000, .growthBytes = 1 << 24}), "graph.expand"));
}

TEST_F(Fold, BranchesUseValuesFromOutside) {
  std::string printed = fold(R"(
    func.func @f(%c: tensor<i1>) -> tensor<?xi1> {
      %a = graph.constant dense<[3, 0]> : tensor<2xi64>
      %b = graph.cast %a {to = i1} : (tensor<2xi64>) -> tensor<2xi1>
      %0 = graph.if %c : tensor<i1> -> (tensor<?xi1>) {
        %1 = graph.not %b : (tensor<2xi1>) -> tensor<2xi1>
        graph.yield %1 : tensor<2xi1>
      } else {
        graph.yield %b : tensor<2xi1>
      }
      return %0 : tensor<?xi1>
    })");
  EXPECT_TRUE(has(printed, "dense<[true, false]>")) << printed;
  EXPECT_TRUE(has(printed, "dense<[false, true]>")) << printed;
}

TEST_F(Fold, WhatFailsStays) {
  std::string text = R"(
    func.func @f() -> tensor<?x?xf32> {
      %a = graph.constant dense<1.0> : tensor<4xf32>
      %b = graph.constant dense<3> : tensor<2xi64>
      %s = graph.add %b, %b : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
      %0 = graph.reshape %a, %s : (tensor<4xf32>, tensor<2xi64>) -> tensor<?x?xf32>
      return %0 : tensor<?x?xf32>
    })";
  module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  ASSERT_TRUE(module) << errors;
  EXPECT_TRUE(succeeded(tensel::foldConstants(*module, weights)));
  EXPECT_EQ(errors, "");
}

} // namespace
