// FIXED: a reduction along no axis of a dynamic dim needed unbounded scratch
// INPUT 0 f16 3 : 003C003C003C
graph.symbol @N {max = 10 : i64}
func.func @main(%arg0: tensor<?xf16> {graph.dims = ["N"], graph.name = "x0"}) -> (tensor<?xf16> {graph.name = "y0"}) {
  %0 = graph.constant dense<-1> : tensor<1xi64>
  %1 = graph.reshape %arg0, %0 {allow_zero = true} : (tensor<?xf16>, tensor<1xi64>) -> tensor<?xf16>
  %2 = graph.reduce sum %1 {axes = array<i64>, keep_dims = true} : (tensor<?xf16>) -> tensor<?xf16>
  return %2 : tensor<?xf16>
}
