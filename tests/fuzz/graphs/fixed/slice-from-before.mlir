// FIXED: a slice that goes down from before the first element read there
// INPUT 0 i16 1 3 1 : 0100fdff0500
module {
  func.func @main(%arg0: tensor<1x3x1xi16> {graph.name = "x0"}) -> (tensor<1x1x1xi16> {graph.name = "y0"}) {
    %0 = graph.constant dense<-9> : tensor<1xi64>
    %1 = graph.constant dense<-4611686018427387904> : tensor<1xi64>
    %2 = graph.constant dense<-1> : tensor<1xi64>
    %3 = graph.slice %arg0, %0, %1, %2 {axes = array<i64: 1>} : (tensor<1x3x1xi16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x1x1xi16>
    return %3 : tensor<1x1x1xi16>
  }
}
