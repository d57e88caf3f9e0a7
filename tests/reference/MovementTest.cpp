// Movement ops, ranges and resize.
#include "tests/reference/Harness.h"

using namespace tensel::reference;

namespace {

class Movement : public ReferenceTest {
protected:
  /// A function of %x whose body makes %0.
  static std::string f(const std::string &in, const std::string &out, const std::string &body) {
    return "func.func @f(%x: " + in + ") -> " + out + " { " + body + " return %0 : " + out + " }";
  }
  static std::string ints(const std::string &name, const std::string &values, int n) {
    return "%" + name + " = graph.constant dense<" + values + "> : tensor<" + std::to_string(n) + "xi64> ";
  }
};

TEST_F(Movement, ReshapesAndTransposes) {
  Tensor x = f32({2, 3}, {1, 2, 3, 4, 5, 6});
  expect(f("tensor<2x3xf32>", "tensor<3x2xf32>",
           ints("s", "[-1, 2]", 2) + "%0 = graph.reshape %x, %s : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<3x2xf32>"),
         {x}, {3, 2}, {1, 2, 3, 4, 5, 6});
  expect(f("tensor<2x3xf32>", "tensor<3x2xf32>",
           "%0 = graph.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>"),
         {x}, {3, 2}, {1, 4, 2, 5, 3, 6});
  expect(f("tensor<2x3xf32>", "tensor<2x1x3xf32>",
           "%0 = graph.unsqueeze %x {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2x1x3xf32>"),
         {x}, {2, 1, 3}, {1, 2, 3, 4, 5, 6});
  expect(f("tensor<?x?xf32>", "tensor<2xi64>", "%0 = graph.shape_of %x : (tensor<?x?xf32>) -> tensor<2xi64>"), {x}, {2}, {2, 3});
}

TEST_F(Movement, ReshapeByData) {
  std::string text =
      "func.func @f(%x: tensor<?xf32>, %s: tensor<2xi64>) -> tensor<?x?xf32> {"
      " %0 = graph.reshape %x, %s : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x?xf32> return %0 : tensor<?x?xf32> }";
  expect(text, {f32({4}, {1, 2, 3, 4}), i64({2}, {2, -1})}, {2, 2}, {1, 2, 3, 4});
  EXPECT_TRUE(run(text, {f32({4}, {1, 2, 3, 4}), i64({2}, {3, 2})}).empty());
  EXPECT_NE(errors.find("expected a shape of 4 elements, found 6"), std::string::npos) << errors;
}

TEST_F(Movement, Slices) {
  Tensor x = f32({5}, {0, 1, 2, 3, 4});
  auto slice = [&](const std::string &start, const std::string &end, const std::string &step) {
    return f("tensor<5xf32>", "tensor<?xf32>",
             ints("a", start, 1) + ints("b", end, 1) + ints("c", step, 1) +
                 "%0 = graph.slice %x, %a, %b, %c {axes = array<i64: 0>} : (tensor<5xf32>, tensor<1xi64>, tensor<1xi64>, "
                 "tensor<1xi64>) -> tensor<?xf32>");
  };
  expect(slice("1", "4", "2"), {x}, {2}, {1, 3});
  expect(slice("-2", "1000", "1"), {x}, {2}, {3, 4});
  expect(slice("10", "-9223372036854775808", "-2"), {x}, {3}, {4, 2, 0});
  expect(slice("4", "2", "1"), {x}, {0}, {});
}

TEST_F(Movement, ConcatAndPads) {
  Tensor x = f32({1, 3}, {1, 2, 3});
  expect(f("tensor<1x3xf32>", "tensor<1x6xf32>",
           "%0 = graph.concat %x, %x {axis = 1 : i64} : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x6xf32>"),
         {x}, {1, 6}, {1, 2, 3, 1, 2, 3});
  auto pad = [&](const std::string &mode) {
    return f("tensor<1x3xf32>", "tensor<1x7xf32>",
             ints("p", "[0, 2, 0, 2]", 4) + "%v = graph.constant dense<9.0> : tensor<f32> %0 = graph.pad " + mode +
                 " %x, %p, %v : (tensor<1x3xf32>, tensor<4xi64>, tensor<f32>) -> tensor<1x7xf32>");
  };
  expect(pad("constant"), {x}, {1, 7}, {9, 9, 1, 2, 3, 9, 9});
  expect(pad("reflect"), {x}, {1, 7}, {3, 2, 1, 2, 3, 2, 1});
  expect(pad("edge"), {x}, {1, 7}, {1, 1, 1, 2, 3, 3, 3});
  expect(pad("wrap"), {x}, {1, 7}, {2, 3, 1, 2, 3, 1, 2});
}

TEST_F(Movement, NegativePadsCrop) {
  expect(f("tensor<4xf32>", "tensor<3xf32>",
           ints("p", "[-2, 1]", 2) + "%v = graph.constant dense<0.0> : tensor<f32> %0 = graph.pad constant %x, %p, %v : "
                                     "(tensor<4xf32>, tensor<2xi64>, tensor<f32>) -> tensor<3xf32>"),
         {f32({4}, {1, 2, 3, 4})}, {3}, {3, 4, 0});
}

TEST_F(Movement, Repeats) {
  Tensor x = f32({2, 1}, {1, 2});
  expect(f("tensor<2x1xf32>", "tensor<2x3xf32>",
           ints("s", "[1, 3]", 2) + "%0 = graph.expand %x, %s : (tensor<2x1xf32>, tensor<2xi64>) -> tensor<2x3xf32>"),
         {x}, {2, 3}, {1, 1, 1, 2, 2, 2});
  expect(f("tensor<2x1xf32>", "tensor<4x2xf32>",
           ints("s", "[2, 2]", 2) + "%0 = graph.tile %x, %s : (tensor<2x1xf32>, tensor<2xi64>) -> tensor<4x2xf32>"),
         {x}, {4, 2}, {1, 1, 2, 2, 1, 1, 2, 2});
  expect(f("tensor<2x1xf32>", "tensor<3x1xf32>",
           "%0 = graph.dilate %x {factors = array<i64: 2, 3>} : (tensor<2x1xf32>) -> tensor<3x1xf32>"),
         {x}, {3, 1}, {1, 0, 2});
}

TEST_F(Movement, Sequences) {
  std::string range = "func.func @f(%a: tensor<T>, %b: tensor<T>, %c: tensor<T>) -> tensor<?xT> { %0 = graph.range %a, %b, %c : "
                      "(tensor<T>, tensor<T>, tensor<T>) -> tensor<?xT> return %0 : tensor<?xT> }";
  auto of = [&](const std::string &type) {
    std::string text = range;
    for (size_t at; (at = text.find('T')) != std::string::npos;)
      text.replace(at, 1, type);
    return text;
  };
  expect(of("f32"), {f32({}, {1}), f32({}, {2.1}), f32({}, {0.5})}, {3}, {1, 1.5, 2});
  expect(of("i64"), {i64({}, {5}), i64({}, {-1}), i64({}, {-2})}, {3}, {5, 3, 1});
  expect(of("i64"), {i64({}, {5}), i64({}, {9}), i64({}, {-2})}, {0}, {});
  expect(f("tensor<2xi64>", "tensor<?x?xi32>",
           "%0 = graph.iota %x {axis = 1 : i64, element_type = i32} : (tensor<2xi64>) -> tensor<?x?xi32>"),
         {i64({2}, {2, 3})}, {2, 3}, {0, 1, 2, 0, 1, 2});
}

TEST_F(Movement, Resize) {
  Tensor x = f32({1, 1, 1, 2}, {1, 3});
  auto resize = [&](const std::string &mode, const std::string &rest) {
    return f("tensor<1x1x1x2xf32>", "tensor<1x1x1x4xf32>",
             ints("s", "[1, 1, 1, 4]", 4) + "%0 = graph.resize " + mode + " %x sizes %s : tensor<4xi64> {" + rest +
                 "} : tensor<1x1x1x2xf32> -> tensor<1x1x1x4xf32>");
  };
  std::string half = "coordinates = \"half_pixel\", nearest = \"round_prefer_floor\"",
              asymmetric = "coordinates = \"asymmetric\", nearest = \"floor\"";
  expect(resize("nearest", asymmetric), {x}, {1, 1, 1, 4}, {1, 1, 3, 3});
  // Sources -0.25, 0.25, 0.75, 1.25; the edges repeat.
  expect(resize("linear", half), {x}, {1, 1, 1, 4}, {1, 1.5, 2.5, 3});
  expect(resize("linear", "coordinates = \"align_corners\", nearest = \"floor\""), {x}, {1, 1, 1, 4},
         {1, 1 + 2.0 / 3, 1 + 4.0 / 3, 3}, 1e-6);
  // At source 0 and 1 cubic interpolation meets the pixels.
  expect(resize("cubic", "coordinates = \"align_corners\", nearest = \"floor\""), {x}, {1, 1, 1, 4}, {1, 1.6296296, 2.3703704, 3},
         1e-6);
  // Sources 0, 0.5, 1, 1.5: what has the weight 0 takes no part, in a dim that stays as long as it is neither.
  Tensor infinite = f32({1, 1, 1, 2}, {1, std::numeric_limits<double>::infinity()});
  expect(resize("linear", asymmetric), {infinite}, {1, 1, 1, 4},
         {1, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity(),
          std::numeric_limits<double>::infinity()});
}

TEST_F(Movement, ResizeByScales) {
  std::string text =
      f("tensor<1x4xf32>", "tensor<1x2xf32>",
        "%s = graph.constant dense<[1.0, 0.5]> : tensor<2xf32> %0 = graph.resize linear %x scales %s : tensor<2xf32> "
        "{coordinates = \"half_pixel\", nearest = \"floor\", antialias = true} : tensor<1x4xf32> -> tensor<1x2xf32>");
  // Triangle of width 2 around sources 0.5 and 2.5: weights 1/8, 3/8, 3/8, 1/8, the edge repeated.
  expect(text, {f32({1, 4}, {1, 2, 3, 4})}, {1, 2}, {1.625, 3.375}, 1e-6);
}

} // namespace
