// FIXED: a reduction over a dim of 0, read by a narrowing op, crashed the compiler
// INPUT 0 bf16 0 48 8 :
graph.symbol @N {max = 9 : i64}
func.func @main(%arg0: tensor<0x48x?xbf16> {graph.dims = [0, 48, "N"], graph.name = "x0"}) -> (tensor<48x?xbf16> {graph.name = "y0"}) {
  %0 = graph.reduce max %arg0 {axes = array<i64: 0>} : (tensor<0x48x?xbf16>) -> tensor<48x?xbf16>
  return %0 : tensor<48x?xbf16>
}
