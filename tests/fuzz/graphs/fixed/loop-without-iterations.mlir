// FIXED: the reference did not know the dims of a scan output without iterations
// INPUT 0 f64 2 2 : 0000000000000000000000000000000000000000000000000000000000000000
graph.symbol @N {max = 9 : i64}
func.func @main(%arg0: tensor<?x?xf64> {graph.dims = ["N", "N"], graph.name = "x0"}) -> (tensor<?x?x?xf64> {graph.name = "y0"}) {
  %0 = graph.constant dense<0> : tensor<i64>
  %1 = graph.constant dense<true> : tensor<i1>
  %2:2 = graph.loop %0, %1, %arg0 : (tensor<i64>, tensor<i1>, tensor<?x?xf64>) -> (tensor<?x?xf64>, tensor<?x?x?xf64>) {
  ^bb0(%arg1: tensor<i64>, %arg2: tensor<?x?xf64>):
    %3 = graph.add %arg2, %arg0 : (tensor<?x?xf64>, tensor<?x?xf64>) -> tensor<?x?xf64>
    graph.yield %1, %3, %3 : tensor<i1>, tensor<?x?xf64>, tensor<?x?xf64>
  }
  return %2#1 : tensor<?x?x?xf64>
}
