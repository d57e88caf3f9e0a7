// FIXED: updates of a tensor without elements were written over another result
// INPUT 0 i64 4 3 :
// INPUT 1 f32 4 9 : 0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F
// INPUT 2 f64 7 :
graph.symbol @N {max = 10 : i64}
func.func @main(%arg0: tensor<4x3xi64> {graph.name = "x0"}, %arg1: tensor<4x?xf32> {graph.dims = [4, "N"], graph.name = "x1"},
                %arg2: tensor<7xf64> {graph.name = "x2"}) -> (tensor<9x0x9x9xf32> {graph.name = "y0"}, tensor<7xf64> {graph.name = "y1"}) {
  %0 = graph.constant dense<> : tensor<9x0x9x9xf32>
  %1 = graph.exp %arg2 : (tensor<7xf64>) -> tensor<7xf64>
  %2 = graph.scatter_nd none %0, %arg0, %arg1 : (tensor<9x0x9x9xf32>, tensor<4x3xi64>, tensor<4x?xf32>) -> tensor<9x0x9x9xf32>
  return %2, %1 : tensor<9x0x9x9xf32>, tensor<7xf64>
}
