// FIXED: elements of a tensor without any were read
// INPUT 0 f32 0 4 :
// INPUT 1 i64 3 :
func.func @main(%arg0: tensor<0x4xf32> {graph.name = "x0"}, %arg1: tensor<3xi64> {graph.name = "x1"}) -> (tensor<3x4xf32> {graph.name = "y0"}) {
  %0 = graph.gather %arg0, %arg1 {axis = 0 : i64} : (tensor<0x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}
