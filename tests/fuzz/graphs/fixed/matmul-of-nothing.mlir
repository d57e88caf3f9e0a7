// FIXED: a product of halves over a dim of 0 needed unbounded scratch
// INPUT 0 f16 3 6 6 0 :
module {
  graph.symbol @N {max = 9 : i64}
  func.func @main(%arg0: tensor<3x?x?x0xf16> {graph.dims = [3, "N", "N", 0], graph.name = "x0"}) -> (tensor<3x?x?x?xf16> {graph.name = "y0"}) {
    %0 = graph.matmul %arg0, %arg0 {transpose_rhs = true} : (tensor<3x?x?x0xf16>, tensor<3x?x?x0xf16>) -> tensor<3x?x?x?xf16>
    return %0 : tensor<3x?x?x?xf16>
  }
}
