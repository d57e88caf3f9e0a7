// FIXED: another implementation's tanh was 1 to the last bit, which no bound of the comparison with 1 knew of
// INPUT 0 f64 4 : B81E85EB51B83240B81E85EB51B83240000000000000E03F0000000000000840
// OUTPUT 0 i1 4 : 01000000
func.func @main(%arg0: tensor<4xf64> {graph.name = "x0"}) -> (tensor<4xi1> {graph.name = "y0"}) {
  %0 = graph.constant dense<1.0> : tensor<f64>
  %1 = graph.tanh %arg0 : (tensor<4xf64>) -> tensor<4xf64>
  %2 = graph.compare eq %1, %0 : (tensor<4xf64>, tensor<f64>) -> tensor<4xi1>
  return %2 : tensor<4xi1>
}
