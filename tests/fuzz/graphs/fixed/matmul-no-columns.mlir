// INPUT 0 f32 0 2 :
// INPUT 1 f32 3 2 : 0000803F0000803F0000803F0000803F0000803F0000803F
func.func @main(%arg0: tensor<0x2xf32> {graph.name = "x0"}, %arg1: tensor<3x2xf32> {graph.name = "x1"}) -> (tensor<3x0xf32> {graph.name = "y0"}) {
  %0 = graph.matmul %arg1, %arg0 {transpose_rhs = true} : (tensor<3x2xf32>, tensor<0x2xf32>) -> tensor<3x0xf32>
  return %0 : tensor<3x0xf32>
}
