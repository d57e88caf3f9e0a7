// There was no way from integers to bf16 in compiled code.
// INPUT 0 i32 2 3 : E545E0E8FFFFFFFF00000080C4D00D6D0100000000000000
module {
  func.func @main(%arg0: tensor<2x3xi32> {graph.dims = [2, 3], graph.name = "x0"}) -> (tensor<2x3xbf16> {graph.name = "y0"}, tensor<2x3xui8> {graph.name = "y1"}) {
    %0 = graph.cast %arg0 {to = bf16} : (tensor<2x3xi32>) -> tensor<2x3xbf16>
    %1 = graph.cast %0 {to = ui8} : (tensor<2x3xbf16>) -> tensor<2x3xui8>
    return %0, %1 : tensor<2x3xbf16>, tensor<2x3xui8>
  }
}
