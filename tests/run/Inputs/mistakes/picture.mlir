// Two convolutions over a picture of known size, for what --max-memory does to it.
func.func @main(%x: tensor<1x2x16x6xf32>, %f: tensor<4x2x3x3xf32>, %g: tensor<2x4x3x3xf32>) -> (tensor<1x2x8x3xf32>) {
  %p = graph.constant dense<[0, 0, 1, 1, 0, 0, 1, 1]> : tensor<8xi64>
  %z = graph.constant dense<0.0> : tensor<f32>
  %0 = graph.pad constant %x, %p, %z : (tensor<1x2x16x6xf32>, tensor<8xi64>, tensor<f32>) -> tensor<1x2x18x8xf32>
  %1 = graph.conv %0, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x2x18x8xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x16x6xf32>
  %2 = graph.tanh %1 : (tensor<1x4x16x6xf32>) -> tensor<1x4x16x6xf32>
  %3 = graph.pad constant %2, %p, %z : (tensor<1x4x16x6xf32>, tensor<8xi64>, tensor<f32>) -> tensor<1x4x18x8xf32>
  %4 = graph.conv %3, %g {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>} : (tensor<1x4x18x8xf32>, tensor<2x4x3x3xf32>) -> tensor<1x2x8x3xf32>
  return %4 : tensor<1x2x8x3xf32>
}
