// Elementwise ops: broadcasting, arithmetic in the IR's types and in f64, integers, casts.
#include "tests/reference/Harness.h"
#include <chrono>
#include <cmath>

using namespace tensel::reference;

namespace {

class Elementwise : public ReferenceTest {};

std::string unary(const std::string &op, const std::string &type, const std::string &resultType = "") {
  std::string result = resultType.empty() ? type : resultType;
  return "func.func @f(%x: " + type + ") -> " + result + " { %0 = " + op + " : (" + type + ") -> " + result +
         " return %0 : " + result + " }";
}
std::string binary(const std::string &op, const std::string &lhs, const std::string &rhs, const std::string &result) {
  return "func.func @f(%x: " + lhs + ", %y: " + rhs + ") -> " + result + " { %0 = " + op + " %x, %y : (" + lhs + ", " + rhs +
         ") -> " + result + " return %0 : " + result + " }";
}

TEST_F(Elementwise, AddBroadcastsAsNumPy) {
  expect(binary("graph.add", "tensor<2x1xf32>", "tensor<3xf32>", "tensor<2x3xf32>"), {f32({2, 1}, {10, 20}), f32({3}, {1, 2, 3})},
         {2, 3}, {11, 12, 13, 21, 22, 23});
}

TEST_F(Elementwise, BroadcastsOverManyBlocks) {
  // [3, 1, 50] + [7, 1] is 1,050 elements; each is 1000 * a + b.
  Doubles a(150), b(7), sum;
  for (int i = 0; i < 150; ++i)
    a[i] = 1000 * i;
  for (int i = 0; i < 7; ++i)
    b[i] = i;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 7; ++j)
      for (int k = 0; k < 50; ++k)
        sum.push_back(1000 * (i * 50 + k) + j);
  expect(binary("graph.add", "tensor<?x1x50xf32>", "tensor<7x?xf32>", "tensor<?x7x?xf32>"), {f32({3, 1, 50}, a), f32({7, 1}, b)},
         {3, 7, 50}, sum);
}

TEST_F(Elementwise, FloatsRoundToTheirType) {
  auto text = binary("graph.add", "tensor<f32>", "tensor<f32>", "tensor<f32>");
  expect(text, {f32({}, {1}), f32({}, {1e-9})}, {}, {1});
  auto inF64 = run(text, {f32({}, {1}), f32({}, {0x1p-40})}, {.f64 = true});
  ASSERT_EQ(inF64.size(), 1u) << errors;
  EXPECT_EQ(inF64[0].getKind(), Kind::F64);
  EXPECT_EQ(inF64[0].getDouble(0), 1 + 0x1p-40);
}

TEST_F(Elementwise, HalfsComputeInF32) {
  Tensor x = Tensor::of(Kind::F16, {2}, llvm::ArrayRef<double>({2049, 0.1}));
  // exp(f16(0.1)) = 1.10514..., in f16 1.10546875; 2048 is what 2049 rounds to.
  expect(unary("graph.exp %x", "tensor<2xf16>"), {Tensor::of(Kind::F16, {2}, llvm::ArrayRef<double>({0, 0.1}))}, {2},
         {1, 1.1054688}, 1e-6);
  EXPECT_EQ(x.getDouble(0), 2048);
}

TEST_F(Elementwise, Transcendentals) {
  expect(unary("graph.tanh %x", "tensor<2xf32>"), {f32({2}, {0.5, -20})}, {2}, {0.46211716, -1}, 1e-7);
  expect(unary("graph.erf %x", "tensor<1xf32>"), {f32({1}, {0.5})}, {1}, {0.5204999}, 1e-7);
  expect(unary("graph.sigmoid %x", "tensor<2xf32>"), {f32({2}, {0, -100})}, {2}, {0.5, 3.7835e-44}, 1e-6);
  expect(unary("graph.round %x", "tensor<4xf32>"), {f32({4}, {0.5, 1.5, -0.5, 2.4})}, {4}, {0, 2, 0, 2});
}

TEST_F(Elementwise, NanPropagatesInMax) {
  expect(binary("graph.max", "tensor<2xf32>", "tensor<2xf32>", "tensor<2xf32>"), {f32({2}, {NAN, 1}), f32({2}, {1, 2})}, {2},
         {NAN, 2});
  expect(unary("graph.relu %x", "tensor<3xf32>"), {f32({3}, {-1, 2, NAN})}, {3}, {0, 2, NAN});
}

TEST_F(Elementwise, IntegerDivisionNeverTraps) {
  std::string i32 = "tensor<4xi32>";
  Tensor x = Tensor::of(Kind::I32, {4}, llvm::ArrayRef<int64_t>({7, -7, INT32_MIN, 5}));
  Tensor y = Tensor::of(Kind::I32, {4}, llvm::ArrayRef<int64_t>({2, 2, -1, 0}));
  expect(binary("graph.div", i32, i32, i32), {x, y}, {4}, {3, -3, INT32_MIN, 0});
  expect(binary("graph.mod", i32, i32, i32), {x, y}, {4}, {1, 1, 0, 0});
  expect(binary("graph.rem", i32, i32, i32), {x, y}, {4}, {1, -1, 0, 0});
}

TEST_F(Elementwise, UnsignedBytesCompareAndShift) {
  std::string u8 = "tensor<2xui8>";
  Tensor x = Tensor::of(Kind::U8, {2}, llvm::ArrayRef<int64_t>({200, 3})),
         y = Tensor::of(Kind::U8, {2}, llvm::ArrayRef<int64_t>({100, 2}));
  expect(binary("graph.compare gt", u8, u8, "tensor<2xi1>"), {x, y}, {2}, {1, 1});
  expect(binary("graph.add", u8, u8, u8), {x, y}, {2}, {44, 5});
  expect(binary("graph.shift_right", u8, u8, u8), {x, Tensor::of(Kind::U8, {2}, llvm::ArrayRef<int64_t>({3, 9}))}, {2}, {25, 0});
}

TEST_F(Elementwise, IntegerPower) {
  std::string i64Type = "tensor<4xi64>";
  expect(binary("graph.pow", i64Type, i64Type, i64Type), {i64({4}, {2, -3, 2, -1}), i64({4}, {10, 3, -1, -3})}, {4},
         {1024, -27, 0, -1});
}

TEST_F(Elementwise, CastsSaturate) {
  expect(unary("graph.cast %x {to = i8}", "tensor<4xf32>", "tensor<4xi8>"), {f32({4}, {300, -300, NAN, 1.9})}, {4},
         {127, -128, 0, 1});
  expect(unary("graph.cast %x {to = ui8}", "tensor<3xf32>", "tensor<3xui8>"), {f32({3}, {300, -1, 7.5})}, {3}, {255, 0, 7});
  expect(unary("graph.cast %x {to = i1}", "tensor<3xf32>", "tensor<3xi1>"), {f32({3}, {0, -0.5, NAN})}, {3}, {0, 1, 1});
  expect(unary("graph.cast %x {to = i8}", "tensor<2xi64>", "tensor<2xi8>"), {i64({2}, {300, -1})}, {2}, {44, -1});
}

TEST_F(Elementwise, Select) {
  std::string text =
      "func.func @f(%c: tensor<2xi1>, %x: tensor<2xf32>, %y: tensor<f32>) -> tensor<2xf32> {"
      " %0 = graph.select %c, %x, %y : (tensor<2xi1>, tensor<2xf32>, tensor<f32>) -> tensor<2xf32> return %0 : tensor<2xf32> }";
  expect(text, {Tensor::of(Kind::Bool, {2}, llvm::ArrayRef<int64_t>({1, 0})), f32({2}, {1, 2}), f32({}, {9})}, {2}, {1, 9});
}

TEST_F(Elementwise, AMillionElementsTakeUnderASecond) {
  auto begin = std::chrono::steady_clock::now();
  auto results = run(unary("graph.sigmoid %x", "tensor<?xf32>"), {Tensor(Kind::F32, {1000000})});
  ASSERT_EQ(results.size(), 1u) << errors;
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  RecordProperty("seconds", std::to_string(seconds.count()));
  EXPECT_LT(seconds.count(), 1.0);
}

TEST_F(Elementwise, WrongInputsAreNamed) {
  auto text = unary("graph.neg %x", "tensor<2x?xf32>");
  EXPECT_TRUE(run(text, {f32({3, 1}, {1, 2, 3})}).empty());
  EXPECT_NE(errors.find("argument 0 is f32 of dims [3, 1], expected 'tensor<2x?xf32>'"), std::string::npos) << errors;
  EXPECT_TRUE(run(text, {}).empty());
  EXPECT_NE(errors.find("takes 1 inputs, found 0"), std::string::npos) << errors;
}

} // namespace
