// FIXED: the view of the destination stood before its size
// INPUT 0 bf16 3 1 16 :
graph.symbol @N {max = 8 : i64}
func.func @main(%arg0: tensor<?x1x16xbf16> {graph.dims = ["N", 1, 16], graph.name = "x0"}) -> (tensor<?x1x16xbf16> {graph.name = "y0"}) {
  %0 = graph.reduce mean %arg0 {axes = array<i64: 1>, keep_dims = true} : (tensor<?x1x16xbf16>) -> tensor<?x1x16xbf16>
  return %0 : tensor<?x1x16xbf16>
}
