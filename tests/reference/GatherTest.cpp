// Indexed reads and writes: negative indices, clamping, order of updates.
#include "tests/reference/Harness.h"

using namespace tensel::reference;

namespace {

class Gather : public ReferenceTest {
protected:
  static std::string f(const std::string &op, const std::string &x, const std::string &i, const std::string &out) {
    return "func.func @f(%x: " + x + ", %i: " + i + ") -> " + out + " { %0 = " + op + " : (" + x + ", " + i + ") -> " + out +
           " return %0 : " + out + " }";
  }
  static std::string scatter(const std::string &op, const std::string &x, const std::string &i, const std::string &u) {
    std::string head = op.substr(0, op.find('{')), attributes = op.find('{') == std::string::npos ? "" : op.substr(op.find('{'));
    return "func.func @f(%x: " + x + ", %i: " + i + ", %u: " + u + ") -> " + x + " { %0 = " + head + " %x, %i, %u " + attributes +
           " : (" + x + ", " + i + ", " + u + ") -> " + x + " return %0 : " + x + " }";
  }
};

TEST_F(Gather, Slices) {
  Tensor x = f32({2, 3}, {1, 2, 3, 4, 5, 6});
  expect(f("graph.gather %x, %i {axis = 1 : i64}", "tensor<2x3xf32>", "tensor<2xi64>", "tensor<2x2xf32>"), {x, i64({2}, {-1, 0})},
         {2, 2}, {3, 1, 6, 4});
  // Out of range is clamped.
  expect(f("graph.gather %x, %i {axis = 0 : i64}", "tensor<2x3xf32>", "tensor<i64>", "tensor<3xf32>"), {x, i64({}, {7})}, {3},
         {4, 5, 6});
  expect(f("graph.gather %x, %i {axis = 0 : i64}", "tensor<2x3xf32>", "tensor<i64>", "tensor<3xf32>"), {x, i64({}, {-7})}, {3},
         {1, 2, 3});
}

TEST_F(Gather, Elements) {
  expect(f("graph.gather_elements %x, %i {axis = 1 : i64}", "tensor<2x2xf32>", "tensor<2x2xi64>", "tensor<2x2xf32>"),
         {f32({2, 2}, {1, 2, 3, 4}), i64({2, 2}, {0, 0, -1, 0})}, {2, 2}, {1, 1, 4, 3});
}

TEST_F(Gather, Tuples) {
  Tensor x = f32({2, 2}, {1, 2, 3, 4});
  expect(f("graph.gather_nd %x, %i", "tensor<2x2xf32>", "tensor<2x2xi64>", "tensor<2xf32>"), {x, i64({2, 2}, {0, 0, 1, -1})}, {2},
         {1, 4});
  expect(f("graph.gather_nd %x, %i", "tensor<2x2xf32>", "tensor<2x1xi64>", "tensor<2x2xf32>"), {x, i64({2, 1}, {1, 0})}, {2, 2},
         {3, 4, 1, 2});
  expect(f("graph.gather_nd %x, %i {batch_dims = 1 : i64}", "tensor<2x2xf32>", "tensor<2x1xi64>", "tensor<2xf32>"),
         {x, i64({2, 1}, {1, 0})}, {2}, {2, 3});
}

TEST_F(Gather, ScatterElements) {
  Tensor x = f32({3}, {1, 2, 3});
  expect(scatter("graph.scatter_elements none {axis = 0 : i64}", "tensor<3xf32>", "tensor<2xi64>", "tensor<2xf32>"),
         {x, i64({2}, {0, 0}), f32({2}, {8, 9})}, {3}, {9, 2, 3});
  expect(scatter("graph.scatter_elements add {axis = 0 : i64}", "tensor<3xf32>", "tensor<2xi64>", "tensor<2xf32>"),
         {x, i64({2}, {-1, 2}), f32({2}, {8, 9})}, {3}, {1, 2, 20});
  expect(scatter("graph.scatter_elements max {axis = 0 : i64}", "tensor<3xf32>", "tensor<2xi64>", "tensor<2xf32>"),
         {x, i64({2}, {0, 1}), f32({2}, {8, 0})}, {3}, {8, 2, 3});
}

TEST_F(Gather, ScatterTuples) {
  expect(scatter("graph.scatter_nd none", "tensor<3x2xf32>", "tensor<2x1xi64>", "tensor<2x2xf32>"),
         {f32({3, 2}, {1, 2, 3, 4, 5, 6}), i64({2, 1}, {2, 0}), f32({2, 2}, {7, 8, 9, 10})}, {3, 2}, {9, 10, 3, 4, 7, 8});
  expect(scatter("graph.scatter_nd mul", "tensor<2x2xf32>", "tensor<2x2xi64>", "tensor<2xf32>"),
         {f32({2, 2}, {1, 2, 3, 4}), i64({2, 2}, {1, 1, 1, 1}), f32({2}, {2, 3})}, {2, 2}, {1, 2, 3, 24});
}

TEST_F(Gather, NonZero) {
  std::string text = "func.func @f(%x: tensor<2x2xf32>, %n: tensor<1xi64>) -> tensor<2x?xi64> { %0 = graph.nonzero %x, %n : "
                     "(tensor<2x2xf32>, tensor<1xi64>) -> tensor<2x?xi64> return %0 : tensor<2x?xi64> }";
  expect(text, {f32({2, 2}, {0, 1, 2, 0}), i64({1}, {2})}, {2, 2}, {0, 1, 1, 0});
  expect(text, {f32({2, 2}, {0, 0, 0, 0}), i64({1}, {0})}, {2, 0}, {});
  // Fewer than there are: the first ones. More: zeros. Never more than the elements.
  expect(text, {f32({2, 2}, {3, 1, 2, 0}), i64({1}, {1})}, {2, 1}, {0, 0});
  expect(text, {f32({2, 2}, {0, 1, 0, 0}), i64({1}, {3})}, {2, 3}, {0, 0, 0, 1, 0, 0});
  expect(text, {f32({2, 2}, {0, 0, 0, 1}), i64({1}, {9})}, {2, 4}, {1, 0, 0, 0, 1, 0, 0, 0});
}

} // namespace
