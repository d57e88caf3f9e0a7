// Branches, loops with captures and scan outputs, weights, symbols.
#include "tests/reference/Harness.h"
#include <cstdio>
#include <fstream>
#include <unistd.h>

using namespace tensel::reference;

namespace {

class Control : public ReferenceTest {};

TEST_F(Control, BranchesSeeValuesAround) {
  std::string text = R"(
    func.func @f(%c: tensor<i1>, %x: tensor<?xf32>) -> tensor<?xf32> {
      %y = graph.neg %x : (tensor<?xf32>) -> tensor<?xf32>
      %0 = graph.if %c : tensor<i1> -> (tensor<?xf32>) {
        %1 = graph.add %x, %x : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
        graph.yield %1 : tensor<?xf32>
      } else {
        graph.yield %y : tensor<?xf32>
      }
      return %0 : tensor<?xf32>
    })";
  expect(text, {Tensor::of(Kind::Bool, {}, llvm::ArrayRef<int64_t>(1)), f32({2}, {1, 2})}, {2}, {2, 4});
  expect(text, {Tensor::of(Kind::Bool, {}, llvm::ArrayRef<int64_t>(int64_t(0))), f32({2}, {1, 2})}, {2}, {-1, -2});
}

TEST_F(Control, LoopCarriesAndScans) {
  // sum += i + captured while sum < limit; yields the square of i.
  std::string text = R"(
    func.func @f(%n: tensor<i64>, %limit: tensor<i64>, %captured: tensor<i64>) -> (tensor<i64>, tensor<?xi64>) {
      %true = graph.constant dense<true> : tensor<i1>
      %zero = graph.constant dense<0> : tensor<i64>
      %0:2 = graph.loop %n, %true, %zero : (tensor<i64>, tensor<i1>, tensor<i64>) -> (tensor<i64>, tensor<?xi64>) {
      ^bb0(%i: tensor<i64>, %sum: tensor<i64>):
        %1 = graph.add %sum, %i : (tensor<i64>, tensor<i64>) -> tensor<i64>
        %2 = graph.add %1, %captured : (tensor<i64>, tensor<i64>) -> tensor<i64>
        %go = graph.compare lt %2, %limit : (tensor<i64>, tensor<i64>) -> tensor<i1>
        %sq = graph.mul %i, %i : (tensor<i64>, tensor<i64>) -> tensor<i64>
        graph.yield %go, %2, %sq : tensor<i1>, tensor<i64>, tensor<i64>
      }
      return %0#0, %0#1 : tensor<i64>, tensor<?xi64>
    })";
  auto all = run(text, {i64({}, {4}), i64({}, {1000}), i64({}, {10})});
  ASSERT_EQ(all.size(), 2u) << errors;
  EXPECT_EQ(all[0].getInt(0), 46);
  EXPECT_EQ(all[1].readAll<int64_t>(), (std::vector<int64_t>{0, 1, 4, 9}));
  auto some = run(text, {i64({}, {4}), i64({}, {20}), i64({}, {10})});
  EXPECT_EQ(some[0].getInt(0), 21);
  EXPECT_EQ(some[1].getDim(0), 2);
  auto none = run(text, {i64({}, {int64_t(0)}), i64({}, {20}), i64({}, {10})});
  EXPECT_EQ(none[0].getInt(0), 0);
  EXPECT_EQ(none[1].getDim(0), 0);
}

TEST_F(Control, SymbolsAreHeldToTheirRange) {
  std::string text = R"(
    graph.symbol @N {min = 2 : i64, max = 8 : i64, step = 2 : i64}
    func.func @f(%x: tensor<?xf32> {graph.dims = ["N"]}, %y: tensor<?xf32> {graph.dims = ["N"]}) -> tensor<?xf32> {
      %0 = graph.add %x, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
      return %0 : tensor<?xf32>
    })";
  expect(text, {f32({2}, {1, 2}), f32({2}, {1, 2})}, {2}, {2, 4});
  EXPECT_TRUE(run(text, {f32({3}, {1, 2, 3}), f32({3}, {1, 2, 3})}).empty());
  EXPECT_NE(errors.find("'N' = 3, expected 2 to 8 in steps of 2"), std::string::npos) << errors;
  EXPECT_TRUE(run(text, {f32({2}, {1, 2}), f32({1}, {1})}).empty());
  EXPECT_NE(errors.find("'N' = 1, expected 2"), std::string::npos) << errors;
}

TEST_F(Control, WeightsAreReadInPlaceAndChecked) {
  std::string path = testing::TempDir() + "tensel-weight-" + std::to_string(getpid()) + ".bin";
  float values[] = {0, 1.5, -2};
  std::ofstream(path, std::ios::binary).write("x", 1).write(reinterpret_cast<char *>(values), sizeof(values));
  auto text = [&](int offset) {
    return "graph.weight @w : tensor<3xf32> from \"" + path + "\" {offset = " + std::to_string(offset) +
           " : i64, length = 12 : i64} func.func @f() -> tensor<3xf32> { %0 = graph.load_weight @w : tensor<3xf32> return %0 : "
           "tensor<3xf32> }";
  };
  expect(text(1), {}, {3}, {0, 1.5, -2});
  EXPECT_TRUE(run(text(2)).empty());
  EXPECT_NE(errors.find("takes 12 bytes at offset 2"), std::string::npos) << errors;
  std::remove(path.c_str());
}

TEST_F(Control, DecomposedHalfsInF64) {
  std::string text = "func.func @f(%x: tensor<1x2xf16>) -> tensor<1x2xf16> { %0 = graph.softmax %x {axis = 1 : i64} : "
                     "(tensor<1x2xf16>) -> tensor<1x2xf16> return %0 : tensor<1x2xf16> }";
  Tensor x = Tensor::of(Kind::F16, {1, 2}, llvm::ArrayRef<double>({0, 1}));
  expect(text, {x}, {1, 2}, {0.26904297, 0.73095703}, 1e-7);
  expect(text, {x}, {1, 2}, {0.2689414213699951, 0.7310585786300049}, 1e-15, {.f64 = true});
}

} // namespace
