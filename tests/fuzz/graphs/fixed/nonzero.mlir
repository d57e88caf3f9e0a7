// FIXED: compiled code counted no element
// INPUT 0 f32 2 2 2 6 : 60A6D7C0EE628DC0F38252C03000C9C0AFF2ADC0A32CC5C0D161B3C01CE397BF94BEB0C0EABE87C03753B1C062E068C05F999BC0A4CF70C0F39BADC0BFC49CC0E1D62FC01603D8BF236D68C0327726C04E643CC043ED96C05573BDC04F37C8C0060894BFF31E26BF84C26340A6B612C0A09D9EBFE5854DC0E4959CBF8ECE13401F9B87C0F00807C0A6C4D23F5F633ABFD493F440725DAF40FF648E40BD9BFD40F3D0D4404C46DB402EBE99408E79E34069AB124105180941F3C6C34040E7E940
func.func @main(%arg0: tensor<2x2x2x6xf32> {graph.name = "x0"}) -> (tensor<4x?xi64> {graph.name = "y0"}) {
  %zero = graph.constant dense<0.0> : tensor<f32>
  %0 = graph.compare ne %arg0, %zero : (tensor<2x2x2x6xf32>, tensor<f32>) -> tensor<2x2x2x6xi1>
  %1 = graph.cast %0 {to = i64} : (tensor<2x2x2x6xi1>) -> tensor<2x2x2x6xi64>
  %2 = graph.reduce sum %1 {axes = array<i64: 0, 1, 2, 3>} : (tensor<2x2x2x6xi64>) -> tensor<i64>
  %3 = graph.constant dense<1> : tensor<1xi64>
  %4 = graph.reshape %2, %3 : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
  %5 = graph.nonzero %arg0, %4 : (tensor<2x2x2x6xf32>, tensor<1xi64>) -> tensor<4x?xi64>
  return %5 : tensor<4x?xi64>
}
