// FIXED: a tensor that only says how far loops run needed unbounded scratch
// INPUT 0 f32 9 1 9 : 0000803F000000400000404000008040
// INPUT 1 f32 9 9 9 : 0000803F0000803F0000803F0000803F
graph.symbol @N {max = 10 : i64}
func.func @main(%arg0: tensor<?x1x?xf32> {graph.dims = ["N", 1, "N"], graph.name = "x0"}, %arg1: tensor<9x9x9xf32> {graph.name = "x1"}) -> (tensor<9x1x9xf32> {graph.name = "y0"}) {
  %0 = graph.matmul %arg0, %arg1 {transpose_rhs = true} : (tensor<?x1x?xf32>, tensor<9x9x9xf32>) -> tensor<9x1x9xf32>
  return %0 : tensor<9x1x9xf32>
}
