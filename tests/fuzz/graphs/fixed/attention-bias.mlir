// FIXED: a bias near the largest number gave NaN, one that is -inf everywhere 0
// INPUT 0 f32 1 2 1 4 : 0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F
// INPUT 1 f32 1 3 1 4 : 0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F
// INPUT 2 f32 1 3 1 2 : 0000803F000000400000803F000000400000803F00000040
// INPUT 3 f32 1 1 2 3 : FFFF7F7F0000000000000000000080FF000080FF000080FF
func.func @main(%q: tensor<1x2x1x4xf32> {graph.name = "x0"}, %k: tensor<1x3x1x4xf32> {graph.name = "x1"}, %v: tensor<1x3x1x2xf32> {graph.name = "x2"},
                %bias: tensor<1x1x2x3xf32> {graph.name = "x3"}) -> (tensor<1x2x1x2xf32> {graph.name = "y0"}) {
  %0 = graph.attention full %q, %k, %v bias %bias {scale = 5.0e-01 : f64} : (tensor<1x2x1x4xf32>, tensor<1x3x1x4xf32>, tensor<1x3x1x2xf32>, tensor<1x1x2x3xf32>) -> tensor<1x2x1x2xf32>
  return %0 : tensor<1x2x1x2xf32>
}
