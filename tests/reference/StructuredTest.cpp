// Contractions, windows, reductions, sorting and the composites.
#include "tests/reference/Harness.h"
#include <chrono>
#include <cmath>

using namespace tensel::reference;

namespace {

class Structured : public ReferenceTest {
protected:
  /// One op on %x (and %y) with declared types.
  static std::string one(const std::string &op, const std::vector<std::string> &types, const std::string &result,
                         const std::string &names = "%x") {
    std::string arguments, operands;
    const char *all[] = {"%x", "%y", "%z"};
    for (size_t i = 0; i < types.size(); ++i) {
      arguments += std::string(i ? ", " : "") + all[i] + ": " + types[i];
      operands += (i ? ", " : "") + types[i];
    }
    return "func.func @f(" + arguments + ") -> " + result + " { %0 = " + op + " : (" + operands + ") -> " + result +
           " return %0 : " + result + " }";
  }
  static Doubles count(int64_t n, double first = 1) {
    Doubles values(n);
    for (int64_t i = 0; i < n; ++i)
      values[i] = first + static_cast<double>(i);
    return values;
  }
};

TEST_F(Structured, Matmul) {
  // [[1 2 3], [4 5 6]] x [[1 2], [3 4], [5 6]]
  expect(one("graph.matmul %x, %y", {"tensor<2x3xf32>", "tensor<3x2xf32>"}, "tensor<2x2xf32>"),
         {f32({2, 3}, count(6)), f32({3, 2}, count(6))}, {2, 2}, {22, 28, 49, 64});
  // [1 3 5; 2 4 6] read from [3, 2] by transpose_rhs and the lhs by transpose_lhs.
  expect(one("graph.matmul %x, %y {transpose_lhs = true, transpose_rhs = true}", {"tensor<3x2xf32>", "tensor<2x3xf32>"},
             "tensor<2x2xf32>"),
         {f32({3, 2}, {1, 4, 2, 5, 3, 6}), f32({2, 3}, {1, 3, 5, 2, 4, 6})}, {2, 2}, {22, 28, 49, 64});
}

TEST_F(Structured, MatmulBroadcastsBatches) {
  // Two [1, 2] matrices (dim 0) times three [2, 1] matrices (dim 1).
  expect(one("graph.matmul %x, %y", {"tensor<2x1x1x2xf32>", "tensor<3x2x1xf32>"}, "tensor<2x3x1x1xf32>"),
         {f32({2, 1, 1, 2}, {1, 2, 3, 4}), f32({3, 2, 1}, {1, 0, 0, 1, 1, 1})}, {2, 3, 1, 1}, {1, 2, 3, 3, 4, 7});
}

TEST_F(Structured, MatmulOfIntegersWraps) {
  std::string i8 = "tensor<1x2xi8>";
  expect(one("graph.matmul %x, %y", {i8, "tensor<2x1xi8>"}, "tensor<1x1xi8>"),
         {Tensor::of(Kind::I8, {1, 2}, llvm::ArrayRef<int64_t>({100, 100})),
          Tensor::of(Kind::I8, {2, 1}, llvm::ArrayRef<int64_t>({1, 2}))},
         {1, 1}, {44});
}

TEST_F(Structured, WideMatmulCrossesPanels) {
  // Rows of ones: every column sums its 5 elements k * 70 + j.
  Doubles sums;
  for (int j = 0; j < 70; ++j)
    sums.push_back(5 * j + 70 * (0 + 1 + 2 + 3 + 4));
  Doubles expected;
  for (int r = 0; r < 6; ++r)
    expected.insert(expected.end(), sums.begin(), sums.end());
  expect(one("graph.matmul %x, %y", {"tensor<6x5xf32>", "tensor<5x70xf32>"}, "tensor<6x70xf32>"),
         {f32({6, 5}, Doubles{1}), f32({5, 70}, count(350, 0))}, {6, 70}, expected);
}

TEST_F(Structured, BlockedMatmulOfHalves) {
  Doubles elements(16, 1.0);
  elements[8] = 3; // column 0 of the second step
  expect(one("graph.blocked_matmul %x, %y {columns = 1 : i64}", {"tensor<1x2xf32>", "tensor<1x2x8xbf16>"}, "tensor<1x1xf32>"),
         {f32({1, 2}, {5, 0.5}), Tensor::of(Kind::BF16, {1, 2, 8}, elements)}, {1, 1}, {6.5});
}

TEST_F(Structured, BlockedMatmul) {
  // Columns 1 2 | 3 4 | 5 and one beyond that nobody reads; [1 10] picks their rows.
  expect(one("graph.blocked_matmul %x, %y {columns = 5 : i64}", {"tensor<1x2xf32>", "tensor<3x2x2xf32>"}, "tensor<1x5xf32>"),
         {f32({1, 2}, {1, 10}), f32({3, 2, 2}, {1, 2, 1, 2, 3, 4, 3, 4, 5, 99, 5, 99})}, {1, 5}, {11, 22, 33, 44, 55});
}

TEST_F(Structured, Convolution) {
  // 3x3 image 1..9, 2x2 kernel of ones.
  expect(one("graph.conv %x, %y {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>}",
             {"tensor<1x1x3x3xf32>", "tensor<1x1x2x2xf32>"}, "tensor<1x1x2x2xf32>"),
         {f32({1, 1, 3, 3}, count(9)), f32({1, 1, 2, 2}, Doubles{1})}, {1, 1, 2, 2}, {12, 16, 24, 28});
  // Dilation 2 takes the corners: 1 + 2*3 + 3*7 + 4*9.
  expect(one("graph.conv %x, %y {strides = array<i64: 1, 1>, dilations = array<i64: 2, 2>}",
             {"tensor<1x1x3x3xf32>", "tensor<1x1x2x2xf32>"}, "tensor<1x1x1x1xf32>"),
         {f32({1, 1, 3, 3}, count(9)), f32({1, 1, 2, 2}, count(4))}, {1, 1, 1, 1}, {64});
}

TEST_F(Structured, GroupedStridedConvolution) {
  // Two groups of one channel; stride 2 takes elements 0 and 2, each plus half its neighbour... kernel [1, 10].
  expect(one("graph.conv %x, %y {strides = array<i64: 2>, dilations = array<i64: 1>, groups = 2 : i64}",
             {"tensor<1x2x4xf32>", "tensor<2x1x2xf32>"}, "tensor<1x2x2xf32>"),
         {f32({1, 2, 4}, count(8)), f32({2, 1, 2}, {1, 10, 1, 100})}, {1, 2, 2}, {21, 43, 605, 807});
}

TEST_F(Structured, TransposedConvolution) {
  // Input [1 2], kernel [1 1 1], stride 2: 1 1 1+2 2 2.
  expect(one("graph.conv_transpose %x, %y {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 0>, "
             "pads_high = array<i64: 0>, output_padding = array<i64: 0>}",
             {"tensor<1x1x2xf32>", "tensor<1x1x3xf32>"}, "tensor<1x1x5xf32>"),
         {f32({1, 1, 2}, {1, 2}), f32({1, 1, 3}, {1, 1, 1})}, {1, 1, 5}, {1, 1, 3, 2, 2});
}

TEST_F(Structured, Reductions) {
  Tensor x = f32({2, 3}, {1, 2, 3, 4, 5, 6});
  std::string type = "tensor<2x3xf32>";
  expect(one("graph.reduce sum %x {axes = array<i64: 1>}", {type}, "tensor<2xf32>"), {x}, {2}, {6, 15});
  expect(one("graph.reduce mean %x {axes = array<i64: 0>, keep_dims = true}", {type}, "tensor<1x3xf32>"), {x}, {1, 3},
         {2.5, 3.5, 4.5});
  expect(one("graph.reduce prod %x {axes = array<i64: 0, 1>}", {type}, "tensor<f32>"), {x}, {}, {720});
  expect(one("graph.reduce max %x {axes = array<i64>}", {type}, type), {x}, {2, 3}, {1, 2, 3, 4, 5, 6});
}

TEST_F(Structured, EmptyReductions) {
  Tensor none(Kind::F32, {2, 0});
  expect(one("graph.reduce sum %x {axes = array<i64: 1>}", {"tensor<2x0xf32>"}, "tensor<2xf32>"), {none}, {2}, {0, 0});
  expect(one("graph.reduce max %x {axes = array<i64: 1>}", {"tensor<2x0xf32>"}, "tensor<2xf32>"), {none}, {2},
         {-INFINITY, -INFINITY});
  expect(one("graph.reduce mean %x {axes = array<i64: 1>}", {"tensor<2x0xf32>"}, "tensor<2xf32>"), {none}, {2}, {NAN, NAN});
  expect(one("graph.reduce min %x {axes = array<i64: 0>}", {"tensor<0xi8>"}, "tensor<i8>"), {Tensor(Kind::I8, {0})}, {}, {127});
}

TEST_F(Structured, ArgReductions) {
  Tensor x = f32({2, 3}, {1, 3, 3, 0, -1, -1});
  expect(one("graph.arg_reduce max %x {axis = 1 : i64}", {"tensor<2x3xf32>"}, "tensor<2xi64>"), {x}, {2}, {1, 0});
  expect(one("graph.arg_reduce max %x {axis = 1 : i64, select_last = true}", {"tensor<2x3xf32>"}, "tensor<2xi64>"), {x}, {2},
         {2, 0});
  expect(one("graph.arg_reduce min %x {axis = 0 : i64, keep_dims = true}", {"tensor<2x3xf32>"}, "tensor<1x3xi64>"), {x}, {1, 3},
         {1, 1, 1});
}

TEST_F(Structured, Cumulate) {
  Tensor x = f32({4}, {1, 2, 3, 4});
  std::string type = "tensor<4xf32>";
  expect(one("graph.cumulate sum %x {axis = 0 : i64}", {type}, type), {x}, {4}, {1, 3, 6, 10});
  expect(one("graph.cumulate sum %x {axis = 0 : i64, exclusive = true, reverse = true}", {type}, type), {x}, {4}, {9, 7, 4, 0});
  expect(one("graph.cumulate prod %x {axis = 0 : i64, exclusive = true}", {type}, type), {x}, {4}, {1, 1, 2, 6});
}

TEST_F(Structured, TopK) {
  std::string text =
      "func.func @f(%x: tensor<2x4xf32>) -> (tensor<2x2xf32>, tensor<2x2xi64>) {"
      " %k = graph.constant dense<2> : tensor<1xi64>"
      " %0:2 = graph.topk %x, %k {axis = 1 : i64} : (tensor<2x4xf32>, tensor<1xi64>) -> (tensor<2x2xf32>, tensor<2x2xi64>)"
      " return %0#0, %0#1 : tensor<2x2xf32>, tensor<2x2xi64> }";
  auto results = run(text, {f32({2, 4}, {1, 5, 5, 2, 9, 8, 7, 6})});
  ASSERT_EQ(results.size(), 2u) << errors;
  EXPECT_EQ(results[0].readAll<double>(), (Doubles{5, 5, 9, 8}));
  EXPECT_EQ(results[1].readAll<double>(), (Doubles{1, 2, 0, 1}));
}

TEST_F(Structured, Pools) {
  std::string in = "tensor<1x1x3x3xf32>";
  std::string window = "{kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = "
                       "array<i64: 1, 1>, pads_high = array<i64: 0, 0>";
  Tensor x = f32({1, 1, 3, 3}, count(9));
  expect(one("graph.pool max %x " + window + "}", {in}, "tensor<1x1x2x2xf32>"), {x}, {1, 1, 2, 2}, {1, 3, 7, 9});
  expect(one("graph.pool mean %x " + window + "}", {in}, "tensor<1x1x2x2xf32>"), {x}, {1, 1, 2, 2}, {1, 2.5, 5.5, 7});
  expect(one("graph.pool mean %x " + window + ", count_include_pad = true}", {in}, "tensor<1x1x2x2xf32>"), {x}, {1, 1, 2, 2},
         {0.25, 1.25, 2.75, 7});
  expect(one("graph.max_pool_indices %x " + window + "}", {in}, "tensor<1x1x2x2xi64>"), {x}, {1, 1, 2, 2}, {0, 2, 6, 8});
  expect(one("graph.max_pool_indices %x " + window + ", column_major = true}", {in}, "tensor<1x1x2x2xi64>"), {x}, {1, 1, 2, 2},
         {0, 6, 2, 8});
}

TEST_F(Structured, Softmax) {
  expect(one("graph.softmax %x {axis = 1 : i64}", {"tensor<1x3xf32>"}, "tensor<1x3xf32>"), {f32({1, 3}, {1, 2, 3})}, {1, 3},
         {0.0900306, 0.2447285, 0.6652410}, 1e-6);
  expect(one("graph.softmax %x {axis = 1 : i64, log = true}", {"tensor<?x?xf32>"}, "tensor<?x?xf32>"),
         {f32({1, 2}, {1000, 1000})}, {1, 2}, {-0.6931472, -0.6931472}, 1e-6);
}

TEST_F(Structured, LayerNorm) {
  // Mean 2, variance 2/3: (-1, 0, 1) / 0.8164966.
  expect(one("graph.layer_norm %x, %y {axis = 1 : i64, epsilon = 0.0 : f64}", {"tensor<1x3xf32>", "tensor<3xf32>"},
             "tensor<1x3xf32>"),
         {f32({1, 3}, {1, 2, 3}), f32({3}, {1, 1, 2})}, {1, 3}, {-1.2247449, 0, 2.4494897}, 1e-6);
}

TEST_F(Structured, ContractionsAreFastEnough) {
  // 3x3 convolution of 64 channels over 56x56: 116 million multiply-adds.
  auto begin = std::chrono::steady_clock::now();
  auto results = run(one("graph.conv %x, %y {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>}",
                         {"tensor<1x64x58x58xf32>", "tensor<64x64x3x3xf32>"}, "tensor<1x64x56x56xf32>"),
                     {f32({1, 64, 58, 58}, Doubles{1}), f32({64, 64, 3, 3}, Doubles{1})});
  ASSERT_EQ(results.size(), 1u) << errors;
  EXPECT_EQ(results[0].getDouble(100), 576);
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  RecordProperty("seconds", std::to_string(seconds.count()));
  EXPECT_LT(seconds.count(), 1.0);
}

} // namespace
