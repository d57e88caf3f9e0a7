// FIXED: integers that are a batch's samples were taken for sizes that follow from the batch
// INPUT 0 i64 2 : FEFFFFFFFFFFFFFFFBFFFFFFFFFFFFFF
// MEANS slices
module {
  graph.symbol @N {max = 10 : i64}
  func.func @main(%arg0: tensor<2xi64> {graph.name = "x0"}) -> (tensor<2xi64> {graph.name = "y0"}) {
    %0 = graph.mul %arg0, %arg0 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
    return %0 : tensor<2xi64>
  }
}
