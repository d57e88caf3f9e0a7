// FIXED: sin and cos of large numbers were anything
// INPUT 0 f32 6 : 1BD9D8515FA6DA4E0000805F000080BFDB0F4940FFFF7F7F
func.func @main(%arg0: tensor<6xf32> {graph.name = "x0"}) -> (tensor<6xf32> {graph.name = "y0"}, tensor<6xf32> {graph.name = "y1"}) {
  %0 = graph.sin %arg0 : (tensor<6xf32>) -> tensor<6xf32>
  %1 = graph.cos %arg0 : (tensor<6xf32>) -> tensor<6xf32>
  return %0, %1 : tensor<6xf32>, tensor<6xf32>
}
